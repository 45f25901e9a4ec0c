"""The integers that a layer with an approximate multiplier computes with, for the test of hardware."""

from __future__ import annotations

import keras
import numpy as np

from tfapprox.common._convolution import grouped_filter
from tfapprox.common.argument_error import ArgumentError
from tfapprox.common.vectors import Vectors, convolution_vectors

from .fake_approx_conv2d import FakeApproxConv2D
from .fake_approx_depthwise_conv2d import FakeApproxDepthwiseConv2D

CONVOLUTIONS = (FakeApproxConv2D, FakeApproxDepthwiseConv2D)


def layer_vectors(model: keras.Model, layer: str, inputs: np.ndarray) -> Vectors:
    """Codes, weights, sums and scales of one layer of a model, for inputs of the model.

    Args:
        model: a functional or sequential `keras.Model` with one input.
        layer: name of a `FakeApproxConv2D` or `FakeApproxDepthwiseConv2D` of the model, which the model calls once.
        inputs: array of inputs of the model, which are one batch: the range of the activations is that of all of them,
            unless the layer has fixed ranges.

    Returns:
        The `Vectors`, whose `outputs` are those of the layer's operation, before bias and activation function.

    Raises:
        ValueError: if the model has no such layer or several inputs, or the inputs do not fit the model.

    Example:
        >>> layer = FakeApproxConv2D(4, 3, mul_map_file="mul8u_drum4", name="first")
        >>> model = keras.Sequential([keras.Input([8, 8, 1]), layer])
        >>> layer_vectors(model, "first", np.ones([2, 8, 8, 1])).sums.shape
        (2, 6, 6, 4)
    """
    layers = {each.name: each for each in model.layers}
    possible = [name for name, each in layers.items() if isinstance(each, CONVOLUTIONS)]
    if layer not in possible:
        rule = f"must be a convolution with an approximate multiplier, {', '.join(possible) or 'which the model lacks'}"
        raise ArgumentError("layer", rule, repr(layer))
    if len(model.inputs) != 1:
        raise ArgumentError("model", "must have one input", f"{len(model.inputs)} inputs")
    chosen = layers[layer]
    shape = tuple(model.inputs[0].shape[1:])
    if np.ndim(inputs) != len(shape) + 1 or any(b not in (None, a) for a, b in zip(np.shape(inputs)[1:], shape)):
        raise ArgumentError("inputs", f"must be arrays of shape {shape}", np.shape(inputs))
    nodes = _nodes(model, chosen)
    if len(nodes) != 1:
        raise ArgumentError("layer", "must be called once in the model", f"{layer!r}, which is called more often")
    before = keras.Model(model.inputs[0], nodes[0].input_tensors[0])
    activations = before(np.asarray(inputs, np.float32), training=False)
    is_depthwise = isinstance(chosen, FakeApproxDepthwiseConv2D)
    operands = chosen._quantised_operands(activations, chosen.kernel, channel_axes=2 if is_depthwise else 1)
    input, kernel, *ranges = (np.asarray(operand) for operand in operands)
    geometry = {**chosen._geometry(), "table": chosen.multiplier}
    del geometry["mul_map_file"]
    if is_depthwise:
        kernel = grouped_filter(input.shape[geometry["data_format"].index("C")], kernel)
    input_min, input_max, filter_min, filter_max = ranges
    return convolution_vectors(input, kernel, float(input_min), float(input_max), filter_min, filter_max, **geometry)


def _nodes(model, layer):
    """The calls of a layer in a model. Keras keeps those of models that it built before in the layer, too."""
    graph = getattr(model, "_functional", None) or model
    nodes = [node for nodes in graph._nodes_by_depth.values() for node in nodes]
    return [node for node in nodes if node.operation is layer]
