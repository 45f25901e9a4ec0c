"""Makes gates of the tables that follow `.names` in BLIF."""

from __future__ import annotations

from typing import List, Sequence, Tuple

from .module import Module
from .netlist import AND, BUF, NAND, NOR, NOT, OR, XNOR, XOR
from .source import NetlistError

Row = Tuple[int, List[str]]

# Each key says whether the function is 1 for the operands 00, 01, 10 and 11.
_TWO = {
    (0, 0, 0, 1): AND,
    (0, 1, 1, 1): OR,
    (0, 1, 1, 0): XOR,
    (1, 1, 1, 0): NAND,
    (1, 0, 0, 0): NOR,
    (1, 0, 0, 1): XNOR,
}


def drive_cover(module: Module, inputs: Sequence[int], out: int, rows: Sequence[Row], line: int) -> None:
    """Adds the gates of a table to a module.

    Args:
        module: the module that gets the gates.
        inputs: nets of the columns.
        out: the net that is driven.
        rows: line and words of each row; the words are `0`, `1` or `-` for each input, and the value of the output.
        line: line of the table.

    Raises:
        NetlistError: if a row does not have a value for each input and the output, or the output values of two rows
            differ.
    """
    cubes: list[str] = []
    values: set[str] = set()
    for row_line, words in rows:
        cube = "".join(words[:-1])
        if len(cube) != len(inputs) or cube.strip("01-") or words[-1] not in ("0", "1"):
            raise NetlistError(
                module.path,
                row_line,
                f"a row must have {len(inputs)} of 0, 1, - and then 0 or 1; received {' '.join(words)[:40]!r}",
            )
        cubes.append(cube)
        values.add(words[-1])
        if len(values) > 1:
            raise NetlistError(module.path, row_line, "rows of one table must have one output value; received 0 and 1")
    inverted = values == {"0"}
    if len(inputs) == 2:
        ones = tuple(int(any(_covers(cube, pair) for cube in cubes) != inverted) for pair in ("00", "01", "10", "11"))
        if ones in _TWO:
            module.drive(out, _TWO[ones], inputs, line)
            return
    _drive_sum(module, inputs, out, cubes, inverted, line)


def _covers(cube: str, bits: str) -> bool:
    return all(literal in ("-", bit) for literal, bit in zip(cube, bits))


def _drive_sum(module: Module, inputs: Sequence[int], out: int, cubes: list[str], inverted: bool, line: int) -> None:
    """Adds a sum of products; a product without literals is 1, and a sum without products is 0."""
    inverters: dict[int, int] = {}
    products = []
    for cube in cubes:
        literals = []
        for net, literal in zip(inputs, cube):
            if literal == "0":
                if net not in inverters:
                    inverters[net] = module.gate(NOT, (net,), line)
                net = inverters[net]
            if literal != "-":
                literals.append(net)
        products.append(module.tree(AND, literals, line) if literals else 1)
    if products:
        module.tree(NOR if inverted else OR, products, line, out)
    else:
        module.drive(out, BUF, (int(inverted),), line)
