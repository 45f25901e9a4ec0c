"""Corrections that give back a part of the accuracy that an approximate multiplier costs, without training.

The error of an output is predicted from the sum of the activations in its window, as a control variate, and subtracted:
G. Zervakis et al., "Leveraging highly approximated multipliers in DNN inference", arXiv 2412.16757. Numbers in
parentheses are the equations of docs/arithmetic.md.
"""

from __future__ import annotations

import numpy as np

from .argument_error import ArgumentError

METHODS = ("affine", "constant")


def compensated(
    outputs: np.ndarray, windows: np.ndarray, input_scale: float, filter_scale: np.ndarray, correction: np.ndarray
) -> np.ndarray:
    """The outputs of an operation minus their predicted errors (8.2).

    Args:
        outputs: float32 array `[..., filters]`, the outputs (3.4).
        windows: float32 array `[..., filters]` or `[..., 1]`, the sums of the activations of each window (8.1).
        input_scale: the scale of the activations, a float32 number.
        filter_scale: float32 array `[filters]` or number, the scales of the weights.
        correction: float64 array `[2, filters]`: `alpha` and `beta`.

    Returns:
        float32 array of the shape of `outputs`.

    Example:
        >>> outputs, windows = np.float32([[10.0], [20.0]]), np.float32([[1.0], [2.0]])
        >>> compensated(outputs, windows, 1.0, np.float32(1), np.float64([[1.0], [3.0]])).tolist()
        [[6.0], [13.0]]
    """
    input_scale, filter_scale = np.float64(np.float32(input_scale)), np.float32(filter_scale).astype(np.float64)
    offset = (input_scale * filter_scale * correction[0]).astype(np.float32)
    factor = (filter_scale * correction[1]).astype(np.float32)
    return (np.float32(outputs) - (offset + factor * np.float32(windows))).astype(np.float32)


class ErrorFit:
    """Least squares of the errors of outputs against the sums of the activations in their windows (8.3).

    Example:
        >>> fit = ErrorFit()
        >>> fit.add(np.array([[1.0], [3.0], [5.0]]), np.array([[0.0], [1.0], [2.0]]))
        >>> fit.correction("affine").ravel().tolist()
        [1.0, 2.0]
        >>> fit.correction("constant").ravel().tolist()
        [3.0, 0.0]
    """

    def __init__(self) -> None:
        self._count = 0
        self._origin = np.zeros(0), np.zeros(0)  # numbers near the means, so that the sums below stay accurate
        self._sums = np.zeros((4, 0))  # sums of errors, windows, windows squared, both multiplied

    def add(self, errors: np.ndarray, windows: np.ndarray) -> None:
        """Adds outputs to the fit.

        Args:
            errors: float64 array `[..., filters]`: approximate minus exact corrected sums (3.3).
            windows: float64 array `[..., filters]` or `[..., 1]`: `sum(a - zero_a)` of each window.
        """
        errors = errors.reshape(-1, errors.shape[-1])
        windows = windows.reshape(-1, windows.shape[-1])
        if not len(errors):
            return
        if not self._count:
            self._origin = errors.mean(0), windows.mean(0)
            self._sums = np.zeros((4, errors.shape[1]))
        self._count += len(errors)
        e, s = errors - self._origin[0], windows - self._origin[1]
        for row, terms in zip(self._sums, (e, s, np.square(s), s * e)):
            row += terms.sum(0)

    def correction(self, method: str) -> np.ndarray:
        """The constants and factors with the minimal squared error (8.3).

        Args:
            method: `"affine"`, or `"constant"`, whose factors are 0.

        Returns:
            float64 array `[2, filters]`: `alpha` and `beta`. The factor of a filter whose windows all have the same sum
            is 0.

        Raises:
            ValueError: if the method does not exist, or nothing has been added.
        """
        check_method(method)
        if not self._count:
            raise ArgumentError("data", "must give each layer an output", "none")
        mean_e, mean_s, square_s, product = self._sums / self._count
        variance, covariance = square_s - mean_s**2, product - mean_s * mean_e
        # The variance of equal sums is 0, or a rounding error of this size.
        usable = (variance > 1e-9 * (1 + square_s)) & (method == "affine")
        beta = np.where(usable, covariance, 0) / np.where(usable, variance, 1)
        alpha = (self._origin[0] + mean_e) - beta * (self._origin[1] + mean_s)
        return np.stack([alpha, beta])


def check_method(method: str) -> None:
    """Checks the name of a method.

    Raises:
        ValueError: if it is not one of `METHODS`.
    """
    if method not in METHODS:
        raise ArgumentError("method", "must be 'affine' or 'constant'", repr(method))
