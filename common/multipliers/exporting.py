"""Writes the table of a multiplier in a format that hardware and software tools read."""

import pathlib
import re
from typing import List, Optional

from ... import __version__
from .. import atomic_files
from ..argument_error import ArgumentError
from ..paths import Path, expanded
from . import storage
from .table_exports import FORMATS, Products, products_of
from .wide_storage import activation_first, find_wide, load_wide


def export(name_or_path: Path, format: str, path: Optional[Path] = None) -> pathlib.Path:
    """Writes the truth table of a multiplier to a file that `import_multiplier` reads back as the same table.

    Comments in the file name the multiplier, its width and sign, the SHA-256 of its table, the version of tfapprox, the
    order of the products, and source and licence where they are known. The formats `"bin"` and `"npy"` have no
    comments.

    Args:
        name_or_path: name of a built-in multiplier; path of a `.bin` file (a string with `/` or ending in `.bin`, or a
            path object), which may begin with `~`; or `NAME` of a `NAME.bin` in a folder of `search_path()`. The first
            of these that fits counts. `""` is the exact product. A multiplier that no operation computes with is found
            by its name or its `.multiplier.json` file; its operands must have at most 8 bits. Its file begins with the
            activation, also in its name: `mul4x8u_X` becomes `mul8x4u_X`.
        format: one of

            * `"bin"`: little-endian words of 16 bits, activation code first, without a header;
            * `"npy"`: a uint16 array `[2**num_bits, 2**num_bits]`, or int16 if signed, activation code first;
            * `"csv"`: a line of numbers for each activation code, with commas between them;
            * `"c"`: a C header with an array and an inline function of activation and weight;
            * `"verilog"`: a module with the ports A (activation), B (weight) and O, a table in `case` statements;
            * `"mem"`: hexadecimal words in the order of the address `{activation, weight}`, for `$readmemh`.

            The codes of signed operands are in the order of two's complement: 0 to 127, then -128 to -1.
        path: path of the file, which is replaced if it exists; by default the name of the multiplier with the suffix of
            the format, in the current folder.

    Returns:
        The path of the file.

    Raises:
        FileNotFoundError: if there is no such multiplier.
        OSError: if a file cannot be read or written.
        ValueError: if there is no such format, the file of the multiplier is not a table, or an operand has more than 8
            bits.

    Example:
        >>> import tempfile
        >>> file = export("mul2u_kulkarni", "csv", tempfile.mkdtemp() + "/mul2u_KULKARNI.csv")
        >>> print(file.read_text().splitlines()[-1])
        0,3,6,7
    """
    if format not in FORMATS:
        raise ArgumentError("format", f"must be one of {', '.join(FORMATS)}", repr(format))
    chosen, wide = FORMATS[format], find_wide(name_or_path)
    if wide is None:
        multiplier = storage.load(name_or_path)
        name, products, lines = multiplier.name, products_of(multiplier.table), description(multiplier, chosen.layout)
    else:
        name, products, lines = _wide(load_wide(wide), chosen.layout)
    target = pathlib.Path(f"{name}{chosen.suffix}") if path is None else expanded(path)
    comment = "".join(f"{chosen.comment} {line}\n" for line in lines)
    atomic_files.write(target, chosen.content(products, comment if chosen.comment else ""))
    return target


def _wide(multiplier, layout):
    """Name of the file, products, and comment of a multiplier that no operation computes with."""
    if multiplier.products is None:
        rule = "must have operands of at most 8 bits, because only their products are stored"
        received = f"{multiplier.name!r} with {multiplier.activation_bits} and {multiplier.weight_bits} bits"
        raise ArgumentError("name_or_path", rule, received)
    name, bits = activation_first(multiplier), (multiplier.activation_bits, multiplier.weight_bits)
    largest = max(abs(int(multiplier.products.min())), int(multiplier.products.max()))
    width = max(sum(bits), largest.bit_length() + multiplier.signed)
    entries = multiplier.products
    products = Products(re.sub(r"\W", "_", name, flags=re.ASCII), entries, bits, multiplier.signed, width)
    sign = "signed operands in two's complement" if multiplier.signed else "unsigned operands"
    lines = [
        f"multiplier {multiplier.name}: activation of {bits[0]} bits, weight of {bits[1]} bits, {sign}",
        f"SHA-256 of its products as int64: {multiplier.figures.sha256}",
        *_origin(layout, multiplier.known),
    ]
    return name, products, [_plain(line) for line in lines]


def description(multiplier: storage.Multiplier, layout: str) -> List[str]:
    """The lines that identify a multiplier in a file that is made from it.

    Args:
        multiplier: the multiplier.
        layout: one sentence about the order of what the file holds.

    Returns:
        Lines of printable ASCII characters without backslashes, so that each can be a comment of any language.

    Example:
        >>> description(storage.load("mul4u_exact"), "a table")[0]
        'multiplier mul4u_exact: 4 bits, unsigned operands'
    """
    sign = "signed operands in two's complement" if multiplier.signed else "unsigned operands"
    lines = [
        f"multiplier {multiplier.name}: {multiplier.num_bits} bits, {sign}",
        f"SHA-256 of its table: {multiplier.table.sha256}",
        *_origin(layout, multiplier.sidecar),
    ]
    return [_plain(line) for line in lines]


def _origin(layout, known):
    yield f"layout: {layout}"
    yield f"written by tfapprox {__version__}"
    yield from (f"{key}: {known[key]}" for key in ("source", "licence") if known[key])


def _plain(line):
    return "".join(char if " " <= char <= "~" and char != "\\" else "?" for char in line)
