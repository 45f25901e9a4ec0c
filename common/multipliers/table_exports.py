"""The contents of files that a truth table is exported to, one function for each format."""

import io
import re
from typing import Callable, Dict, List, NamedTuple

import numpy as np

from ..truth_table import TruthTable
from . import registry

_PER_LINE = 16  # products on a line of C


class Format(NamedTuple):
    """A format of exported tables.

    Attributes:
        suffix: suffix of its files.
        layout: one sentence about the order of the products.
        comment: the characters that begin a comment; `""` if the format has none.
        content: function of the table and of the comment that returns the text of the file, or its bytes.
    """

    suffix: str
    layout: str
    comment: str
    content: Callable[[TruthTable, str], bytes]


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


def _bin(table, _):
    return table.to_bytes()


def _npy(table, _):
    content = io.BytesIO()
    np.lib.format.write_array(content, table.entries, allow_pickle=False)
    return content.getvalue()


def _csv(table, comment):
    lines = [",".join(map(str, row)) for row in table.entries.tolist()]
    return (comment + "\n".join(lines) + "\n").encode()


def _mem(table, comment):
    return (comment + "\n".join(hexadecimal(table.entries, product_bits(table))) + "\n").encode()


def _c(table, comment):
    name, codes, kind = identifier(table), len(table.entries), "int" if table.signed else "uint"
    products = list(map(str, table.entries.ravel().tolist()))
    rows = (", ".join(products[start : start + _PER_LINE]) for start in range(0, len(products), _PER_LINE))
    operand = "(uint8_t){}" if table.num_bits == 8 else f"{{}} & {codes - 1}"
    index = f"({operand.format('activation')}) * {codes} + ({operand.format('weight')})"
    lines = [
        f"#ifndef {name}_TABLE",
        f"#define {name}_TABLE",
        "",
        "#include <stdint.h>",
        "",
        f"static const {kind}16_t {name}_table[{codes * codes}] = {{",
        *(f"  {row}," for row in rows),
        "};",
        "",
        f"static inline {kind}16_t {name}({kind}8_t activation, {kind}8_t weight) {{",
        f"  return {name}_table[{index}];",
        "}",
        "",
        "#endif",
    ]
    return (comment + "\n".join(lines) + "\n").encode()


def _verilog(table, comment):
    bits, width, sign = table.num_bits, product_bits(table), "signed " if table.signed else ""
    codes, unknown = hexadecimal(np.arange(1 << bits), bits), f"default: O = {{{width}{{1'bx}}}};"
    lines = [
        f"module {identifier(table)} (",
        f"  input {sign}[{bits - 1}:0] A,",
        f"  input {sign}[{bits - 1}:0] B,",
        f"  output reg {sign}[{width - 1}:0] O",
        ");",
        "  // Two levels, because simulators compare with the items of a case statement one after the other.",
        "  always @* case (A)",
    ]
    for activation, row in zip(codes, table.entries):
        items = zip(codes, hexadecimal(row, width))
        lines += [
            f"    {bits}'h{activation}: case (B)",
            *(f"      {bits}'h{weight}: O = {width}'h{product};" for weight, product in items),
            f"      {unknown}",
            "    endcase",
        ]
    lines += [f"    {unknown}", "  endcase", "endmodule"]
    return (comment + "\n".join(lines) + "\n").encode()


FORMATS: Dict[str, Format] = {
    "bin": Format(".bin", "16-bit little-endian words, entry [activation][weight]", "", _bin),
    "npy": Format(".npy", "numpy array [activation, weight]", "", _npy),
    "csv": Format(".csv", "a line for each activation code, a column for each weight code", "#", _csv),
    "c": Format(".h", "index activation * 2^bits + weight", "//", _c),
    "verilog": Format(".v", "A is the activation, B the weight, O the product", "//", _verilog),
    "mem": Format(".mem", "a hexadecimal word for each address {activation, weight}, for $readmemh", "//", _mem),
}
