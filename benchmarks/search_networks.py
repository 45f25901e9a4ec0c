"""Measures the search against NSGA-II alone and uniform assignments, and its prediction against single swaps.

python benchmarks/search_networks.py [--network LeNet-5] [--part search] [--seeds 3] [--graph FILE.pb --images FILE.npz]

The multipliers are all unsigned ones of 8 bits with a power in TFAPPROX_MULTIPLIER_PATH. Each result is a line of
benchmarks/results/search.jsonl, which is written at once. The same command goes on after an interruption.
`search_report.py` makes the tables and figures of docs/search.md from this file.
"""

import argparse
import json
import os
import time
from pathlib import Path

import keras
import numpy as np
from measure import machine
from retraining_networks import NETWORKS, digits, trained

from tfapprox.command_line.network_options import names_and_costs
from tfapprox.common.network import Samples
from tfapprox.search import Point, Search, Settings, front_of, hypervolume, make_space, sensitivity
from tfapprox.search.loading import load_network
from tfapprox.search.results import reference_energy
from tfapprox.search.settings import batch_size
from tfapprox.search.storage import optuna

RESULTS = Path(__file__).parent / "results" / "search.jsonl"
CALIBRATION = 500  # images of the training set, from which ranges, corrections and the prediction are computed
TEST = 1000  # images that measure accuracy
EPOCHS, BATCH = 8, 64
TILES, BUDGET = 3, 100
GENERATIONS, POPULATION = 30, 50  # of NSGA-II alone, as in the ALWANN publication
FROZEN = "frozen ResNet-8"
PARTS = ["search", "nsga2", "swaps", "search with swaps"]
PARTS += [f"compensated {part}" for part in PARTS]


class Bench:
    """A network, its samples and the space that is searched.

    Args:
        name: name of the network.
        is_compensated: whether layers are compensated for each assignment.
        has_swaps: whether the search begins with the changes by single swaps.
        arguments: those of the command line.
    """

    def __init__(self, name, is_compensated, has_swaps, arguments):
        if name == FROZEN:
            with np.load(arguments.images) as file:
                self.data = self.calibration = Samples(file[file.files[0]].astype(np.float32))
            self.network = load_network(str(arguments.graph), self.data)
        else:
            (x, y), (test_x, test_y) = digits()
            self.calibration = Samples(x[:CALIBRATION], y[:CALIBRATION])
            self.data = Samples(test_x[:TEST], test_y[:TEST])
            path = arguments.folder / f"{name}.keras"
            trained(name, 0, path, lambda model: _fit(model, x, y))
            self.network = load_network(str(path), self.calibration, compensate=is_compensated)
        names, costs = names_and_costs(["mul8u_*"], None, "power_mW", False, [])
        self.space = make_space(self.network.layers(), names, costs, tiles=TILES)
        self.labels = self.data.y
        if self.labels is None:
            with self.network.exact():
                self.labels = self.network.classes(self.data, batch_size(len(self.data.x)))
        self.folder, self._sensitivity, self._has_swaps = arguments.folder, None, has_swaps

    def swaps(self, seed):
        """The prediction and single swaps, both on the samples of the calibration."""
        return sensitivity(self.network, self.calibration, self.space.multipliers, swaps=True).to_dict()

    def search(self, seed):
        """The search of this package, and then each multiplier in all layers."""
        if self._sensitivity is None:
            names = self.space.multipliers
            options = {"swaps": self._has_swaps, "batch_size": batch_size(len(self.data.x))}
            self._sensitivity = sensitivity(self.network, self.calibration, names, **options)
        path = self.folder / f"{self.network.fingerprint()[:16]}-{seed}{'-swaps' * self._has_swaps}.db"
        path.unlink(missing_ok=True)  # a search that was interrupted would be timed in part only
        url, settings = f"sqlite:///{path}", Settings(budget=BUDGET, seed=seed)
        search = Search(self.network, self.data, self.space, self._sensitivity, storage=url, settings=settings)
        start = time.perf_counter()
        search.run()
        seconds = {"all": time.perf_counter() - start, **search.seconds}
        points, count = search.points(), len(self.data.x)
        search.evaluate_uniform()
        uniform = [point for point in search.points() if len(set(point.assignment)) == 1]
        complete = [point for point in points if point.samples == count]
        row = self._figures([point if point in complete else None for point in points], reference_energy(search))
        above = [point for point in uniform if not any(_dominates(other, point) for other in complete)]
        figures = {"uniform": len(uniform), "above": [[point.assignment[0], point.accuracy] for point in above]}
        return {**row, **figures, "seconds": {key: round(value, 2) for key, value in seconds.items()}}

    def nsga2(self, seed):
        """NSGA-II of Optuna alone, in memory; an assignment that it proposes again counts, and is not computed."""
        module, known, points = optuna(), {}, []
        layers, names = self.space.layers, self.space.multipliers

        def objective(trial):
            tiles = [trial.suggest_categorical(f"tile {i}", names) for i in range(TILES)]
            chosen = tuple(tiles[trial.suggest_categorical(layer, list(range(TILES)))] for layer in layers)
            if chosen not in known:
                self.network.assign(dict(zip(layers, chosen)))
                batch = batch_size(len(self.data.x))
                known[chosen] = self.network.evaluate(self.data, labels=self.labels, batch_size=batch).accuracy
            points.append(Point(chosen, known[chosen], self.space.energy(chosen), "", 0, 0))
            return points[-1].accuracy, points[-1].energy

        sampler = module.samplers.NSGAIISampler(population_size=POPULATION, seed=seed)
        study = module.create_study(directions=["maximize", "minimize"], sampler=sampler)
        study.optimize(objective, n_trials=GENERATIONS * POPULATION)
        costs = self.space.costs.values
        return {**self._figures(points, costs["mul8u_1JFF"] if "mul8u_1JFF" in costs else max(costs.values()))}

    def _figures(self, points, reference):
        """The hypervolume where it grew, and the front; `None` is a point that was not evaluated on all samples."""
        curve, area = [], 0.0
        for number in range(1, len(points) + 1):
            now = hypervolume([point for point in points[:number] if point], reference) / reference
            if now > area:
                curve.append([number, round(now, 6)])
                area = now
        front = [
            [round(point.energy / reference, 5), point.accuracy, list(point.assignment)]
            for point in front_of([point for point in points if point])
        ]
        different = len({point.assignment for point in points if point})
        return {"evaluations": len(points), "different": different, "curve": curve, "front": front}


def _fit(model, x, y):
    """Trains a network in floating point."""
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(x, y, epochs=EPOCHS, batch_size=BATCH, verbose=0)


def _dominates(point, other):
    """Whether a point has at least the accuracy of another one at no more energy."""
    return point.accuracy >= other.accuracy and point.energy <= other.energy


def main():
    """Measures what the file of results does not have yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", action="append", choices=[*NETWORKS, FROZEN], help="may be repeated")
    parser.add_argument("--part", action="append", choices=PARTS, help="may be repeated; default: the first four")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--graph", type=Path, help="frozen graph with AxConv2D nodes")
    parser.add_argument("--images", type=Path, help=".npz file of the images for the graph")
    parser.add_argument("--folder", type=Path, default=Path("build/search"), help="of trained networks and databases")
    parser.add_argument("--results", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    lines = arguments.results.read_text().splitlines() if arguments.results.exists() else []
    done = {tuple(json.loads(line)[key] for key in ("network", "part", "seed")) for line in lines}
    benches = {}
    for name in arguments.network or [*NETWORKS, *([FROZEN] if arguments.graph else [])]:
        for part in arguments.part or PARTS[:4]:
            method = part.replace("compensated ", "").replace(" with swaps", "")
            for seed in range(1 if method == "swaps" else arguments.seeds):
                if (name, part, seed) in done:
                    continue
                key = name, part.startswith("compensated"), part.endswith("with swaps")
                bench = benches[key] = benches.get(key) or Bench(*key, arguments)
                start = time.perf_counter()
                figures = getattr(bench, method)(seed)
                row = {"network": name, "part": part, "seed": seed, "samples": len(bench.data.x), **figures}
                row.update(minutes=round((time.perf_counter() - start) / 60, 2), machine=machine())
                with open(arguments.results, "a", encoding="utf-8") as file:
                    file.write(json.dumps(row) + "\n")
                print(f"{name}, {part}, seed {seed}: {row['minutes']} minutes", flush=True)


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main()
