"""A model of the accuracy of assignments: it begins with the prediction and learns from what was evaluated."""

from __future__ import annotations

from typing import NamedTuple, Sequence

import numpy as np

_FLOOR, _CAP = 1e-4, 1e3  # changes below and above do not tell how far an assignment loses accuracy
_SLOPE = 0.6  # how fast a harm grows with the change, on logarithmic scales
# Standard deviations of the logarithm of a harm in the prior: a constant of the network, the deviation from `_SLOPE`
# for each unit of the logarithm of the change, constants of each layer and each multiplier, and the rest.
_OF_NETWORK, _OF_SLOPE, _OF_LAYER, _OF_MULTIPLIER, _OF_PAIR = 1.5, 0.2, 0.5, 0.3, 0.4
_REST = (0.01, 0.02, 0.04, 0.08, 0.16)  # standard deviations of accuracies from the sum of harms that are tried
# Two assignments that differ in one layer have deviations of the correlation `_LIKENESS`, if nothing is known of the
# outputs with their two multipliers. If the mean squared difference d of these is known, it is (1 + sqrt(d))^_DECAY.
_LIKENESS, _DECAY = 0.9, -0.3
_NOISE = 0.3  # the part of these deviations that no other assignment shares
_MARGIN = 0.01  # how far above the best known accuracy an assignment without harm may be
_STEPS, _LONGEST_STEP, _ACCURACY = 20, 1.5, 1e-2  # of the Gauss-Newton iteration
_AT_ONCE = 4096  # assignments whose accuracies are predicted together: 10 MB for each matrix with 300 evaluations


class Surrogate:
    """A Gaussian model of the accuracy of assignments.

    Each multiplier has a harm in each layer. The accuracy of an assignment with the sum H of the harms of its layers is
    `low + (high - low) / sqrt(1 + 2 H)` and a deviation: accuracies fall in proportion to a small H, and slowly where
    little is left. `high` is a little above the best known accuracy; `low` is 0, or the worst known value if that is
    negative. The logarithms of the harms are normally distributed in the prior, about the logarithms of the changes
    that a search begins with. Harms of the same layer and of the same multiplier are correlated, so that an evaluation
    says something about other assignments. The deviations are normally distributed, too, and the more layers of two
    assignments have the same multiplier, or one that gives similar outputs, the more alike they are.

    Args:
        changes: float array `[layers, multipliers]`, the change of the outputs by one multiplier in one layer,
            predicted or measured, relative to their variance.
        distances: float array `[layers, multipliers, multipliers]`, the mean squared difference between the outputs
            with two multipliers in one layer, relative to their variance; `None` if it is not known.

    Example:
        >>> harms = Surrogate(np.array([[1e-4, 0.1, 0.1]])).learn([[0], [1]], [0.9, 0.5]).harms
        >>> bool(harms[0, 0] < harms[0, 2] < harms[0, 1])  # the third multiplier is believed to be like the second one
        True
    """

    def __init__(self, changes: np.ndarray, distances: np.ndarray | None = None) -> None:
        layers, count = changes.shape
        logarithms = np.log(np.clip(np.nan_to_num(changes, nan=_CAP), _FLOOR, _CAP))
        self.layers, self.mean = layers, _SLOPE * logarithms
        # The logarithm of a harm is a sum of independent variables, of which pairs of a layer and a multiplier share
        # all but the last one: here are their factors for each pair.
        shared = np.zeros((layers, count, 2 + layers + count))
        shared[..., 0], shared[..., 1] = _OF_NETWORK, _OF_SLOPE * logarithms
        shared[..., 2 : 2 + layers] = _OF_LAYER * np.eye(layers)[:, None]
        shared[..., 2 + layers :] = _OF_MULTIPLIER * np.eye(count)
        self.shared = shared
        same = np.eye(count, dtype=bool)
        if distances is None:
            likeness = np.full((layers, count, count), _LIKENESS)
        else:
            likeness = (1 + np.sqrt(np.nan_to_num(distances, nan=np.inf, posinf=np.inf))) ** _DECAY
        self.likeness = np.where(same, 1.0, likeness)

    def learn(
        self,
        assignments: Sequence[Sequence[int]],
        accuracies: Sequence[float],
        variances: np.ndarray | None = None,
    ) -> Learned:
        """The model after evaluations: the maximum of the posterior density, by the Gauss-Newton method.

        The standard deviation of the deviations is the one of the greatest marginal likelihood.

        Args:
            assignments: the index of a multiplier for each layer, for each evaluation; at least one.
            accuracies: the accuracies, or other finite numbers that are better if they are higher.
            variances: float array `[evaluations]`, the variances of the errors of these accuracies; by default 0, as
                it is if all samples were evaluated.
        """
        indices, values = np.asarray(assignments), np.asarray(accuracies, np.float64)
        low = min(0.0, float(values.min()))
        spread = (float(values.max()) - low) * (1 + _MARGIN) or 1.0
        errors = np.zeros(len(values)) if variances is None else variances / spread**2
        fits = [_fit(self, indices, (values - low) / spread, errors, rest) for rest in _REST]
        best = max(fits, key=lambda fit: fit.likelihood)
        return Learned(self, best, low, spread)


class Learned:
    """What a surrogate knows after evaluations.

    Attributes:
        harms: float64 array `[layers, multipliers]`, positive.
        low: the accuracy of an assignment that does unlimited harm.
    """

    def __init__(self, surrogate: Surrogate, fit: _Fit, low: float, spread: float) -> None:
        self.harms = np.exp(fit.logarithms)
        self.low = low
        self._surrogate, self._fit, self._spread = surrogate, fit, spread

    def accuracies(self, assignments: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The expected accuracies of assignments, and their standard deviations.

        Args:
            assignments: int array `[assignments, layers]`, indices of multipliers; at least one.
        """
        parts = [self._accuracies(assignments[i : i + _AT_ONCE]) for i in range(0, len(assignments), _AT_ONCE)]
        means, deviations = (np.concatenate(part) for part in zip(*parts))
        return means, deviations

    def _accuracies(self, assignments):
        """What `accuracies` returns, for as many assignments as their covariances with all evaluations have room."""
        fit, surrogate = self._fit, self._surrogate
        rows, shares = _linearised(surrogate, fit.logarithms, assignments)
        harm, rest = _covariances(surrogate, rows, fit.rows)
        covariance = harm + fit.rest**2 * rest
        own = (rows.shared**2).sum(axis=1) + _OF_PAIR**2 * (rows.slopes**2).sum(axis=1) + fit.rest**2 * (1 + _NOISE**2)
        known = (np.linalg.solve(fit.root, covariance.T) ** 2).sum(axis=0)
        means = shares + fit.rest**2 * rest @ fit.weights
        deviations = np.sqrt(np.maximum(own - known, (_NOISE * fit.rest) ** 2))
        return self.low + self._spread * means, self._spread * deviations


class _Rows(NamedTuple):
    """Assignments, and the derivatives of their accuracies.

    Attributes:
        indices: int `[rows, layers]`, indices of multipliers.
        slopes: float64 `[rows, layers]`, derivatives with respect to the logarithms of the harms.
        shared: float64 `[rows, variables]`, derivatives with respect to the variables that pairs share.
    """

    indices: np.ndarray
    slopes: np.ndarray
    shared: np.ndarray


class _Fit(NamedTuple):
    """The maximum of the posterior density for one standard deviation `rest` of the deviations."""

    logarithms: np.ndarray
    rows: _Rows
    weights: np.ndarray
    root: np.ndarray  # Cholesky factor of the covariance of the accuracies
    rest: float
    likelihood: float


def _linearised(surrogate, logarithms, indices):
    """The rows of assignments, and their accuracies without deviation as shares of the spread."""
    layers = np.arange(surrogate.layers)
    harms = np.exp(logarithms[layers, indices])
    root = np.sqrt(1 + 2 * harms.sum(axis=1))
    slopes = -harms / root[:, None] ** 3
    shared = np.stack([row @ surrogate.shared[layers, chosen] for row, chosen in zip(slopes, indices)])
    return _Rows(indices, slopes, shared), 1 / root


def _covariances(surrogate, first, second):
    """The covariance of accuracies by the harms, and the correlation of deviations: `[rows of first, of second]`."""
    likeness = np.ones((len(first.indices), len(second.indices)))
    pairs = np.zeros_like(likeness)
    for layer in range(surrogate.layers):
        row, column = first.indices[:, layer, None], second.indices[None, :, layer]
        likeness *= surrogate.likeness[layer, row, column]
        pairs += (row == column) * (first.slopes[:, layer, None] * second.slopes[None, :, layer])
    return first.shared @ second.shared.T + _OF_PAIR**2 * pairs, likeness


def _fit(surrogate, indices, values, errors, rest):
    """The model for one standard deviation of the deviations."""
    logarithms, layers = surrogate.mean, np.arange(surrogate.layers)
    for _ in range(_STEPS):
        rows, shares = _linearised(surrogate, logarithms, indices)
        harm, likeness = _covariances(surrogate, rows, rows)
        root = np.linalg.cholesky(harm + rest**2 * likeness + np.diag(rest**2 * _NOISE**2 + errors))
        moved = (rows.slopes * (logarithms - surrogate.mean)[layers, indices]).sum(axis=1)
        whitened = np.linalg.solve(root, values - shares + moved)
        weights = np.linalg.solve(root.T, whitened)
        target = surrogate.mean + surrogate.shared @ (rows.shared.T @ weights)
        np.add.at(target, (layers, indices), _OF_PAIR**2 * weights[:, None] * rows.slopes)
        step = target - logarithms
        length = float(np.abs(step).max())
        logarithms = logarithms + step * min(1.0, _LONGEST_STEP / max(length, 1e-12))
        if length < _ACCURACY:
            break
    likelihood = -float(whitened @ whitened) / 2 - float(np.log(np.diag(root)).sum())
    return _Fit(logarithms, rows, weights, root, rest, likelihood)
