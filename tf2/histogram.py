"""A histogram of bounded memory whose result does not depend on the order of the values, and ranges chosen from it."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from .fake_quantisation import fake_quantiser

BINS = 2048  # number of bins on each side of 0
_SHRINKS = np.arange(100, 19, -1) / 100  # the factors on minimum and maximum that `mse_range` tries


class Histogram:
    """Counts of real numbers in bins of equal width, which is a power of 2 such that all numbers fit.

    Zeros are counted apart. When a number does not fit, pairs of bins become one bin of twice the width. The bins begin
    at 0, so the result is the same for any order of the numbers, and for any way to divide them among calls of `add`.

    Attributes:
        minimum: the minimum of all numbers and 0.
        maximum: the maximum of all numbers and 0.
        zeros: how many numbers are 0.
        counts: int64 array `[2 * BINS]`: entry `BINS + i` counts the numbers from `i * width` to `(i + 1) * width`.
        exponent: the width is `2.0**exponent`; `None` before the first number that is not 0.
    """

    def __init__(self) -> None:
        self.minimum = self.maximum = 0.0
        self.zeros = 0
        self.counts = np.zeros(2 * BINS, np.int64)
        self.exponent: int | None = None

    def add(self, values: np.ndarray) -> None:
        """Counts numbers.

        Args:
            values: finite real numbers, an array of any shape.
        """
        values = np.asarray(values, np.float64).ravel()
        nonzero = values[values != 0]
        self.zeros += values.size - nonzero.size
        if not nonzero.size:
            return
        self.minimum = min(self.minimum, float(nonzero.min()))
        self.maximum = max(self.maximum, float(nonzero.max()))
        # frexp gives the exponent e with |x| < 2**e.
        needed = int(np.frexp(max(-self.minimum, self.maximum))[1]) - (BINS.bit_length() - 1)
        exponent = self.widen(needed)
        bins = np.floor(np.ldexp(nonzero, -exponent)).astype(np.int64) + BINS
        self.counts += np.bincount(bins, minlength=2 * BINS)

    def widen(self, exponent: int) -> int:
        """Makes bins at least `2.0**exponent` wide, and returns the exponent of their width.

        Args:
            exponent: the binary logarithm of the minimal width.
        """
        if self.exponent is None:
            self.exponent = exponent
        while self.exponent < exponent:
            pairs = self.counts.reshape(-1, 2).sum(axis=1)
            self.counts[:] = 0
            self.counts[BINS // 2 : BINS // 2 + BINS] = pairs
            self.exponent += 1
        return self.exponent

    @property
    def edges(self) -> np.ndarray:
        """Float64 array `[2 * BINS + 1]`, the edges of the bins."""
        return np.ldexp(np.arange(-BINS, BINS + 1, dtype=np.float64), self.exponent or 0)


def percentile_range(histogram: Histogram, percentile: float) -> tuple[float, float]:
    """The range that leaves out at most half of `100 - percentile` per cent of the numbers at each of its ends.

    The ends are edges of bins, so that the result differs from the exact percentile by less than the width of a bin,
    and are never beyond the minimum and the maximum.

    Args:
        histogram: the counted numbers.
        percentile: the share of the numbers that the range holds, in per cent: more than 50, up to 100.

    Returns:
        Minimum and maximum, which contain 0.

    Example:
        >>> histogram = Histogram()
        >>> histogram.add(np.append(np.linspace(-1, 1, 10000), 1000.0))
        >>> percentile_range(histogram, 99.9)
        (-1.0, 1.0)
    """
    total = histogram.zeros + int(histogram.counts.sum())
    allowed = total * (100 - percentile) / 200
    counts = histogram.counts.copy()
    below = np.concatenate([[0], np.cumsum(counts[:BINS])])  # numbers below each edge up to 0
    above = np.concatenate([[0], np.cumsum(counts[: BINS - 1 : -1])])  # numbers above each edge, from the last one
    low = histogram.edges[np.flatnonzero(below <= allowed)[-1]]
    high = histogram.edges[2 * BINS - np.flatnonzero(above <= allowed)[-1]]
    return max(float(low), histogram.minimum), min(float(high), histogram.maximum)


def mse_range(histogram: Histogram, num_bits: int, signed: bool) -> tuple[float, float]:
    """The range with the minimal mean squared error of the quantised numbers, of 81 candidates.

    The candidates are minimum and maximum times 1.00, 0.99 and so on down to 0.20. Each number counts as the middle of
    its bin. Of equally good candidates the widest one is taken.

    Args:
        histogram: the counted numbers.
        num_bits: width of the codes.
        signed: whether the codes are those of a signed table.

    Returns:
        Minimum and maximum, which contain 0.
    """
    is_used = histogram.counts > 0
    centres = (histogram.edges[:-1] + histogram.edges[1:])[is_used] / 2
    counts = histogram.counts[is_used]
    quantise = fake_quantiser(signed)
    best, best_error = (histogram.minimum, histogram.maximum), np.inf
    for shrink in _SHRINKS:
        ends = histogram.minimum * shrink, histogram.maximum * shrink
        rounded, _, _ = quantise(
            tf.constant(centres, tf.float32), num_bits, [tf.constant(end, tf.float32) for end in ends]
        )
        error = float(np.sum(counts * (rounded.numpy().astype(np.float64) - centres) ** 2))
        if error < best_error:
            best, best_error = ends, error
    return best


def divergence(exact: Histogram, approximate: Histogram) -> float:
    """The Kullback-Leibler divergence of two distributions, in nats, with 0.5 added to the count of each bin.

    Args:
        exact: counts of the first distribution, which gives the weights of the logarithms.
        approximate: counts of the second one.

    Returns:
        `sum of p log(p / q)` over the bins in which at least one of both has numbers. The bins have the width of those
        of the coarser histogram, and zeros have a bin of their own.

    Example:
        >>> first, second = Histogram(), Histogram()
        >>> first.add(np.arange(10)), second.add(np.arange(10))
        (None, None)
        >>> divergence(first, second)
        0.0
    """
    exponents = [histogram.exponent for histogram in (exact, approximate) if histogram.exponent is not None]
    counts = []
    for histogram in (exact, approximate):
        coarse = Histogram()
        coarse.counts[:], coarse.exponent = histogram.counts, histogram.exponent
        coarse.widen(max(exponents, default=0))
        counts.append(np.append(coarse.counts, histogram.zeros))
    is_used = (counts[0] + counts[1]) > 0
    p, q = ((count[is_used] + 0.5) / np.sum(count[is_used] + 0.5) for count in counts)
    return float(np.sum(p * np.log(p / q)))
