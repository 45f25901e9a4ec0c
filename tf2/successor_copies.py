"""Copies of models of Keras 2 in which annotated layers, or layers with annotations, take the place of others."""

from __future__ import annotations

from typing import Any, Callable, Iterator, Sequence

import tf_keras

from .fake_convolutional import PACKAGE
from .successor_configs import QuantConv2DConfig, QuantizeWrapper


@tf_keras.saving.register_keras_serializable(package=PACKAGE)
class QuantizeAnnotate(tf_keras.layers.Wrapper):
    """A layer that `quantize_apply` will replace; until then it computes what the layer computes."""

    def __init__(self, layer: Any, quantize_config: QuantConv2DConfig, **kwargs: Any) -> None:
        super().__init__(layer, **kwargs)
        self.quantize_config = quantize_config

    def call(self, inputs: Any) -> Any:
        """The output of the layer; called by Keras."""
        return self.layer(inputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the output; called by Keras."""
        return self.layer.compute_output_shape(input_shape)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config = tf_keras.saving.serialize_keras_object(self.quantize_config)
        return {**super().get_config(), "quantize_config": config}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> QuantizeAnnotate:
        """A layer from its configuration; called by Keras."""
        quantize_config = tf_keras.saving.deserialize_keras_object(config["quantize_config"], custom_objects)
        return super().from_config({**config, "quantize_config": quantize_config}, custom_objects)


def _inner(layer: Any) -> Any:
    """The layer in a wrapper of Keras such as TimeDistributed; `None` for other layers."""
    is_ours = isinstance(layer, (QuantizeAnnotate, QuantizeWrapper))
    return layer.layer if isinstance(layer, tf_keras.layers.Wrapper) and not is_ours else None


def layers_of(parts: Sequence[Any]) -> Iterator[Any]:
    """Of a list of layers, those that are no models or wrappers, and the same of the models and wrappers."""
    for layer in parts:
        inner = layer.layers if isinstance(layer, tf_keras.Model) else _inner(layer)
        if inner is None:
            yield layer
        else:
            yield from layers_of(inner if isinstance(inner, list) else [inner])


def copy_of(model: Any, changed: Callable[[Any, Any], Any]) -> Any:
    """A copy of a model with the same weights, in which `changed(layer, copy)` takes the place of each layer."""
    if not model.built:
        raise ValueError(f"model must be built, so that its layers have weights; received '{model.name}', which is not")
    pairs: list[Any] = []

    def clone(layer, copy=None):
        if isinstance(layer, tf_keras.Model):
            return clone_model(layer)
        copy = layer.__class__.from_config(layer.get_config()) if copy is None else copy
        inner, known = _inner(layer), len(pairs)
        if inner is None:
            copy = changed(layer, copy)
        else:
            result = clone(inner, copy.layer)
            if result is not copy.layer:
                copy.layer = result
                return copy
            del pairs[known:]  # Bidirectional has its weights in copies of the layer in it
        pairs.append((layer, copy))
        return copy

    def clone_model(model):
        if not (isinstance(model, tf_keras.Sequential) or model._is_graph_network):
            rule = "model must be functional or sequential, and so must be the models in it"
            raise ValueError(f"{rule}; received '{model.name}', a {type(model).__name__}")
        return tf_keras.models.clone_model(model, clone_function=clone)

    result = clone_model(model)
    if not result.built:
        result.build(model.input_shape)
    for source, target in pairs:
        if isinstance(source, QuantizeAnnotate) and isinstance(target, QuantizeWrapper):
            target = target.layer  # the ranges begin anew
        weights = source.get_weights()  # a tunable layer has one more, `tuning_phase`
        target.set_weights([*weights, *target.get_weights()[len(weights) :]])
    return result
