"""Reads circuits from Verilog: modules of wires, assignments of bitwise logic, gate primitives and instances."""

from __future__ import annotations

from .module import Module
from .source import NetlistError, Path
from .verilog_module import ModuleReader
from .verilog_tokens import END, Tokens

_MODULE_COST = 1024  # steps of the `Budget`


def read_verilog(path: Path) -> dict[str, Module]:
    """Reads the modules of a Verilog file.

    Args:
        path: path of the file.

    Returns:
        Dictionary from name to `Module`, in the order of the file. If a module has a construct that is not
        combinational logic, the error is the `error` of the module, so that a library may have unused flip-flops.

    Raises:
        NetlistError: if the file does not consist of modules.
    """
    tokens = Tokens(path)
    modules: dict[str, Module] = {}
    while tokens.text != END:
        if tokens.text not in ("module", "primitive", "macromodule"):
            tokens.refuse_construct(tokens.shown())
        line, is_module = tokens.line, tokens.text != "primitive"
        tokens.advance()
        name = tokens.expect_name("a module")
        if name in modules:
            tokens.refuse(f"modules must have different names; received {name} twice")
        tokens.spend(_MODULE_COST)
        modules[name] = module = Module(name, path, line)
        try:
            if not is_module:
                tokens.refuse_construct(f"the primitive {name}")
            ModuleReader(tokens, module).read()
        except NetlistError as error:
            if tokens.is_broken or tokens.text == END:
                raise
            module.error = error
            tokens.skip_to("endmodule" if is_module else "endprimitive")
    return modules
