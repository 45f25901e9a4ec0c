"""Checks that an operation computes with the table that it was given, by running it on all pairs of operands.

If a network has the same accuracy with every multiplier, it probably never ran with them: the name meant another file
or none, or the operands were swapped. The check compares what an operation computes with what the file says.
"""

import pathlib
from typing import Callable, NamedTuple, Optional, Tuple

import numpy as np

from .. import metrics, native
from ..paths import Path
from . import storage


class Check(NamedTuple):
    """Outcome of a check of one operation with one multiplier.

    Attributes:
        name: name of the multiplier.
        path: path of its file; `None` if it is built in.
        operation: name of the operation.
        pairs: number of pairs of operands that were compared.
        wrong: number of pairs for which the operation computes another product than the table has.
        first: the first wrong pair, `(a, w, product, expected)`; `None` if there is none.
        approximate: number of pairs whose product in the table is not exact.
    """

    name: str
    path: Optional[pathlib.Path]
    operation: str
    pairs: int
    wrong: int
    first: Optional[Tuple[int, int, float, int]]
    approximate: int


def core_products(name_or_path: Path, codes: np.ndarray, num_bits: int) -> np.ndarray:
    """The products of all pairs of codes by `approx_conv2d_with_min_max_vars` of the compiled core.

    Args:
        name_or_path: name or path of the multiplier.
        codes: float32 array, the values of the codes that the operation has, ascending.
        num_bits: width of both operands, 2 to 8.

    Returns:
        float32 array `[len(codes), len(codes)]`, activation first.

    Raises:
        FileNotFoundError: if there is no such multiplier.
        ValueError: if its width is another one.
    """
    table = native.load_table(name_or_path, num_bits)
    low, high = codes.min(), codes.max()
    pixels, weights = codes.reshape(1, -1, 1, 1), codes.reshape(1, 1, 1, -1)
    output = native.approx_conv2d_with_min_max_vars(
        pixels, weights, low, high, low, high, [1, 1, 1, 1], num_bits=num_bits, table=table, padding="VALID"
    )
    return output.reshape(len(codes), len(codes))


def check(
    name_or_path: Path,
    products: Callable[[Path, np.ndarray, int], np.ndarray] = core_products,
    operation: str = "core",
) -> Check:
    """Compares an operation with the file of a multiplier, or with the construction of a built-in one.

    Args:
        name_or_path: name or path of the multiplier, which is passed to the operation unchanged.
        products: function that runs the operation on all pairs of codes, such as `tfapprox.tf2.products`. Its arguments
            are `name_or_path`, the values of the codes as a float32 array, and the width of the operands in bits. It
            returns an array `[len(codes), len(codes)]`, activation first.
        operation: name of the operation, for the outcome.

    Returns:
        The `Check`. The codes of signed operands are -127 to 127, because the operation has no code for -128.

    Raises:
        FileNotFoundError: if there is no such multiplier.
        OSError: if its file cannot be read.
        ValueError: if the file is not a table or not the one that NAME.json describes, or the operation refuses it.

    Example:
        >>> outcome = check("mul8u_drum4")
        >>> outcome.pairs, outcome.wrong, outcome.approximate
        (65536, 0, 64040)
    """
    multiplier = storage.load(name_or_path)
    if storage.is_changed(multiplier):
        raise ValueError(
            f"{multiplier.path} must be the file that its NAME.json describes, of SHA-256 "
            f"{multiplier.sidecar['sha256'][:16]}...; received one of {multiplier.table.sha256[:16]}... "
            "(import it again)"
        )
    values = metrics.operands(multiplier.num_bits, multiplier.signed)
    codes = np.sort(values)[1:] if multiplier.signed else values
    index = codes % len(values)
    expected = multiplier.table.entries.astype(np.int64)[np.ix_(index, index)]
    answered = np.asarray(products(name_or_path, codes.astype(np.float32), multiplier.num_bits))
    wrong = np.argwhere(answered != expected)
    first = None
    if len(wrong):
        a, w = wrong[0]
        first = int(codes[a]), int(codes[w]), float(answered[a, w]), int(expected[a, w])
    return Check(
        multiplier.name,
        multiplier.path,
        operation,
        expected.size,
        len(wrong),
        first,
        int((expected != np.multiply.outer(codes, codes)).sum()),
    )
