"""Where a number that is NaN or infinite began in a network."""

from __future__ import annotations

import contextlib
import re
from typing import Any, Iterator

import numpy as np
import tensorflow as tf

from ..approximate_products import ApproximateProducts
from ..inline_functions import inline_functions
from ..layer_paths import held_layers, layers_by_path


class NotFiniteError(ValueError):
    """The loss of a training became NaN or infinite."""


def explain(model: Any, inputs: Any, error: Exception) -> str | None:
    """Says where NaN or infinity began in a training step.

    Args:
        model: the model, with the weights with which the step began.
        inputs: the inputs of the step, or `None` if they are not known.
        error: what TensorFlow raised.

    Returns:
        A sentence for the user, or `None` if the error is about something else.
    """
    paths = [path for path, layer in layers_by_path(model) if not held_layers(layer) and _has_bad_weights(layer)]
    if paths:
        # A gradient goes from the outputs to the inputs, and takes NaN with it.
        return (
            f"weights must be finite; received NaN or infinity in layer '{paths[-1]}' after the step before"
            f"{'' if len(paths) == 1 else ', and in ' + str(len(paths) - 1) + ' layers before it'}: its gradient was "
            "not finite. Try a lower learning rate, or clip gradients (clipnorm of the optimizer)"
        )
    if inputs is not None:
        if not all(_is_finite(array) for array in tf.nest.flatten(inputs)):
            return "data must be finite; received samples with NaN or infinity"
        path = _first_layer(model, inputs)
        where = f"it began in the outputs of layer '{path}'" if path else "outputs are finite, and the loss is not"
        return f"loss must be finite; received NaN or infinity: {where}"
    text = str(error).replace("\\'", "'")  # TensorFlow prints strings as bytes
    match = re.search(r"activations of layer [^\n]*must be finite; received NaN or infinity", text)
    return match and f"{match.group()}: it began in what comes before that layer"


def _is_finite(array):
    array = np.asarray(array)
    return array.dtype.kind not in "fV" or bool(np.isfinite(array.astype(np.float32)).all())


def _has_bad_weights(layer):
    return not all(_is_finite(weight.numpy()) for weight in layer.trainable_weights)


def _first_layer(model, inputs):
    """The path of the first layer whose outputs are not finite, or `None`."""
    begun: list[str] = []
    with _unchanged(model), contextlib.ExitStack() as stack, inline_functions():
        for path, layer in layers_by_path(model):
            if not held_layers(layer):
                layer.call = _observed(path, layer.call, begun)
                stack.callback(delattr, layer, "call")
        # A layer after the first one may refuse what it gets.
        with contextlib.suppress(tf.errors.InvalidArgumentError):
            model(inputs, training=True)
    return begun[0] if begun else None


def _observed(path, call, begun):
    def observed(*args, **kwargs):
        outputs = call(*args, **kwargs)
        if not all(_is_finite(array) for array in tf.nest.flatten(outputs) if array is not None):
            begun.append(path)
        return outputs

    return observed


@contextlib.contextmanager
def _unchanged(model: Any) -> Iterator[None]:
    """Puts weights and ranges back that a call in training mode changes."""
    weights = model.get_weights()
    layers = [layer for _, layer in layers_by_path(model) if isinstance(layer, ApproximateProducts)]
    ranges = [range_ for layer in layers for range_ in layer.activation_ranges.values()]
    before = [range_.to_arrays() for range_ in ranges]
    try:
        yield
    finally:
        model.set_weights(weights)
        for range_, arrays in zip(ranges, before):
            if arrays:
                range_.from_arrays(arrays)
