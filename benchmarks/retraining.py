"""Measures what retraining gives back: networks, multipliers, gradients and seeds, each pair before and after training.

python benchmarks/retraining.py [--quick] [--network LeNet-5] [--seeds 5] [--folder build/retraining]

Each result is a line of `FOLDER/NETWORK.jsonl`, which is written at once. The same command goes on after an
interruption. `retraining_report.py` makes the table and the plot of docs/retraining.md from these files.
"""

import argparse
import contextlib
import functools
import itertools
import json
import logging
import os
import time
from pathlib import Path

import keras
from measure import machine
from retraining_networks import NETWORKS, digits, trained

from tfapprox.common import load_truth_table, multipliers
from tfapprox.tf2 import approximate_model, calibrate, compensate, retrain, set_multiplier, trained_weights
from tfapprox.tf2.training.epoch_order import OrderOfEpoch, ShuffledBatches

EXACT = "mul8u_exact"
LARGE_ERRORS = ["mul8u_trunc10", "mul8u_bam_h5_v10"]
RM8 = "mul8u_trunc8"  # without the 8 right-most columns of partial products: rm8 in the literature
GENERATED = [RM8, *LARGE_ERRORS, "mul8u_drum3", "mul8u_mitchell", "mul8u_kulkarni"]
# Circuits of EvoApproxLib whose products are distorted. Nothing generates them: they are measured where one of the
# folders of multipliers, or SHARED, has their tables.
PUBLISHED = ["mul8u_QKX", "mul8u_YX7"]
SHARED = Path(__file__).resolve().parents[2] / "shared" / "data" / "multipliers"
METHODS = ["straight_through", "table_1d", "table_2d", "batch_norm"]
BASIC = [None, "straight_through", "table_1d"]  # `None` is untrained
# Networks, multipliers and methods; each with all seeds, and all but the exact one with and without compensation.
EXPERIMENT = [
    ("LeNet-5", [EXACT], [None]),
    ("LeNet-5", PUBLISHED, BASIC),
    ("ResNet-8", [EXACT], [None]),
    ("ResNet-8", LARGE_ERRORS, BASIC),
    ("Plain-12", [EXACT], [None]),
    ("Plain-12", [RM8], BASIC),
    ("LeNet-5", PUBLISHED, ["table_2d"]),
    ("LeNet-5", GENERATED, [*BASIC, "batch_norm"]),
    ("ResNet-8", GENERATED, BASIC),
    ("LeNet-5", LARGE_ERRORS, ["table_2d"]),
    ("ResNet-8", GENERATED, ["batch_norm"]),
    ("ResNet-8", PUBLISHED, BASIC),
]
CALIBRATION = 500  # images of the training set, from which ranges and corrections are computed
BATCH, EPOCHS, RATE = 64, 3, 1e-3
RATE_OF_OFFSETS = 1e-2  # biases and normalisation are few parameters, and need a higher learning rate


def optimizer(rate, samples, epochs):
    """Adam, whose learning rate falls to 0 along a cosine."""
    return keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(rate, -(-samples // BATCH) * epochs))


class Bench:
    """One approximate network, which is trained again and again from other weights: tracing takes longer than training.

    Args:
        exact: the network in floating point.
        method: one of `METHODS`; `None` leaves it untrained.
        is_compensated: whether errors are compensated before the training.
        data: what `digits` returns.
        epochs: number of passes over the training images.
    """

    def __init__(self, exact, method, is_compensated, data, epochs):
        self.training, self.test = data
        self.sample, self.epochs = self.training[0][:CALIBRATION], epochs
        is_full = method != "batch_norm"
        options = {"gradient": method} if method in ("table_1d", "table_2d") else {}
        self.model = approximate_model(exact, EXACT, data=self.sample, **options)
        self.method, self.is_compensated = method, is_compensated
        self.kept = contextlib.ExitStack()
        self.kept.enter_context(trained_weights(self.model, "full" if is_full else "batch_norm"))
        rate = optimizer(RATE if is_full else RATE_OF_OFFSETS, len(self.training[0]), epochs)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        self.model.compile(rate, loss, metrics=["accuracy"])

    def measure(self, exact, name, seed):
        """The accuracy with one multiplier: untrained, or after each epoch.

        Args:
            exact: the network in floating point, with the weights to begin with.
            name: name of the multiplier.
            seed: of the order of the images.
        """
        model = self.model
        model.set_weights(exact.get_weights())
        for variable in model.optimizer.variables:
            variable.assign(keras.ops.zeros_like(variable))
        set_multiplier(model, name)
        calibrate(model, self.sample)
        if self.is_compensated:
            compensate(model, self.sample)
        if self.method is None:
            return [float(model.evaluate(*self.test, batch_size=250, verbose=0)[1])]
        batches = ShuffledBatches(*self.training, BATCH, seed)
        figures = model.fit(
            batches,
            epochs=self.epochs,
            validation_data=self.test,
            validation_batch_size=250,
            callbacks=[OrderOfEpoch(batches)],
            shuffle=False,
            verbose=0,
        )
        return figures.history["val_accuracy"]


def available(names):
    """The names whose tables are here; the others are printed."""
    folders = [os.environ.get(multipliers.SEARCH_PATH_VARIABLE), str(SHARED)]
    os.environ[multipliers.SEARCH_PATH_VARIABLE] = os.pathsep.join(filter(None, folders))
    here = []
    for name in names:
        try:
            load_truth_table(name)
            here.append(name)
        except FileNotFoundError:
            print(f"{name} is skipped: there is no table of this name in {folders[-1]} or a folder of multipliers")
    return here


def cases(networks, names, methods, seeds):
    """What is measured of `EXPERIMENT`, in an order in which the first results say most.

    Args:
        networks: names of networks.
        names: names of multipliers.
        methods: some of `METHODS`.
        seeds: number of seeds.
    """
    for network, group, kinds in EXPERIMENT:
        for seed, name in itertools.product(range(seeds), group):
            for is_compensated in (False, True) if name != EXACT else (False,):
                for method in kinds:
                    if network in networks and name in names and method in [None, *methods]:
                        yield network, seed, name, is_compensated, method


def main():
    """Measures what the files do not have yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one seed and epoch of LeNet-5 with two multipliers")
    parser.add_argument("--network", action="append", choices=list(NETWORKS), help="may be repeated; default: all")
    parser.add_argument("--multiplier", action="append", help="may be repeated")
    parser.add_argument("--method", action="append", choices=METHODS, help="may be repeated; default: all")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--folder", type=Path, default=Path("build/retraining"))
    arguments = parser.parse_args()
    logging.getLogger("tfapprox").setLevel(logging.ERROR)
    networks, names = arguments.network or list(NETWORKS), arguments.multiplier or [EXACT, *GENERATED, *PUBLISHED]
    epochs, of_exact, seeds, folder = EPOCHS, 18, arguments.seeds, arguments.folder
    if arguments.quick:
        networks, names = ["LeNet-5"], [EXACT, "mul8u_trunc10"]
        epochs, of_exact, seeds, folder = 1, 2, 1, folder / "quick"
    folder.mkdir(parents=True, exist_ok=True)
    data, done = digits(), set()
    for path in folder.glob("*.jsonl"):
        rows = map(json.loads, path.read_text().splitlines())
        done |= {tuple(row[key] for key in ("network", "seed", "multiplier", "compensated", "method")) for row in rows}
    benches, exacts = {}, {}
    methods = arguments.method or METHODS
    for network, seed, name, is_compensated, method in cases(networks, available(names), methods, seeds):
        if (network, seed, name, is_compensated, method) in done:
            continue
        if (network, seed) not in exacts:
            rate = optimizer(2e-3, len(data[0][0]), of_exact)
            fit = functools.partial(retrain, data=data[0], epochs=of_exact, optimizer=rate, seed=seed)
            exacts[network, seed] = trained(network, seed, folder / f"{network}-{seed}-{of_exact}.keras", fit)
        exact, key = exacts[network, seed], (network, method, is_compensated)
        if key not in benches:
            benches[key] = Bench(exact, method, is_compensated, data, epochs)
        start = time.perf_counter()
        curve = benches[key].measure(exact, name, seed)
        row = {"network": network, "seed": seed, "multiplier": name, "compensated": is_compensated, "method": method}
        row.update(accuracy=curve, seconds=round(time.perf_counter() - start, 1), epochs=epochs)
        row.update(sha256=load_truth_table(name).sha256[:16], cpu=machine()["cpu"])
        with open(folder / f"{network}.jsonl", "a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        done.add((network, seed, name, is_compensated, method))
        print(f"{network} {seed} {name} {'compensated ' * is_compensated}{method}: {curve[-1]:.3f}", flush=True)


if __name__ == "__main__":
    main()
