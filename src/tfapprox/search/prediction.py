"""Candidates that a search computes: the predicted front, and then assignments by what evaluations have taught."""

from __future__ import annotations

from typing import Any, Collection, Iterator, Sequence

import numpy as np

from . import early_stop
from .additive import AdditiveProblem, additive_front
from .improvement import Choice, most_promising
from .sensitivity import Sensitivity
from .space import Space
from .surrogate import Surrogate

_SHARES = (0.5, 0.75, 0.25)  # the places in a gap where an assignment is sought


class Prediction:
    """The additive problem of a search, with the predicted changes first, and then with harms learned from evaluations.

    Args:
        space: what is chosen from.
        sensitivity: the changes by layer and multiplier, predicted or measured.
        points: number of bounds of the energy for the predicted front.
    """

    def __init__(self, space: Space, sensitivity: Sensitivity, points: int) -> None:
        names = space.multipliers
        rows = [sensitivity.layers.index(layer) for layer in space.layers]
        columns = [sensitivity.multipliers.index(name) for name in names]
        changes = sensitivity.changes[np.ix_(rows, columns)]
        fixed = {space.layers.index(layer): names.index(name) for layer, name in space.fixed.items()}
        costs = [space.costs.values[name] for name in names]
        self._space, self._costs, self._fixed = space, costs, fixed
        distances = sensitivity.distances
        self._surrogate = Surrogate(changes, None if distances is None else distances[np.ix_(rows, columns, columns)])
        energies = np.outer(np.asarray(space.macs, np.float64) / np.sum(space.macs), costs)
        self._choice = Choice(energies, space.tiles, fixed, space.max_energy)
        front = additive_front(changes, space.macs, costs, tiles=space.tiles, points=points, fixed=fixed)
        assignments = [tuple(names[column] for column in each) for each in front]
        ordered = [assignments[i] for i in bisected(len(assignments))]
        self.front = [each for each in ordered if space.allows(each)]

    def learned(
        self, points: Sequence[Any], front: Sequence[Any], taken: Collection[tuple[str, ...]], turn: int
    ) -> Iterator[tuple[str, ...]]:
        """New assignments, by what follows from the evaluations.

        On odd turns, they are those with the least sum of harms at an energy between two neighbours of the front. On
        even turns, they are the ones from which the hypervolume is expected to grow most.

        Args:
            points: what was evaluated, with `assignment`, `accuracy` and `energy`; at least one.
            front: the front of these points, from the lowest energy up.
            taken: assignments that are not new.
            turn: a number that grows with the evaluations.
        """
        names = self._space.multipliers
        accuracies, samples = [point.accuracy for point in points], [point.samples for point in points]
        learned = self._surrogate.learn(self._indices(points), accuracies, early_stop.variances(accuracies, samples))
        excluded = [[names.index(name) for name in assignment] for assignment in sorted(taken)]
        for columns in (self._for_gaps if turn % 2 else self._for_gain)(learned, points, front, excluded):
            assignment = tuple(names[column] for column in columns)
            if self._space.allows(assignment):
                yield assignment

    def _indices(self, points):
        names = self._space.multipliers
        return np.array([[names.index(name) for name in point.assignment] for point in points])

    def _for_gaps(self, learned, points, front, excluded):
        """Solutions of the additive problem with the learned harms, for the gap first where the most is expected.

        The rectangle that two neighbours of the front leave open counts less the more assignments of its energies were
        evaluated in vain.
        """
        space = self._space
        problem = AdditiveProblem(learned.harms, space.macs, self._costs, space.tiles, self._fixed)
        gaps = []
        for low, high in zip(front, front[1:]):
            tried = sum(low.energy < point.energy < high.energy for point in points)
            area = (high.energy - low.energy) * (high.accuracy - low.accuracy)
            bound = low.energy + _SHARES[tried % len(_SHARES)] * (high.energy - low.energy)
            gaps.append((area / (1 + tried), bound))
        for _, bound in sorted(gaps, reverse=True):
            columns = problem.solve(bound, excluded)
            if columns is not None:
                yield columns

    def _for_gain(self, learned, points, front, excluded):
        """The assignment of the greatest expected gain, near the front, or near uniform assignments."""
        count = len(self._space.multipliers)
        uniform = np.repeat(np.arange(count)[:, None], len(self._space.layers), axis=1)
        begin = np.concatenate([self._indices(front or points), uniform])
        columns = most_promising(self._choice, learned, front, begin, excluded)
        if columns is not None:
            yield columns


def bisected(count: int) -> list[int]:
    """The indices 0 to `count - 1`: both ends, the middle, the middles of both halves, and so on.

    Example:
        >>> bisected(5)
        [0, 4, 2, 1, 3]
    """
    order, spans = [0, count - 1] if count > 1 else list(range(count)), [(0, count - 1)]
    while spans:
        low, high = spans.pop(0)
        middle = (low + high) // 2
        if low < middle < high:
            order.append(middle)
            spans += [(low, middle), (middle, high)]
    return order
