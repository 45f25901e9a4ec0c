"""A float frozen graph becomes one with AxConv2D, by the quantising transforms of TensorFlow 1.14."""

from __future__ import annotations

from typing import Any, Callable, Sequence

import tensorflow as tf

from tfapprox.common.argument_error import ArgumentError

from . import constants, folding
from . import graph as graphs
from .layers import OPERATION

BEFORE = ["add_default_attributes", "strip_unused_nodes", "remove_nodes(op=Identity, op=CheckNumerics)"]
BEFORE += ["fold_constants(ignore_errors=true)"]
QUANTISE = ["quantize_weights", "quantize_nodes", "strip_unused_nodes"]
AFTER = ["merge_duplicate_nodes", "sort_by_execution_order"]

# AxConv2D has these attributes of QuantizedConv2D, and no others.
ATTRIBUTES = {"Tinput", "Tfilter", "out_type", "strides", "padding"}


def _transform_graph() -> Callable[..., Any]:
    try:
        from tensorflow.tools.graph_transforms import TransformGraph
    except ImportError as error:
        raise ImportError(
            f"convert needs the graph transforms of TensorFlow 1.14, which TensorFlow {tf.__version__} does not have; "
            "run it in the TensorFlow 1.14 container or its Python 3.7 environment (tf1/README.md). "
            "The graph that it writes works here"
        ) from error
    return TransformGraph


def normalises_by_batch(graph: tf.compat.v1.GraphDef) -> bool:
    """Whether a batch normalisation of a `GraphDef` uses the statistics of the batch instead of fixed ones."""
    return any(
        node.op.startswith("FusedBatchNorm") and ("is_training" not in node.attr or node.attr["is_training"].b)
        for node in graph.node
    )


def _check(node):
    """Raises a ValueError for a Conv2D that TransformGraph would turn into a different convolution."""
    strides = list(node.attr["strides"].list.i)
    dilations = list(node.attr["dilations"].list.i) if "dilations" in node.attr else []
    rules: dict[str, tuple[Any, list[Any]]] = {
        "data_format NHWC": (graphs.attribute(node, "data_format", "s", b"NHWC"), [b"NHWC"]),
        "padding SAME or VALID": (node.attr["padding"].s, [b"SAME", b"VALID"]),
        "dilations 1": (dilations or [1, 1, 1, 1], [[1, 1, 1, 1]]),
        "equal strides for height and width": (strides[1:2], [strides[2:3]]),
    }
    for rule, (value, allowed) in rules.items():
        if value not in allowed:
            received = strides if value == strides[1:2] else value
            raise ArgumentError(f"layer {node.name}", f"must have {rule}", received)


def _check_frozen(graph):
    variables = [node.name for node in graph.node if node.op in ("Variable", "VariableV2", "VarHandleOp")]
    if variables:
        rule = (
            "must be frozen: give the .meta file of its checkpoint or the folder of its SavedModel, which are frozen "
            "here, or write a graph by tf.compat.v1.graph_util.convert_variables_to_constants"
        )
        raise ArgumentError("graph", rule, f"one with the variable {variables[0]}, whose values it does not have")


def _without(graph):
    """What a graph is in which no Conv2D can be converted."""
    if any(node.op == OPERATION for node in graph.node):
        return f"a graph that has {OPERATION} already, whose multipliers `set` changes"
    others = {tf.as_dtype(node.attr["T"].type).name for node in graph.node if node.op == "Conv2D"} - {"float32"}
    return f"a graph whose Conv2D are {' and '.join(sorted(others))}" if others else "a graph without"


def convert(
    graph: tf.compat.v1.GraphDef, inputs: Sequence[str] = (), outputs: Sequence[str] = ()
) -> tf.compat.v1.GraphDef:
    """A float graph with AxConv2D and the exact multiplier in place of every Conv2D, and quantised nodes around them.

    Batch normalisation with fixed statistics is folded into the weights; batch normalisation that uses the statistics
    of its batch stays as it is.

    Args:
        graph: frozen `GraphDef` of floats, or one that has QuantizedConv2D already.
        inputs: names of the input nodes; all placeholders by default.
        outputs: names of the output nodes; by default the only node that no other node reads.

    Returns:
        A `GraphDef`.

    Raises:
        ImportError: if this TensorFlow has no graph transforms, which TensorFlow 1.14 has.
        ValueError: if there is no convolution, or one that AxConv2D cannot do; if `inputs` or `outputs` are no nodes of
            the graph, or are needed to choose among several.
    """
    transform = _transform_graph()
    _check_frozen(graph)
    starts, ends = graphs.endpoints(graph, inputs, outputs)
    result = type(graph).FromString(graph.SerializeToString())
    imported = graphs.imported(graph)
    for name in starts:
        if imported.get_operation_by_name(name).type != "Placeholder":
            node = next(node for node in result.node if node.name == name)
            tensor = imported.get_tensor_by_name(f"{name}:0")
            graphs.as_placeholder(node, tensor.dtype, tensor.shape)
    for node in result.node:
        node.attr.pop("_class", None)  # a colocation constraint, whose other node the transforms may remove
    try:
        result = transform(result, starts, ends, BEFORE)
        for node in result.node:
            if node.op in ("Conv2D", "QuantizedConv2D"):
                _check(node)
        folding.fold(result, ends)
        floats = constants.hide(result)
        result = transform(result, starts, ends, QUANTISE)
        constants.restore(result, floats)
        result = transform(result, starts, ends, AFTER)
    except tf.errors.OpError as error:
        raise ArgumentError("graph", "must be one that TransformGraph can convert", error.message) from error
    convolutions = [node for node in result.node if node.op == "QuantizedConv2D"]
    if not convolutions:
        raise ArgumentError("graph", f"must have a Conv2D of floats that leads to {ends}", _without(graph))
    for node in convolutions:
        node.op = OPERATION
        for attribute in set(node.attr) - ATTRIBUTES:
            del node.attr[attribute]
    return result
