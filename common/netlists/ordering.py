"""Orders the gates of a circuit topologically, which makes it a `Netlist`."""

from __future__ import annotations

from array import array
from typing import Sequence

from .flat import EXPRESSION, Flat
from .module import GATE_WORDS
from .netlist import BUF, Netlist, SecondDriver
from .source import NetlistError

_NEW, _OPEN = -1, -2  # marks of nets without a number: a net was not visited yet, or it is being visited
_LISTED = 12  # number of the nets of a loop that a message names


def to_netlist(flat: Flat) -> Netlist:
    """Orders the gates on which outputs depend, and leaves out all other gates.

    A buffer is not kept as a gate: its net gets the number of the net that the buffer reads.

    Args:
        flat: the gates of the circuit in any order.

    Returns:
        The netlist with its gates in topological order.

    Raises:
        NetlistError: if an output depends on a net without a driver, or on a loop of gates; the message names the nets.
    """
    order = _Order(flat)
    inputs, outputs = {}, {}
    for name, port in flat.ports.items():
        if not port.is_output:
            inputs[name] = [order.number_input(net) for net in port.nets]
    for name, port in flat.ports.items():
        if port.is_output:
            outputs[name] = [order.visit(net, f"bit {bit} of output {name}") for bit, net in enumerate(port.nets)]
    second = [order.second_driver(*nets) for nets in flat.second_drivers if order.is_visited(nets[0])]
    return Netlist(flat.top[0].name, inputs, outputs, order.functions, order.fan_in, second)


class _Order:
    """The gates in topological order, and the number of each net in this order."""

    def __init__(self, flat: Flat) -> None:
        self._flat = flat
        self._numbers = array("i", [_NEW]) * flat.num_nets
        self._numbers[0], self._numbers[1] = 0, 1
        self._count = 2
        self.functions, self.fan_in = bytearray(), array("i")

    def number_input(self, net: int) -> int:
        self._numbers[net] = self._count
        self._count += 1
        return self._numbers[net]

    def is_visited(self, net: int) -> bool:
        """Returns whether an output depends on a net."""
        return self._numbers[net] >= 0

    def second_driver(self, net: int, other: int) -> SecondDriver:
        """Numbers the net of a second driver, and returns the pair of nets that must be equal."""
        name = self._flat.name(net)
        path, line = self._flat.place(other)
        message = (
            f"drivers of one net must agree; received {name}, which is driven in line {self._flat.place(net)[1]} too"
        )
        number = self.visit(other, f"the second driver of {name}")
        return SecondDriver(self._numbers[net], number, str(NetlistError(path, line, message)))

    def visit(self, net: int, output: str) -> int:
        """Numbers a net after all nets on which it depends, depth first without recursion, and returns its number."""
        numbers, gates, stack = self._numbers, self._flat.gates, [net]
        while stack:
            top = stack[-1]
            if numbers[top] >= 0:
                stack.pop()
                continue
            driver = self._flat.driver(top)
            if driver < 0:
                rule = f"{output} must depend on driven nets; received {self._flat.name(top)}, which nothing drives"
                raise NetlistError(*self._flat.place(top), rule)
            reads = gates[driver + 2 : driver + GATE_WORDS - 1]
            pending = [read for read in reads if numbers[read] < 0]
            if not pending:
                stack.pop()
                self._number_gate(top, gates[driver], reads)
            elif numbers[top] == _OPEN:  # a net on which it depends depends on it
                raise NetlistError(*self._flat.place(top), self._loop(stack, output))
            else:
                numbers[top] = _OPEN
                stack.extend(pending)
        return numbers[net]

    def _number_gate(self, net: int, function: int, reads: Sequence[int]) -> None:
        if function == BUF:
            self._numbers[net] = self._numbers[reads[0]]
            return
        self._numbers[net] = self._count
        self._count += 1
        self.functions.append(function)
        self.fan_in.extend(self._numbers[read] for read in reads)

    def _loop(self, stack: list[int], output: str) -> str:
        chain = [net for net in stack[:-1] if self._numbers[net] == _OPEN]
        start = len(chain) - 1 - chain[::-1].index(stack[-1])
        names = [self._flat.name(net) for net in chain[start:]]
        names = [name for name in names if not name.endswith(EXPRESSION)] or names[:1]
        more = f" and {len(names) - _LISTED} more nets" if len(names) > _LISTED else ""
        listed = ", ".join(names[:_LISTED])
        return f"{output} must not depend on a loop of gates; received one through {listed}{more}"
