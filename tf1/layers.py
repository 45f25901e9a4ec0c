"""The layers of a frozen graph, which are its AxConv2D nodes: shapes, work, multipliers, and how to set them."""

from __future__ import annotations

from typing import List, Mapping, NamedTuple, Optional

import numpy as np
import tensorflow as tf

from tfapprox.common import load_truth_table, pin_table, tables
from tfapprox.common.argument_error import ArgumentError
from tfapprox.common.assignment import Choice

from . import graph as graphs

OPERATION = "AxConv2D"
SUFFIX = "/eightbit"  # TransformGraph appends this to the name of a convolution

Sizes = Optional[List[Optional[int]]]


class Layer(NamedTuple):
    """One AxConv2D node. A size that the graph does not state is `None`; so is a shape without a known rank.

    Attributes:
        name: name of the node.
        input: `[height, width, channels]`.
        filter: `[height, width, in_channels, out_channels]`.
        output: `[height, width, channels]`.
        macs: number of multiply-accumulate operations (MACs) for one image, or `None` if a size is unknown.
        multiplier: the attribute AxMult, a name or a path.
        tune: the attribute AxTune.
        sha256: SHA-256 of the table that the attribute AxMult means here; `None` if it cannot be loaded.
    """

    name: str
    input: Sizes
    filter: Sizes
    output: Sizes
    macs: int | None
    multiplier: str
    tune: bool
    sha256: str | None = None


UNCHANGED = Choice()


def _sizes(tensor: tf.Tensor) -> Sizes:
    return None if tensor.shape.rank is None else tensor.shape.as_list()


def _sub_images(node: tf.Operation) -> int:
    """Number of parts of an image that a layer gets as images of their own.

    A convolution with dilation is written as SpaceToBatchND, a convolution without dilation, and BatchToSpaceND. The
    operations between SpaceToBatchND and the convolution quantise, and their first input is the tensor.
    """
    while node.inputs and node.type in (OPERATION, "QuantizeV2", "Dequantize", "Identity"):
        node = node.inputs[0].op
    if node.type != "SpaceToBatchND" or node.inputs[1].op.type != "Const":
        return 1
    return int(np.prod(tf.make_ndarray(node.inputs[1].op.get_attr("value"))))


def _macs(filter: Sizes, output: Sizes, sub_images: int) -> int | None:
    sizes = [*(filter or [None])[:3], *(output or [None])[1:]]
    known = [size for size in sizes if size is not None]
    return sub_images * int(np.prod(known, dtype=np.int64)) if len(known) == len(sizes) else None


def layers(graph: tf.compat.v1.GraphDef) -> list[Layer]:
    """The layers of a `GraphDef`, in its order.

    Returns:
        A list of `Layer`.

    Raises:
        ValueError: if the graph has no AxConv2D node, or TensorFlow cannot import it.
    """
    operations = [node for node in graphs.imported(graph).get_operations() if node.type == OPERATION]
    if not operations:
        raise ArgumentError("graph", f"must have {OPERATION} nodes (convert makes them)", "a graph without")
    result = []
    for node in operations:
        input, filter, output = (_sizes(tensor) for tensor in (*node.inputs[:2], node.outputs[0]))
        multiplier, tune = node.get_attr("AxMult").decode(), node.get_attr("AxTune")
        macs = _macs(filter, output, _sub_images(node))
        sizes = input and input[1:], filter, output and output[1:]
        result.append(Layer(node.name, *sizes, macs, multiplier, tune, _sha256(multiplier)))
    return result


def _sha256(multiplier: str) -> str | None:
    try:
        return load_truth_table(multiplier).sha256
    except (OSError, ValueError):
        return None


def _kept(choice: Choice, argument: str) -> str:
    """The attribute AxMult for a multiplier that exists: its name, as in graphs of 2019, or an absolute path.

    Args:
        choice: the `Choice` of a multiplier.
        argument: the argument that gave the choice; it begins the text of an error.
    """
    multiplier = choice.multiplier
    if not isinstance(multiplier, str):
        raise ArgumentError(argument, f"must be a name or a path, because {OPERATION} has no float", multiplier)
    pinned = pin_table(multiplier, signed=False, argument=argument)
    choice.check(load_truth_table(pinned))
    return pinned if tables.is_pinned(multiplier) else tables.without_pin(pinned)


def assigned(
    graph: tf.compat.v1.GraphDef, everywhere: Choice = UNCHANGED, by_layer: Mapping[str, Choice] | None = None
) -> tf.compat.v1.GraphDef:
    """A copy of a `GraphDef` with other multipliers.

    Args:
        graph: the `GraphDef`.
        everywhere: `Choice` for all layers.
        by_layer: dictionary from a layer's name, with or without its ending `/eightbit`, to a `Choice` that wins over
            `everywhere`.

    Returns:
        A `GraphDef`.

    Raises:
        FileNotFoundError: if there is no such multiplier.
        ValueError: if there is no such layer, or the table does not have 8 bits, is signed, or is another one than the
            sha256 of the `Choice` says.
    """
    result = type(graph).FromString(graph.SerializeToString())
    nodes = {node.name: node for node in result.node if node.op == OPERATION}
    short = {name[: -len(SUFFIX)]: name for name in nodes if name.endswith(SUFFIX)}
    choices = {name: [everywhere] for name in nodes}
    for name, choice in (by_layer or {}).items():
        full = short.get(name, name)
        if full not in nodes:
            known = "\n  ".join(nodes)
            raise ArgumentError("a layer", "must be one of the graph's", f"{name!r}; the layers are\n  {known}")
        choices[full] = [*choices[full], choice]
    # All multipliers are checked before anything is changed.
    chosen = {choice: f"the multiplier of {name}" for name, choice in (by_layer or {}).items()}
    chosen[everywhere] = "everywhere"
    kept = {choice: _kept(choice, what) for choice, what in chosen.items() if choice.multiplier is not None}
    for name, layer_choices in choices.items():
        for choice in layer_choices:
            if choice.multiplier is not None:
                nodes[name].attr["AxMult"].s = kept[choice].encode()
            if choice.tune is not None:
                nodes[name].attr["AxTune"].b = choice.tune
    return result
