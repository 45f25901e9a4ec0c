"""The trials of a study that several workers share: what is evaluated, who evaluates what, and what was lost."""

from __future__ import annotations

import contextlib
import datetime
import json
import time
import warnings
from typing import Any, Mapping

from . import storage as storages
from . import workers

# Attributes of a trial.
WORKER = "worker"
CANDIDATE = "candidate"  # what a worker wants to evaluate, and its origin
BEGUN = "begun"  # whether the worker that has the candidate evaluates it
SAMPLES = "samples"  # the number of samples on which the candidate was evaluated
ORIGIN = "origin"
_SECONDS_BETWEEN_LOOKS = 0.05


class Trials:
    """The trials of a study.

    An assignment is evaluated once, by one worker. A worker first writes the assignment into its trial and then looks
    at the trials of others. It withdraws if one of them has the same assignment and either a lower number or begun to
    evaluate. Of two workers, at least one sees the other's trial, because both write before they look. A worker that
    sees a trial with a higher number waits until that one has begun or withdrawn.

    Attributes:
        study: the study.

    Args:
        study: a study of Optuna.
        budget: number of evaluations that count.
    """

    def __init__(self, study: Any, budget: int) -> None:
        self._optuna = storages.optuna()
        self._states = self._optuna.trial.TrialState
        self.study, self._budget = study, budget

    def evaluated(self) -> list[Any]:
        """The trials whose assignment was evaluated, in the order of their numbers."""
        complete = self.study.get_trials(deepcopy=False, states=[self._states.COMPLETE])
        return [trial for trial in complete if SAMPLES in trial.user_attrs]

    def known(self) -> dict[tuple[str, ...], Any]:
        """The trials whose assignment was evaluated, by the assignment."""
        return {tuple(trial.user_attrs[CANDIDATE]["assignment"]): trial for trial in self.evaluated()}

    def taken(self) -> set[tuple[str, ...]]:
        """The assignments that were evaluated, or that a worker has."""
        trials = self.study.get_trials(deepcopy=False, states=[self._states.COMPLETE, self._states.RUNNING])
        return {tuple(trial.user_attrs[CANDIDATE]["assignment"]) for trial in trials if CANDIDATE in trial.user_attrs}

    def are_waiting(self) -> bool:
        """Whether there are trials in the queue of the study."""
        return bool(self.study.get_trials(deepcopy=False, states=[self._states.WAITING]))

    def counts(self) -> tuple[int, int]:
        """The number of evaluations that count for the budget, and of trials that may become one."""
        trials = self.study.get_trials(deepcopy=False, states=[self._states.COMPLETE, self._states.RUNNING])
        counting = [trial for trial in trials if trial.user_attrs.get(ORIGIN) != "uniform"]
        running = sum(trial.state == self._states.RUNNING for trial in counting)
        return sum(SAMPLES in trial.user_attrs and trial.state == self._states.COMPLETE for trial in counting), running

    def random_state(self) -> int:
        """A number for the seeds of proposals, which changes with each trial and does not depend on interruptions.

        Trials that were withdrawn, and those of other workers that have an assignment, are counted, so that two workers
        do not get the same proposals.
        """
        states = self._states
        trials = self.study.get_trials(deepcopy=False, states=[states.COMPLETE, states.PRUNED, states.RUNNING])
        return sum(trial.state != states.RUNNING or CANDIDATE in trial.user_attrs for trial in trials)

    def claim(self, trial: Any, candidate: Mapping[str, Any]) -> None:
        """Makes this worker the one that evaluates an assignment.

        Args:
            trial: the trial of this worker.
            candidate: the assignment and its origin.

        Raises:
            optuna.TrialPruned: if another worker evaluates the assignment, or the budget is spent by trials with lower
                numbers.
        """
        trial.set_user_attr(CANDIDATE, candidate)
        while True:
            trials = self.study.get_trials(deepcopy=False)
            running = [other for other in trials if other.state == self._states.RUNNING]
            same = [other for other in running if _assignment(other) == candidate["assignment"]]
            rivals = [other for other in same if other.number != trial.number]
            if any(other.number < trial.number or BEGUN in other.user_attrs for other in rivals):
                raise self._optuna.TrialPruned("another worker evaluates this assignment")
            if not rivals:
                break
            time.sleep(_SECONDS_BETWEEN_LOOKS)
            self.return_lost()
        if candidate["origin"] != "uniform" and self._reserved(trials, trial.number) >= self._budget:
            raise self._optuna.TrialPruned("the budget is spent")
        trial.set_user_attr(BEGUN, True)

    def _reserved(self, trials, number):
        """The number of evaluations that count and of earlier trials that may become one."""
        pending = (self._states.RUNNING, self._states.WAITING)
        counting = [trial for trial in trials if trial.user_attrs.get(ORIGIN) != "uniform"]
        evaluated = sum(SAMPLES in x.user_attrs and x.state == self._states.COMPLETE for x in counting)
        return evaluated + sum(x.state in pending and x.number < number for x in counting)

    def is_given_away(self, number: int) -> bool:
        """Whether other workers took a trial for lost, and so ended it or gave its assignment away.

        Args:
            number: number of the trial.
        """
        return self.study.get_trials(deepcopy=False)[number].state.is_finished()

    def end(self, number: int | None) -> None:
        """Makes a trial one that failed, unless it is finished.

        Args:
            number: number of the trial; `None` for no trial.
        """
        if number is not None:
            with contextlib.suppress(self._optuna.exceptions.UpdateFinishedTrialError):  # another worker ended it
                self.study.tell(number, state=self._states.FAIL, skip_if_finished=True)

    def return_lost(self) -> None:
        """Gives the assignments of workers that died to the next worker that asks."""
        states = self._states
        now = datetime.datetime.now()
        for trial in self.study.get_trials(deepcopy=False, states=[states.RUNNING]):
            if _is_lost(trial, now):
                self.end(trial.number)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", self._optuna.exceptions.ExperimentalWarning)
            self._optuna.storages.fail_stale_trials(self.study)
        trials = self.study.get_trials(deepcopy=False)
        live = [trial for trial in trials if trial.state not in (states.FAIL, states.PRUNED)]
        taken = {json.dumps(trial.params, sort_keys=True) for trial in live}
        waiting = [trial for trial in live if trial.state == states.WAITING]
        taken |= {json.dumps(trial.system_attrs.get("fixed_params"), sort_keys=True) for trial in waiting}
        for trial in trials:
            key = json.dumps(trial.params, sort_keys=True)
            if trial.state == states.FAIL and CANDIDATE in trial.user_attrs and key not in taken:
                taken.add(key)
                self.study.enqueue_trial(trial.params, {ORIGIN: trial.user_attrs[CANDIDATE][ORIGIN]})


def _assignment(trial):
    return trial.user_attrs.get(CANDIDATE, {}).get("assignment")


def _is_lost(trial: Any, now: datetime.datetime) -> bool:
    """Whether the worker of a trial is known to be dead.

    A worker that died before it wrote its name, and before its first heartbeat, is known by the time alone.
    """
    if WORKER in trial.user_attrs:
        return workers.is_dead(trial.user_attrs[WORKER])
    return now - trial.datetime_start > datetime.timedelta(seconds=storages.GRACE_SECONDS)


def sampler(population: int, seed: int) -> Any:
    """A sampler of NSGA-II that begins each trial with the name of its worker.

    Args:
        population: individuals in a generation.
        seed: seed of all random numbers.
    """
    genetic: Any = storages.optuna().samplers.NSGAIISampler

    class Sampler(genetic):
        def before_trial(self, study, trial):
            study._storage.set_trial_user_attr(trial._trial_id, WORKER, workers.this_worker())
            super().before_trial(study, trial)

    return Sampler(population_size=population, seed=seed)
