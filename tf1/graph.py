"""Frozen graphs: reading and writing files, and the nodes where a graph begins and ends."""

from __future__ import annotations

import os
from typing import Any, Sequence

import tensorflow as tf
from google.protobuf.message import DecodeError

from tfapprox.common import atomic_files, regular_files
from tfapprox.common.argument_error import ArgumentError
from tfapprox.common.tflite import refuse_tflite

MAX_BYTES = 2**31 - 1  # protocol buffers, and so graphs, have at most this size


def read(path: str | os.PathLike[str]) -> tf.compat.v1.GraphDef:
    """The `GraphDef` in a file.

    Raises:
        OSError: if the file cannot be read.
        ValueError: if it is not a frozen graph, not a regular file, or larger than 2 GiB.
    """
    content = regular_files.read(path, MAX_BYTES, "graph")
    refuse_tflite(path if os.fspath(path).endswith(".tflite") else content, "graph")
    try:
        graph = tf.compat.v1.GraphDef.FromString(content)
    except DecodeError:
        graph = tf.compat.v1.GraphDef()
    if not graph.node or not all(node.name and node.op for node in graph.node):
        raise ArgumentError("graph", "must be a frozen graph, a binary GraphDef with nodes", f"{path}, which is none")
    return graph


def write(graph: tf.compat.v1.GraphDef, path: str | os.PathLike[str]) -> None:
    """Writes a `GraphDef` to a file, completely or not at all. The path may be a device or a link to a file.

    Raises:
        OSError: if the file cannot be written; a file that was there stays as it was.
    """
    atomic_files.write(path, graph.SerializeToString())


def imported(graph: tf.compat.v1.GraphDef) -> tf.Graph:
    """The `tf.Graph` of a `GraphDef`, with the shapes that TensorFlow infers.

    Raises:
        ValueError: if TensorFlow cannot import it; the message says why.
    """
    with tf.Graph().as_default() as result:
        try:
            tf.import_graph_def(graph, name="")
        except (ValueError, tf.errors.OpError) as error:
            raise ArgumentError("graph", f"must import into TensorFlow {tf.__version__}", error) from error
    return result


def node_of(tensor: str) -> str:
    """Name of the node in a node's input, which is written `node`, `node:1` or `^node`."""
    return tensor.lstrip("^").split(":")[0]


def attribute(node: tf.compat.v1.NodeDef, name: str, field: str, default: Any) -> Any:
    """The value of an attribute; `node.attr[name]` would add the attribute where it is missing.

    Args:
        node: the `NodeDef`.
        name: name of the attribute.
        field: the field of `AttrValue` that has its value, such as `"b"`.
        default: what is returned where the attribute is missing.
    """
    return getattr(node.attr[name], field) if name in node.attr else default


def as_placeholder(node: tf.compat.v1.NodeDef, dtype: tf.DType, shape: tf.TensorShape) -> None:
    """Makes a `NodeDef` a placeholder of its name."""
    name = node.name
    node.Clear()
    node.name, node.op = name, "Placeholder"
    node.attr["dtype"].type = dtype.as_datatype_enum
    node.attr["shape"].shape.CopyFrom(shape.as_proto())


def endpoints(
    graph: tf.compat.v1.GraphDef, inputs: Sequence[str] = (), outputs: Sequence[str] = ()
) -> tuple[list[str], list[str]]:
    """Names of the nodes where a `GraphDef` begins and ends.

    Args:
        graph: the `GraphDef`.
        inputs: names of the input nodes; all placeholders by default.
        outputs: names of the output nodes; by default the only node that no other node reads.

    Returns:
        A list of inputs and a list of outputs.

    Raises:
        ValueError: if there is no such node; if `inputs` is not given and the graph has no placeholder; or if `outputs`
            is not given and the graph does not end in exactly one node.
    """
    read_by_others = {node_of(name) for node in graph.node for name in node.input}
    aside = ("Const", "Placeholder", "NoOp", "Assert")
    ends = [node.name for node in graph.node if node.name not in read_by_others and node.op not in aside]
    starts = [node.name for node in graph.node if node.op == "Placeholder"]
    chosen_inputs, chosen_outputs = ([node_of(name) for name in names] for names in (inputs, outputs))
    names = {node.name for node in graph.node}
    for argument, chosen, candidates in (("inputs", chosen_inputs, starts), ("outputs", chosen_outputs, ends)):
        unknown = sorted(set(chosen) - names)
        if unknown:
            raise ArgumentError(argument, f"must name nodes of the graph, such as {candidates}", repr(unknown[0]))
    if not chosen_inputs and not starts:
        raise ArgumentError("inputs", "must be given, because the graph has no placeholder", "none")
    if not chosen_outputs and len(ends) != 1:
        raise ArgumentError("outputs", f"must be given, because the graph ends in {ends}", "none")
    return chosen_inputs or starts, chosen_outputs or ends
