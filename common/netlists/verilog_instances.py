"""Reads gate primitives of a Verilog module, and instances of other modules."""

from __future__ import annotations

from typing import Callable

from .module import Connection, Instance, Module
from .netlist import AND, BUF, NAND, NOR, NOT, OR, XNOR, XOR
from .verilog_expressions import Expression
from .verilog_tokens import Tokens

GATES = {"and": AND, "or": OR, "xor": XOR, "nand": NAND, "nor": NOR, "xnor": XNOR, "buf": BUF, "not": NOT}
_CONNECTION_COST = 32  # steps of the `Budget`


class InstanceReader:
    """Reads gates and instances.

    Args:
        tokens: the words of the file.
        module: the module that gets gates and instances.
        connection: function without arguments that reads an expression, and returns it and its nets.
    """

    def __init__(self, tokens: Tokens, module: Module, connection: Callable[[], tuple[Expression, list[int]]]) -> None:
        self._tokens, self._module, self._connection = tokens, module, connection

    def read_gates(self) -> None:
        """Reads gate primitives: `buf` and `not` have outputs and one input; a different gate has one output first."""
        tokens = self._tokens
        keyword = tokens.advance()
        tokens.refuse_delay()
        while True:
            line = tokens.line
            name = tokens.expect_name("a gate") if tokens.text != "(" else keyword
            if tokens.text == "[":
                tokens.refuse_construct(f"an array of gates, {name}")
            tokens.expect("(")
            terminals = [self._terminal(name)]
            while tokens.accept(","):
                terminals.append(self._terminal(name))
            tokens.expect(")")
            outputs = terminals[:-1] if keyword in ("buf", "not") else terminals[:1]
            inputs = [net for net, _ in terminals[len(outputs) :]]
            if not inputs or not outputs:
                tokens.refuse(
                    f"a gate must have outputs and inputs; received {len(terminals)} terminals of {name}", line
                )
            for net, is_net in outputs:
                if not is_net:
                    tokens.refuse(f"an output of {name} must be a net; received an expression", line)
                self._module.tree(GATES[keyword], inputs, line, net)
            if not tokens.accept(","):
                break
        tokens.expect(";")

    def _terminal(self, name: str) -> tuple[int, bool]:
        expression, nets = self._connection()
        if len(nets) != 1:
            self._tokens.refuse(f"a terminal of {name} must have 1 bit; received {len(nets)}", expression.line)
        return nets[0], expression.is_plain and nets[0] > 1

    def read_instances(self) -> None:
        """Reads instances of a module: `MODULE NAME(connections), NAME(connections);`."""
        tokens = self._tokens
        module = tokens.expect_name("a module")
        tokens.refuse_delay()
        while True:
            line = tokens.line
            name = tokens.expect_name(f"an instance of {module}")
            if tokens.text == "[":
                tokens.refuse_construct(f"an array of instances, {name}")
            tokens.expect("(")
            self._module.instances.append(Instance(module, name, self._connections(), line))
            if not tokens.accept(","):
                break
        tokens.expect(";")

    def _connections(self) -> list[Connection]:
        tokens = self._tokens
        connections: list[Connection] = []
        if tokens.accept(")"):
            return connections
        named = tokens.text == "."
        while True:
            tokens.spend(_CONNECTION_COST)
            port: int | str = len(connections)
            if named:
                tokens.expect(".")
                if tokens.text == "*":
                    tokens.refuse_construct("connections .*")
                port = tokens.expect_name("a port")
                tokens.expect("(")
            if tokens.text in (")", ","):
                connections.append(Connection(port, None, False, False, False))
            else:
                expression, nets = self._connection()
                plain = expression.is_plain
                connections.append(Connection(port, nets, plain and min(nets) > 1, plain, expression.signed))
            if named:
                tokens.expect(")")
            if not tokens.accept(","):
                break
        tokens.expect(")")
        return connections
