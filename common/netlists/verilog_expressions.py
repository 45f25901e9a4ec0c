"""Expressions of Verilog as gates, sized and extended by the rules of IEEE 1364-2005, sections 5.4 and 5.5."""

from collections import namedtuple

from .netlist import AND, MUX, NOT, OR

_IN_CONTEXT = ("not", "bitwise", "choice")  # the parts whose operands are as wide as the whole expression

Node = namedtuple("Node", "kind operator arguments width signed nets")
Node.__doc__ = """A part of an expression.

`kind` is `leaf`, `not`, `bitwise`, `choice`, `joined` or `bit`. `operator` is the function of the gates of `bitwise`
and `bit`, and how often `joined` is repeated. `arguments` are positions of parts before it, `nets` those of a leaf,
least significant bit first.
"""


class Expression:
    """An expression that was parsed.

    Args:
        nodes: list of `Node`; the last one is the whole expression.
        line: where it begins.
        spend: function that takes the number of bits of all parts from a `Budget`.
    """

    def __init__(self, nodes, line, spend):
        self.nodes, self.line, self._spend = nodes, line, spend

    @property
    def width(self):
        """Bits of the expression by itself."""
        return self.nodes[-1].width

    @property
    def signed(self):
        """Whether the expression is signed."""
        return self.nodes[-1].signed

    @property
    def is_plain(self):
        """Whether it consists of nets and constants, so that it is the same in any width."""
        return all(node.kind in ("leaf", "joined") for node in self.nodes)

    def nets(self, module, width):
        """The nets of the expression, `width` of them or more, whose gates are added to a module.

        Operands are extended to the greatest width first, and operators work on all bits of it.
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
        values = []
        for node, node_width, sign in zip(nodes, widths, signs):
            value = self._value(module, node, [values[argument] for argument in node.arguments])
            if len(value) < node_width:
                value += [value[-1] if sign else 0] * (node_width - len(value))
            values.append(value)
        return values[-1]

    def _value(self, module, node, arguments):
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

    def _truth(self, module, nets):
        return nets[0] if len(nets) == 1 else module.tree(OR, nets, self.line)
