"""Defines the result of every reader: a module with nets, gates, ports, and instances of other modules."""

from __future__ import annotations

from array import array
from typing import Iterable, NamedTuple, Sequence

from .netlist import AND, BUF, NAND, NOR, NOT, OR, XNOR, XOR
from .source import MAX_NETS, NetlistError, Path

GATE_WORDS = 6  # `Module.gates` stores a function, the driven net, three nets that are read, and the line


class Port(NamedTuple):
    """A port of a module.

    Attributes:
        is_output: whether the port is an output.
        nets: nets of the module, least significant bit first.
    """

    is_output: bool
    nets: Sequence[int]


class Connection(NamedTuple):
    """The nets that an instance connects to one of its ports.

    Attributes:
        port: name of the port, or its position from 0.
        nets: nets of the module that contains the instance, least significant bit first; `None` where the port is open.
        assignable: whether the connection consists of nets alone, so that the port may be an output.
        extendable: whether the connection may have fewer bits than an input port; it is then extended.
        signed: whether the extension repeats the most significant bit; otherwise it consists of zeros.
    """

    port: int | str
    nets: Sequence[int] | None
    assignable: bool
    extendable: bool
    signed: bool


class Instance(NamedTuple):
    """An instance of a module inside another module.

    Attributes:
        module: name of the module.
        name: name of the instance.
        connections: connections of its ports.
        line: line of the file.
    """

    module: str
    name: str
    connections: list[Connection]
    line: int


_INVERTED = {NAND: AND, NOR: OR, XNOR: XOR}


class Module:
    """A module that has not been flattened.

    Args:
        name: name of the module.
        path: path of its file, for messages.
        line: line where the module begins, from 1; 0 if it is the whole file.

    Attributes:
        ports: dictionary from name to `Port`, in the order of positional connections.
        net_names: names of the nets, `None` for the net of an expression. Nets 0 and 1 are the constants.
        gates: int32 `array` with `GATE_WORDS` numbers for each gate.
        instances: list of `Instance`.
        error: a `NetlistError` if the module has a construct that cannot be read. It is raised only if the module is
            used.
    """

    def __init__(self, name: str, path: Path, line: int = 0) -> None:
        self.name, self.path, self.line = name, path, line
        self.ports: dict[str, Port] = {}
        self.net_names: list[str | None] = ["constant 0", "constant 1"]
        self.gates = array("i")
        self.instances: list[Instance] = []
        self.error: NetlistError | None = None
        self._own: array[int] | None = None

    @property
    def own_nets(self) -> array[int]:
        """The nets of the finished module that are neither constants nor bits of a port, in ascending order."""
        if self._own is None:
            ports = {net for port in self.ports.values() for net in port.nets}
            self._own = array("i", (net for net in range(2, len(self.net_names)) if net not in ports))
        return self._own

    def net(self, name: str | None = None, line: int = 0) -> int:
        """Adds a net, and returns its number.

        Raises:
            NetlistError: if the module has too many nets.
        """
        if len(self.net_names) >= MAX_NETS:
            raise NetlistError(self.path, line, f"a module must have at most {MAX_NETS} nets")
        self.net_names.append(name)
        return len(self.net_names) - 1

    def drive(self, out: int, function: int, reads: Sequence[int], line: int) -> None:
        """Adds a gate that drives net `out` and reads one, two or three nets.

        Raises:
            NetlistError: if the module has too many gates.
        """
        if len(self.gates) >= MAX_NETS * GATE_WORDS:
            raise NetlistError(self.path, line, f"a module must have at most {MAX_NETS} gates")
        self.gates.extend((function, out, *reads, *(0,) * (3 - len(reads)), line))

    def gate(self, function: int, reads: Sequence[int], line: int) -> int:
        """Adds a gate that drives a new net, and returns this net."""
        out = self.net(None, line)
        self.drive(out, function, reads, line)
        return out

    def tree(self, function: int, reads: Iterable[int], line: int, out: int | None = None) -> int:
        """Adds a gate with any number of operands as a tree of gates with two operands.

        Returns:
            The net that the tree drives: `out`, or a new net if `out` is `None`.
        """
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
