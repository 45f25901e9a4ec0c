"""The search on a network of numpy: fronts, budgets, interruptions, workers, results, and mistakes."""

import contextlib
import ctypes
import functools
import itertools
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import types
import warnings

import numpy as np
import pytest

from tfapprox.common import TruthTable, load_truth_table
from tfapprox.common._core_tables import tune
from tfapprox.common.assignment import read_assignment
from tfapprox.common.error_moments import Operands, error_moments
from tfapprox.common.network import Network, NetworkLayer, Samples, check_layers
from tfapprox.search import (
    Costs,
    Search,
    Settings,
    Space,
    additive_front,
    early_stop,
    make_space,
    predicted_changes,
    results,
    solver_output,
    surrogate,
    workers,
)
from tfapprox.search.additive import AdditiveProblem
from tfapprox.search.front import Point, hypervolume
from tfapprox.search.improvement import Choice, expected_gains
from tfapprox.search.prediction import Prediction
from tfapprox.search.sensitivity import Sensitivity
from tfapprox.search.surrogate import Surrogate
from tfapprox.search.trials import CANDIDATE, ORIGIN

pytest.importorskip("scipy.optimize")
optuna = pytest.importorskip("optuna")
sqlalchemy = pytest.importorskip("sqlalchemy")


@sqlalchemy.event.listens_for(sqlalchemy.engine.Engine, "connect")
def do_not_wait_for_the_disk(connection, _):
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous=OFF")  # synchronous writes help in a power cut only


NAMES = ["mul8u_exact", "mul8u_trunc4", "mul8u_drum6", "mul8u_drum4", "mul8u_mitchell", "mul8u_trunc8"]
COSTS = Costs(dict(zip(NAMES, (0.4, 0.35, 0.3, 0.2, 0.15, 0.1))), "mW", "a test")
EXACT = TruthTable.exact()


class Harm(Network):
    """A network of three layers in which each multiplier turns some of the samples into wrong ones."""

    weights = (1.0, 0.3, 0.1)
    names = ("a", "b", "c")

    def __init__(self, pause=0.0):
        self.tables = dict.fromkeys(self.names, "mul8u_exact")
        self.pause, self.evaluations = pause, 0

    def layers(self, data=None):
        operands = (Operands(np.ones(256), np.ones((1, 256)), np.ones(1), 1e9),)
        return [
            NetworkLayer(name, "Harm", macs, 2 * macs, 256, EXACT, operands)
            for name, macs in zip(self.names, (9, 5, 2))
        ]

    def assign(self, assignment):
        check_layers(assignment, self.names)
        self.tables.update({name: load_truth_table(table).name for name, table in assignment.items()})

    @contextlib.contextmanager
    def exact(self):
        before = dict(self.tables)
        self.assign(dict.fromkeys(self.names, "mul8u_exact"))
        yield
        self.tables = before

    def fingerprint(self):
        return "harm"

    def outputs(self, data, start, stop):
        self.evaluations += start == 0
        time.sleep(self.pause)
        harm = sum(w * NAMES.index(self.tables[name]) for w, name in zip(self.weights, self.names)) / 10
        wrong = data.x[start:stop, 0] < harm
        return np.stack([wrong, ~wrong], axis=1).astype(float)


DATA = Samples(np.random.default_rng(0).uniform(0, 1, (400, 1)).astype(np.float32), np.ones(400, np.int64))


def searching(folder, network=None, storage=None, names=NAMES, data=DATA, **options):
    network = network or Harm()
    settings = Settings(**{"budget": 14, **{key: options.pop(key) for key in list(options) if key in Settings._fields}})
    opening = {key: options.pop(key) for key in ("measure", "study", "worker") if key in options}
    space = make_space(network.layers(), names, options.pop("costs", COSTS), **options)
    layers = network.layers()
    found = Sensitivity([x.name for x in layers], space.multipliers, predicted_changes(layers, space.multipliers))
    url = storage or f"sqlite:///{folder}/study.db"
    return Search(network, data, space, found, storage=url, settings=settings, **opening)


def figures(search):
    return [(point.assignment, point.accuracy, point.energy) for point in search.points()]


def test_the_additive_problem_is_solved_exactly():
    """Changes of networks differ by factors of millions, learned harms may be negative, and a joule is a large unit."""
    rng = np.random.default_rng(0)
    every = np.array(list(itertools.product(range(4), repeat=3)))
    different = np.array([len(set(each)) for each in every])
    for tiles, unit in itertools.product((None, 2, 1), (1.0, 1e-9)):
        changes = np.exp(rng.uniform(-14, 7, (3, 4))) - 1e-3
        macs, costs = [5, 3, 2], np.array([4.0, 3, 2, 1]) * unit
        sums = changes[range(3), every].sum(axis=1)
        energies = costs[every] @ macs / 10
        allowed = different <= (tiles or 3)
        for each in additive_front(changes, macs, costs, tiles=tiles, points=12):
            place = np.flatnonzero((every == each).all(axis=1))[0]
            within = allowed & (energies <= energies[place] * (1 + 1e-9))
            assert allowed[place]
            assert sums[place] == pytest.approx(sums[within].min(), rel=1e-7)
        problem, taken = AdditiveProblem(changes, macs, costs, tiles), []
        for best in np.sort(sums[allowed & (energies <= 2.2 * unit)])[:5]:
            taken.append(problem.solve(2.2 * unit, taken))
            assert changes[range(3), taken[-1]].sum() == pytest.approx(best, rel=1e-7)
    assert all(each[1] == 3 for each in additive_front(changes, macs, costs, fixed={1: 3}))
    with pytest.raises(ValueError, match="tiles must be at least 1"):
        additive_front(changes, macs, costs, tiles=0)


@pytest.mark.parametrize("unknown", [np.inf, np.nan])
def test_a_layer_without_known_changes_hides_no_other_layer(unknown):
    changes = np.array([[unknown, unknown], [0.0, 1e-6], [0.0, 5e-6]])
    expected = [[1, 1, 1], [1, 1, 0], [1, 0, 0]]
    assert additive_front(changes, [100] * 3, [0.4, 0.2], fixed={0: 1}) == expected


def test_what_a_solver_prints_does_not_reach_the_standard_output(capfd):
    print("before")
    with solver_output.to_standard_error():
        ctypes.CDLL(None).puts(b"of the solver")
    ctypes.CDLL(None).puts(b"after")
    ctypes.CDLL(None).fflush(None)
    out, err = capfd.readouterr()
    assert sorted(out.split()) == ["after", "before"]
    assert err.split("\n")[0] == "of the solver"


def test_the_prediction_maps_the_weights_of_layers_that_do():
    name = "mul8u_mitchell"
    tuned = [layer._replace(tune=True) for layer in Harm().layers()]
    mapped = error_moments(TruthTable(tune(load_truth_table(name))), tuned[0].operands[0])
    assert predicted_changes(tuned, [name]).ravel() == pytest.approx([mapped.distortion] * 3, rel=1e-12)
    assert mapped.distortion < predicted_changes(Harm().layers(), [name])[0, 0]


def test_the_front_is_the_true_one_and_dominates_uniform_assignments(tmp_path):
    search = searching(tmp_path, budget=30, early_stop=False)
    search.run()
    counted = len(search.points())
    assert counted == 30
    assert len({point.assignment for point in search.points()}) == 30
    search.evaluate_uniform()
    front = search.front()
    for point in search.points():
        assert any(x.accuracy >= point.accuracy and x.energy <= point.energy for x in front)
    assert sum(len(set(point.assignment)) == 1 for point in search.points()) == len(NAMES)


def test_measured_changes_replace_predicted_ones(tmp_path):
    search = searching(tmp_path)
    other = search.sensitivity._replace(predicted=np.random.default_rng(0).uniform(0, 1, (3, len(NAMES))))
    measured = search.sensitivity._replace(measured=other.predicted, distances=np.zeros((3, 6, 6)))
    fronts = [Prediction(search.space, each, 8).front for each in (search.sensitivity, other, measured)]
    assert fronts[1] == fronts[2] != fronts[0]
    url = f"sqlite:///{tmp_path}/study.db"
    with pytest.raises(ValueError, match="single swaps of study 'search' differs: false; received true"):
        Search(search.network, DATA, search.space, measured, storage=url, settings=search.settings)


def test_the_surrogate_learns_where_the_prediction_is_wrong():
    """The prediction takes the first layer for harmless, and all networks of the test lose by the first layer only."""
    truth = np.array([[0.0, 0.2, 0.5, 1.0, 2.0], [0.0] * 5, [0.0] * 5])
    predicted = np.array([[1e-4] * 5, [1e-4, 0.1, 0.3, 1.0, 10.0], [1e-4, 0.1, 0.3, 1.0, 10.0]])
    rng = np.random.default_rng(0)
    assignments = rng.integers(0, 5, (40, 3))
    accuracies = 0.9 / np.sqrt(1 + 2 * truth[np.arange(3), assignments].sum(axis=1))
    learned = Surrogate(predicted).learn(assignments, accuracies)
    harms = learned.harms
    assert (np.diff(harms[0]) > 0).all()
    assert harms[0, 4] > 10 * harms[1:].max()
    unseen = np.array([[4, 0, 0], [0, 4, 4]])
    means, deviations = learned.accuracies(unseen)
    assert means[0] < means[1]
    assert (deviations > 0).all()


def test_deviations_are_alike_where_outputs_of_swaps_are():
    """All multipliers have the same changes. The outputs of the second one are those of the first one.

    The evaluations with the third multiplier agree with equal harms, so that the first one has a deviation.
    """
    changes, far = np.full((3, 3), 0.1), np.inf
    distances = np.array([[0.0, 0.0, np.nan], [0.0, 0.0, far], [far, far, 0.0]])
    evaluated = [[0, 0, 0], *itertools.product([2], [0, 2], [0, 2]), [0, 2, 2], [0, 2, 0], [0, 0, 2]]
    accuracies = [0.9, *[0.5] * 7]
    model = Surrogate(changes, np.repeat(distances[None], 3, axis=0))
    assert model.likeness[0].tolist() == [[1, 1, 0], [1, 1, 0], [0, 0, 1]]
    means, deviations = model.learn(evaluated, accuracies).accuracies(np.array([[1, 1, 1], [2, 1, 1]]))
    assert means[0] > means[1] + 0.1
    unknown, _ = Surrogate(changes).learn(evaluated, accuracies).accuracies(np.array([[1, 1, 1]]))
    assert means[0] > unknown[0] + 0.1
    assert (deviations > 0).all()


def test_stopped_evaluations_count_less():
    """An accuracy of 8 samples says less about assignments with the same harms than one of all samples."""
    assignments, accuracies = [[0, 0, 0], [1, 1, 1]], [0.9, 0.1]
    model, unseen = Surrogate(np.full((3, 3), 0.1)), np.array([[1, 1, 2]])
    assert early_stop.variances([0.9, 1e300], [64, 64]).tolist() == [0, 0]
    expected = model.learn(assignments, accuracies).accuracies(unseen)
    same = model.learn(assignments, accuracies, early_stop.variances(accuracies, [64, 64])).accuracies(unseen)
    fewer = model.learn(assignments, accuracies, early_stop.variances(accuracies, [64, 8])).accuracies(unseen)
    np.testing.assert_array_equal(same, expected)
    assert fewer[0] > expected[0] + 0.01
    assert fewer[1] > expected[1]


def test_accuracies_do_not_depend_on_how_many_are_predicted_together(monkeypatch):
    rng = np.random.default_rng(0)
    assignments = rng.integers(0, 5, (50, 3))
    learned = Surrogate(rng.uniform(0, 1, (3, 5))).learn(assignments[:20], rng.uniform(0, 1, 20))
    expected = learned.accuracies(assignments)
    monkeypatch.setattr(surrogate, "_AT_ONCE", 7)
    np.testing.assert_allclose(learned.accuracies(assignments), expected, rtol=1e-9)


@pytest.mark.parametrize("values", [[0.5], [0.0, 0.0], [1.0, 1.0], [-3e6, -1.0], [1e-300, 0.0]])
def test_harms_are_finite_for_every_measure(values):
    changes = np.array([[0.0, np.inf, 1e300], [np.nan, 1e-300, 1.0]])
    harms = Surrogate(changes).learn([[0, 1], [2, 2]][: len(values)], values).harms
    assert harms.shape == changes.shape
    assert np.isfinite(harms).all()
    assert (harms > 0).all()


def test_the_expected_gain_is_that_of_random_accuracies():
    front = [Point((), 0.3, 0.1, "", 1, 0), Point((), 0.7, 0.6, "", 1, 1)]
    energies, means, deviations = np.array([0.05, 0.4, 0.8, 1.2]), np.array([0.2, 0.6, 0.75, 0.9]), np.full(4, 0.1)
    gains = expected_gains(energies, means, deviations, front, 1.0, 0.0)
    before = hypervolume(front, 1.0)
    draws = np.random.default_rng(0).normal(means, deviations, (20000, 4))
    for column in range(3):
        points = [[*front, Point((), accuracy, energies[column], "", 1, 2)] for accuracy in draws[:2000, column]]
        grown = [hypervolume(each, 1.0) - before for each in points]
        assert gains[column] == pytest.approx(np.mean(grown), abs=5 * np.std(grown) / np.sqrt(len(grown)))
    assert gains[3] == 0


@pytest.mark.parametrize("tiles", [None, 1, 2])
def test_neighbours_are_all_allowed_and_differ_in_one_layer_or_one_tile(tiles):
    energies = np.outer([0.5, 0.3, 0.2], [1.0, 2.0, 4.0])
    choice = Choice(energies, tiles, {1: 2}, 3.2)
    begin = np.array([[0, 2, 0], [2, 2, 2]])
    expected = set()
    for row in begin:
        for changed in itertools.product(range(3), repeat=3):
            differs = [i for i in range(3) if changed[i] != row[i]]
            one_tile = len({(row[i], changed[i]) for i in differs}) == 1 and len(set(row[differs])) == 1
            one_tile = one_tile and all(i in differs for i in range(3) if row[i] == row[differs[0]])
            if len(differs) <= 1 or one_tile:
                expected.add((changed[0], 2, changed[2]))
    expected = {row for row in expected if tiles is None or len(set(row)) <= tiles}
    expected = {row for row in expected if energies[np.arange(3), row].sum() <= 3.2}
    assert set(map(tuple, choice.neighbours(begin).tolist())) == expected
    assert expected or tiles == 1


def test_the_search_uses_what_the_surrogate_learned(tmp_path):
    """The prediction of the wrong layer costs evaluations of the first front only."""
    search = searching(tmp_path, budget=30, early_stop=False)
    wrong = search.sensitivity.predicted[:, ::-1].copy()  # the best multiplier is believed to be the worst
    prediction = Prediction(search.space, search.sensitivity._replace(predicted=wrong), 8)
    search._proposals._prediction = prediction
    search.run()
    front = search.front()
    learned = [point for point in front if point.origin == "prediction" and point.assignment not in prediction.front]
    assert len(learned) > len(front) / 2


def test_nothing_is_learned_before_the_first_evaluation(tmp_path):
    """Other workers have the whole predicted front, and have not evaluated any of it yet."""
    search = searching(tmp_path, names=NAMES[:2], tiles=1)
    front = search._proposals._prediction.front
    for assignment in front:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # the heartbeat is not for `ask`
            trial = search.study.ask()
        trial.set_user_attr(CANDIDATE, {"assignment": list(assignment), ORIGIN: "prediction"})
    assert search._trials.random_state() == len(front) == 2
    search._proposals.propose(search.points, search.front, by_chance=False)
    assert not search._trials.are_waiting()


def test_tiles_and_constraints(tmp_path):
    search = searching(tmp_path, tiles=2, fixed={"a": "mul8u_drum6"}, max_energy=0.3, min_accuracy=0.7, exclude=["c"])
    search.run()
    points = search.points()
    assert search.space.layers == ["a", "b"]
    assert len(points) == 4  # the constraints allow no other points
    assert {point.assignment[0] for point in points} == {"mul8u_drum6"}
    assert all(point.energy <= 0.3 for point in points)
    assert all(point.accuracy >= 0.7 for point in search.front())


def test_hopeless_candidates_stop_early(tmp_path):
    search = searching(tmp_path, budget=40, predicted=False)
    search.run()
    early = [point for point in search.points() if point.samples < 400]
    assert early
    assert not set(early) & set(search.front())


def test_the_same_seed_gives_the_same_search_interrupted_or_not(tmp_path):
    for name in ("whole", "cut"):
        (tmp_path / name).mkdir()
    whole = searching(tmp_path / "whole", seed=3)
    whole.run()

    class Interrupted(Harm):
        def outputs(self, data, start, stop):
            if self.evaluations in (3, 8):
                self.evaluations += 1
                raise KeyboardInterrupt
            return super().outputs(data, start, stop)

    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            searching(tmp_path / "cut", Interrupted(), seed=3).run()
    cut = searching(tmp_path / "cut", seed=3)
    cut.run()
    assert figures(cut) == figures(whole)
    assert len(figures(cut)) == 14


WORKER = """
import sys
sys.path[:0] = sys.argv[4:]
from test_search import Harm, searching
searching(sys.argv[1], Harm(0.03), storage=sys.argv[2], budget=int(sys.argv[3]), seed=5).run()
"""


def start_worker(folder, url, budget):
    paths = [os.path.dirname(__file__)]
    return subprocess.Popen([sys.executable, "-c", WORKER, str(folder), url, str(budget), *paths])


def test_a_search_that_was_killed_goes_on(tmp_path):
    url = f"sqlite:///{tmp_path}/study.db"
    worker = start_worker(tmp_path, url, 12)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        with contextlib.suppress(Exception):
            if len(optuna.load_study(study_name="search", storage=url).get_trials(deepcopy=False)) > 3:
                break
        time.sleep(0.2)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    again = searching(tmp_path, budget=12, seed=5)
    again.run()
    (tmp_path / "whole").mkdir()
    whole = searching(tmp_path / "whole", budget=12, seed=5)
    whole.run()
    assert figures(again) == figures(whole)


@pytest.fixture
def postgresql(tmp_path):
    """Address of a PostgreSQL server that runs for one test."""
    pytest.importorskip("psycopg2")
    folders = [f"/usr/lib/postgresql/{version}/bin" for version in range(20, 11, -1)]
    initdb = shutil.which("initdb", path=os.pathsep.join([os.environ.get("PATH", ""), *folders]))
    if initdb is None:
        pytest.skip("PostgreSQL is not installed")
    binaries, data = os.path.dirname(os.path.realpath(initdb)), "/tmp/tfapprox-postgresql-" + str(os.getpid())
    user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
    if user and (shutil.which("setpriv") is None or subprocess.run(["id", "postgres"], capture_output=True).returncode):
        pytest.skip("PostgreSQL does not run as root, and there is no user postgres")
    os.mkdir(data)
    try:
        if user:
            shutil.chown(data, "postgres", "postgres")
        subprocess.run([*user, initdb, "-D", f"{data}/db", "-U", "me", "-A", "trust"], check=True, capture_output=True)
        options = f"-c listen_addresses='' -c unix_socket_directories={data} -c fsync=off"
        start = [*user, f"{binaries}/pg_ctl", "-D", f"{data}/db", "-w", "-o", options, "-l", f"{data}/log", "start"]
        subprocess.run(start, check=True, stdout=subprocess.DEVNULL, timeout=120)
        yield f"postgresql://me@/postgres?host={data}"
    finally:
        stop = [*user, f"{binaries}/pg_ctl", "-D", f"{data}/db", "-m", "immediate", "stop"]
        subprocess.run(stop, check=False, capture_output=True)
        shutil.rmtree(data, ignore_errors=True)


def check_counts(search, budget):
    """The budget is spent exactly, on different assignments, each of which one worker evaluated."""
    assignments = [point.assignment for point in search.points()]
    assert len(assignments) == budget
    assert len(set(assignments)) == budget
    failed = optuna.trial.TrialState.FAIL
    begun = [trial for trial in search.study.get_trials() if "begun" in trial.user_attrs and trial.state != failed]
    assert sum("samples" in trial.user_attrs for trial in begun) == budget


@pytest.fixture(params=["sqlite", "postgresql"])
def storage(request, tmp_path):
    return f"sqlite:///{tmp_path}/s.db" if request.param == "sqlite" else request.getfixturevalue("postgresql")


def test_three_workers_of_which_one_dies_and_one_pauses(tmp_path, storage):
    budget = 24
    begun = searching(tmp_path, storage=storage, budget=budget, seed=5)
    workers = [start_worker(tmp_path, storage, budget) for _ in range(3)]
    try:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and len(begun.points()) < 4:
            time.sleep(0.1)
        workers[0].send_signal(signal.SIGKILL)
        workers[1].send_signal(signal.SIGSTOP)
        time.sleep(1)
        workers[1].send_signal(signal.SIGCONT)
        assert [worker.wait(timeout=240) for worker in workers[1:]] == [0, 0]
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
    check_counts(begun, budget)
    assert begun.front()


class Hooked(Harm):
    """Calls a function while it evaluates for the first time."""

    def outputs(self, data, start, stop):
        hook, self.hook = self.hook, None
        if hook is not None:
            hook()
        return super().outputs(data, start, stop)


def run_until(search, count):
    """Runs a search until `count` evaluations are done, as the last ones are those of a worker that does not go on."""

    def report(evaluated, _):
        if evaluated == count:
            raise InterruptedError

    with contextlib.suppress(InterruptedError):
        search.run(report)


def test_workers_at_the_same_time_evaluate_nothing_twice(tmp_path):
    """The second worker does all but one of the evaluations while the first one is at its first."""
    first, second = searching(tmp_path, Hooked(), seed=5), searching(tmp_path, seed=5)
    first.network.hook = lambda: run_until(second, 13)
    first.run()
    assert second.network.evaluations == 13
    assert first.network.evaluations == 1
    check_counts(first, 14)


@pytest.mark.parametrize("is_done", [False, True])
def test_a_paused_worker_whose_evaluation_was_given_away_does_not_count(tmp_path, is_done):
    """The second worker evaluates the assignment of the first one, or has begun to, when the first one comes back."""
    first, second = searching(tmp_path, Hooked(), seed=5), searching(tmp_path, seed=5)

    def give_away():
        [running] = first.study.get_trials(states=[optuna.trial.TrialState.RUNNING])
        assert first.study._storage.set_trial_state_values(running._trial_id, optuna.trial.TrialState.FAIL)
        second._trials.return_lost()
        if is_done:
            run_until(second, 5)

    first.network.hook = give_away
    first.run()
    check_counts(first, 14)
    assert first.network.evaluations + second.network.evaluations == 15


def ask(search):
    with pytest.warns(UserWarning, match="Heartbeat"):
        return search.study.ask()


def test_two_workers_do_not_take_the_same_trial_from_the_queue(tmp_path, storage):
    first, second = searching(tmp_path, storage=storage), searching(tmp_path, storage=storage)
    for _ in range(20):
        first._proposals.propose(first.points, first.front, False)
        meeting, taken = threading.Barrier(2), []

        def take(search, meeting=meeting, taken=taken):
            meeting.wait()
            taken.append(search.study._pop_waiting_trial_id())

        threads = [threading.Thread(target=take, args=(search,)) for search in (first, second)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len([trial for trial in taken if trial is not None]) == 1


def test_an_assignment_of_a_dead_worker_is_taken_over(tmp_path):
    search = searching(tmp_path, seed=5)
    search._proposals.propose(search.points, search.front, False)
    trial, other = ask(search), ask(search)
    claim = {"assignment": list(search._proposals.parameters.assignment(trial)), "origin": "prediction"}
    search._trials.claim(trial, claim)
    with pytest.raises(optuna.TrialPruned, match="another worker evaluates this assignment"):
        search._trials.claim(other, claim)
    search.study.tell(other, state=optuna.trial.TrialState.PRUNED)
    trial.set_user_attr("worker", f"{socket.gethostname()}:1:2")
    search.run()
    check_counts(search, 14)
    assert search.points()[0].assignment == tuple(claim["assignment"])


def test_results(tmp_path):
    from tfapprox.search import html_report, plots

    pytest.importorskip("matplotlib")
    search = searching(tmp_path)
    search.run()
    known, written = results.write_results(search, str(tmp_path / "out"), "tfapprox search")
    again = json.loads((tmp_path / "out" / "front.json").read_text())
    assert again == json.loads(json.dumps(known))
    assert len(again["hypervolume"]) <= 14
    assert (again["reference"], again["reference is exact"], again["reference energy"]) == ("mul8u_exact", True, 0.4)
    rows = (tmp_path / "out" / "front.csv").read_text().splitlines()
    assert len(rows) == 1 + len(search.front())
    for entry, point in zip(again["front"], search.front()):
        assignment = read_assignment(tmp_path / "out" / entry["file"])
        assert tuple(choice.multiplier for choice in assignment.values()) == point.assignment
        assert all(choice.sha256 == load_truth_table(choice.multiplier).sha256 for choice in assignment.values())
    assert all(os.path.getsize(path) for path in written + plots.write_plots(known, search.sensitivity, str(tmp_path)))
    page = html_report.report(known, search.sensitivity)
    assert page.count("<svg") == 4
    assert "src=" not in page
    assert "of the energy of exact multipliers. Energy is" in page
    without = {**known, "reference": "mul8u_drum4", "reference is exact": False}
    assert "of the energy of mul8u_drum4 in all layers. Energy is" in html_report.report(without, search.sensitivity)
    for figure in (plots.front_plot(without), plots.layer_energy_plot(without)):
        (axes,) = figure.axes
        assert axes.get_xlabel().endswith("relative to mul8u_drum4 in all layers")
        figure.canvas.draw()
        assert not axes.get_legend().get_window_extent().overlaps(axes.get_window_extent())
    nothing = plots.front_plot({**known, "front": [], "uniform": []})  # no assignment meets the constraints
    assert nothing.axes[0].get_legend() is None
    assert known["compensated"] is False
    assert "after compensation" not in page
    assert "accuracy after compensation on it" in html_report.report({**known, "compensated": True}, search.sensitivity)
    assert known["sha256"][search.front()[0].assignment[0]] in page


def test_long_names_have_room_in_a_plot():
    from tfapprox.search import plots

    pytest.importorskip("matplotlib")
    names = ["a_block/of_several_layers/the_last_one", "b"], ["a_multiplier_with_a_long_name"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plots.as_svg(plots.sensitivity_plot(Sensitivity(*names, np.ones((2, 1)))))


@pytest.mark.parametrize("exact", ["mul2u_exact", "mul4u_exact", "mul8u_exact", "mul8s_exact"])
def test_energy_is_relative_to_the_exact_multiplier_of_every_width(exact):
    """The exact multiplier is the reference also where an approximate one costs more."""
    names = [exact, exact.replace("exact", "zero")]
    sha256 = {exact: load_truth_table(exact, int(exact[3])).sha256, names[1]: ""}
    space = Space(["a"], [1], names, sha256, Costs(dict(zip(names, (0.5, 1.0))), "mW", "a test"))
    search = types.SimpleNamespace(space=space)
    assert results.reference(search) == (exact, True)
    assert results.reference_energy(search) == 0.5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"names": ["mul8u_drum5"]}, "costs must be known for all multipliers; received none for mul8u_drum5"),
        ({"names": ["mul8s_exact"]}, "multipliers must be unsigned, as the layers of the network are"),
        ({"names": []}, "multipliers must be one or more; received none"),
        ({"fixed": {"x": "mul8u_drum4"}}, "assignment must name layers of the network, a, b, c; received 'x'"),
        ({"exclude": ["a", "b", "c"]}, "exclude must leave a layer; received all layers"),
        ({"tiles": 0}, "tiles must be at least 1"),
        ({"max_energy": 0.2, "tiles": 1, "fixed": {"a": "mul8u_drum6"}}, "max_energy must be at least 0.3 mW"),
        ({"max_energy": 0.01}, "max_energy must be at least 0.1 mW, the lowest energy; received 0.01"),
        ({"min_accuracy": 50}, "min_accuracy must be from 0 to 1; received 50"),
        ({"counting": "twice"}, "counting must be 'true' or 'published'; received 'twice'"),
        ({"budget": 0}, "budget must be at least 1; received 0"),
        ({"storage": "nowhere"}, "storage must be an address such as sqlite:///study.db; received 'nowhere'"),
        ({"worker": True}, "worker must join a search that was begun; received no study 'search' in the storage"),
    ],
)
def test_mistakes(tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        searching(tmp_path, **options)


def test_an_unknown_multiplier(tmp_path):
    with pytest.raises(FileNotFoundError, match="mul8u_unknown"):
        searching(tmp_path, names=["mul8u_unknown"])


def test_a_storage_that_fails_loses_nothing(tmp_path):
    with pytest.raises(OSError, match=r"storage must be a database that can be reached .* unable to open"):
        searching(tmp_path, storage=f"sqlite:///{tmp_path}/missing/study.db")
    search = searching(tmp_path)
    search.run()
    before = figures(search)
    with pytest.raises(ValueError, match=r"study must be of this search; tiles of study 'search' differs: null"):
        searching(tmp_path, tiles=2)
    changed = Samples(DATA.x * 2, DATA.y)
    with pytest.raises(ValueError, match="data of study 'search' differs"):
        searching(tmp_path, data=changed)
    assert figures(searching(tmp_path)) == before


def engine_of(search):
    return search.study._storage._backend.engine


@contextlib.contextmanager
def full_disk(search):
    """SQLite gets no more pages than it has, and these are small and full."""

    def limit(connection, _):
        connection.execute("PRAGMA max_page_count = 1")  # SQLite takes the number of pages that there are

    engine_of(search).dispose()
    connection = sqlite3.connect(engine_of(search).url.database)
    connection.executescript("PRAGMA page_size = 512; VACUUM")
    connection.close()
    sqlalchemy.event.listen(engine_of(search), "connect", limit)
    yield "database or disk is full"
    sqlalchemy.event.remove(engine_of(search), "connect", limit)
    engine_of(search).dispose()


@contextlib.contextmanager
def lost_disk(search):
    """The file of SQLite is not there, as on a network drive that is away."""
    path = engine_of(search).url.database
    os.rename(path, f"{path}.away")
    yield "readonly database|unable to open|no such table"
    os.rename(f"{path}.away", path)


@contextlib.contextmanager
def closed_server(search):
    """PostgreSQL ends all connections, and takes no other one."""
    url = engine_of(search).url.set(database="template1")
    other = sqlalchemy.create_engine(url, isolation_level="AUTOCOMMIT").connect()
    other.exec_driver_sql("ALTER DATABASE postgres ALLOW_CONNECTIONS false")
    other.exec_driver_sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'postgres'")
    yield "not currently accepting connections|terminating connection|closed the connection"
    other.exec_driver_sql("ALTER DATABASE postgres ALLOW_CONNECTIONS true")
    other.close()


@pytest.mark.parametrize(
    ("failure", "storage", "is_new"),
    [(full_disk, "sqlite", False), (lost_disk, "sqlite", True), (closed_server, "postgresql", True)],
    indirect=["storage"],
)
def test_a_storage_that_fails_in_a_run_loses_one_evaluation(tmp_path, capfd, monkeypatch, failure, storage, is_new):
    """The search goes on in the same object, or in a new object, as in another process."""

    class Stopped(Harm):
        def outputs(self, data, start, stop):
            if self.evaluations == 2 and start == 0:
                self.context = failure(self.search)
                self.message = self.context.__enter__()
            return super().outputs(data, start, stop)

    network, options = Stopped(), {"budget": 6, "seed": 3, "storage": storage}
    search = network.search = searching(tmp_path, network, **options)
    if is_new:
        monkeypatch.setattr(workers, "this_worker", lambda: f"{socket.gethostname()}:1:2")
    with pytest.raises(OSError, match=r"^storage must be a database that can be reached") as error:
        search.run()
    monkeypatch.undo()
    network.context.__exit__(None, None, None)
    assert re.search(network.message, str(error.value))
    assert str(error.value).endswith("Finished evaluations are kept; the same command continues")
    assert "Traceback" not in capfd.readouterr().err
    kept = figures(search)
    assert len(kept) >= 2
    again = searching(tmp_path, **options) if is_new else search
    again.run()
    whole = searching(tmp_path, **{**options, "storage": f"sqlite:///{tmp_path}/whole.db"})
    whole.run()
    assert figures(again) == figures(whole)
    assert figures(again)[: len(kept)] == kept


def test_labels_of_the_exact_network_come_from_the_batches_of_an_evaluation(tmp_path):
    """The classes of some networks depend on the batch, because their ranges do."""

    class OfBatch(Harm):
        def outputs(self, data, start, stop):
            is_right = super().outputs(data, start, stop)[:, 1]
            is_above = data.x[start:stop, 0] > data.x[start:stop, 0].mean()
            return np.stack([is_above == is_right, is_above != is_right], axis=1).astype(float)

    search = searching(tmp_path, OfBatch(), data=DATA._replace(y=None), budget=4)
    search.run()
    exact = [point for point in search.points() if set(point.assignment) == {"mul8u_exact"}]
    assert [point.accuracy for point in exact] == [1.0]


class Loss:
    """A measure of one's own, all of whose values are negative, as an object."""

    def __call__(self, outputs, labels):
        return outputs[:, 1].mean() - 20


def test_a_measure_of_ones_own(tmp_path):
    """The search goes on with another object of the class, as in another process."""
    options = {"min_accuracy": -19.8, "tiles": 2, "fixed": {"a": "mul8u_exact"}, "costs": COSTS}
    for budget in (4, 8):
        search = searching(tmp_path, measure=Loss(), budget=budget, **options)
        search.run()
    space, points = search.space, search.points()
    assert len(points) == 8
    assert all(-20 <= point.accuracy <= -19 and space.allows(point.assignment) for point in points)
    known = results.contents(search)
    assert (known["measure"], known["highest accuracy"]) == ("Loss", max(point.accuracy for point in points))
    assert known["hypervolume from"] == min(point.accuracy for point in points)
    assert known["hypervolume"][0] == 0 < known["hypervolume"][-1] < 1
    assert all(point.accuracy >= -19.8 for point in search.front())


def scaled_mean(outputs, labels, scale):
    return scale * float(outputs.mean())


def test_a_measure_with_bound_arguments(tmp_path):
    """It has the name of its function, and the search goes on with the same arguments only."""
    for budget in (1, 2):
        search = searching(tmp_path, measure=functools.partial(scaled_mean, scale=2), budget=budget)
        search.run()
    assert search.measure == "scaled_mean"
    with pytest.raises(ValueError, match="study must be of this search; measure of study"):
        searching(tmp_path, measure=functools.partial(scaled_mean, scale=3), budget=3)


@pytest.mark.parametrize("value", [float("nan"), -float("inf"), 1.7e308])
def test_a_measure_that_is_no_number(tmp_path, value):
    search = searching(tmp_path, measure=lambda outputs, labels: value)
    with pytest.raises(ValueError, match=f"measure must return a finite number .*; received {re.escape(str(value))}"):
        search.run()


def test_a_front_without_points_says_why(tmp_path):
    search = searching(tmp_path, min_accuracy=1.0, exclude=["c"], names=NAMES[2:])
    search.run()
    known = results.contents(search)
    assert known["front"] == []
    highest = max(point.accuracy for point in search.points())
    assert results.unmet(known) == f"No assignment has the minimal accuracy, 1; the highest one found is {highest:g}."
