"""Time of one batch of ResNet-8 with AxConv2D, and the share of it that is spent in other operations.

Prints JSON. Before anything is timed, the exact multiplier must give the logits of TensorFlow's own QuantizedConv2D.
The alternative in the same run is that graph. The graphs are those of ../shared/data/resnet8.
"""

import json
import pathlib
import statistics
import sys
import time
from typing import List

import numpy as np
import tensorflow as tf
import typer
from measure import machine

import tfapprox
from tfapprox.terminal import stop_on_error
from tfapprox.tf1 import graph as graphs
from tfapprox.tf1 import layers

ROOT = pathlib.Path(__file__).resolve().parents[1]
FOLDER = typer.Option(str(ROOT.parent / "shared" / "data" / "resnet8"), "--graphs", help="Folder of the graphs.")
MULTIPLIERS = typer.Option(["mul8u_1JFF", "mul8u_drum4"], "--mult", help="May be repeated.")
BATCH = typer.Option(100, min=1, help="Images in a batch.")
THREADS = typer.Option(2, min=1, help="Threads of TensorFlow.")
RUNS = typer.Option(15, min=3, help="Timed batches, after two others.")

v1 = tf.compat.v1


class Network:
    """A frozen graph in a session with a fixed number of threads."""

    def __init__(self, graph, threads):
        (first,), (last,) = graphs.endpoints(graph)
        self.input, self.output = f"{first}:0", f"{last}:0"
        config = v1.ConfigProto(intra_op_parallelism_threads=threads, inter_op_parallelism_threads=1)
        self.session = v1.Session(graph=graphs.imported(graph), config=config)

    def __call__(self, images, **options):
        """The logits."""
        return self.session.run(self.output, {self.input: images}, **options)

    def median_seconds(self, images, runs):
        """Median over `runs` batches, after two that warm up."""
        seconds = []
        for _ in range(runs + 2):
            start = time.perf_counter()
            self(images)
            seconds.append(time.perf_counter() - start)
        return statistics.median(seconds[2:])

    def share_of_others(self, images, operation, runs):
        """Share of the time in operations that are not of type `operation`; median over traced batches."""
        nodes = {node.name for node in self.session.graph.get_operations() if node.type == operation}
        shares = []
        for _ in range(runs):
            trace = v1.RunMetadata()
            self(images, options=v1.RunOptions(trace_level=v1.RunOptions.FULL_TRACE), run_metadata=trace)
            stats = [stat for device in trace.step_stats.dev_stats for stat in device.node_stats]
            micros = [(stat.node_name in nodes, stat.op_end_rel_micros - stat.op_start_rel_micros) for stat in stats]
            shares.append(sum(time for inside, time in micros if not inside) / sum(time for _, time in micros))
        return statistics.median(shares)


def main(
    folder: str = FOLDER,
    multipliers: List[str] = MULTIPLIERS,
    batch: int = BATCH,
    threads: int = THREADS,
    runs: int = RUNS,
):
    """Time ResNet-8 with each multiplier, tuned and not, and with QuantizedConv2D."""
    with stop_on_error():
        folder = pathlib.Path(folder)
        stock, approximate = (graphs.read(folder / name) for name in ("resnet_8_quant.pb", "resnet_8_quant_ax.pb"))
        macs = batch * sum(layer.macs for layer in layers.layers(approximate))
        with np.load(str(folder / "images64.npz")) as archive:
            images = np.resize(archive["images"], (batch, 32, 32, 3)).astype(np.float32)
        variants = {"QuantizedConv2D": Network(stock, threads)}
        for name in multipliers:
            for tune in (False, True):
                choice = layers.Choice(name, tune)
                variants[f"{name}, {'tuned' if tune else 'not tuned'}"] = Network(
                    layers.assigned(approximate, choice), threads
                )
        exact = Network(layers.assigned(approximate, layers.Choice("mul8u_1JFF", False)), threads)
        if not np.array_equal(exact(images), variants["QuantizedConv2D"](images)):
            sys.exit("the exact multiplier must give the logits of QuantizedConv2D; it does not")
        results = {}
        for name, network in variants.items():
            seconds = network.median_seconds(images, runs)
            operation = "QuantizedConv2D" if name == "QuantizedConv2D" else layers.OPERATION
            others = network.share_of_others(images, operation, 5)
            results[name] = {
                "seconds": round(seconds, 5),
                "share of other operations": round(others, 3),
                "products per second": round(macs / (seconds * (1 - others))),
            }
    versions = {"tfapprox": tfapprox.__version__, "tensorflow": tf.__version__}
    print(
        json.dumps(
            {**machine(), **versions, "batch": batch, "threads": threads, "runs": runs, "results": results}, indent=1
        )
    )


if __name__ == "__main__":
    typer.run(main)
