"""The gates of a circuit without hierarchy: modules are added to it one after another, each in its place."""

from array import array
from bisect import bisect_right
from collections import namedtuple

from .module import GATE_WORDS
from .source import MAX_NETS, NetlistError

_UNDRIVEN, _INPUT = -1, -2
EXPRESSION = "(an expression)"  # as the name of a net that has none
_LONGEST = 20  # levels of hierarchy in the name of a net
_MAX_STEPS = 4 * MAX_NETS
_INSTANCE_STEPS = 16

Part = namedtuple("Part", "module above name first open_nets")
Part.__doc__ = """A module in its place.

`above` is the part around it, or `None`; `name` that of the instance; `first` the number of its first own net;
`open_nets` the nets of ports that are not connected, which are numbered after the module's own nets.
"""


class Flat:
    """The gates of a circuit without hierarchy.

    Args:
        module: the `Module` at the top, which is added by the constructor.

    Attributes:
        ports: dictionary from name to `Port` of the top, with nets of the circuit; 0 and 1 are the constants.
        gates: `array`, `GATE_WORDS` numbers for each gate, with nets of the circuit.
        top: the `Part` at the top, and its nets as `add` returns them.
        second_drivers: list of pairs, a net that has a driver already, and the net that a further one drives instead.
    """

    def __init__(self, module):
        self.gates = array("i")
        self._drivers = array("i", [_INPUT, _INPUT])
        self._parts, self._firsts = [], []
        self._steps = 0
        self._first_of = {}  # from the net of a second driver to the net that it drives, and the file of the gate
        self.second_drivers = []
        inputs = [net for port in module.ports.values() if not port.is_output for net in port.nets]
        self.top = self.add(module, None, module.name, {}, set(inputs))
        nets = self.top[1]
        self.ports = {name: port._replace(nets=[nets[net] for net in port.nets]) for name, port in module.ports.items()}

    def driver(self, net):
        """Where in `gates` the gate begins that drives a net; negative if the net is an input or not driven."""
        return self._drivers[net]

    @property
    def num_nets(self):
        """Number of nets of the circuit, the two constants included."""
        return len(self._drivers)

    def name(self, net):
        """The name of a net for messages, such as `adder/fa0/carry`."""
        net = self._first_of.get(net, (net,))[0]
        part = self._part(net)
        own, position = part.module.own_nets, net - part.first
        local = own[position] if position < len(own) else part.open_nets[position - len(own)]
        words = [part.module.net_names[local] or EXPRESSION]
        while part.above is not None and len(words) < _LONGEST:
            words.append(part.name)
            part = part.above
        return "/".join(reversed(words))

    def place(self, net):
        """File and line of the gate that drives a net, or of the module that the net belongs to."""
        driver = self._drivers[net]
        if net in self._first_of:
            return self._first_of[net][1], self.gates[driver + GATE_WORDS - 1]
        module = self._part(net).module
        return module.path, self.gates[driver + GATE_WORDS - 1] if driver >= 0 else module.line

    def _part(self, net):
        return self._parts[bisect_right(self._firsts, net) - 1]

    def add(self, module, above, name, connected, inputs=()):
        """Adds a module.

        Args:
            module: a `Module`.
            above: the `Part` around it, or `None`.
            name: of the instance.
            connected: dictionary from nets of its ports to nets of the circuit.
            inputs: nets of its ports that are inputs of the circuit.

        Returns:
            The `Part`, and an `array` from the nets of the module to those of the circuit.

        Raises:
            NetlistError: if the circuit becomes too large, or a gate drives an input or a constant.
        """
        own, first = module.own_nets, len(self._drivers)
        open_nets = [net for port in module.ports.values() for net in port.nets if net not in connected]
        self._steps += _INSTANCE_STEPS + len(module.net_names)
        if first + len(own) + len(open_nets) > MAX_NETS or self._steps > _MAX_STEPS:
            raise NetlistError(
                module.path, 0, f"a netlist must have at most {MAX_NETS} nets when all instances are replaced"
            )
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

    def _add_gates(self, module, nets):
        columns = [iter(module.gates)] * GATE_WORDS
        for function, out, a, b, c, line in zip(*columns):
            net = nets[out]
            if self._drivers[net] != _UNDRIVEN:
                net = self._second(net, module.path, line)
            self._drivers[net] = len(self.gates)
            self.gates.extend((function, net, nets[a], nets[b], nets[c], line))

    def _second(self, net, path, line):
        """A net for a further driver of a net."""
        if self._drivers[net] == _INPUT:
            name = f"constant {net}" if net < 2 else f"input {self.name(net)}"
            raise NetlistError(path, line, f"a gate must not drive an input or a constant; received {name}")
        other = len(self._drivers)
        self._drivers.append(_UNDRIVEN)
        self._first_of[other] = net, path
        self.second_drivers.append((net, other))
        return other
