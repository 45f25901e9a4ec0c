"""The error of a layer, predicted from its truth table and the codes of its operands, without simulation."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .argument_error import ArgumentError
from .truth_table import TruthTable


class Operands(NamedTuple):
    """The codes that a layer, or one step of a layer, multiplies, and the size of its sums.

    A code is counted at its index in a truth table: signed codes below 0 count from the end.

    Attributes:
        activations: float64 `[2**num_bits]`, how often each activation code occurs.
        weights: float64 `[filters, 2**num_bits]`, how often each weight code occurs in each filter; the sum of a row is
            the number of taps.
        scales: float64 `[filters]`, scale of the activations times that of the weights of each filter.
        output_variance: variance of the exact output, before bias and activation function, as the mean over the
            filters.
    """

    activations: np.ndarray
    weights: np.ndarray
    scales: np.ndarray
    output_variance: float


class ErrorMoments(NamedTuple):
    """The error of a layer's output relative to the variance of its exact output, as the mean over the filters.

    Attributes:
        squared_mean: square of the mean error of a filter.
        variance: variance of the error around this mean.
    """

    squared_mean: float
    variance: float

    @property
    def distortion(self) -> float:
        """The mean squared error relative to the variance of the exact output."""
        return self.squared_mean + self.variance


class Gains(NamedTuple):
    """How far an error of a layer changes the outputs of the network, for small errors.

    Attributes:
        squared_mean: mean squared change of the outputs relative to their variance, for an error that is constant in
            each filter, divided by `ErrorMoments.squared_mean`.
        variance: the same for an error that is independent in each element, divided by `ErrorMoments.variance`.
    """

    squared_mean: float = 1.0
    variance: float = 1.0

    def change(self, moments: ErrorMoments) -> float:
        """The predicted mean squared change of the outputs of the network, relative to their variance."""
        return self.squared_mean * moments.squared_mean + self.variance * moments.variance


def error_moments(table: TruthTable, operands: Operands, *, compensated: bool = False) -> ErrorMoments:
    """Mean and variance of the error of a layer's output, relative to the variance of its exact output.

    With the error `e[a, w]` of the table, an activation code `a` from the histogram, and the codes `w_k` of a filter,
    the error of an output has the mean `m = s_a s_w sum_k E[e(a, w_k)]` and, for taps that are independent of each
    other, the variance `v = (s_a s_w)^2 sum_k Var[e(a, w_k)]`. The results are the means of `m^2` and `v` over the
    filters, divided by the variance of the output. The mean error governs the loss of accuracy, as arXiv 2512.06537
    found.

    Args:
        table: the truth table.
        operands: histograms of codes of the layer.
        compensated: whether each filter is corrected by the best constant and the best factor of the sum of its
            activations: then `m` is 0, and `v` has only what these do not explain, `(s_a s_w)^2 (sum_k Var[e(a, w_k)] -
            (sum_k Cov[e(a, w_k), a])^2 / (K Var[a]))` for `K` taps.

    Returns:
        The `ErrorMoments`, which are 0 for the exact product, and infinite if the exact output is constant and the
        table has errors.

    Raises:
        ValueError: if the histograms do not have the width of the table, or are empty.

    Example:
        >>> operands = Operands(np.ones(256), np.ones((1, 256)), np.array([1.0]), 1e6)
        >>> error_moments(TruthTable.exact(), operands)
        ErrorMoments(squared_mean=0.0, variance=0.0)
    """
    codes = len(table.entries)
    if operands.activations.shape != (codes,) or operands.weights.shape[1:] != (codes,):
        received = f"shapes {operands.activations.shape} and {operands.weights.shape}"
        raise ArgumentError("operands", f"must have histograms of {codes} codes", received)
    total = operands.activations.sum()
    if not total:
        raise ArgumentError("operands", "must have activations", "none")
    share, weights = operands.activations / total, operands.weights
    exact = TruthTable.exact(table.num_bits, table.signed)
    errors = table.entries.astype(np.float64) - exact.entries.astype(np.float64)
    means = share @ errors  # one for each weight code
    mean = weights @ means
    variance = weights @ np.maximum(share @ errors**2 - means**2, 0)
    if compensated:
        mean, variance = np.zeros_like(mean), variance - _explained(share, errors, weights, table.signed)
    squares = operands.scales**2 * np.stack([mean**2, np.maximum(variance, 0)])
    if operands.output_variance > 0:
        return ErrorMoments(*(float(value) for value in squares.mean(axis=1) / operands.output_variance))
    return ErrorMoments(*(float("inf") if row.any() else 0.0 for row in squares))


def _explained(share, errors, weights, signed):
    """The part of the variance of each filter that is a factor times the sum of its activations."""
    values = np.arange(len(share), dtype=np.float64)
    if signed:
        values[len(values) // 2 :] -= len(values)
    centred = values - share @ values
    covariance = weights @ ((share * centred) @ errors)
    spread = weights.sum(axis=1) * (share @ centred**2)
    return np.divide(covariance**2, spread, out=np.zeros_like(spread), where=spread > 0)
