"""Gradients of a truth table: smoothed differences for each pair of codes, and one slope for each code (9)."""

from typing import Any, Callable, Dict, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from . import _validation
from .argument_error import ArgumentError
from .truth_table import TableLike, TruthTable, check_num_bits

STRAIGHT_THROUGH, TABLE_1D, TABLE_2D = GRADIENTS = ("straight_through", "table_1d", "table_2d")


class GradientTables(NamedTuple):
    """Derivatives of the products of a table for each pair of codes, as integers over one denominator (9.2), (9.3).

    Attributes:
        activation: int32 array `[2**num_bits, 2**num_bits]`, activation code first: the derivatives with respect to the
            activation code, times `denominator`. Codes below 0 of a signed table count from the end.
        weight: int32 array of the same shape: the derivatives with respect to the weight code, times `denominator`.
        denominator: `2 * (2 * half_window + 1)`.
    """

    activation: np.ndarray
    weight: np.ndarray
    denominator: int


class Slopes(NamedTuple):
    """Slopes of the products of a table by least squares, one for each code (9.5), (9.6).

    Attributes:
        activation: float64 array `[2**num_bits]`: for each weight code, the slope of the products with respect to the
            activation code.
        weight: float64 array `[2**num_bits]`: for each activation code, the slope with respect to the weight code.
    """

    activation: np.ndarray
    weight: np.ndarray


def code_range(num_bits: int = 8, signed: bool = False) -> Tuple[int, int]:
    """The lowest and the highest code that quantisation gives: 0 and `2**num_bits - 1`, or -127 and 127 if signed.

    Raises:
        ValueError: if `num_bits` is not from 2 to 8, or not 8 for a signed table.

    Example:
        >>> code_range(8, signed=True)
        (-127, 127)
    """
    check_num_bits(num_bits, signed)
    return (-127, 127) if signed else (0, 2**num_bits - 1)


def default_half_window(num_bits: int = 8) -> int:
    """The default half window (9.7): a sixteenth of the codes, which is 16 for 8 bits, and 0 below 4 bits.

    Sixteen is the half window with which the source of the method retrains for the multiplier rm8 (arXiv 2509.10519).

    Example:
        >>> [default_half_window(bits) for bits in (8, 4, 2)]
        [16, 1, 0]
    """
    check_num_bits(num_bits)
    return 2**num_bits // 16


def checked_half_window(half_window: Optional[int], num_bits: int = 8, signed: bool = False) -> int:
    """A half window that a table of this width can have; the default one for `None`.

    Raises:
        ValueError: if `half_window` is negative or too large: (9.2) needs `2 * half_window + 3` codes.

    Example:
        >>> checked_half_window(None), checked_half_window(4)
        (16, 4)
    """
    low, high = code_range(num_bits, signed)
    if half_window is None:
        return default_half_window(num_bits)
    return _validation.integer("half_window", half_window, 0, (high - low - 2) // 2)


def checked_gradient(gradient: str, half_window: Optional[int], num_bits: int = 8, signed: bool = False) -> int:
    """The half window of a kind of gradient, -1 for `"straight_through"`, which has none.

    Raises:
        ValueError: if `gradient` is none of `GRADIENTS`, or `half_window` does not fit the width or the gradient.

    Example:
        >>> checked_gradient("table_1d", None), checked_gradient("straight_through", None)
        (16, -1)
    """
    if _validation.one_of("gradient", gradient, GRADIENTS) != STRAIGHT_THROUGH:
        return checked_half_window(half_window, num_bits, signed)
    if half_window is not None:
        raise ArgumentError("half_window", "must be None for gradient='straight_through'", str(half_window))
    return -1


def window_ends(num_bits: int, signed: bool, half_window: int) -> Tuple[np.ndarray, np.ndarray]:
    """The codes whose products (9.2) adds and subtracts for each code: two int arrays `[2**num_bits, 2]`, as indices.

    Example:
        >>> added, subtracted = window_ends(8, False, 16)
        >>> added[100].tolist(), subtracted[100].tolist(), added[0].tolist()
        ([117, 116], [83, 84], [34, 33])
    """
    low, high = code_range(num_bits, signed)
    codes = np.arange(2**num_bits)
    if signed:
        codes = codes.astype(np.int8).astype(int)
    centre = np.clip(codes, low + half_window + 1, high - half_window - 1)[:, None]  # (9.3)
    steps = np.array([half_window + 1, half_window])
    return (centre + steps) % 2**num_bits, (centre - steps) % 2**num_bits


def gradient_tables(table: TableLike, half_window: Optional[int] = None) -> GradientTables:
    """Derivatives of a table with respect to both codes: central differences of its running means, (9.1) to (9.3).

    Running means over `2 * half_window + 1` codes smooth the steps of the products. The method is that of C. Meng et
    al., "Gradient estimation methods of approximate multipliers for high-accuracy retraining of deep learning models",
    arXiv 2509.10519. Codes near the ends of the range have the derivative of the nearest code whose window is complete,
    so that the derivatives of the exact product are exact everywhere.

    Args:
        table: a `TruthTable`, or an integer array `[2**num_bits, 2**num_bits]`, activation code first.
        half_window: codes on each side of the middle of a window; by default a sixteenth of the codes (9.7).

    Returns:
        `GradientTables`.

    Raises:
        ValueError: if the array is no table, or `half_window` does not fit its width.

    Example:
        >>> tables = gradient_tables(TruthTable.exact())
        >>> int(tables.activation[7, 9]), int(tables.weight[0, 255]), tables.denominator
        (594, 0, 66)
    """
    table = TruthTable.of(table, None)
    half_window = checked_half_window(half_window, table.num_bits, table.signed)
    products = table.entries.astype(np.int32)
    added, subtracted = window_ends(table.num_bits, table.signed, half_window)

    def differences(products):
        return products[added].sum(axis=1, dtype=np.int32) - products[subtracted].sum(axis=1, dtype=np.int32)

    return GradientTables(differences(products), differences(products.T).T, 2 * (2 * half_window + 1))


def slope_coefficients(num_bits: int, signed: bool, half_window: int) -> Tuple[np.ndarray, int]:
    """The factors of the products of one row or column in the numerator of its slope, and the denominator (9.5).

    Returns:
        An int64 array `[2**num_bits]` by code, where codes below 0 count from the end, and an integer.

    Example:
        >>> slope_coefficients(2, False, 0)
        (array([-3, -1,  1,  3]), 10)
    """
    low, high = code_range(num_bits, signed)
    centres = np.arange(low + half_window, high - half_window + 1)
    factors = np.zeros(2**num_bits, np.int64)
    for step in range(-half_window, half_window + 1):
        factors[(centres + step) % 2**num_bits] += 2 * centres - (low + high)
    count = len(centres)
    return factors, (2 * half_window + 1) * (count * (count**2 - 1) // 6)


def slopes(table: TableLike, half_window: Optional[int] = None) -> Slopes:
    """Slopes of a smoothed table by least squares, one for each code of either operand, (9.5) and (9.6).

    The slope with respect to the activation code, for one weight code, is that of the line through the running means of
    the products of this weight code. The exact product has the weight code itself as its slope.

    Args:
        table: a `TruthTable`, or an integer array `[2**num_bits, 2**num_bits]`, activation code first.
        half_window: codes on each side of the middle of a window; by default a sixteenth of the codes (9.7).

    Returns:
        `Slopes`.

    Raises:
        ValueError: if the array is no table, or `half_window` does not fit its width.

    Example:
        >>> float(slopes(TruthTable.exact(8, signed=True)).activation[-3])
        -3.0
    """
    table = TruthTable.of(table, None)
    half_window = checked_half_window(half_window, table.num_bits, table.signed)
    factors, denominator = slope_coefficients(table.num_bits, table.signed, half_window)
    products = table.entries.astype(np.int64)
    return Slopes(factors @ products / denominator, products @ factors / denominator)


def search_half_window(
    evaluate: Callable[[int], float], candidates: Optional[Sequence[int]] = None, num_bits: int = 8
) -> Tuple[int, Dict[int, float]]:
    """The half window with the highest score, found by a short search as in arXiv 2509.10519.

    Args:
        evaluate: function from a half window to a score, such as the accuracy of a small network after an epoch of
            retraining. It is called once for each candidate.
        candidates: half windows; by default 0 and the powers of 2 that leave at least half of the codes a window of
            their own, which are 1 to 32 for 8 bits.
        num_bits: width of the codes, 2 to 8.

    Returns:
        The best half window, the smaller one of two with equal scores, and the score of each candidate. A score that is
        NaN is never the best.

    Raises:
        ValueError: if there is no candidate, a candidate does not fit the width, or all scores are NaN.

    Example:
        >>> search_half_window(lambda half_window: -abs(half_window - 7))[0]
        8
    """
    if candidates is None:
        candidates = [0] + [2**power for power in range(num_bits - 2)]
    scores: Dict[int, Any] = {checked_half_window(candidate, num_bits): None for candidate in candidates}
    for candidate in scores:
        scores[candidate] = float(evaluate(candidate))
    valid = {candidate: score for candidate, score in scores.items() if score == score}
    if not valid:
        raise ArgumentError("candidates", "must have one with a score that is a number", repr(scores))
    return min(valid, key=lambda candidate: (-valid[candidate], candidate)), scores
