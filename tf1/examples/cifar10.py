"""Accuracy of a frozen CIFAR-10 graph with approximate multipliers, batch by batch.

The graph gets float32 images [batch, 32, 32, 3] with values from 0 to 255, as the graphs of 2019 do, and scales them
itself. The predicted class is the one with the maximum output.
"""

import time
from typing import Optional

import cifar10_data
import numpy as np
import tensorflow as tf
import typer

from tfapprox.common.argument_error import ArgumentError
from tfapprox.common.assignment import read_assignment
from tfapprox.terminal import console, progress_bar, stop_on_error
from tfapprox.tf1 import convert, layers
from tfapprox.tf1 import graph as graphs

tf.compat.v1.logging.set_verbosity(tf.compat.v1.logging.ERROR)  # leaves out that functions are deprecated

GRAPH = typer.Argument(..., metavar="GRAPH", help="Frozen graph, such as resnet_8_quant_ax.pb.", show_default=False)
DATA = typer.Argument(..., help="cifar-10-python.tar.gz, its folder, .tfrecords or .npz.", show_default=False)
MULT = typer.Option(None, metavar="NAME", help="Multiplier of all layers: a name or a .bin file.")
TUNE = typer.Option(None, "--tune/--no-tune", help="Map each weight to the one whose products have the minimum error.")
LAYERS = typer.Option(None, "--layers", metavar="FILE", help="JSON file: layer -> multiplier (and tune).")
BATCH = typer.Option(100, "--batch-size", min=1, help="Images in a batch.")
LIMIT = typer.Option(None, "--images", min=1, metavar="N", help="Only the first N images.")
INPUT = typer.Option(None, "--input-node", metavar="NODE", help="Instead of the only placeholder.")
OUTPUT = typer.Option(None, "--output-node", metavar="NODE", help="Instead of the only end.")

# What the user types for the arguments with which errors begin.
OPTIONS = {"graph": "GRAPH", "inputs": "--input-node", "outputs": "--output-node"}


def prepare(graph, everywhere, by_layer):
    """The graph with its multipliers set. If nothing is to be set, the graph need not have AxConv2D nodes."""
    if everywhere == layers.UNCHANGED and not by_layer:
        return graph
    layers.layers(graph)  # raises an error if the graph has no AxConv2D node
    return layers.assigned(graph, everywhere, by_layer)


def one(nodes, what):
    """The name of the first output of the only node in `nodes`; `what` begins the error if there are several."""
    if len(nodes) != 1:
        raise ArgumentError(what, f"must be given, because the graph has {nodes}", "none")
    return f"{nodes[0]}:0"


def predictions(graph, input, output, split, batch_size):
    """Yields the classes of each batch, in order, as an array, and its labels.

    Raises:
        ValueError: if the graph does not take the images, or has another output than a row of classes for each.
    """
    with tf.compat.v1.Session(graph=graphs.imported(graph)) as session:
        dtype = session.graph.get_tensor_by_name(input).dtype.as_numpy_dtype
        for start in range(0, len(split.labels), batch_size):
            images, labels = (array[start : start + batch_size] for array in split)
            try:
                logits = session.run(output, {input: images.astype(dtype)})
            except (tf.errors.OpError, ValueError) as error:
                raise ArgumentError("graph", "must run on the images", getattr(error, "message", error)) from error
            if logits.ndim != 2 or len(logits) != len(labels):
                raise ValueError(f"{output} must be [{len(labels)}, classes]; received {list(logits.shape)}")
            yield np.argmax(logits, axis=1), labels


def main(
    graph: str = GRAPH,
    data: str = DATA,
    mult: Optional[str] = MULT,
    tune: Optional[bool] = TUNE,
    layers_file: Optional[str] = LAYERS,
    batch_size: int = BATCH,
    images: Optional[int] = LIMIT,
    input_node: Optional[str] = INPUT,
    output_node: Optional[str] = OUTPUT,
):
    """Accuracy of a frozen CIFAR-10 graph, batch by batch. Layers keep their multipliers unless options set others."""
    with stop_on_error(OPTIONS):
        by_layer = read_assignment(layers_file) if layers_file else {}
        prepared = prepare(graphs.read(graph), layers.Choice(mult, tune), by_layer)
        ends = graphs.endpoints(prepared, [input_node] if input_node else [], [output_node] if output_node else [])
        ends = [one(nodes, what) for nodes, what in zip(ends, ("inputs", "outputs"))]
        split = cifar10_data.Split(*(array[:images] for array in cifar10_data.load(data)))
        total, right, start = len(split.labels), 0, time.perf_counter()
        with progress_bar() as bar:
            task = bar.add_task("images", total=total)
            for number, (classes, labels) in enumerate(predictions(prepared, *ends, split, batch_size), 1):
                correct = int((classes == labels).sum())
                right += correct
                bar.advance(task, len(labels))
                text = f"batch {number}: {correct / len(labels):.2%} ({correct} of {len(labels)})"
                console.print(text, highlight=False)
    seconds = time.perf_counter() - start
    console.print(
        f"accuracy {right / total:.2%} ({right} of {total} images) in {seconds:.2f} s", style="bold", highlight=False
    )
    if convert.normalises_by_batch(prepared):
        console.print(
            f"The graph normalises by the statistics of a batch: state the batch size, {batch_size}.", highlight=False
        )


if __name__ == "__main__":
    typer.run(main)
