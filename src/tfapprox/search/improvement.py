"""The assignment from which the hypervolume of a front is expected to grow most."""

from __future__ import annotations

import importlib
from typing import Any, Collection, Mapping, Sequence

import numpy as np

from .surrogate import Learned

_ROUNDS, _KEPT = 3, 15  # of the local search: rounds, and assignments whose neighbours are looked at in the next round


class Choice:
    """What assignments may be chosen, by the indices of multipliers.

    Args:
        energies: float array `[layers, multipliers]`, the energy of a multiplier in a layer.
        tiles: number of different multipliers that an assignment may have; `None` for any number.
        fixed: from the index of a layer to the index of the multiplier that it must have.
        max_energy: energy above which nothing is chosen; `None` for none.
    """

    def __init__(
        self, energies: np.ndarray, tiles: int | None, fixed: Mapping[int, int], max_energy: float | None
    ) -> None:
        self._energies, self._tiles, self._fixed = energies, tiles, fixed
        dearest = float(energies.max(axis=1).sum())
        self.max_energy = dearest if max_energy is None else min(dearest, max_energy)

    def energies(self, assignments: np.ndarray) -> np.ndarray:
        """The energies of assignments.

        Args:
            assignments: int array `[assignments, layers]`.
        """
        return self._energies[np.arange(len(self._energies)), assignments].sum(axis=1)

    def neighbours(self, assignments: np.ndarray) -> np.ndarray:
        """All allowed assignments that differ from one of those given in one layer, or in one multiplier everywhere.

        Args:
            assignments: int array `[assignments, layers]`.

        Returns:
            int array `[neighbours, layers]`, sorted, without duplicates.
        """
        layers, count = self._energies.shape
        single = np.repeat(np.repeat(assignments[:, None, None], layers, axis=1), count, axis=2)
        single[:, np.arange(layers), :, np.arange(layers)] = np.arange(count)
        parts = [single.reshape(-1, layers)]
        for assignment in assignments:
            for used in np.unique(assignment):
                parts.append(np.where(assignment == used, np.arange(count)[:, None], assignment))
        changed = np.concatenate(parts)
        for layer, column in self._fixed.items():
            changed[:, layer] = column
        changed = np.unique(changed, axis=0)
        if self._tiles is not None:
            ordered = np.sort(changed, axis=1)
            changed = changed[(np.diff(ordered, axis=1) != 0).sum(axis=1) < self._tiles]
        return changed[self.energies(changed) <= self.max_energy]


def expected_gains(
    energies: np.ndarray, means: np.ndarray, deviations: np.ndarray, front: Sequence[Any], end: float, low: float
) -> np.ndarray:
    """The expected growth of the hypervolume by each of several points whose accuracies are normally distributed.

    The front is a staircase over the energy. A point of energy e raises each stair beyond e to its accuracy, where that
    is higher; the expected rise of a stair is the expected improvement of Bayesian optimisation.

    Args:
        energies: energies of the points.
        means: expected accuracies.
        deviations: standard deviations of the accuracies, positive.
        front: points with `energy` and `accuracy`, from the lowest energy up.
        end: energy where the hypervolume ends.
        low: accuracy where the hypervolume ends.

    Returns:
        float64 array, a number for each point.
    """
    special: Any = importlib.import_module("scipy.special")  # an optional package, which the prediction needs anyway
    starts = [-np.inf, *(point.energy for point in front)]
    gains = np.zeros(len(energies))
    for start, stop, height in zip(starts, [*starts[1:], end], [low, *(point.accuracy for point in front)]):
        width = np.maximum(min(stop, end) - np.maximum(start, energies), 0)
        rise = means - height
        normal = rise / deviations
        density = np.exp(-(normal**2) / 2) / np.sqrt(2 * np.pi)
        gains += width * (rise * special.ndtr(normal) + deviations * density)
    return gains


def most_promising(
    choice: Choice, learned: Learned, front: Sequence[Any], begin: np.ndarray, taken: Collection[Sequence[int]]
) -> tuple[int, ...] | None:
    """The new assignment of the greatest expected gain that a local search finds.

    Args:
        choice: what may be chosen.
        learned: the model of the accuracies.
        front: points with `energy` and `accuracy`, from the lowest energy up.
        begin: int array `[assignments, layers]`, whose neighbours are looked at first.
        taken: assignments that are not new.

    Returns:
        The index of a multiplier for each layer; `None` if all neighbours are taken.
    """
    gains: dict[tuple[int, ...], float] = {}
    old = set(map(tuple, taken))
    for _ in range(_ROUNDS):
        rows = [row for row in map(tuple, choice.neighbours(begin).tolist()) if row not in old and row not in gains]
        if not rows:
            break
        candidates = np.array(rows)
        means, deviations = learned.accuracies(candidates)
        energies = choice.energies(candidates)
        values = expected_gains(energies, means, deviations, front, choice.max_energy, learned.low)
        gains.update(zip(rows, values.tolist()))
        begin = np.array(sorted(gains, key=lambda row: (-gains[row], row))[:_KEPT])
    return min(gains, key=lambda row: (-gains[row], row)) if gains else None
