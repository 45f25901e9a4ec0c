"""A combinational netlist as a value: ports, and gates in topological order."""

from collections import namedtuple

import numpy as np

BUF, NOT, AND, OR, XOR, NAND, NOR, XNOR, MUX = range(9)
"""Functions of gates. `MUX` is `fan_in[1]` where `fan_in[0]` is 1, else `fan_in[2]`."""

SecondDriver = namedtuple("SecondDriver", "net other message")
SecondDriver.__doc__ = """A net with two drivers, which must have the same value for all operands.

`net` is that of the first driver, `other` the one that the second drives instead, `message` the error if they differ.
"""


class Netlist:
    """A combinational netlist.

    Nets are numbers: 0 and 1 are the constants, the bits of the input ports follow in the order of the ports, and gate
    `g` drives net `2 + input bits + g`. A gate reads only nets of smaller numbers.

    Args:
        name: of the circuit.
        inputs: dictionary from port name to a sequence of nets, least significant bit first.
        outputs: dictionary from port name to a sequence of nets, least significant bit first.
        functions: uint8 array `[gates]`, such as `AND`.
        fan_in: int32 array `[gates, 3]`, the nets that a gate reads; 0 where its function has fewer operands.
        second_drivers: list of `SecondDriver`.

    Raises:
        ValueError: if the input nets are not numbered as described, or a gate or an output reads a net that is not
            driven before it.

    Example:
        >>> half_adder = Netlist("ha", {"a": [2], "b": [3]}, {"sum": [4], "carry": [5]}, [XOR, AND], [[2, 3, 0]] * 2)
        >>> half_adder
        Netlist(ha: a[1], b[1] -> sum[1], carry[1]; 2 gates)
    """

    __slots__ = ("fan_in", "functions", "inputs", "name", "outputs", "second_drivers")

    def __init__(self, name, inputs, outputs, functions, fan_in, second_drivers=()):
        self.name = name
        self.inputs = {port: tuple(nets) for port, nets in inputs.items()}
        self.outputs = {port: tuple(nets) for port, nets in outputs.items()}
        self.functions = np.array(functions, np.uint8)
        self.fan_in = np.array(fan_in, np.int32).reshape(len(self.functions), 3)
        driven = [net for nets in self.inputs.values() for net in nets]
        if driven != list(range(2, self.first_gate)):
            raise ValueError(f"inputs must number their nets from 2, in the order of the ports; received {inputs}")
        own = np.arange(self.first_gate, self.num_nets, dtype=np.int32)
        if ((self.fan_in < 0) | (self.fan_in >= own[:, None])).any() or (self.functions > MUX).any():
            raise ValueError("fan_in must name nets of smaller numbers, and functions must be from BUF to MUX")
        if any(not 0 <= net < self.num_nets for nets in self.outputs.values() for net in nets):
            raise ValueError(f"outputs must name nets from 0 to {self.num_nets - 1}; received {outputs}")
        self.second_drivers = tuple(second_drivers)
        self.functions.flags.writeable = self.fan_in.flags.writeable = False

    @property
    def first_gate(self):
        """The net that the first gate drives."""
        return 2 + sum(map(len, self.inputs.values()))

    @property
    def num_nets(self):
        """Number of nets, the two constants included."""
        return self.first_gate + len(self.functions)

    def support(self, nets):
        """The inputs that some nets depend on, as a set of nets.

        Example:
            >>> sorted(Netlist("m", {"a": [2, 3, 4]}, {"y": [5]}, [AND], [[2, 4, 0]]).support([5]))
            [2, 4]
        """
        needed = np.zeros(self.num_nets, bool)
        needed[list(nets)] = True
        fan_in = self.fan_in.tolist()
        for gate in range(len(fan_in) - 1, -1, -1):
            if needed[self.first_gate + gate]:
                needed[fan_in[gate]] = True
        return set(np.flatnonzero(needed[: self.first_gate]).tolist()) - {0, 1}

    def with_outputs(self, outputs):
        """The same netlist with other output ports."""
        return Netlist(self.name, self.inputs, outputs, self.functions, self.fan_in, self.second_drivers)

    def __repr__(self):
        inputs, outputs = (
            ", ".join(f"{name}[{len(nets)}]" for name, nets in ports.items()) for ports in (self.inputs, self.outputs)
        )
        return f"Netlist({self.name}: {inputs} -> {outputs}; {len(self.functions)} gates)"
