"""Makes truth tables of arrays of products, and checks them."""

from typing import Any, Dict, Tuple

import numpy as np

from .. import metrics
from ..argument_error import ArgumentError
from ..truth_table import TruthTable
from .circuit import Circuit

WIDTHS = range(2, 9)
# Which axes of a table run from -128 to 127 instead of in the order of the codes.
ORDERS: Dict[str, Tuple[int, ...]] = {
    "codes": (),
    "ascending": (0, 1),
    "ascending-rows": (0,),
    "ascending-columns": (1,),
}


def read_array(source: Any) -> Circuit:
    """The `Circuit` of an array of products, or of anything that `numpy.asarray` accepts. It suggests no name."""
    return Circuit("", lambda num_bits, signed: np.asarray(source), {})


def to_table(
    products: np.ndarray,
    name: str = "",
    *,
    signed: bool = False,
    order: str = "codes",
    swap: bool = False,
    offset: int = 0,
) -> TruthTable:
    """The truth table of an array of products.

    Args:
        products: integer array `[2**num_bits, 2**num_bits]`, activation code first, num_bits from 2 to 8; `[256, 256]`
            if signed.
        name: name of the multiplier.
        signed: whether the operands are signed. Their codes are two's complement: 0 to 127, then -128 to -1.
        order: a key of `ORDERS`: which of rows and columns of signed operands run from -128 to 127 instead.
        swap: whether the first index is the weight instead of the activation.
        offset: what was added to every product, such as 32768, and is subtracted.

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
    products = from_ascending(products, ORDERS[order])
    products = products.T if swap else products
    low, high = (-32768, 32767) if signed else (0, 65535)
    products = _less_offset(products, offset, low, high) if offset else products
    wrong = np.argwhere((products < low) | (products > high))
    if len(wrong):
        values = metrics.operands(len(products).bit_length() - 1, signed)
        a, w = wrong[0]
        remedy = None
        if signed and not offset and products.min() >= 0 and products.max() <= 65535:
            remedy = ("offset=32768", "subtracts 32768 from every product")
        elif not signed and products[a, w] < 0:
            remedy = ("signed=True", "is for signed operands")
        raise ArgumentError(
            "products",
            f"of {'signed' if signed else 'unsigned'} operands must be from {low} to {high}",
            f"{values[a]} * {values[w]} = {products[a, w]}, and {len(wrong) - 1} more",
            remedy,
        )
    return TruthTable(products.astype(np.int16 if signed else np.uint16), name)


def _less_offset(products, offset, low, high):
    """The products without an offset; words of 16 bits may have been read with the other sign."""
    products = products.astype(np.int64) - offset
    if products.max() < low or products.min() > high:
        return products + (65536 if products.max() < low else -65536)
    return products


def from_ascending(products: np.ndarray, axes: Tuple[int, ...] = (0, 1)) -> np.ndarray:
    """Reorders rows and columns of signed operands, which run from -128 to 127, to the order of the codes.

    The codes are two's complement: 0 to 127, then -128 to -1.

    Args:
        products: array `[codes, codes]`.
        axes: the axes that are reordered: 0 for the rows, 1 for the columns.
    """
    return np.roll(products, [-(len(products) // 2)] * len(axes), axes)
