"""The integers that one AxConv2D node of a frozen graph computes with, for the test of hardware."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from tfapprox.common import tables
from tfapprox.common.argument_error import ArgumentError
from tfapprox.common.vectors import Vectors, ax_convolution_vectors

from . import graph as graphs
from .layers import OPERATION, SUFFIX


def layer_vectors(
    graph: tf.compat.v1.GraphDef, layer: str, inputs: np.ndarray, input_node: str | None = None
) -> Vectors:
    """Codes, weights, sums and scales of one layer of a frozen graph, for inputs of the graph.

    The graph is run with all inputs as one batch. The codes and ranges that reach the layer are those of this run, and
    the output of the layer in this run must be the computed one.

    Args:
        graph: the `GraphDef`.
        layer: name of an `AxConv2D` node, with or without its ending `/eightbit`.
        inputs: array that `input_node` gets, `[batch, ...]`.
        input_node: name of the node that gets the inputs; by default the only placeholder.

    Returns:
        The `Vectors`. The images of a layer with dilation are those of `SpaceToBatchND`, parts of the inputs.

    Raises:
        FileNotFoundError: if there is no such multiplier.
        ValueError: if the graph has no such layer or node, or several placeholders and none is given, or cannot run on
            the inputs.

    Example:
        >>> from tfapprox.tf1 import ax_conv2d
        >>> with tf.Graph().as_default() as network:
        ...     images = tf.compat.v1.placeholder(tf.float32, [None, 4, 4, 1], name="images")
        ...     codes, *ends = tf.quantization.quantize(images, 0.0, 1.0, tf.quint8)
        ...     weights, *limits = tf.quantization.quantize(tf.ones([3, 3, 1, 2]), 0.0, 1.0, tf.quint8)
        ...     _ = ax_conv2d(codes, weights, *ends, *limits, [1, 1, 1, 1], "VALID", name="first")
        >>> layer_vectors(network.as_graph_def(), "first", np.ones([3, 4, 4, 1])).sums.shape
        (3, 2, 2, 2)
    """
    imported = graphs.imported(graph)
    layers = {node.name: node for node in imported.get_operations() if node.type == OPERATION}
    node = layers.get(layer) or layers.get(layer + SUFFIX)
    if node is None:
        rule = f"must be an {OPERATION} node, {', '.join(layers) or 'which the graph lacks'}"
        raise ArgumentError("layer", rule, repr(layer))
    chosen = _input_node(graph, input_node)
    with imported.as_default():
        fetched = [_integers(tensor) for tensor in (*node.inputs, node.outputs[0])]
    with tf.compat.v1.Session(graph=imported) as session:
        tensor = imported.get_tensor_by_name(f"{chosen}:0")
        try:
            fed = {tensor: np.asarray(inputs).astype(tensor.dtype.as_numpy_dtype)}
            input, filter, *ranges, output = session.run(fetched, fed)
        except (tf.errors.OpError, ValueError, TypeError) as error:
            received = str(getattr(error, "message", error)).splitlines()[0]
            raise ArgumentError("inputs", f"must be arrays that the graph takes at {chosen}", received) from error
    multiplier = node.get_attr("AxMult").decode()
    vectors = ax_convolution_vectors(
        input,
        filter,
        *(float(ranges[0]), float(ranges[1]), float(ranges[2]), float(ranges[3])),
        list(node.get_attr("strides")),
        node.get_attr("padding").decode(),
        table=tables.load_truth_table(multiplier),
        ax_tune=node.get_attr("AxTune"),
    )
    if not np.array_equal(vectors.outputs, output):
        raise RuntimeError("the graph and the reference must have the same outputs; received outputs that differ")
    return vectors


def _integers(tensor):
    """A tensor with integers in place of TensorFlow's quantised numbers, which numpy does not know."""
    integers = {tf.quint8: tf.uint8, tf.qint32: tf.int32}
    return tf.bitcast(tensor, integers[tensor.dtype]) if tensor.dtype in integers else tensor


def _input_node(graph, name):
    """The node that gets the inputs."""
    placeholders = [node.name for node in graph.node if node.op == "Placeholder"]
    if name is None:
        if len(placeholders) != 1:
            received = f"a graph with {', '.join(placeholders) or 'none'}"
            raise ArgumentError("input_node", "must be given where a graph has not one placeholder", received)
        return placeholders[0]
    chosen = graphs.node_of(name)
    if chosen not in [node.name for node in graph.node]:
        raise ArgumentError("input_node", f"must be a node of the graph, such as {', '.join(placeholders)}", repr(name))
    return chosen
