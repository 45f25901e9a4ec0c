"""What a converted graph does not compute by AxConv2D: the other operations that multiply, and their share."""

from __future__ import annotations

from typing import Any, NamedTuple, Sequence

import numpy as np
import tensorflow as tf

from . import folding, layers
from . import graph as graphs

FLOAT, EXACT, NORMALISATION = "float", "exact", "normalisation"
CONVOLUTIONS = ("Conv2D", "Conv3D", "DepthwiseConv2dNative")
TRANSPOSED = ("Conv2DBackpropInput", "Conv3DBackpropInputV2")
PRODUCTS = ("MatMul", "BatchMatMul", "BatchMatMulV2")
QUANTISED = ("QuantizedMatMul", "QuantizedConv2D")


class Remainder(NamedTuple):
    """One operation that multiplies without an approximate multiplier.

    Attributes:
        name: name of its node, as in the graph before the conversion.
        operation: its type, such as `"DepthwiseConv2dNative"`.
        kind: `"float"`, `"exact"` for 8-bit codes with exact products, or `"normalisation"`, a batch normalisation.
        multiplications: number of multiplications for one image; `None` if the graph does not state a size.
    """

    name: str
    operation: str
    kind: str
    multiplications: int | None


def _product(sizes: Sequence[int | None]) -> int | None:
    known = [size for size in sizes if size is not None]
    return int(np.prod(known, dtype=np.int64)) if len(known) == len(sizes) else None


def _multiplications(node: Any) -> int | None:
    """Number of multiplications of an operation for one image."""
    tensors = [*node.inputs[:3], node.outputs[0]]
    if any(tensor.shape.rank is None for tensor in (*tensors[:2], tensors[-1])):
        return None
    first, second = (tensor.shape.as_list() for tensor in tensors[:2])
    output = tensors[-1].shape.as_list()
    if node.type in ("MatMul", "QuantizedMatMul"):
        return _product(second)  # each row of the first matrix is an image
    if node.type in PRODUCTS:
        return _product([*output[1:], first[-2 if node.get_attr("adj_x") else -1]])
    if node.type == "DepthwiseConv2dNative":
        return _product([*output[1:], *second[:2]])
    if node.type in TRANSPOSED:
        third = tensors[2].shape
        return None if third.rank is None else _product([*third.as_list()[1:], *second[:-1]])
    return _product([*output[1:], *second[:-1]])


def remainders(graph: tf.compat.v1.GraphDef) -> list[Remainder]:
    """The operations of a `GraphDef` that multiply, without AxConv2D, in the order of the graph.

    Returns:
        A list of `Remainder`.

    Raises:
        ValueError: if TensorFlow cannot import the graph.
    """
    normalisations, result = set(folding.unfolded(graph)), []
    for node in graphs.imported(graph).get_operations():
        name = node.name[: -len(layers.SUFFIX)] if node.name.endswith(layers.SUFFIX) else node.name
        if node.name in normalisations:
            count = folding.multiplications(graph, [node.name])
            result.append(Remainder(name, node.type, NORMALISATION, count))
        elif node.type in (*CONVOLUTIONS, *TRANSPOSED, *PRODUCTS, *QUANTISED):
            kind = EXACT if node.type in QUANTISED else FLOAT
            result.append(Remainder(name, node.type, kind, _multiplications(node)))
    return result


NOTES = {
    NORMALISATION: "no convolution comes right before these batch normalisations, which stay float and have",
    FLOAT: "these layers stay float and have",
    EXACT: "these layers have codes of 8 bits and exact products, and have",
}


def notes(graph: tf.compat.v1.GraphDef) -> list[str]:
    """Names the operations that are not approximate, and states their share of all multiplications.

    Args:
        graph: a converted `GraphDef`.

    Returns:
        A list with one sentence for each kind of these operations.

    Raises:
        ValueError: if the graph has no AxConv2D, or TensorFlow cannot import it.
    """
    rest = remainders(graph)
    counts = [layer.macs for layer in layers.layers(graph)] + [operation.multiplications for operation in rest]
    known = [count for count in counts if count is not None]
    total = sum(known) if len(known) == len(counts) else None
    result = []
    for kind, text in NOTES.items():
        chosen = [operation for operation in rest if operation.kind == kind]
        if chosen:
            share = f"{sum(each.multiplications or 0 for each in chosen) / total:.2%}" if total else "an unknown share"
            names = " ".join(
                each.name if kind == NORMALISATION else f"{each.name} ({each.operation})" for each in chosen
            )
            result.append(f"{text} {share} of the multiplications: {names}")
    return result
