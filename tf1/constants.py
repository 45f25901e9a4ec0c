"""Constants that the transform `quantize_weights` of TensorFlow 1.14 would ruin, kept as floats."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from . import graph as graphs

MINIMUM_SIZE = 1024  # elements; quantize_weights leaves smaller constants as they are
WEIGHTED = ("Conv2D", "MatMul")  # operations whose second input is quantised well by its minimum and maximum


def _is_kept(node, weights):
    """Whether a node is a float constant that must not be quantised.

    The transform gives a constant with a single value a range that is empty or nearly so: the codes of an all-zero bias
    then stand for numbers of any size. Biases and offsets are therefore left to `QuantizeV2`, which has a minimum width
    for its ranges, and so are weights that are all equal.
    """
    if node.op != "Const" or node.attr["dtype"].type != tf.float32.as_datatype_enum:
        return False
    value = tf.make_ndarray(node.attr["value"].tensor)
    return value.size >= MINIMUM_SIZE and (node.name not in weights or np.ptp(value) == 0)


def hide(graph: tf.compat.v1.GraphDef) -> dict[str, tf.compat.v1.NodeDef]:
    """Makes placeholders of the constants that must stay floats.

    Args:
        graph: a `GraphDef`, which is changed.

    Returns:
        A dictionary from the name of each placeholder to its constant, for `restore`.
    """
    weights = {graphs.node_of(node.input[1]) for node in graph.node if node.op in WEIGHTED}
    constants = {}
    for node in graph.node:
        if _is_kept(node, weights):
            constants[node.name] = type(node).FromString(node.SerializeToString())
            shape = tf.TensorShape(node.attr["value"].tensor.tensor_shape)
            graphs.as_placeholder(node, tf.float32, shape)
    return constants


def restore(graph: tf.compat.v1.GraphDef, constants: dict[str, tf.compat.v1.NodeDef]) -> None:
    """Puts the constants that `hide` returned back into a `GraphDef`, which is changed."""
    for node in graph.node:
        if node.name in constants:
            node.CopyFrom(constants[node.name])
