"""A combinational netlist as a value: ports, and gates in topological order."""

from __future__ import annotations

from typing import Iterable, Mapping, NamedTuple, Sequence

import numpy as np

BUF, NOT, AND, OR, XOR, NAND, NOR, XNOR, MUX = range(9)
"""Functions of gates. The output of `MUX` is `fan_in[1]` where `fan_in[0]` is 1, else `fan_in[2]`."""


class SecondDriver(NamedTuple):
    """A pair of nets that must be equal for all operands, because the source drives one net twice.

    Attributes:
        net: the net that the first driver drives.
        other: a net of its own for the second driver.
        message: message of the error that is raised if the two nets differ.
    """

    net: int
    other: int
    message: str


class Netlist:
    """A combinational netlist.

    Nets are numbers: 0 and 1 are the constants, the bits of the input ports follow in the order of the ports, and gate
    `g` drives net `2 + input bits + g`. A gate reads only nets of smaller numbers.

    Args:
        name: name of the circuit.
        inputs: dictionary from port name to a sequence of nets, least significant bit first.
        outputs: dictionary from port name to a sequence of nets, least significant bit first.
        functions: uint8 array `[gates]` of functions from `BUF` to `MUX`.
        fan_in: int32 array `[gates, 3]` or `[3 * gates]` of the nets that each gate reads; 0 where its function has
            fewer operands.
        second_drivers: the pairs of nets that `evaluate` compares.

    Attributes:
        name: name of the circuit.
        inputs: dictionary from port name to a tuple of nets, least significant bit first.
        outputs: dictionary from port name to a tuple of nets, least significant bit first.
        functions: read-only uint8 array `[gates]`.
        fan_in: read-only int32 array `[gates, 3]`.
        second_drivers: tuple of `SecondDriver`.

    Raises:
        ValueError: if the input nets are not numbered as described, or a gate or an output reads a net that is not
            driven before it.

    Example:
        >>> half_adder = Netlist("ha", {"a": [2], "b": [3]}, {"sum": [4], "carry": [5]}, [XOR, AND], [[2, 3, 0]] * 2)
        >>> half_adder
        Netlist(ha: a[1], b[1] -> sum[1], carry[1]; 2 gates)
    """

    __slots__ = ("fan_in", "functions", "inputs", "name", "outputs", "second_drivers")

    def __init__(
        self,
        name: str,
        inputs: Mapping[str, Sequence[int]],
        outputs: Mapping[str, Sequence[int]],
        functions: Sequence[int] | np.ndarray,
        fan_in: Sequence[Sequence[int]] | Sequence[int] | np.ndarray,
        second_drivers: Iterable[SecondDriver] = (),
    ) -> None:
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
    def first_gate(self) -> int:
        """The number of the net that the first gate drives."""
        return 2 + sum(map(len, self.inputs.values()))

    @property
    def num_nets(self) -> int:
        """The number of nets, the two constants included."""
        return self.first_gate + len(self.functions)

    def support(self, nets: Iterable[int]) -> set[int]:
        """Returns the inputs on which nets depend through their gates.

        Args:
            nets: numbers of nets.

        Returns:
            Set of the nets of input bits.

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

    def with_outputs(self, outputs: Mapping[str, Sequence[int]]) -> Netlist:
        """Returns a netlist with the same gates and other output ports.

        Args:
            outputs: dictionary from port name to a sequence of nets, least significant bit first.

        Raises:
            ValueError: if an output names a net that does not exist.
        """
        return Netlist(self.name, self.inputs, outputs, self.functions, self.fan_in, self.second_drivers)

    def __repr__(self) -> str:
        inputs, outputs = (
            ", ".join(f"{name}[{len(nets)}]" for name, nets in ports.items()) for ports in (self.inputs, self.outputs)
        )
        return f"Netlist({self.name}: {inputs} -> {outputs}; {len(self.functions)} gates)"
