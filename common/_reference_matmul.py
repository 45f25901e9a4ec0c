"""The matrix product of the reference (3.8), and the products of codes that every operation on real numbers uses."""

from typing import NamedTuple, Optional, Sequence

import numpy as np

from ._convolution import FilterRange, look_up_sum
from ._matmul import matmul, matrices
from ._quantisers import Quantiser, codes, filter_quantisers, quantiser
from .truth_table import TableLike, TruthTable


class GroupSums(NamedTuple):
    """The integers of a product of matrices of codes, such as one group of channels.

    Attributes:
        activations: activation codes `[pixels, taps]`; the zero point where a tap lies in the padding (3.2).
        weights: weight codes `[taps, filters]`.
        sums: sums of the products `[pixels, filters]` (3.1).
        totals: the same with the corrections for the zero points `[pixels, filters]` (3.3).
    """

    activations: np.ndarray
    weights: np.ndarray
    sums: np.ndarray
    totals: np.ndarray


def sums(a: np.ndarray, weights: np.ndarray, qa: Quantiser, qw: Sequence[Quantiser], truth: TruthTable) -> GroupSums:
    """Sums of table products and their corrections, (3.1) and (3.3), all int64.

    Args:
        a: int64 array of activation codes `[pixels, taps]`.
        weights: float32 array `[taps, filters]`.
        qa: quantiser of the activations.
        qw: quantisers of the filters.
        truth: the truth table.
    """
    w = np.stack([codes(quantiser, weights[:, f]) for f, quantiser in enumerate(qw)], 1)
    za, zw, k = qa.zero_point, np.array([quantiser.zero_point for quantiser in qw]), len(w)
    acc = look_up_sum(truth.entries, a, w)  # (3.1)
    total = acc - a.sum(1)[:, None] * zw - za * w.sum(0) + k * za * zw  # (3.3)
    return GroupSums(a, w, acc, total)


def scaled(totals: np.ndarray, qa: Quantiser, qw: Sequence[Quantiser]) -> np.ndarray:
    """The outputs `[..., filters]` of corrected sums of the same shape (3.4): a float32 array."""
    with np.errstate(all="ignore"):
        scales = np.float64(qa.scale) * np.array([quantiser.scale for quantiser in qw], np.float64)
        return (scales * totals).astype(np.float32)


def products(
    a: np.ndarray,
    nan_activations: np.ndarray,
    weights: np.ndarray,
    qa: Quantiser,
    qw: Sequence[Quantiser],
    truth: TruthTable,
) -> np.ndarray:
    """Corrected and scaled sums of table products, (3.1) and (3.3) to (3.5).

    Args:
        a: int64 array of activation codes `[pixels, taps]`.
        nan_activations: bool array `[pixels, taps]`, whether the real number of the code is NaN.
        weights: float32 array `[taps, filters]`.
        qa: quantiser of the activations.
        qw: quantisers of the filters.
        truth: the truth table.

    Returns:
        float32 array `[pixels, filters]`.
    """
    output = scaled(sums(a, weights, qa, qw, truth).totals, qa, qw)
    touched = np.any(nan_activations, 1)[:, None] | np.any(np.isnan(weights), 0)
    return np.where(touched, np.float32(np.nan), output)  # (3.5)


def approx_matmul_with_min_max_vars(
    a: np.ndarray,
    b: np.ndarray,
    a_min: float,
    a_max: float,
    b_min: FilterRange,
    b_max: FilterRange,
    *,
    transpose_a: bool = False,
    transpose_b: bool = False,
    num_bits: int = 8,
    table: Optional[TableLike] = None,
) -> np.ndarray:
    """`ApproxMatMulWithMinMaxVars`, equation (3.8): a product of matrices by table products of their codes.

    Args:
        a: float32 array `[..., m, k]`, the activations; `[..., k, m]` with `transpose_a`.
        b: float32 array `[..., k, n]`, the weights; `[..., n, k]` with `transpose_b`. The dimensions before the last
            two are broadcast with those of `a`.
        a_min: lower end of the quantisation range of `a`, a real number.
        a_max: upper end of the quantisation range of `a`.
        b_min: lower end of the quantisation range of `b`: a number, or `[n]` numbers, one for each column of the
            product.
        b_max: upper end of the quantisation range of `b`, of the same shape.
        transpose_a: whether the last two dimensions of `a` are exchanged first.
        transpose_b: whether the last two dimensions of `b` are exchanged first.
        num_bits: width of the codes, 2 to 8; 8 for a signed table.
        table: `TruthTable`, or integer array `[2**num_bits, 2**num_bits]`, activation code first; an int16 array is
            signed (1.3). `None` is the exact product of unsigned codes.

    Returns:
        float32 array `[..., m, n]`; NaN where an element of the row of `a` or of the column of `b` is NaN.

    Raises:
        ValueError: if a range, a size or the table is not possible.

    Example:
        >>> approx_matmul_with_min_max_vars([[0.0, 255.0]], [[1.0, 2.0], [3.0, 4.0]], 0, 255, 0, 255).tolist()
        [[765.0, 1020.0]]
    """
    truth = TruthTable.of(table, num_bits)
    a, b = matrices("a", a, transpose_a), matrices("b", b, transpose_b)
    sizes = matmul(a.shape, b.shape)
    qa = quantiser("a", a_min, a_max, num_bits, truth.signed)
    qw = filter_quantisers(b_min, b_max, sizes.columns, num_bits, truth.signed, "b")
    output = np.empty([*sizes.batch, sizes.rows, sizes.columns], np.float32)
    every_a = np.broadcast_to(a, [*sizes.batch, *a.shape[-2:]])
    every_b = np.broadcast_to(b, [*sizes.batch, *b.shape[-2:]])
    for item in np.ndindex(*sizes.batch):
        x = every_a[item]
        output[item] = products(codes(qa, x), np.isnan(x), every_b[item], qa, qw, truth)
    return output
