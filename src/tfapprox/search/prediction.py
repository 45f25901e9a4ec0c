"""Candidates that a search takes from the prediction: the predicted front, and assignments for gaps of the front."""

from __future__ import annotations

from typing import Any, Iterator, Sequence

import numpy as np

from .additive import AdditiveProblem, additive_front
from .sensitivity import Sensitivity
from .space import Space

_GAPS = 8  # the largest gaps that are looked at
_SHARES = (0.5, 0.75, 0.25)  # the places in a gap where an assignment is sought


class Prediction:
    """The additive problem of a search.

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
        self._space = space
        self._problem = AdditiveProblem(changes, space.macs, costs, space.tiles, fixed)
        self._solved: dict[float, tuple[str, ...] | None] = {}
        front = additive_front(changes, space.macs, costs, tiles=space.tiles, points=points, fixed=fixed)
        assignments = [tuple(names[column] for column in each) for each in front]
        ordered = [assignments[i] for i in bisected(len(assignments))]
        self.front = [each for each in ordered if space.allows(each)]

    def for_gaps(self, front: Sequence[Any]) -> Iterator[tuple[str, ...]]:
        """Assignments with energies between two neighbours of a front, where the hypervolume can grow most.

        Args:
            front: points with `energy` and `accuracy`, from the lowest energy up.
        """
        gaps = []
        for low, high in zip(front, front[1:]):
            gaps.append(((high.energy - low.energy) * (high.accuracy - low.accuracy), low.energy, high.energy))
        for _, low, high in sorted(gaps, reverse=True)[:_GAPS]:
            for share in _SHARES:
                assignment = self._assignment(low + share * (high - low))
                if assignment is not None and self._space.allows(assignment):
                    yield assignment

    def _assignment(self, bound):
        if bound not in self._solved:
            columns = self._problem.solve(bound)
            names = self._space.multipliers
            self._solved[bound] = None if columns is None else tuple(names[column] for column in columns)
        return self._solved[bound]


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
