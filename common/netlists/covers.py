"""Tables of BLIF's `.names` as gates."""

from .netlist import AND, BUF, NAND, NOR, NOT, OR, XNOR, XOR
from .source import NetlistError

# Whether the function is 1 for the operands 00, 01, 10, 11.
_TWO = {
    (0, 0, 0, 1): AND,
    (0, 1, 1, 1): OR,
    (0, 1, 1, 0): XOR,
    (1, 1, 1, 0): NAND,
    (1, 0, 0, 0): NOR,
    (1, 0, 0, 1): XNOR,
}


def drive_cover(module, inputs, out, rows, line):
    """Adds the gates of a table.

    Args:
        module: the `Module` they are added to.
        inputs: nets of the columns.
        out: the net that is driven.
        rows: list of line and words; the words are `0`, `1` or `-` for each input, and the value of the output.
        line: of the table.

    Raises:
        NetlistError: if a row does not fit, or some rows are for output 1 and some for 0.
    """
    cubes, values = [], set()
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


def _covers(cube, bits):
    return all(literal in ("-", bit) for literal, bit in zip(cube, bits))


def _drive_sum(module, inputs, out, cubes, inverted, line):
    """A sum of products; a product without literals is 1, and a sum without products is 0."""
    inverters, products = {}, []
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
