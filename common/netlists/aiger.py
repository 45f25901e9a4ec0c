"""Reads circuits from AIGER files in ASCII (`aag`) and in binary form (`aig`).

The source of the format is Biere, "The AIGER And-Inverter Graph (AIG) Format", 2007.
"""

from __future__ import annotations

from array import array
from typing import NoReturn

from .module import Module, Port
from .netlist import AND, BUF, NOT
from .source import MAX_NETS, NetlistError, Path, read_bytes

_MAX_PORTS = 4096
_LITERAL = 9  # maximum number of digits of a literal


def read_aiger(path: Path) -> dict[str, Module]:
    """Reads the module of an AIGER file.

    Each input and output is a port of one bit. Its name is its symbol, or `i0`, `i1`, ..., `o0`, ... without a symbol.

    Args:
        path: path of the file.

    Returns:
        Dictionary with one item, from the name `aiger` to the module.

    Raises:
        NetlistError: if the file is not an AIGER file, or has latches.
    """
    return _Reader(path).read()


class _Reader:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._content = read_bytes(path)
        self._position = 0
        self._line = 0
        self._module = Module("aiger", path)
        self._variables = {0: 0}  # maps a variable to its net; variable 0 is the constant 0
        self._inverted = {0: 1}  # maps a variable to the net of its complement

    def _refuse(self, rule: str, received: str) -> NoReturn:
        raise NetlistError(self._path, self._line, f"an AIGER file must {rule}; received {received}")

    def _next_line(self) -> str | None:
        """Returns the next line, or `None` at the end of the file."""
        if self._position >= len(self._content):
            return None
        end = self._content.find(b"\n", self._position)
        end = len(self._content) if end < 0 else end
        line = self._content[self._position : end].decode("latin-1").rstrip("\r")
        self._position = end + 1
        self._line += 1
        return line

    def _numbers(self, count: int, what: str) -> list[int]:
        line = self._next_line() or ""
        words = line.split(" ")
        if len(words) != count or not all(word.isdecimal() and len(word) <= _LITERAL for word in words):
            self._refuse(f"have {count} number{'s' * (count > 1)} for {what}", repr(line[:40]))
        return list(map(int, words))

    def read(self) -> dict[str, Module]:
        inputs, outputs, gates, is_binary = self._read_header()
        if is_binary:
            input_literals = [2 * number + 2 for number in range(inputs)]
            output_literals = [self._numbers(1, "an output")[0] for _ in range(outputs)]
        else:
            input_literals = [self._numbers(1, "an input")[0] for _ in range(inputs)]
            output_literals = [self._numbers(1, "an output")[0] for _ in range(outputs)]
        for literal in input_literals:
            self._define(literal)
        if is_binary:
            self._read_binary_gates(inputs, gates)
        else:
            self._read_ascii_gates(gates)
        input_names, output_names = self._read_symbols(inputs, outputs)
        for name, literal in zip(input_names, input_literals):
            net = self._variables[literal // 2]
            self._module.net_names[net] = name
            self._add_port(name, Port(False, [net]))
        for name, literal in zip(output_names, output_literals):
            net = self._module.net(name)
            self._module.drive(net, BUF, (self._net(literal),), 0)
            self._add_port(name, Port(True, [net]))
        return {self._module.name: self._module}

    def _read_header(self) -> tuple[int, int, int, bool]:
        line = self._next_line() or ""
        kind, *words = line.split(" ")
        if kind not in ("aag", "aig") or len(words) < 5 or not all(word.isdecimal() for word in words):
            self._refuse("begin with aag or aig and M I L O A", repr(line[:40]))
        if any(len(word) > _LITERAL for word in words):
            self._refuse(f"have numbers of at most {_LITERAL} digits", repr(line[:60]))
        maximum, inputs, latches, outputs, gates, *properties = map(int, words)
        if latches:
            self._refuse("have no latches, as a multiplier without registers has", f"{latches} latches")
        if any(properties):
            self._refuse("have no properties B, C, J, F", repr(line[:60]))
        if max(inputs, outputs) > _MAX_PORTS or gates > min(MAX_NETS, len(self._content)):
            self._refuse(f"have at most {_MAX_PORTS} inputs and outputs, and the gates it says", repr(line[:60]))
        if maximum < inputs + gates or (kind == "aig" and maximum != inputs + gates):
            self._refuse("have M = I + L + A, or more in ascii", repr(line[:60]))
        self._maximum = 2 * maximum + 1
        return inputs, outputs, gates, kind == "aig"

    def _define(self, literal: int) -> None:
        if literal % 2 or not 2 <= literal <= self._maximum or literal // 2 in self._variables:
            self._refuse("define each variable once, by an even literal", str(literal))
        self._variables[literal // 2] = self._module.net(f"variable {literal // 2}", self._line)

    def _net(self, literal: int) -> int:
        """Returns the net of a literal; an odd literal has one inverter for all its uses."""
        variable = literal // 2
        if variable not in self._variables:
            if literal > self._maximum:
                self._refuse(f"have literals up to {self._maximum}", str(literal))
            self._variables[variable] = self._module.net(f"variable {variable}", self._line)
        if literal % 2 == 0:
            return self._variables[variable]
        if variable not in self._inverted:
            self._inverted[variable] = self._module.gate(NOT, (self._variables[variable],), self._line)
        return self._inverted[variable]

    def _read_ascii_gates(self, count: int) -> None:
        gates = array("i")
        for _ in range(count):
            numbers = self._numbers(3, "a gate")
            self._define(numbers[0])
            gates.extend((*numbers, self._line))
        for out, a, b, line in zip(*[iter(gates)] * 4):
            self._module.drive(self._variables[out // 2], AND, (self._net(a), self._net(b)), line)

    def _read_binary_gates(self, inputs: int, count: int) -> None:
        for variable in range(inputs + 1, inputs + count + 1):
            a = 2 * variable - self._delta()
            b = a - self._delta()
            if not 0 <= b <= a < 2 * variable:
                self._refuse("have gates that read literals of smaller numbers", f"{a} and {b} for {2 * variable}")
            self._define(2 * variable)
            self._module.drive(self._variables[variable], AND, (self._net(a), self._net(b)), 0)

    def _delta(self) -> int:
        value, shift = 0, 0
        while shift < 35:
            if self._position >= len(self._content):
                self._refuse("have the gates that its header says", "the end of the file")
            byte = self._content[self._position]
            self._position += 1
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7
        self._refuse("have differences of at most 5 bytes", "a longer one")

    def _read_symbols(self, inputs: int, outputs: int) -> tuple[list[str], list[str]]:
        names = {"i": [f"i{number}" for number in range(inputs)], "o": [f"o{number}" for number in range(outputs)]}
        line = self._next_line()
        while line is not None and line != "c":
            word, _, name = line.partition(" ")
            kind, number = word[:1], word[1:]
            is_symbol = kind in names and number.isdecimal() and len(number) <= _LITERAL and name
            if not is_symbol or int(number) >= len(names[kind]):
                self._refuse("end with symbols such as 'i0 a[0]', and a comment after c", repr(line[:40]))
            names[kind][int(number)] = name
            line = self._next_line()
        return names["i"], names["o"]

    def _add_port(self, name: str, port: Port) -> None:
        if name in self._module.ports:
            self._refuse("have different names of its ports", repr(name))
        self._module.ports[name] = port
