"""Cuts a model where only one tensor passes, so that its first layers need not be computed again."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from .approximate_products import ApproximateProducts
from .copying import is_graph
from .layer_paths import layers_by_path


class Segment(NamedTuple):
    """A part of a model.

    Attributes:
        function: computes the outputs of this part in inference, from the outputs of the part before it.
        layers: the approximate layers that it calls.
    """

    function: Any
    layers: list[Any]


def segments(model: keras.Model) -> list[Segment]:
    """The parts of a model, each with approximate layers, in the order in which they are computed.

    A functional or sequential model with one input and one output is cut behind each operation that calls approximate
    layers and whose output is all that the rest of the model needs. Any other model is one part.

    Args:
        model: a built model.

    Example:
        >>> from tfapprox.tf2 import FakeApproxDense
        >>> model = keras.Sequential([keras.Input([4]), FakeApproxDense(3), keras.layers.ReLU(), FakeApproxDense(2)])
        >>> len(segments(model))
        2
    """
    cuts = _cuts(model)
    if not cuts:
        return [_segment(model, [model])]
    return [_segment(keras.Model(before, after), parts) for (before, _), (after, parts) in zip(cuts, cuts[1:])]


def _segment(model, parts):
    """A model as a segment, whose layers are in `parts`. With Keras 3.0 the model also holds what comes before it."""
    inputs = getattr(model, "inputs", None) or []
    signature = [tf.TensorSpec(inputs[0].shape, inputs[0].dtype)] if len(inputs) == 1 else None
    function = tf.function(functools.partial(model, training=False), signature, autograph=False)
    layers = {id(layer): layer for part in parts for layer in _approximate_layers(part)}
    return Segment(function, list(layers.values()))


def _cuts(model):
    """The input of the model, the tensors between its parts, and its output; empty if it cannot be cut.

    Each tensor comes with the operations between it and the tensor before it.
    """
    if not is_graph(model) or len(model.inputs) != 1 or len(model.outputs) != 1:
        return []
    graph = getattr(model, "_functional", None) or model
    nodes = [node for depth in sorted(graph._nodes_by_depth, reverse=True) for node in graph._nodes_by_depth[depth]]
    last_use = {id(model.outputs[0]): len(nodes)}
    for index, node in enumerate(nodes):
        for tensor in node.input_tensors:
            last_use[id(tensor)] = max(index, last_use.get(id(tensor), 0))
    cuts: list[tuple[Any, list[Any]]] = [(model.inputs[0], [])]
    live: dict[int, Any] = {}
    operations: list[Any] = []
    for index, node in enumerate(nodes):
        operations.append(node.operation)
        live.update({id(tensor): tensor for tensor in node.outputs})
        live = {key: tensor for key, tensor in live.items() if last_use.get(key, -1) > index}
        is_cut = len(live) == 1 and any(id(tensor) in live for tensor in node.outputs)
        if is_cut and any(map(_approximate_layers, operations)):
            cuts.append((next(iter(live.values())), operations))
            operations = []
    if cuts[-1][0] is not model.outputs[0]:  # what follows the last approximate layer belongs to its part
        last = cuts.pop()[1] if len(cuts) > 1 else []
        cuts.append((model.outputs[0], last + operations))
    return cuts


def _approximate_layers(operation):
    """The approximate layers that an operation is or holds."""
    if isinstance(operation, ApproximateProducts):
        return [operation]
    layers = layers_by_path(operation) if isinstance(operation, keras.Layer) else []
    return [layer for _, layer in layers if isinstance(layer, ApproximateProducts)]
