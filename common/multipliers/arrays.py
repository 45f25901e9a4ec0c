"""Makes truth tables of arrays of products, and checks them."""

from typing import Any

import numpy as np

from .. import metrics
from ..argument_error import ArgumentError
from ..truth_table import TruthTable
from .circuit import Circuit

WIDTHS = range(2, 9)
_FIT = 8  # an MAE that is this many times smaller shows that the products were meant in another way


def read_array(source: Any) -> Circuit:
    """The `Circuit` of an array of products, or of anything that `numpy.asarray` accepts. It suggests no name."""
    return Circuit("", lambda num_bits, signed: np.asarray(source), {})


def to_table(
    products: np.ndarray, name: str = "", *, signed: bool = False, ascending: bool = False, swap: bool = False
) -> TruthTable:
    """The truth table of an array of products.

    Args:
        products: integer array `[2**num_bits, 2**num_bits]`, activation code first, num_bits from 2 to 8; `[256, 256]`
            if signed.
        name: name of the multiplier.
        signed: whether the operands are signed. Their codes are two's complement: 0 to 127, then -128 to -1.
        ascending: whether rows and columns of signed operands run from -128 to 127 instead.
        swap: whether the first index is the weight instead of the activation.

    Raises:
        ArgumentError: if shape, dtype or a product does not fit.

    Example:
        >>> to_table([[0, 0, 0, 0], [0, 1, 2, 3], [0, 2, 4, 6], [0, 3, 6, 7]]).num_bits
        2
    """
    products = np.asarray(products)
    if products.shape not in [(1 << bits, 1 << bits) for bits in ([8] if signed else WIDTHS)]:
        rule = "must be 256x256" if signed else "must be 2^bits x 2^bits for 2 to 8 bits, 256x256 for 8"
        raise ArgumentError("products", rule, "x".join(map(str, products.shape)) or "a single number")
    if not np.issubdtype(products.dtype, np.integer):
        raise ArgumentError("products", "must be integers", f"dtype {products.dtype}")
    products = from_ascending(products) if ascending else products
    products = products.T if swap else products
    low, high = (-32768, 32767) if signed else (0, 65535)
    wrong = np.argwhere((products < low) | (products > high))
    if len(wrong):
        values = metrics.operands(len(products).bit_length() - 1, signed)
        a, w = wrong[0]
        raise ArgumentError(
            "products",
            f"of {'signed' if signed else 'unsigned'} operands must be from {low} to {high}",
            f"{values[a]} * {values[w]} = {products[a, w]}, and {len(wrong) - 1} more",
            None if signed or products[a, w] >= 0 else ("signed=True", "is for signed operands"),
        )
    return TruthTable(products.astype(np.int16 if signed else np.uint16), name)


def from_ascending(products: np.ndarray) -> np.ndarray:
    """Reorders rows and columns of signed operands, which run from -128 to 127, to the order of the codes.

    The codes are two's complement: 0 to 127, then -128 to -1.
    """
    return np.roll(products, -(len(products) // 2), (0, 1))


def check_reading(table: TruthTable) -> None:
    """Compares the products of an 8-bit table with the exact ones, read in each way that its bits can be meant.

    Raises:
        ArgumentError: if the table is far nearer to the exact products when it is read with another sign or order.
    """
    if table.num_bits != 8:
        return
    bits = table.entries.view(np.uint16)
    readings = {
        "unsigned operands": bits,
        "signed operands": bits.view(np.int16),
        "signed operands from -128 to 127 in this order": from_ascending(bits.view(np.int16)),
    }
    mae = {name: metrics.errors(reading).mae for name, reading in readings.items()}
    declared, nearest = "signed operands" if table.signed else "unsigned operands", min(mae, key=mae.__getitem__)
    if _FIT * mae[nearest] < mae[declared]:
        raise ArgumentError(
            "products",
            f"must be those of {declared}, as name and options say",
            f"products that are far nearer to {nearest}: MAE {mae[nearest]:.4g} instead of {mae[declared]:.4g}",
            ("ascending=True", "puts them in the order of the codes") if nearest.endswith("in this order") else None,
        )
