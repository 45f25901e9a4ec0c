"""Folds fixed scales and offsets, such as those of a batch normalisation, into the weights of the layer before them."""

from __future__ import annotations

from typing import Any, NamedTuple, Sequence

import numpy as np
import tensorflow as tf

from . import graph as graphs
from .affine import ADDITIONS, NORMALISATIONS, IndexedGraph, affine, has_fixed_statistics

WEIGHTED = ("Conv2D", "DepthwiseConv2dNative", "MatMul")
REARRANGED = "BatchToSpaceND"  # the last of the three operations that TensorFlow makes of a convolution with dilation


def _set(node: Any, op: str, inputs: Sequence[str] = (), **types: tf.DType) -> None:
    """Makes a `NodeDef` another operation of the same name."""
    name = node.name
    node.Clear()
    node.name, node.op = name, op
    node.input.extend(inputs)
    for attribute, dtype in types.items():
        node.attr[attribute].type = dtype.as_datatype_enum


def _add_constant(definition: tf.compat.v1.GraphDef, name: str, value: np.ndarray) -> str:
    node = definition.node.add(name=name)
    _set(node, "Const", dtype=tf.float32)
    node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value.astype(np.float32)))
    return name


class _Chain(NamedTuple):
    """A layer and the operations behind it that scale and shift its channels.

    Attributes:
        scale: factor of each channel, the product of all operations.
        offset: number that is added to each channel after the multiplication.
        source: the node whose output the operations scale and shift: the layer, or the `BatchToSpaceND` behind it.
        last: the last operation of the chain, or `None` if no operation scales.
    """

    scale: np.ndarray
    offset: np.ndarray
    source: Any
    last: Any


def _chain(graph: IndexedGraph, layer: Any, channels: int) -> _Chain:
    scale, offset, source, scaled = np.ones(channels), np.zeros(channels), layer, False
    chain = _Chain(scale, offset, layer, None)
    node = graph.only_reader(layer)
    while node is not None:
        if node.op == REARRANGED:
            source = node
        else:
            step = affine(graph, node, channels, 2 if layer.op == "MatMul" else 4)
            if step is None:
                break
            scale, offset = scale * step.scale, offset * step.scale + step.offset
            scaled = scaled or node.op in ("Mul", *NORMALISATIONS)
            chain = _Chain(scale, offset, source, node if scaled else None)
        node = graph.only_reader(node)
    return chain


def _fold(definition: tf.compat.v1.GraphDef, graph: IndexedGraph, layer: Any) -> None:
    weights = graph.constant(layer.input[1])
    is_last = graphs.attribute(layer, "data_format", "s", b"NHWC") == b"NHWC"  # the dimension of channels
    if weights is None or not is_last or graphs.attribute(layer, "transpose_b", "b", False):
        return
    by_channel = weights.shape[2:] if layer.op == "DepthwiseConv2dNative" else weights.shape[-1:]
    chain = _chain(graph, layer, int(np.prod(by_channel)))
    if chain.last is None:
        return
    folded = weights * chain.scale.reshape(by_channel)
    layer.input[1] = _add_constant(definition, f"{layer.name}/folded_weights", folded)
    if chain.source is not layer:
        chain.source.input[0] = layer.name
    # A depthwise convolution stays float. Its bias must, too: TransformGraph quantises an Add, but no Sub. It quantises
    # a BiasAdd as well, whose 8-bit operation in TensorFlow has about twice the error of the one for Add.
    is_float = layer.op == "DepthwiseConv2dNative"
    offset = _add_constant(definition, f"{layer.name}/folded_offset", -chain.offset if is_float else chain.offset)
    _set(chain.last, "Sub" if is_float else "Add", [chain.source.name, offset], T=tf.float32)


def _fuse(definition: tf.compat.v1.GraphDef, graph: IndexedGraph, node: Any, shape: tf.TensorShape) -> None:
    """Makes one FusedBatchNorm of a multiplication and the addition behind it, which are a batch normalisation."""
    end = graph.only_reader(node)
    channels = shape.as_list()[-1] if shape.rank == 4 else None
    if end is None or end.op not in ADDITIONS or channels is None:
        return
    scale, offset = affine(graph, node, channels, 4), affine(graph, end, channels, 4)
    if scale is None or offset is None or scale.scale.size != channels or offset.offset.size != channels:
        return
    source = node.input[1] if graph.constant(node.input[0]) is not None else node.input[0]
    values = (scale.scale, offset.offset, np.zeros(channels), np.ones(channels))
    names = ("scale", "offset", "mean", "variance")
    inputs = [_add_constant(definition, f"{end.name}/fused_{name}", value) for name, value in zip(names, values)]
    _set(end, "FusedBatchNorm", [source, *inputs], T=tf.float32)
    end.attr["is_training"].b, end.attr["epsilon"].f, end.attr["data_format"].s = False, 0.0, b"NHWC"


def fold(graph: tf.compat.v1.GraphDef, ends: Sequence[str]) -> None:
    """Multiplies the weights of layers by the fixed scales that follow them, and makes one bias of all offsets.

    Other batch normalisations become single operations.

    A layer is a Conv2D, a depthwise convolution or a MatMul with constant weights. It is folded with the operations
    behind it that multiply each channel by a constant or add one to it, fused or not, as far as no other node reads a
    result between them. The layer keeps its name, and the bias has the name of the last operation.

    Args:
        graph: a `GraphDef` of floats without Identity nodes, which is changed.
        ends: names of the nodes that must stay.
    """
    indexed = IndexedGraph(graph, ends)
    for node in list(graph.node):
        if node.op in WEIGHTED and node.attr["T"].type == tf.float32.as_datatype_enum:
            _fold(graph, indexed, node)
    shapes = graphs.imported(graph)
    indexed = IndexedGraph(graph, ends)
    for node in list(graph.node):
        if node.op == "Mul" and node.attr["T"].type == tf.float32.as_datatype_enum:
            _fuse(graph, indexed, node, shapes.get_tensor_by_name(f"{node.name}:0").shape)


def unfolded(graph: tf.compat.v1.GraphDef) -> list[str]:
    """Names of the batch normalisations with fixed statistics that a `GraphDef` still has."""
    nodes = [node for node in graph.node if node.op in NORMALISATIONS]
    return [node.name for node in nodes if has_fixed_statistics(node)]


def multiplications(graph: tf.compat.v1.GraphDef, names: Sequence[str]) -> int | None:
    """Number of multiplications, for one image, of operations that multiply once for each element of the output.

    Args:
        graph: the `GraphDef`.
        names: names of the operations.

    Returns:
        An integer, or `None` if the graph does not state a size.
    """
    imported = graphs.imported(graph)
    shapes = [imported.get_tensor_by_name(f"{name}:0").shape for name in names]
    if any(shape.rank is None or None in shape.as_list()[1:] for shape in shapes):
        return None
    return sum(int(np.prod(shape.as_list()[1:])) for shape in shapes)
