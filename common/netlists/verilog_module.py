"""Reads the statements of a Verilog module, and adds their nets, gates and instances to the module."""

from __future__ import annotations

from typing import Sequence

from .module import Module
from .netlist import BUF
from .verilog_declarations import Declarations
from .verilog_expressions import Expression
from .verilog_instances import GATES, InstanceReader
from .verilog_keywords import KEYWORDS
from .verilog_precedence import ExpressionParser
from .verilog_tokens import END, Tokens

_DECLARATIONS = ("input", "output", "wire", "supply0", "supply1")


class ModuleReader:
    """Reads a module from the word after its name to `endmodule`.

    Args:
        tokens: the words of the file.
        module: the module that gets ports, nets, gates and instances.
    """

    def __init__(self, tokens: Tokens, module: Module) -> None:
        self._tokens, self._module = tokens, module
        self._declarations = Declarations(tokens, module)
        self._undeclared_is_wire = False
        self._expressions = ExpressionParser(tokens, self._selected)
        self._instances = InstanceReader(tokens, module, self._connection)

    def read(self) -> None:
        """Reads the module.

        Raises:
            NetlistError: if the module has a construct that is not combinational logic.
        """
        tokens = self._tokens
        self._declarations.read_header()
        while not tokens.accept("endmodule"):
            text = tokens.text
            if text in _DECLARATIONS:
                self._declare()
            elif text == "assign":
                self._assign()
            elif text in GATES:
                self._instances.read_gates()
            elif text == "specify":
                tokens.skip_to("endspecify")
            elif text == END:
                tokens.refuse(f"module {self._module.name} must end with endmodule; received the end of the file")
            elif text in KEYWORDS or not tokens.is_name():
                tokens.refuse_construct(tokens.shown() if not tokens.is_name() else f"`{text}`")
            else:
                self._instances.read_instances()
        self._declarations.finish()

    def _declare(self) -> None:
        """Reads a declaration, in which a wire may be assigned."""
        tokens = self._tokens
        kind, shape = self._declarations.read_kind()
        while True:
            name = tokens.expect_name("a net")
            self._declarations.declare(name, kind, shape)
            if tokens.text == "[":
                tokens.refuse_construct(f"an array of nets, {name}")
            if tokens.accept("="):
                nets, _ = self._declarations.signal(name)
                self._drive(nets)
            if not tokens.accept(","):
                break
        tokens.expect(";")

    def _assign(self) -> None:
        tokens = self._tokens
        tokens.advance()
        tokens.refuse_delay()
        while True:
            nets = self._target()
            tokens.expect("=")
            self._drive(nets)
            if not tokens.accept(","):
                break
        tokens.expect(";")

    def _drive(self, nets: Sequence[int]) -> None:
        """Reads an expression and drives nets with it."""
        expression = self._expressions.parse()
        values = expression.nets(self._module, len(nets))
        for net, value in zip(nets, values):
            self._module.drive(net, BUF, (value,), expression.line)

    def _target(self) -> list[int]:
        """Reads the nets of the left side of an assignment."""
        expression, nets = self._connection()
        if not expression.is_plain or min(nets) < 2:
            self._tokens.refuse("the left side of = must consist of nets; received an expression", expression.line)
        return nets

    def _selected(self) -> tuple[Sequence[int], bool]:
        return self._declarations.read_selection(self._undeclared_is_wire)

    def _connection(self) -> tuple[Expression, list[int]]:
        """Reads an expression in which an undeclared name becomes a wire; returns the expression and its nets."""
        self._undeclared_is_wire = True
        expression = self._expressions.parse()
        self._undeclared_is_wire = False
        return expression, expression.nets(self._module, 0)
