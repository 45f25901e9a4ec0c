"""Collects the gates of a circuit without hierarchy, to which modules are added one after another."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from typing import Container, Mapping, NamedTuple

from .module import GATE_WORDS, Module
from .source import MAX_NETS, NetlistError, Path

TOO_MANY_NETS = f"a netlist must have at most {MAX_NETS} nets when all instances are replaced"
_UNDRIVEN, _INPUT = -1, -2
EXPRESSION = "(an expression)"  # the name of a net without a name in messages
_LONGEST = 20  # number of levels of hierarchy that the name of a net shows
MAX_STEPS = 4 * MAX_NETS
_INSTANCE_STEPS = 16


def steps_of(module: Module) -> int:
    """The cost of adding one instance of a module, without the instances inside it."""
    return _INSTANCE_STEPS + len(module.net_names)


class Part(NamedTuple):
    """An instance of a module in the circuit.

    Attributes:
        module: the module.
        above: the part that contains the instance, or `None` at the top.
        name: name of the instance.
        first: number of its first own net in the circuit.
        open_nets: nets of ports that are not connected; they are numbered after the own nets of the module.
    """

    module: Module
    above: Part | None
    name: str
    first: int
    open_nets: list[int]


class Flat:
    """The gates of a circuit without hierarchy.

    Args:
        module: the `Module` at the top, which is added by the constructor.

    Attributes:
        ports: dictionary from name to `Port` of the top, with nets of the circuit. Nets 0 and 1 are the constants.
        gates: int32 `array` with `GATE_WORDS` numbers for each gate; its nets are nets of the circuit.
        top: the `Part` at the top, and an `array` from the nets of its module to those of the circuit.
        second_drivers: list of pairs: a net with more than one driver, and the new net that a further driver drives.
    """

    def __init__(self, module: Module) -> None:
        self.gates = array("i")
        self._drivers = array("i", [_INPUT, _INPUT])
        self._parts: list[Part] = []
        self._firsts: list[int] = []
        self._steps = 0
        # From the new net of a further driver to the net that it drives in the source, and the file of the gate.
        self._first_of: dict[int, tuple[int, Path]] = {}
        self.second_drivers: list[tuple[int, int]] = []
        inputs = [net for port in module.ports.values() if not port.is_output for net in port.nets]
        self.top = self.add(module, None, module.name, {}, set(inputs))
        nets = self.top[1]
        self.ports = {name: port._replace(nets=[nets[net] for net in port.nets]) for name, port in module.ports.items()}

    def driver(self, net: int) -> int:
        """Returns the position in `gates` of the gate that drives a net; it is negative if no gate drives the net."""
        return self._drivers[net]

    @property
    def num_nets(self) -> int:
        """The number of nets of the circuit, the two constants included."""
        return len(self._drivers)

    def name(self, net: int) -> str:
        """Returns the name of a net for messages, such as `adder/fa0/carry`."""
        net = self._first_of[net][0] if net in self._first_of else net
        part = self._part(net)
        own, position = part.module.own_nets, net - part.first
        local = own[position] if position < len(own) else part.open_nets[position - len(own)]
        words = [part.module.net_names[local] or EXPRESSION]
        while part.above is not None and len(words) < _LONGEST:
            words.append(part.name)
            part = part.above
        return "/".join(reversed(words))

    def place(self, net: int) -> tuple[Path, int]:
        """Returns the file and the line of the gate that drives a net, or of the module of a net without a driver."""
        driver = self._drivers[net]
        if net in self._first_of:
            return self._first_of[net][1], self.gates[driver + GATE_WORDS - 1]
        module = self._part(net).module
        return module.path, self.gates[driver + GATE_WORDS - 1] if driver >= 0 else module.line

    def _part(self, net: int) -> Part:
        return self._parts[bisect_right(self._firsts, net) - 1]

    def add(
        self,
        module: Module,
        above: Part | None,
        name: str,
        connected: Mapping[int, int],
        inputs: Container[int] = (),
    ) -> tuple[Part, array[int]]:
        """Adds the gates of an instance of a module.

        Args:
            module: the module.
            above: the `Part` that contains the instance, or `None` at the top.
            name: name of the instance.
            connected: dictionary from nets of the ports of the module to nets of the circuit.
            inputs: nets of the ports of the module that are inputs of the circuit.

        Returns:
            The `Part`, and an `array` from the nets of the module to those of the circuit.

        Raises:
            NetlistError: if the circuit becomes too large, or a gate drives an input or a constant.
        """
        own, first = module.own_nets, len(self._drivers)
        open_nets = [net for port in module.ports.values() for net in port.nets if net not in connected]
        self._steps += steps_of(module)
        if first + len(own) + len(open_nets) > MAX_NETS or self._steps > MAX_STEPS:
            raise NetlistError(module.path, 0, TOO_MANY_NETS)
        self._drivers.extend([_UNDRIVEN] * len(own))
        self._drivers.extend(_INPUT if net in inputs else _UNDRIVEN for net in open_nets)
        part = Part(module, above, name, first, open_nets)
        self._parts.append(part)
        self._firsts.append(first)
        nets = array("i", [0, 1] + [0] * (len(module.net_names) - 2))
        for number, net in enumerate([*own, *open_nets], first):
            nets[net] = number
        for net, number in connected.items():
            nets[net] = number
        self._add_gates(module, nets)
        return part, nets

    def _add_gates(self, module: Module, nets: array[int]) -> None:
        columns = [iter(module.gates)] * GATE_WORDS
        for function, out, a, b, c, line in zip(*columns):
            net = nets[out]
            if self._drivers[net] != _UNDRIVEN:
                net = self._second(net, module.path, line)
            self._drivers[net] = len(self.gates)
            self.gates.extend((function, net, nets[a], nets[b], nets[c], line))

    def _second(self, net: int, path: Path, line: int) -> int:
        """Adds a net for a further driver of a net, and returns it."""
        if self._drivers[net] == _INPUT:
            name = f"constant {net}" if net < 2 else f"input {self.name(net)}"
            raise NetlistError(path, line, f"a gate must not drive an input or a constant; received {name}")
        other = len(self._drivers)
        self._drivers.append(_UNDRIVEN)
        self._first_of[other] = net, path
        self.second_drivers.append((net, other))
        return other
