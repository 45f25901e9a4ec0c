"""A module as every reader writes it: nets, gates, ports and instances of other modules."""

from array import array
from collections import namedtuple

from .netlist import AND, BUF, NAND, NOR, NOT, OR, XNOR, XOR
from .source import MAX_NETS, NetlistError

GATE_WORDS = 6  # of `Module.gates`: function, driven net, three nets that are read, line

Port = namedtuple("Port", "is_output nets")
Port.__doc__ = "A port of a module: its direction, and its nets in the module, least significant bit first."

Connection = namedtuple("Connection", "port nets assignable extendable signed")
Connection.__doc__ = """What an instance connects to a port.

`port` is its name, or its position. `nets` are those of the module around the instance, least significant bit first, or
`None` where the port is left open. Only an `assignable` connection can be an output. Only an `extendable` one can be
narrower than an input: with zeros, or with its sign if it is `signed`.
"""

Instance = namedtuple("Instance", "module name connections line")
Instance.__doc__ = "An instance of a module: name of the module, own name, list of `Connection`, line in the file."

_INVERTED = {NAND: AND, NOR: OR, XNOR: XOR}


class Module:
    """A module that has not been flattened.

    Args:
        name: of the module.
        path: of its file, for messages.
        line: where it begins, or 0.

    Attributes:
        ports: dictionary from name to `Port`, in the order of positional connections.
        net_names: names of the nets, `None` for those of expressions. Nets 0 and 1 are the constants.
        gates: `array`, `GATE_WORDS` numbers for each gate.
        instances: list of `Instance`.
        error: a `NetlistError` if the module has a construct that cannot be read, which matters only if it is used.
    """

    def __init__(self, name, path, line=0):
        self.name, self.path, self.line = name, path, line
        self.ports = {}
        self.net_names = ["constant 0", "constant 1"]
        self.gates = array("i")
        self.instances = []
        self.error = None
        self._own = None

    @property
    def own_nets(self):
        """Nets of the finished module that are neither constants nor those of a port, ascending."""
        if self._own is None:
            ports = {net for port in self.ports.values() for net in port.nets}
            self._own = array("i", (net for net in range(2, len(self.net_names)) if net not in ports))
        return self._own

    def net(self, name=None, line=0):
        """A new net.

        Raises:
            NetlistError: if there are too many of them.
        """
        if len(self.net_names) >= MAX_NETS:
            raise NetlistError(self.path, line, f"a module must have at most {MAX_NETS} nets")
        self.net_names.append(name)
        return len(self.net_names) - 1

    def drive(self, out, function, reads, line):
        """Adds a gate that drives net `out`, and reads one, two or three nets.

        Raises:
            NetlistError: if there are too many gates.
        """
        if len(self.gates) >= MAX_NETS * GATE_WORDS:
            raise NetlistError(self.path, line, f"a module must have at most {MAX_NETS} gates")
        self.gates.extend((function, out, *reads, *(0,) * (3 - len(reads)), line))

    def gate(self, function, reads, line):
        """Adds a gate that drives a new net, which is returned."""
        out = self.net(None, line)
        self.drive(out, function, reads, line)
        return out

    def tree(self, function, reads, line, out=None):
        """Adds a gate of any number of operands, as gates of two; returns the net it drives, by default a new one."""
        reads = list(reads)
        base = _INVERTED.get(function, function)
        last = function
        if len(reads) == 1:
            last = NOT if function in _INVERTED or function == NOT else BUF
        while len(reads) > 2:
            pairs = [self.gate(base, pair, line) for pair in zip(reads[::2], reads[1::2])]
            reads = pairs + reads[len(pairs) * 2 :]
        out = self.net(None, line) if out is None else out
        self.drive(out, last, reads, line)
        return out
