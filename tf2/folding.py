"""Batch normalisation folded into the layer before it."""

from __future__ import annotations

from typing import Any, Iterator

import keras
import numpy as np
import tensorflow as tf

from .approximate_products import ApproximateProducts
from .copying import is_graph
from .layer_paths import held_layers, layers_by_path

_TOLERANCE = 1e-3  # largest difference of the model and its folded copy, relative to the largest output


@keras.saving.register_keras_serializable(package="tfapprox")
class FoldedBatchNormalization(keras.layers.Layer):
    """Stands where a `BatchNormalization` was that is part of the layer before it now; its output is its input."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.supports_masking = True
        self.built = True

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """The input; called by Keras with the arguments of a normalisation."""
        return inputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the input."""
        return input_shape


def fold_batch_normalisation(model: keras.Model) -> keras.Model:
    """A copy of a model in which batch normalisation is part of the weights and the bias of the layer before it.

    With `scale = gamma / sqrt(variance + epsilon)`, the weights of output channel f are multiplied by `scale[f]`, and
    its bias becomes `beta + (bias - mean) * scale`. A `FoldedBatchNormalization`, which does nothing, takes the place
    of the normalisation. This is done for `Conv1D`, `Conv2D`, `DepthwiseConv2D` and `Dense` layers without activation
    whose output goes to one normalisation of its channels only, in sequential and functional models and those inside of
    them. The copy computes what the model computes in inference; it is compared on random inputs.

    Args:
        model: a built sequential or functional model.

    Returns:
        A `keras.Model` with the layer names of `model`, which is not compiled.

    Raises:
        ValueError: if the model is neither sequential nor functional, has approximate layers, whose codes would change,
            or the copy computes something else.

    Example:
        >>> layers = [keras.Input([8, 8, 1]), keras.layers.Conv2D(4, 3), keras.layers.BatchNormalization()]
        >>> [type(layer).__name__ for layer in fold_batch_normalisation(keras.Sequential(layers)).layers]
        ['Conv2D', 'FoldedBatchNormalization']
    """
    if not is_graph(model):
        raise ValueError(
            f"model must be sequential or functional for fold_batch_norm=True; received '{model.name}' of class "
            f"{type(model).__name__}"
        )
    approximate = [path for path, layer in layers_by_path(model) if isinstance(layer, ApproximateProducts)]
    if approximate:
        raise ValueError(
            f"model must be in floating point for fold_batch_norm=True; received '{model.name}' with the approximate "
            f"layers {approximate[:3]}{' and more' if len(approximate) > 3 else ''}"
        )
    folds = {id(layer): normalisation for graph in _graphs(model) for layer, normalisation in _foldable(graph)}
    normalisations = {id(normalisation) for normalisation in folds.values()}
    copies: dict[int, tuple[Any, Any]] = {}

    def clone(layer):
        if id(layer) not in copies:
            copies[id(layer)] = layer, clone_once(layer)
        return copies[id(layer)][1]

    def clone_once(layer):
        if is_graph(layer):
            return keras.models.clone_model(layer, clone_function=clone)
        if id(layer) in normalisations:
            return FoldedBatchNormalization(name=layer.name)
        config = layer.get_config()
        if id(layer) in folds:
            config["use_bias"] = True
        return type(layer).from_config(config)

    copy = keras.models.clone_model(model, clone_function=clone)
    for layer, new in copies.values():
        if id(layer) in folds:
            new.set_weights(_folded(layer, folds[id(layer)]))
        elif isinstance(layer, keras.layers.Layer) and not is_graph(layer) and id(layer) not in normalisations:
            new.set_weights(layer.get_weights())
    _check_equal(model, copy)
    return copy


def _graphs(model: Any) -> Iterator[Any]:
    yield model
    for layer in held_layers(model):
        if is_graph(layer):
            yield from _graphs(layer)


def _foldable(graph):
    """The layers of a functional or sequential model that can be folded, each with its normalisation."""
    graph = getattr(graph, "_functional", None) or graph
    nodes = [node for nodes in graph._nodes_by_depth.values() for node in nodes]
    uses = [id(tensor) for node in nodes for tensor in node.input_tensors] + [id(tensor) for tensor in graph.outputs]
    calls = [id(node.operation) for node in nodes]
    for node in nodes:
        if type(node.operation) is not keras.layers.BatchNormalization or not node.input_tensors:
            continue
        (tensor,) = node.input_tensors
        layer = tensor._keras_history.operation
        is_alone = uses.count(id(tensor)) == calls.count(id(layer)) == calls.count(id(node.operation)) == 1
        if is_alone and _is_linear(layer) and _axis(layer, node.operation):
            yield layer, node.operation


def _is_linear(layer):
    kinds = (keras.layers.Conv1D, keras.layers.Conv2D, keras.layers.DepthwiseConv2D, keras.layers.Dense)
    return type(layer) in kinds and layer.activation is keras.activations.linear


def _axis(layer, normalisation):
    """Whether a normalisation is one of the channels of a layer's output."""
    rank = len(layer.output.shape)
    channels = 1 if getattr(layer, "data_format", None) == "channels_first" else rank - 1
    axis = normalisation.axis if isinstance(normalisation.axis, int) else normalisation.axis[0]
    return axis % rank == channels


def _folded(layer, normalisation):
    """Kernel and bias of a layer with its normalisation."""
    mean, variance = (x.numpy().astype(np.float64) for x in (normalisation.moving_mean, normalisation.moving_variance))
    scale = 1 / np.sqrt(variance + normalisation.epsilon)
    if normalisation.scale:
        scale = scale * normalisation.gamma.numpy()
    beta = normalisation.beta.numpy() if normalisation.center else 0.0
    bias = layer.bias.numpy() if layer.use_bias else 0.0
    kernel = layer.kernel.numpy()
    by_channel = scale.reshape(kernel.shape[-2:]) if isinstance(layer, keras.layers.DepthwiseConv2D) else scale
    return [(kernel * by_channel).astype(np.float32), (beta + (bias - mean) * scale).astype(np.float32)]


def _check_equal(model, copy):
    """Compares the outputs of a model and its copy for random inputs."""
    generator = np.random.default_rng(0)
    inputs: Any = [
        generator.uniform(-1, 1, [2, *(size or 32 for size in tensor.shape[1:])]).astype(tensor.dtype)
        for tensor in model.inputs
    ]
    inputs = inputs[0] if len(inputs) == 1 else inputs
    for expected, output in zip(*(tf.nest.flatten(x(inputs, training=False)) for x in (model, copy))):
        expected, output = np.asarray(expected), np.asarray(output)
        difference, limit = np.abs(output - expected).max(), _TOLERANCE * np.abs(expected).max()
        if not difference <= limit:
            raise ValueError(
                f"model must compute the same with its batch normalisation folded; received '{model.name}', whose "
                f"outputs differ by {difference:.3g}, more than {limit:.3g}"
            )
