"""Files of netlists by their suffix."""

import os

from .aiger import read_aiger
from .blif import read_blif
from .cgp import read_cgp
from .genlib import read_genlib
from .hierarchy import choose_top, flatten
from .ordering import to_netlist
from .source import NetlistError
from .verilog import read_verilog

_READERS = {
    ".v": read_verilog,
    ".sv": read_verilog,
    ".vg": read_verilog,
    ".blif": read_blif,
    ".aag": read_aiger,
    ".aig": read_aiger,
    ".cgp": read_cgp,
    ".chr": read_cgp,
}
# Of the files that `read_netlist` reads.
SUFFIXES = tuple(_READERS)
_CELL_READERS = {".v": read_verilog, ".sv": read_verilog, ".blif": read_blif, ".genlib": read_genlib}


def _modules(path, readers, what):
    suffix = os.path.splitext(str(path))[1].lower()
    if suffix not in readers:
        raise NetlistError(path, 0, f"{what} must be a file {', '.join(readers)}; received suffix {suffix!r}")
    return readers[suffix](path)


def read_netlist(path, cells=(), top=None):
    """A combinational netlist from a file.

    Verilog (`.v`, `.sv`, `.vg`) may consist of modules with wires, assignments of bitwise and logical operators,
    constants, gate primitives and instances; BLIF (`.blif`) of `.names`, `.subckt` and `.gate`; AIGER (`.aag`, `.aig`)
    has no latches; `.cgp` and `.chr` are chromosomes as ariths-gen writes them. Only what the outputs depend on is
    kept.

    Args:
        path: of the file, of at most 64 MiB.
        cells: paths of libraries that instances may refer to: Verilog, BLIF or genlib (`.genlib`).
        top: name of the module at the top. By default, the only one that no other module has an instance of; in BLIF,
            the first one.

    Returns:
        A `Netlist`.

    Raises:
        OSError: if a file cannot be read.
        NetlistError: a `ValueError` that names file, line, construct and the way out, if a file is no such netlist, a
            module is missing or contains itself, a net has two drivers, or an output depends on a net without a driver
            or on a loop of gates.

    Example:
        >>> import pathlib, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "mul.v"
        >>> _ = path.write_text('''
        ... module mul(input [1:0] a, b, output [3:0] y);
        ...   wire p = a[1] & b[0], q = a[0] & b[1], r = a[1] & b[1], c = p & q;
        ...   assign y = {r & c, r ^ c, p ^ q, a[0] & b[0]};
        ... endmodule''')
        >>> read_netlist(path)
        Netlist(mul: a[2], b[2] -> y[4]; 8 gates)
    """
    path = os.path.expanduser(os.fspath(path))
    own = _modules(path, _READERS, "path")
    modules = dict(own)
    for library in cells:
        library = os.path.expanduser(os.fspath(library))
        for name, module in _modules(library, _CELL_READERS, "cells").items():
            if name in modules:
                rule = f"cells must have names of their own; received {name}, which is in {modules[name].path} as well"
                raise NetlistError(library, module.line, rule)
            modules[name] = module
    if top is None and own and os.path.splitext(path)[1].lower() == ".blif":
        top = next(iter(own))
    return to_netlist(flatten(modules, choose_top(own, top, path)))
