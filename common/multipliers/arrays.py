"""Makes truth tables of arrays of products, and checks them."""

from typing import Any, Dict, Optional, Tuple

import numpy as np

from .. import metrics
from ..argument_error import ArgumentError
from ..truth_table import TruthTable
from .circuit import Circuit

WIDTHS = range(2, 9)
# From the name of an order to the axes that run from -128 to 127; other axes are in the order of the codes.
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
    offset: Optional[int] = None,
) -> TruthTable:
    """The truth table of an array of products.

    Args:
        products: integer array `[2**num_bits, 2**num_bits]`, activation code first, num_bits from 2 to 8; `[256, 256]`
            if signed.
        name: name of the multiplier.
        signed: whether the operands are signed. Their codes are two's complement: 0 to 127, then -128 to -1.
        order: a key of `ORDERS`: which of rows and columns of signed operands run from -128 to 127 instead.
        swap: whether the first index is the weight instead of the activation.
        offset: what was added to every product, such as 32768, and is subtracted modulo 65536. By default nothing is
            subtracted, and products must have their sign; a uint16 array holds words in two's complement.

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
    if offset is not None or (signed and products.dtype == np.uint16):
        products = _as_words(products, offset or 0, signed)
    wrong = np.argwhere((products < low) | (products > high))
    if len(wrong):
        values = metrics.operands(len(products).bit_length() - 1, signed)
        a, w = wrong[0]
        raise ArgumentError(
            "products",
            f"of {'signed' if signed else 'unsigned'} operands must be from {low} to {high}",
            f"{values[a]} * {values[w]} = {products[a, w]}, and {len(wrong) - 1} more",
            _remedy(products, signed),
        )
    return TruthTable(products.astype(np.int16 if signed else np.uint16), name)


def _as_words(products, offset, signed):
    """The products less an offset modulo 65536, if all of them fit words of 16 bits."""
    if products.min() < -32768 or products.max() > 65535:
        return products.astype(np.int64) - offset
    words = (products.astype(np.int64) - offset) & 0xFFFF
    return words - (words >> 15 << 16) if signed else words


def _remedy(products, signed):
    """The option that makes products fit the sign, and what it does; `None` if there is none."""
    if not signed:
        return ("signed=True", "is for signed operands") if products.min() < 0 else None
    if products.min() < 0 or products.max() > 65535:
        return None
    values = metrics.operands(8)
    exact = np.multiply.outer(values, values)
    signed_values = metrics.operands(8, signed=True)
    signed_exact = np.multiply.outer(signed_values, signed_values)
    near: Dict[Optional[Tuple[str, str]], float] = {None: np.abs(products - exact).mean()}
    for remedy in (
        ("offset=32768", "subtracts it from every product"),
        ("offset=0", "reads them as words in two's complement"),
    ):
        offset = int(remedy[0].partition("=")[2])
        near[remedy] = np.abs(_as_words(products, offset, True) - signed_exact).mean()
    return min(near, key=near.__getitem__)


def from_ascending(products: np.ndarray, axes: Tuple[int, ...] = (0, 1)) -> np.ndarray:
    """Reorders rows and columns of signed operands, which run from -128 to 127, to the order of the codes.

    The codes are two's complement: 0 to 127, then -128 to -1.

    Args:
        products: array `[codes, codes]`.
        axes: the axes that are reordered: 0 for the rows, 1 for the columns.
    """
    return np.roll(products, [-(len(products) // 2)] * len(axes), axes)
