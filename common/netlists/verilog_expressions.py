"""Makes gates of Verilog expressions, sized and extended by the rules of IEEE 1364-2005, sections 5.4 and 5.5."""

from __future__ import annotations

from typing import Callable, NamedTuple, Sequence

from .module import Module
from .netlist import AND, MUX, NOT, OR

_IN_CONTEXT = ("not", "bitwise", "choice")  # parts whose operands are extended to the width of the part


class Node(NamedTuple):
    """A part of an expression.

    Attributes:
        kind: `leaf`, `not`, `bitwise`, `choice`, `joined` or `bit`.
        operator: function of the gates of `bitwise` and `bit`, or the number of copies of `joined`; 0 otherwise.
        arguments: positions of its operands in the list of parts; they are smaller than its own position.
        width: number of bits without extension.
        signed: whether the part is signed.
        nets: nets of a leaf, least significant bit first.
    """

    kind: str
    operator: int
    arguments: tuple[int, ...]
    width: int
    signed: bool
    nets: Sequence[int]


class Expression:
    """An expression that was parsed.

    Args:
        nodes: list of `Node`; the last one is the whole expression.
        line: line where it begins.
        spend: function that takes the number of bits of all parts from a `Budget`.
    """

    def __init__(self, nodes: list[Node], line: int, spend: Callable[[int], None]) -> None:
        self.nodes, self.line, self._spend = nodes, line, spend

    @property
    def width(self) -> int:
        """The number of bits of the expression without extension."""
        return self.nodes[-1].width

    @property
    def signed(self) -> bool:
        """Whether the expression is signed."""
        return self.nodes[-1].signed

    @property
    def is_plain(self) -> bool:
        """Whether the expression consists of nets and constants alone."""
        return all(node.kind in ("leaf", "joined") for node in self.nodes)

    def nets(self, module: Module, width: int) -> list[int]:
        """Adds the gates of the expression to a module, and returns at least `width` nets.

        Operands are extended to the maximum width first, and operators apply to all bits of it.
        """
        nodes = self.nodes
        widths, signs = [node.width for node in nodes], [node.signed for node in nodes]
        widths[-1] = max(widths[-1], width)
        for index in range(len(nodes) - 1, 0, -1):
            node = nodes[index]
            if node.kind in _IN_CONTEXT:
                sized = node.arguments[1:] if node.kind == "choice" else node.arguments  # without the condition
                for argument in sized:
                    widths[argument], signs[argument] = widths[index], signs[index]
        self._spend(sum(widths))
        values: list[list[int]] = []
        for node, node_width, sign in zip(nodes, widths, signs):
            value = self._value(module, node, [values[argument] for argument in node.arguments])
            if len(value) < node_width:
                value += [value[-1] if sign else 0] * (node_width - len(value))
            values.append(value)
        return values[-1]

    def _value(self, module: Module, node: Node, arguments: list[list[int]]) -> list[int]:
        kind, operator = node.kind, node.operator
        if kind == "leaf":
            return list(node.nets)
        if kind == "not":
            return [module.gate(NOT, (net,), self.line) for net in arguments[0]]
        if kind == "bitwise":
            return [module.gate(operator, pair, self.line) for pair in zip(*arguments)]
        if kind == "choice":
            condition = self._truth(module, arguments[0])
            return [module.gate(MUX, (condition, *pair), self.line) for pair in zip(*arguments[1:])]
        if kind == "joined":
            return [net for part in reversed(arguments) for net in part] * operator
        if operator in (AND, OR) and len(arguments) == 2:
            return [module.gate(operator, [self._truth(module, nets) for nets in arguments], self.line)]
        return [module.tree(operator, arguments[0], self.line)]

    def _truth(self, module: Module, nets: list[int]) -> int:
        return nets[0] if len(nets) == 1 else module.tree(OR, nets, self.line)
