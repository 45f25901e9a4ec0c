"""The contents of files that a truth table is exported to, one function for each format."""

import io
import re
from typing import Callable, Dict, List, NamedTuple, Tuple

import numpy as np

from ..truth_table import TruthTable
from . import registry

_PER_LINE = 16  # products on a line of C


class Products(NamedTuple):
    """The products of a multiplier, as they are written.

    Attributes:
        name: name of its module or function.
        entries: integer array `[2**activation_bits, 2**weight_bits]` in the order of the codes.
        bits: widths of activation and weight.
        signed: whether operands and products are signed.
        width: width of the products in bits.
    """

    name: str
    entries: np.ndarray
    bits: Tuple[int, int]
    signed: bool
    width: int

    @property
    def word(self) -> int:
        """The width of an integer type that holds each product: 16 or 32 bits."""
        low, high = self.entries.min(), self.entries.max()
        return 16 if (low >= -(2**15) and high < 2**15) or (not self.signed and high < 2**16) else 32

    @property
    def dtype(self) -> np.dtype:
        """The little-endian integer type that holds each product."""
        return np.dtype(f"<{'i' if self.signed else 'u'}{self.word // 8}")


def products_of(table: TruthTable) -> Products:
    """The products of a table."""
    bits = table.num_bits, table.num_bits
    return Products(identifier(table), table.entries, bits, table.signed, product_bits(table))


class Format(NamedTuple):
    """A format of exported tables.

    Attributes:
        suffix: suffix of its files.
        layout: one sentence about the order of the products.
        comment: the characters that begin a comment; `""` if the format has none.
        content: function of the products and of the comment that returns the bytes of the file.
    """

    suffix: str
    layout: str
    comment: str
    content: Callable[[Products, str], bytes]


def product_bits(table: TruthTable) -> int:
    """The width of the products of a table: twice the width of the operands, or more where a product needs more.

    Example:
        >>> product_bits(TruthTable.exact(4))
        8
    """
    return max(2 * table.num_bits, 0 if table.signed else int(table.entries.max()).bit_length())


def identifier(table: TruthTable) -> str:
    """The name of a table as a name of C and Verilog, which says the width of the operands and their sign.

    Example:
        >>> identifier(TruthTable.exact(4)), identifier(TruthTable(TruthTable.exact(), "mul8u_a-b"))
        ('mul4u_table', 'mul8u_a_b')
    """
    name = re.sub(r"\W", "_", table.name or "table", flags=re.ASCII)
    if registry.width_of(name) == table.num_bits:
        return name
    return f"mul{table.num_bits}{'s' if table.signed else 'u'}_{name}"


def hexadecimal(values: np.ndarray, bits: int) -> List[str]:
    """Integers as hexadecimal words of one length; negative ones in two's complement of `bits` bits.

    Example:
        >>> hexadecimal(np.array([5, -1]), 6)
        ['05', '3f']
    """
    digits, mask = (bits + 3) // 4, (1 << bits) - 1
    return [f"{value & mask:0{digits}x}" for value in values.ravel().tolist()]


def _bin(products, _):
    return products.entries.astype(products.dtype).tobytes()


def _npy(products, _):
    content = io.BytesIO()
    np.lib.format.write_array(content, products.entries.astype(products.dtype), allow_pickle=False)
    return content.getvalue()


def _csv(products, comment):
    lines = [",".join(map(str, row)) for row in products.entries.tolist()]
    return (comment + "\n".join(lines) + "\n").encode()


def _mem(products, comment):
    # Signed words fill their digits, so that a reader who knows no width of the product finds the sign.
    width = (products.width + 3) // 4 * 4 if products.signed else products.width
    return (comment + "\n".join(hexadecimal(products.entries, width)) + "\n").encode()


def _c(products, comment):
    name, codes, kind = products.name, products.entries.shape, "int" if products.signed else "uint"
    numbers = list(map(str, products.entries.ravel().tolist()))
    rows = (", ".join(numbers[start : start + _PER_LINE]) for start in range(0, len(numbers), _PER_LINE))
    activation, weight = (
        f"(uint8_t)({operand})" if count == 256 else f"({operand} & {count - 1})"
        for operand, count in zip(("activation", "weight"), codes)
    )
    result = f"{kind}{products.word}_t"
    lines = [
        f"#ifndef {name}_TABLE",
        f"#define {name}_TABLE",
        "",
        "#include <stdint.h>",
        "",
        f"static const {result} {name}_table[{len(numbers)}] = {{",
        *(f"  {row}," for row in rows),
        "};",
        "",
        f"static inline {result} {name}({kind}8_t activation, {kind}8_t weight) {{",
        f"  return {name}_table[{activation} * {codes[1]} + {weight}];",
        "}",
        "",
        "#endif",
    ]
    return (comment + "\n".join(lines) + "\n").encode()


def _verilog(products, comment):
    width, sign = products.width, "signed " if products.signed else ""
    unknown = f"default: O = {{{width}{{1'bx}}}};"
    activations, weights = (
        [f"{bits}'h{code}" for code in hexadecimal(np.arange(1 << bits), bits)] for bits in products.bits
    )
    lines = [
        f"module {products.name} (",
        f"  input {sign}[{products.bits[0] - 1}:0] A,",
        f"  input {sign}[{products.bits[1] - 1}:0] B,",
        f"  output reg {sign}[{width - 1}:0] O",
        ");",
        "  // Two levels, because simulators compare with the items of a case statement one after the other.",
        "  always @* case (A)",
    ]
    for activation, row in zip(activations, products.entries):
        items = zip(weights, hexadecimal(row, width))
        lines += [
            f"    {activation}: case (B)",
            *(f"      {weight}: O = {width}'h{product};" for weight, product in items),
            f"      {unknown}",
            "    endcase",
        ]
    lines += [f"    {unknown}", "  endcase", "endmodule"]
    return (comment + "\n".join(lines) + "\n").encode()


FORMATS: Dict[str, Format] = {
    "bin": Format(".bin", "little-endian words, entry [activation][weight]", "", _bin),
    "npy": Format(".npy", "numpy array [activation, weight]", "", _npy),
    "csv": Format(".csv", "a line for each activation code, a column for each weight code", "#", _csv),
    "c": Format(".h", "index activation * 2^(bits of the weight) + weight", "//", _c),
    "verilog": Format(".v", "A is the activation, B the weight, O the product", "//", _verilog),
    "mem": Format(".mem", "a hexadecimal word for each address {activation, weight}, for $readmemh", "//", _mem),
}
