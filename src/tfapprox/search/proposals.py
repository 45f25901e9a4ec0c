"""The next assignment of a search: from the prediction, by what was learned from evaluations, or by chance."""

from __future__ import annotations

from typing import Any, Callable, Collection, Iterator, Sequence

import numpy as np

from .parameters import Parameters
from .prediction import Prediction
from .space import Space
from .trials import ORIGIN, Trials, sampler

_TURNS = 8  # after the predicted front, every eighth assignment is one of NSGA-II


class Proposals:
    """Puts assignments into the queue of a study; where the queue is empty, NSGA-II of Optuna proposes.

    Random numbers depend on the seed and on how much is done, and not on interruptions.

    Args:
        trials: the trials of the study.
        space: what is chosen from.
        prediction: the predicted problem; `None` for plain NSGA-II.
        seed: seed of all random numbers.
        population: individuals in a generation of NSGA-II.
    """

    def __init__(self, trials: Trials, space: Space, prediction: Prediction | None, seed: int, population: int) -> None:
        self._trials, self._space, self._prediction = trials, space, prediction
        self._seed, self._population = seed, population
        self.parameters = Parameters(space)

    def propose(self, points: Callable[[], Sequence[Any]], front: Callable[[], Sequence[Any]], by_chance: bool) -> None:
        """Puts the next assignment of the prediction into the queue, if the queue is empty and there is one.

        Args:
            points: gives what was evaluated.
            front: gives the front of it.
            by_chance: whether a random assignment is put into the queue if the prediction has no other one.
        """
        if self._trials.are_waiting():
            return
        taken = self._trials.taken()
        for assignment in self._predicted(points, front, taken):
            if assignment not in taken:
                self.enqueue(assignment, "prediction")
                return
        if by_chance:
            drawn = self.parameters.random(np.random.default_rng([self._seed, self._trials.random_state()]), taken)
            if drawn is not None:
                self.enqueue(drawn, "evolution")

    def enqueue(self, assignment: Sequence[str], origin: str) -> None:
        """Puts an assignment into the queue.

        Args:
            assignment: name of the multiplier of each layer.
            origin: origin of its point, such as `"prediction"`.
        """
        self._trials.study.enqueue_trial(self.parameters.of(assignment), {ORIGIN: origin})

    def _predicted(
        self,
        points: Callable[[], Sequence[Any]],
        front: Callable[[], Sequence[Any]],
        taken: Collection[tuple[str, ...]],
    ) -> Iterator[tuple[str, ...]]:
        """The predicted front, and then what was learned from evaluations, with NSGA-II in between."""
        if self._prediction is None:
            return
        yield from self._prediction.front
        turn = self._trials.random_state()
        if turn % _TURNS:
            evaluated = points()
            if evaluated:  # nothing is evaluated while workers begin
                yield from self._prediction.learned(evaluated, front(), taken, turn)

    def sampler(self) -> Any:
        """The sampler of NSGA-II for the next trial."""
        seeds = np.random.SeedSequence([self._seed, self._trials.random_state()])
        return sampler(self._population, int(seeds.generate_state(1)[0]))
