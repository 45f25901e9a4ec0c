"""Reader of a Verilog module that has a constant for each pair of operands in `case` statements, and nothing else.

There is one statement `case ({A, B})`, or `case (A)` with a statement `case (B)` in each of its items.
"""

import pathlib
import re
from typing import Callable, NamedTuple, Tuple

import numpy as np

from .. import regular_files
from ..argument_error import ArgumentError
from ..paths import Path, expanded
from .array_files import MAX_BYTES
from .arrays import WIDTHS
from .circuit import Circuit
from .memory_files import COMMENTS

SUFFIXES = (".v", ".sv")
MAX_OUTPUT = 32  # bits of a product
_START = 1 << 16  # characters that come before the first item of the case statement, comments included
_DIRECTIVE = re.compile(r"`(?:timescale|default_nettype|resetall)\b[^\n]*")
_HEADING = re.compile(
    r"module\s+(\w+)\s*\(([^();]*)\)\s*;\s*"
    r"always(?:_comb|\s*@\s*(?:\*|\(\s*\*\s*\)))\s*(begin\b)?\s*"
    r"case\s*\(\s*(?:\{\s*(\w+)\s*,\s*(\w+)\s*\}|(\w+))\s*\)"
)
_PORT = re.compile(r"\s*(input|output)\s+(?:(?:wire|reg|logic)\s+)?(signed\s*)?\[\s*(\d{1,2})\s*:\s*0\s*\]\s*(\w+)\s*")
_LITERAL = r"(?:\d{1,2}\s*)?'[hdb][0-9a-fA-F_]{1,24}|\d{1,8}"
_ITEM = re.compile(rf"\s*({_LITERAL})\s*:\s*(\w+)\s*=\s*(-?)\s*({_LITERAL})\s*;")
_ROW = re.compile(rf"\s*({_LITERAL})\s*:\s*case\s*\(\s*(\w+)\s*\)")
_DEFAULT = re.compile(r"(?:\s*default\s*:\s*\w+\s*=[^;]*;)?")
_END = re.compile(r"\s*endcase\b")
_BASES = {"h": 16, "d": 10, "b": 2}


def _normalised(content):
    """The text of a file without comments and directives, and with one blank for each run of white space."""
    text = COMMENTS.sub(" ", content.decode("latin-1"))
    return " ".join(_DIRECTIVE.sub(" ", text).split())


def _opened(text):
    """The match of the heading and the matches of its ports; `None` if the text is of another form."""
    heading = _HEADING.match(text)
    ports = [_PORT.fullmatch(port) for port in heading.group(2).split(",")] if heading else []
    return (heading, ports) if heading and all(ports) else None


def is_case_table(path: Path) -> bool:
    """Whether a file begins as a module of vectors that is a `case` statement.

    Args:
        path: path of the file. The result is false for a file that cannot be read.
    """
    try:
        with regular_files.opened(path, "source") as (file, _):
            start = file.read(_START)
    except (OSError, ArgumentError):
        return False
    return _opened(_normalised(start)) is not None


class CaseTable(NamedTuple):
    """A module of `case` statements that was opened.

    Attributes:
        bits: the widths of the first and of the second input.
        signed_ports: whether a port is signed.
        products: function that returns the products as an int64 array `[2**bits[0], 2**bits[1]]`. Its argument says
            whether they are two's complement numbers.
    """

    bits: Tuple[int, int]
    signed_ports: bool
    products: Callable[[bool], np.ndarray]


def open_table(path: pathlib.Path) -> CaseTable:
    """A module of `case` statements, whose products are read when they are asked for.

    Args:
        path: path of the file. The first of the two inputs is the first operand.

    Raises:
        OSError: if the file cannot be read.
        ArgumentError: if the ports are not two operands of 2 to 8 bits and a product of at most 32 bits. The function
            `products` of the result raises it if the case statements do not have every pair of operands once.
    """
    text = _normalised(regular_files.read(path, MAX_BYTES, "source"))
    opened = _opened(text)
    if opened is None:
        rule = "must begin with ports such as `input [7:0] A, input [7:0] B, output reg [15:0] O` and `case ({A, B})`"
        raise ArgumentError("source", rule, path)
    heading, ports = opened
    inputs = {port.group(4): int(port.group(3)) + 1 for port in ports if port.group(1) == "input"}
    outputs = {port.group(4): int(port.group(3)) + 1 for port in ports if port.group(1) == "output"}
    selected = [name for name in heading.groups()[3:] if name]
    known = set(selected) <= set(inputs) and len(set(selected)) == len(selected)
    if len(inputs) != 2 or not known or not set(inputs.values()) <= set(WIDTHS):
        rule = "must have two inputs of 2 to 8 bits, which the case statements select by"
        raise ArgumentError("source", rule, f"{path} with {inputs}")
    if len(outputs) != 1 or max(outputs.values()) > MAX_OUTPUT:
        raise ArgumentError("source", f"must have one output of at most {MAX_OUTPUT} bits", f"{path} with {outputs}")
    (output, width), bits = next(iter(outputs.items())), (*inputs.values(),)
    signed_ports = any(port.group(2) for port in ports)
    outer = heading.group(4) or heading.group(6)
    inner = next(name for name in inputs if name != outer)

    def products(signed):
        statements = _Statements(text, heading.end(), output, signed_ports, path)
        items = statements.items() if heading.group(4) else list(statements.rows(inner, inputs[inner]))
        statements.end(bool(heading.group(3)))
        table = _filled(items, 1 << sum(bits), path).reshape(1 << inputs[outer], -1) & ((1 << width) - 1)
        table = table if outer == next(iter(inputs)) else table.T
        return table - ((table >> (width - 1)) << width) if signed else table

    return CaseTable((bits[0], bits[1]), signed_ports, products)


def read(source: Path) -> Circuit:
    """The `Circuit` of a module of `case` statements, which is signed if its ports are.

    Args:
        source: path of the file. The first of the two inputs is the activation.

    Raises:
        OSError: if the file cannot be read.
        ArgumentError: if the ports are not two operands of one width and a product. The function `products` of the
            result raises it if the case statements do not have every pair of operands once.
    """
    path = expanded(source)
    table = open_table(path)
    if table.bits[0] != table.bits[1]:
        rule = "must have two inputs of one width, or a name that says two widths, such as mul8x4u_X"
        raise ArgumentError("source", rule, f"{path} with {table.bits[0]} and {table.bits[1]} bits")
    signed = True if table.signed_ports else None
    return Circuit(path.stem, lambda _, signed: table.products(signed), {"source": path.name}, signed, table.bits[0])


class _Statements:
    """The statements of a module from one position to its end; each method reads on where the last one stopped."""

    def __init__(self, text, position, output, signed_ports, path):
        self._text, self._position, self._output, self._path = text, position, output, path
        self._signed_ports = signed_ports

    def _match(self, pattern):
        match = pattern.match(self._text, self._position)
        self._position = match.end() if match else self._position
        return match

    def _expect(self, pattern):
        if not self._match(pattern):
            rule = "must have items such as `16'h0102: O = 16'h0002;` and no other statement"
            received = self._text[self._position : self._position + 60].strip()
            raise ArgumentError("source", rule, f"{received!r} in {self._path}")

    def items(self):
        """The pairs of operand and product in a `case` statement, up to its `endcase`."""
        items = []
        item = self._match(_ITEM)
        while item:
            if item.group(2) != self._output:
                raise ArgumentError("source", f"must assign {self._output} only", f"{item.group(2)} in {self._path}")
            items.append((self._operand(item), _number(item.group(4)) * (-1 if item.group(3) else 1)))
            item = self._match(_ITEM)
        self._match(_DEFAULT)
        self._expect(_END)
        return items

    def _operand(self, item):
        # A plain decimal number is signed: Verilog extends a signed port to its width, so that 200 matches no 8 bits.
        if self._signed_ports and "'" not in item.group(1):
            raise ArgumentError("source", "must compare signed ports with constants such as 8'hff", item.group(1))
        return _number(item.group(1))

    def rows(self, operand, num_bits):
        """The pairs of address and product in a `case` statement of `case` statements, up to its `endcase`."""
        row = self._match(_ROW)
        while row:
            if row.group(2) != operand:
                raise ArgumentError("source", f"must select by {operand}", f"{row.group(2)} in {self._path}")
            first = self._operand(row) << num_bits
            for second, product in self.items():
                yield first + second if second < 1 << num_bits else -1, product  # -1 is an address that no table has
            row = self._match(_ROW)
        self._match(_DEFAULT)
        self._expect(_END)

    def end(self, begin):
        """Checks that the module ends here; `begin` is whether a block has to end before."""
        self._expect(re.compile(r"\s*end\s*endmodule\s*\Z" if begin else r"\s*endmodule\s*\Z"))


def _number(literal):
    width, quote, digits = literal.partition("'")
    if not quote:
        return int(literal)
    try:
        number = int(digits[1:].replace("_", ""), _BASES[digits[0]])
    except ValueError:
        raise ArgumentError("source", "must have constants", repr(literal)) from None
    if width.strip() and number >> int(width):
        raise ArgumentError("source", "must have constants that fit their width", repr(literal))
    return number


def _filled(items, size, path):
    table = dict(items)
    if len(table) != len(items) or set(table) != set(range(size)):
        rule = f"must have each of its {size:,} pairs of operands once"
        raise ArgumentError("source", rule, f"{len(items):,} items, {len(table):,} different, in {path}")
    return np.array([table[address] for address in range(size)], np.int64)
