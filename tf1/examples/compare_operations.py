"""Which operations of a frozen graph two TensorFlows compute differently, each from the same inputs.

With one TensorFlow, `compare_operations.py record GRAPH IMAGES.npz RECORD.npz` keeps the outputs of every operation.
With the other one, `compare_operations.py compare GRAPH RECORD.npz` feeds each operation the recorded inputs, and
compares its outputs.
"""

import os
from collections import defaultdict
from typing import Optional

import numpy as np
import tensorflow as tf
import typer
from rich.table import Table

from tfapprox.common import archives, atomic_files
from tfapprox.terminal import console, stop_on_error
from tfapprox.tf1 import graph as graphs

app = typer.Typer(add_completion=False, help=__doc__)
GIVEN = typer.Option(None, metavar="TYPE", help="Run the whole graph also with recorded outputs of these operations.")
COUNT = typer.Option(16, "--images", min=1, metavar="N", help="Only the first N images, as one batch.")
PLAIN = {tf.quint8: np.uint8, tf.qint32: np.int32, tf.qint8: np.int8}  # dtypes that a file can have


def plain_session(graph):
    """A session that computes the operations of a `GraphDef` as they are, without rewriting them."""
    config = tf.compat.v1.ConfigProto()
    config.graph_options.rewrite_options.disable_meta_optimizer = True
    config.graph_options.optimizer_options.opt_level = -1
    return tf.compat.v1.Session(graph=graphs.imported(graph), config=config)


def difference(new, old):
    """The number of elements that differ, the number of all, and the maximum difference; NaN is equal to NaN."""
    where = (new != old) & ~((new != new) & (old != old))
    return int(where.sum()), where.size, np.abs(new[where].astype(float) - old[where]).max() if where.any() else 0.0


def computing(graph):
    """The operations of a `tf.Graph` that compute something."""
    return [node for node in graph.get_operations() if node.type not in ("Placeholder", "Const", "NoOp")]


def outputs(session, node, feed):
    """The outputs of an operation as plain arrays."""
    values = session.run(list(node.outputs), feed)
    return [
        np.asarray(value).astype(PLAIN.get(tensor.dtype, value.dtype)) for value, tensor in zip(values, node.outputs)
    ]


def record_all(graph, images):
    """Dictionary from a tensor's name to its value, of all tensors that an operation computes."""
    with plain_session(graph) as session:
        (first,), _ = graphs.endpoints(graph)
        feed = {f"{first}:0": images.astype(np.float32)}
        values = dict(feed)
        for node in computing(session.graph):
            values.update(zip((tensor.name for tensor in node.outputs), outputs(session, node, feed)))
    return values


def compare_all(graph, values):
    """Yields each operation, and for each of its outputs its `difference`."""
    (first,), _ = graphs.endpoints(graph)
    start = {f"{first}:0": values[f"{first}:0"]}  # some constants have a control dependency on it
    with plain_session(graph) as session:
        for node in computing(session.graph):
            feed = {tensor.name: values[tensor.name] for tensor in node.inputs if tensor.op.type != "Const"}
            feed.update(start)
            results = outputs(session, node, feed)
            yield node, [difference(new, values[tensor.name]) for new, tensor in zip(results, node.outputs)]


def compare_end(graph, values, given):
    """The maximum difference at the graph's end, computed from its input and the recorded outputs of `given` nodes."""
    with plain_session(graph) as session:
        (first,), (last,) = graphs.endpoints(graph)
        feed = {f"{first}:0": values[f"{first}:0"]}
        for node in session.graph.get_operations():
            if node.type == given:
                feed.update((tensor, values[tensor.name]) for tensor in node.outputs)
        return difference(session.run(f"{last}:0", feed), values[f"{last}:0"])[2]


def show(types, title):
    """Prints the differences that `compare_all` yields as a table, a row for each type of operation."""
    table = Table(title=title)
    for name in ("operation", "nodes", "differ", "elements that differ", "maximum difference"):
        table.add_column(name, justify="left" if name == "operation" else "right")
    for name, nodes in sorted(types.items()):
        differences = [output for node in nodes for output in node]
        elements, size = (sum(output[i] for output in differences) for i in (0, 1))
        differ = sum(any(output[0] for output in node) for node in nodes)
        maximum = max(output[2] for output in differences)
        table.add_row(name, str(len(nodes)), str(differ), f"{elements:,} of {size:,}", f"{maximum:.3g}")
    console.print(table)


@app.command()
def record(graph: str, images: str, output: str, count: int = COUNT):
    """Record the outputs of every operation of GRAPH for the array `images` of an .npz."""
    with stop_on_error({"graph": "GRAPH"}):
        pixels = archives.read(images, "IMAGES", ["images"])["images"]
        values = record_all(graphs.read(graph), pixels[:count])
        named = {name.replace("/", "|"): value for name, value in values.items()}
        with atomic_files.replacing(output) as unfinished, open(unfinished, "wb") as file:
            np.savez(file, version=np.array(tf.__version__), **named)
        console.print(f"wrote {len(values)} tensors of TensorFlow {tf.__version__} to {output}", soft_wrap=True)


@app.command()
def compare(graph: str, recorded: str, given: Optional[str] = GIVEN):
    """Compare each operation with the recorded one, by types of operations; then the ends of the graph."""
    with stop_on_error({"graph": "GRAPH"}):
        definition = graphs.read(graph)
        version = str(archives.read(recorded, "RECORDED", ["version"])["version"])
        arrays = archives.read(recorded, "RECORDED")
        values = {name.replace("|", "/"): array for name, array in arrays.items()}
        types = defaultdict(list)
        for node, differences in compare_all(definition, values):
            types[node.type].append(differences)
        show(types, f"TensorFlow {version} and {tf.__version__}, {os.path.basename(graph)}, each operation by itself")
        end = compare_end(definition, values, None)
        console.print(f"the whole graph from its input: maximum difference at its end {end:.3g}")
        if given:
            end = compare_end(definition, values, given)
            console.print(f"with the recorded outputs of every {given}: {end:.3g}")


if __name__ == "__main__":
    app()
