"""Cuts a model where only one tensor passes, so that the front of it need not be computed again."""

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
    tensors = _cuts(model)
    if not tensors:
        return [_segment(model)]
    return [_segment(keras.Model(before, after)) for before, after in zip(tensors, tensors[1:])]


def _segment(model):
    inputs = getattr(model, "inputs", None) or []
    signature = [tf.TensorSpec(inputs[0].shape, inputs[0].dtype)] if len(inputs) == 1 else None
    function = tf.function(functools.partial(model, training=False), signature, autograph=False)
    return Segment(function, [layer for _, layer in layers_by_path(model) if isinstance(layer, ApproximateProducts)])


def _cuts(model):
    """The input of the model, the tensors between its parts, and its output; empty if it cannot be cut."""
    if not is_graph(model) or len(model.inputs) != 1 or len(model.outputs) != 1:
        return []
    graph = getattr(model, "_functional", None) or model
    nodes = [node for depth in sorted(graph._nodes_by_depth, reverse=True) for node in graph._nodes_by_depth[depth]]
    last_use = {id(model.outputs[0]): len(nodes)}
    for index, node in enumerate(nodes):
        for tensor in node.input_tensors:
            last_use[id(tensor)] = max(index, last_use.get(id(tensor), 0))
    cuts, live, multiplies = [model.inputs[0]], {}, False
    for index, node in enumerate(nodes):
        live.update({id(tensor): tensor for tensor in node.outputs})
        live = {key: tensor for key, tensor in live.items() if last_use.get(key, -1) > index}
        multiplies = multiplies or _multiplies(node.operation)
        if multiplies and len(live) == 1 and any(id(tensor) in live for tensor in node.outputs):
            cuts.append(next(iter(live.values())))
            multiplies = False
    if cuts[-1] is not model.outputs[0]:  # what follows the last approximate layer belongs to its part
        cuts[max(len(cuts) - 1, 1) :] = [model.outputs[0]]
    return cuts


def _multiplies(operation):
    if isinstance(operation, ApproximateProducts):
        return True
    is_layer = isinstance(operation, keras.Layer)
    return is_layer and any(isinstance(layer, ApproximateProducts) for _, layer in layers_by_path(operation))
