"""Frozen graphs: files, which are written whole or not at all, and where a graph begins and ends."""

import os

import tensorflow as tf
from google.protobuf.message import DecodeError


def read(path):
    """The `GraphDef` in a file.

    Raises:
        OSError: if the file cannot be read.
        ValueError: if it is not a frozen graph.
    """
    with open(path, "rb") as file:
        content = file.read()
    try:
        graph = tf.compat.v1.GraphDef.FromString(content)
    except DecodeError:
        graph = tf.compat.v1.GraphDef()
    if not graph.node or not all(node.name and node.op for node in graph.node):
        raise ValueError(f"GRAPH must be a frozen graph, a binary GraphDef with nodes; received {path}, which is none")
    return graph


def write(graph, path):
    """Writes a `GraphDef`: under another name first, so that there is never half a file.

    Raises:
        OSError: if the file cannot be written; what was there stays.
    """
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        with open(temporary, "wb") as file:
            file.write(graph.SerializeToString())
        os.replace(temporary, path)
    except BaseException as error:
        if os.path.exists(temporary):
            os.unlink(temporary)
        if isinstance(error, OSError):
            error.filename, error.filename2 = path, None
        raise


def imported(graph):
    """The `tf.Graph` of a `GraphDef`, with the shapes that TensorFlow infers.

    Raises:
        ValueError: if TensorFlow cannot import it; says why.
    """
    with tf.Graph().as_default() as result:
        try:
            tf.import_graph_def(graph, name="")
        except (ValueError, tf.errors.OpError) as error:
            raise ValueError(f"GRAPH does not import into TensorFlow {tf.__version__}: {error}") from error
    return result


def node_of(tensor):
    """Name of the node that a node's input `node`, `node:1` or `^node` refers to."""
    return tensor.lstrip("^").split(":")[0]


def endpoints(graph, inputs=(), outputs=()):
    """Names of the nodes where a `GraphDef` begins and ends.

    Args:
        graph: the `GraphDef`.
        inputs: the nodes to take instead of all placeholders.
        outputs: the nodes to take instead of the only one that no other node reads.

    Returns:
        A list of inputs and a list of outputs.

    Raises:
        ValueError: if there is no such node, or nothing was given and the choice is not clear.
    """
    read_by_others = {node_of(name) for node in graph.node for name in node.input}
    aside = ("Const", "Placeholder", "NoOp", "Assert")
    ends = [node.name for node in graph.node if node.name not in read_by_others and node.op not in aside]
    starts = [node.name for node in graph.node if node.op == "Placeholder"]
    inputs, outputs = ([node_of(name) for name in names] for names in (inputs, outputs))
    for option, given, candidates in (("input", inputs, starts), ("output", outputs, ends)):
        unknown = sorted(set(given) - {node.name for node in graph.node})
        if unknown:
            raise ValueError(f"the {option} must be a node of the graph, such as {candidates}; received {unknown[0]!r}")
    if not inputs and not starts:
        raise ValueError("the input must be given (--input-node), because the graph has no placeholder")
    if not outputs and len(ends) != 1:
        raise ValueError(f"the output must be given (--output-node), because the graph ends in {ends}")
    return inputs or starts, outputs or ends
