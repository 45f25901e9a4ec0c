"""How a search runs."""

from __future__ import annotations

from typing import NamedTuple

_MAX_POINTS = 40


class Settings(NamedTuple):
    """How a search runs.

    Attributes:
        budget: number of evaluations.
        seed: seed of all random numbers.
        points: number of bounds of the energy for the predicted front, which is evaluated first; by default an eighth
            of the budget, at most 40.
        early_stop: whether hopeless candidates are left before all samples are evaluated.
        predicted: whether the search uses the prediction and learns from evaluations; without it, it is plain NSGA-II.
        population: individuals in a generation.
    """

    budget: int = 100
    seed: int = 0
    points: int | None = None
    early_stop: bool = True
    predicted: bool = True
    population: int = 20

    @property
    def predicted_points(self) -> int:
        """The number of bounds: an eighth of the budget by default, so that most is left for what is learned."""
        return min(max(self.budget // 8, 2), _MAX_POINTS) if self.points is None else self.points


def batch_size(count: int) -> int:
    """The number of samples that a search computes at once. After each such batch, an evaluation may stop.

    Args:
        count: number of all samples.
    """
    return max(1, min(250, -(-count // 8)))
