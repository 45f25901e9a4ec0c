"""The search: the predicted front, and what is learned from it, in a study that can be continued and shared."""

from __future__ import annotations

import functools
import time
import warnings
from typing import Any, Callable, Sequence

from tfapprox.common.argument_error import ArgumentError
from tfapprox.common.network import Evaluation, Measure, Network, Samples

from . import storage as storages
from .early_stop import hopeless
from .front import Point, front_of
from .prediction import Prediction
from .proposals import Proposals
from .sensitivity import Sensitivity
from .settings import Settings, batch_size
from .space import Space, data_hash
from .trials import CANDIDATE, ORIGIN, SAMPLES, Trials

LARGEST_MEASURE = 1e100  # areas and variances of such numbers are finite
MAX_IDLE = 10  # proposals in a row that were evaluated before; then a random assignment is evaluated


class Search:
    """A search in a network, of which each process that takes part has one.

    Args:
        network: the network. It has exact products where the search does not assign a multiplier.
        data: samples and labels; without labels, accuracy is the agreement with the classes of the exact network.
        space: what is chosen from.
        sensitivity: the changes by layer and multiplier, predicted or, if it has them, measured.
        storage: address of the storage as SQLAlchemy takes it.
        study: name of the study in the storage.
        settings: how the search runs; by default with 100 evaluations.
        measure: function from outputs and labels to a number that is better if it is higher, instead of the accuracy;
            of at most 1e100 in absolute value.
        worker: whether the study must exist.

    Attributes:
        measure: what the accuracies of points are: `"accuracy"`, `"agreement with the exact network"`, or the name of
            the user's function.
        measures_accuracy: whether they are one of the first two, and so from 0 to 1.

    Raises:
        OSError: if the storage cannot be reached.
        ValueError: if the study is of another search, or a setting is not possible.
    """

    def __init__(
        self,
        network: Network,
        data: Samples,
        space: Space,
        sensitivity: Sensitivity,
        *,
        storage: str,
        study: str = "search",
        settings: Settings | None = None,
        measure: Measure | None = None,
        worker: bool = False,
    ) -> None:
        settings = settings or Settings()
        if settings.budget < 1:
            raise ArgumentError("budget", "must be at least 1", settings.budget)
        if measure is None and not 0 <= (space.min_accuracy or 0) <= 1:
            raise ArgumentError("min_accuracy", "must be from 0 to 1", space.min_accuracy)
        self.network, self.data, self.space, self.settings = network, data, space, settings
        self.sensitivity, self._measure, self._url = sensitivity, measure, storage
        self.measures_accuracy = measure is None
        own, arguments = _described(measure)
        self.measure = own or ("accuracy" if data.y is not None else "agreement with the exact network")
        self._optuna = storages.optuna()
        with network.exact():
            # The classes of a graph with ranges of each batch depend on the batch, which must be that of evaluations.
            is_needed = data.y is None and measure is None
            self.labels = network.classes(data, batch_size(len(data.x))) if is_needed else data.y
        identity = {
            "network": network.fingerprint(),
            "data": data_hash(data.x, data.y),
            "measure": own if arguments is None else f"{own} with {arguments}",
            **space.fingerprint(),
            "seed": settings.seed,
            "single swaps": sensitivity.measured is not None,
            "search": [settings.predicted, settings.points, settings.early_stop, settings.population],
        }
        self.study = storages.open_study(storage, study, identity, worker=worker)
        self._trials = Trials(self.study, settings.budget)
        self._number: Any = None  # the number of the trial that runs, and its error
        self._error: Any = None
        prediction = Prediction(space, sensitivity, settings.predicted_points) if settings.predicted else None
        self._proposals = Proposals(self._trials, space, prediction, settings.seed, settings.population)
        self.seconds: dict[str, float] = {"evaluate": 0.0, "assign": 0.0}

    def points(self) -> list[Point]:
        """The assignments that were evaluated, in this order, each once, including those that were stopped early."""
        with storages.storage_errors(self._url):
            trials = self._trials.evaluated()
        points: list[Point] = []
        for trial in trials:
            candidate = trial.user_attrs[CANDIDATE]
            assignment, (accuracy, energy) = tuple(candidate["assignment"]), trial.values
            samples = trial.user_attrs[SAMPLES]
            points.append(Point(assignment, accuracy, energy, candidate[ORIGIN], samples, len(points)))
        return points

    def front(self) -> list[Point]:
        """The front of the assignments that were evaluated on all samples and have at least the minimal accuracy."""
        floor, count = self.space.min_accuracy, len(self.data.x)
        complete = [point for point in self.points() if point.samples == count]
        return front_of([point for point in complete if floor is None or point.accuracy >= floor])

    def run(self, report: Callable[[int, int], None] | None = None) -> None:
        """Evaluates until the budget is spent.

        An interruption at any time loses at most the evaluation that runs. The search goes on by running it again.

        Args:
            report: function that is called after each evaluation with the number of finished evaluations and the
                budget.

        Raises:
            OSError: if the storage fails.
        """
        idle = 0
        with storages.storage_errors(self._url), warnings.catch_warnings():
            warnings.simplefilter("ignore", self._optuna.exceptions.ExperimentalWarning)
            self._trials.end(self._number)  # the storage may have failed before this could be written
            while True:
                self._trials.return_lost()
                evaluated, running = self._trials.counts()
                if report is not None:
                    report(evaluated, self.settings.budget)
                if evaluated + running >= self.settings.budget:
                    if not running or evaluated >= self.settings.budget:
                        return
                    time.sleep(1)  # another worker may die, and its evaluation come back
                    continue
                self._proposals.propose(self.points, self.front, idle >= MAX_IDLE)
                self._optimize()
                idle = 0 if self._trials.counts()[0] > evaluated else idle + 1
                if idle > 2 * MAX_IDLE:  # all assignments are known
                    return

    def evaluate_uniform(self) -> None:
        """Evaluates the assignments of one multiplier in all layers that are not known yet, beyond the budget."""
        fixed = self.space.fixed
        with storages.storage_errors(self._url):
            self._trials.end(self._number)
            for name in self.space.multipliers:
                assignment = tuple(fixed.get(layer, name) for layer in self.space.layers)
                while self.space.allows(assignment) and assignment not in self._trials.known():
                    self._trials.return_lost()
                    if assignment in self._trials.taken():
                        time.sleep(1)  # another worker evaluates it
                        continue
                    self._proposals.enqueue(assignment, "uniform")
                    self._optimize()

    def _optimize(self):
        """Evaluates one trial, from the queue or from the sampler."""
        self.study.sampler = self._proposals.sampler()
        self._error, self._number = None, None
        try:
            self.study.optimize(self._objective, n_trials=1)
        except (ValueError, self._optuna.exceptions.UpdateFinishedTrialError) as error:
            # A worker that was paused for long finds that its trial was given away: what it evaluated does not count.
            if error is self._error or self._number is None or not self._trials.is_given_away(self._number):
                raise

    def _objective(self, trial):
        self._number = trial.number
        try:
            return self._accuracy_and_energy(trial)
        except self._optuna.exceptions.UpdateFinishedTrialError:
            raise
        except Exception as error:
            self._error = error
            raise

    def _accuracy_and_energy(self, trial):
        assignment = self._proposals.parameters.assignment(trial)
        energy = self.space.energy(assignment)
        origin = trial.user_attrs.get(ORIGIN, "evolution")
        candidate = {"assignment": list(assignment), ORIGIN: origin}
        if not self.space.allows(assignment):
            trial.set_user_attr(CANDIDATE, candidate)
            return -LARGEST_MEASURE, energy  # so that no generation keeps it
        self._trials.claim(trial, candidate)
        known = self._trials.known().get(assignment)
        if known is not None:  # it is not evaluated again, and does not count
            return tuple(known.values)
        may_stop = self.settings.early_stop and self._measure is None and origin == "evolution"
        found = self._evaluate(assignment, hopeless(self.front(), energy) if may_stop else None)
        trial.set_user_attr(SAMPLES, found.samples)  # an evaluation counts from here on, if the trial is completed
        return found.accuracy, energy

    def _evaluate(self, assignment: Sequence[str], stop: Any) -> Evaluation:
        start = time.perf_counter()
        self.network.assign(dict(zip(self.space.layers, assignment)))
        middle = time.perf_counter()
        options: Any = {"labels": self.labels, "batch_size": batch_size(len(self.data.x)), "measure": self._measure}
        found = self.network.evaluate(self.data, stop=stop, **options)
        self.seconds["assign"] += middle - start
        self.seconds["evaluate"] += time.perf_counter() - middle
        if not abs(found.accuracy) <= LARGEST_MEASURE:
            rule = f"must return a finite number of at most {LARGEST_MEASURE:g} in absolute value"
            raise ArgumentError("measure", rule, found.accuracy)
        return found


def _described(measure):
    """The name of a measure, `None` without one, and its bound arguments as text, `None` if it has none.

    A `functools.partial` has the name of its function: two of them are one measure only if all is equal.
    """
    if not isinstance(measure, functools.partial):
        return None if measure is None else getattr(measure, "__qualname__", type(measure).__qualname__), None
    name, _ = _described(measure.func)
    return name, f"{measure.args} and {sorted(measure.keywords.items())}"
