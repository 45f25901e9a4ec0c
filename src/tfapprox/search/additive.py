"""The exact solution of the additive problem: the smallest predicted change of the outputs at a given energy."""

from __future__ import annotations

import importlib
from typing import Any, Mapping, Sequence

import numpy as np

from tfapprox.common.argument_error import ArgumentError

from . import solver_output

_LIMIT = 1e3  # of changes for the solver
_SMALL = 0.1  # of the largest value: a sum below this makes a second solution worth its time


def additive_front(
    changes: np.ndarray,
    macs: Sequence[int],
    costs: Sequence[float],
    *,
    tiles: int | None = None,
    points: int = 20,
    fixed: Mapping[int, int] | None = None,
) -> list[list[int]]:
    """Assignments on the front of energy against the sum of predicted changes over the layers.

    For each of several bounds of the energy, `scipy.optimize.milp` solves a multiple-choice knapsack problem exactly:
    one multiplier for each layer, at most `tiles` different ones, the minimal sum of changes.

    Args:
        changes: float array `[layers, multipliers]`, the predicted change by one multiplier in one layer.
        macs: the MACs of each layer.
        costs: the cost of one multiplication by each multiplier.
        tiles: the number of different multipliers that an assignment may have; any number by default.
        points: number of bounds, evenly spaced from the lowest energy to that of the smallest sum of changes.
        fixed: from the index of a layer to the index of the multiplier that it must have.

    Returns:
        Assignments, each the index of a multiplier for each layer, from the lowest energy up, without duplicates.

    Raises:
        ImportError: if scipy is not installed.
        ValueError: if `tiles` is not possible.

    Example:
        >>> additive_front(np.array([[0.0, 1.0], [0.0, 5.0]]), [100, 100], [0.4, 0.2], points=3)
        [[1, 1], [1, 0], [0, 0]]
    """
    if tiles is not None and tiles < max(1, len(set((fixed or {}).values()))):
        rule = "must be at least 1, and the number of different multipliers of fixed layers"
        raise ArgumentError("tiles", rule, tiles)
    problem = AdditiveProblem(changes, macs, costs, tiles, fixed)
    lowest = problem.cheapest()
    best = problem.solve()
    found = [each for each in (lowest, best) if each is not None]
    low, high = problem.key(found[0])[0], problem.key(found[-1])[0]
    for bound in np.linspace(low, high, max(points, 2))[1:-1]:
        bounded = problem.solve(float(bound))
        found += [] if bounded is None else [bounded]
    unique = {tuple(each): problem.key(each) for each in found}
    front: list[list[int]] = []
    smallest = np.inf
    for each in sorted(unique, key=lambda each: unique[each]):
        if unique[each][1] < smallest:
            smallest = unique[each][1]
            front.append(list(each))
    return front


class AdditiveProblem:
    """The multiple-choice knapsack problem of the predicted changes.

    Its binary variables are the multiplier of each layer, row by row, and then which multipliers are used at all.

    Args:
        changes: as in `additive_front`.
        macs: as in `additive_front`.
        costs: as in `additive_front`.
        tiles: as in `additive_front`.
        fixed: as in `additive_front`.
    """

    def __init__(
        self,
        changes: np.ndarray,
        macs: Sequence[int],
        costs: Sequence[float],
        tiles: int | None = None,
        fixed: Mapping[int, int] | None = None,
    ) -> None:
        try:
            self._optimize: Any = importlib.import_module("scipy.optimize")
        except ImportError as error:
            raise ImportError("a search needs scipy; pip install 'tfapprox[search]'") from error
        self._energies = np.outer(np.asarray(macs, np.float64) / np.sum(macs), costs)
        known = np.isfinite(changes)
        # An infinite or unknown change is one of the largest, so that it does not hide the changes of other layers.
        largest = np.max(changes, where=known, initial=_LIMIT)
        self._finite_changes = np.where(known, np.asarray(changes, np.float64), largest)
        # A change far above the variance of the outputs leaves nothing of them, and a larger one is not worse. The
        # limit keeps the small changes above the tolerances of the solver.
        self._changes = np.minimum(self._finite_changes, _LIMIT)
        self._layers, self._count = self._changes.shape
        self._tiles, self._fixed = tiles, fixed or {}

    def cheapest(self) -> list[int] | None:
        """The assignment of the lowest energy."""
        return self._minimal(self._energies)

    def solve(self, bound: float | None = None, excluded: Sequence[Sequence[int]] = ()) -> list[int] | None:
        """The assignment with the minimal sum of changes.

        Args:
            bound: the maximal energy; by default none.
            excluded: assignments that are not looked for, each the index of a multiplier for each layer.

        Returns:
            The index of a multiplier for each layer, or `None` if there is no such assignment.
        """
        return self._minimal(self._changes, bound, excluded)

    def _minimal(self, objective, bound=None, excluded=()):
        """The assignment with the minimal sum of `objective` among those that are allowed.

        The solver stops within a gap, which is a fraction of the largest value. A value that alone exceeds a sum that
        was found is in no better assignment. Without such values the gap becomes a fraction of the sum.
        """
        allowed = np.ones_like(objective, bool)
        for layer, column in self._fixed.items():
            allowed[layer] = np.arange(self._count) == column
        above = objective - np.min(objective, axis=1, where=allowed, initial=np.inf, keepdims=True)
        found, best = self._solved(above, allowed, bound, excluded), None
        while found is not None:
            best, total, largest = found, above[range(self._layers), found].sum(), above[allowed].max()
            if total > _SMALL * largest or largest == 0:
                break
            allowed = allowed & (above <= total)
            found = self._solved(above, allowed, bound, excluded)
        return best

    def _solved(self, objective, allowed, bound, excluded):
        """What the solver finds for an objective without negative values."""
        layers, count = self._layers, self._count
        size = layers * count
        linear = self._optimize.LinearConstraint
        one_each = np.zeros((layers, size + count))
        for row in range(layers):
            one_each[row, row * count : (row + 1) * count] = 1
        constraints = [linear(one_each, 1, 1)]
        dearest = self._energies.max() or 1.0
        energies = self._energies / dearest
        if bound is not None:
            limit = bound / dearest * (1 + 1e-9)
            constraints.append(linear(np.concatenate([energies.ravel(), np.zeros(count)]), -np.inf, limit))
        if len(excluded):
            known = np.zeros((len(excluded), size + count))
            np.put_along_axis(known, np.arange(layers) * count + np.asarray(excluded), 1, axis=1)
            constraints.append(linear(known, 0, layers - 1))
        if self._tiles is not None:
            used = np.concatenate([np.eye(size), -np.tile(np.eye(count), (layers, 1))], axis=1)
            constraints += [linear(used, -np.inf, 0)]
            constraints += [linear(np.concatenate([np.zeros(size), np.ones(count)]), 0, self._tiles)]
        # The energy decides between assignments with the same sum. The solver's gap is 1e-6.
        cost = 1e3 * np.where(allowed, objective, 0) / (objective[allowed].max() or 1.0) + 1e-5 * energies
        with solver_output.to_standard_error():
            result = self._optimize.milp(
                np.concatenate([cost.ravel(), np.zeros(count)]),
                constraints=constraints,
                integrality=np.ones(size + count),
                bounds=self._optimize.Bounds(0, np.concatenate([allowed.ravel(), np.ones(count)])),
                # A limit of nodes, and not one of time, gives the same assignment on every machine.
                options={"node_limit": 5000, "mip_rel_gap": 0, "presolve": False},
            )
        if result.x is None:
            return None
        return [int(column) for column in result.x[:size].reshape(layers, count).argmax(axis=1)]

    def key(self, assignment: Sequence[int]) -> tuple[float, float]:
        """Energy and sum of changes of an assignment."""
        rows = list(enumerate(assignment))
        return sum(self._energies[each] for each in rows), sum(self._finite_changes[each] for each in rows)
