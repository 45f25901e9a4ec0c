"""What a layer does with the output of its operation: the bias and the activation function."""

from __future__ import annotations

from typing import Any

import tensorflow as tf


def with_bias_and_activation(layer: Any, outputs: tf.Tensor) -> tf.Tensor:
    """The output of a layer, in its compute dtype, after its bias and its activation function.

    Args:
        layer: a Keras layer that has an `activation`, which may be `None`, and perhaps a `bias`, whose last dimension
            is that of the channels of `data_format`.
        outputs: tensor of the products.
    """
    outputs = tf.cast(outputs, layer.compute_dtype)
    bias = getattr(layer, "bias", None)
    if bias is not None:
        bias = tf.cast(bias, outputs.dtype)
        if getattr(layer, "data_format", None) == "channels_first":
            bias = tf.reshape(bias, [1, -1] + [1] * (len(outputs.shape) - 2))
        outputs = outputs + bias
    return outputs if layer.activation is None else layer.activation(outputs)
