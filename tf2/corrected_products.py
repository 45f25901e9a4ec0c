"""The outputs of the operation of a layer, minus the errors that `compensate` has found to be predictable."""

from __future__ import annotations

from typing import Any, Callable, Sequence

import numpy as np
import tensorflow as tf

from tfapprox.common.gradient_tables import STRAIGHT_THROUGH

from .corrections import Corrections
from .fake_quantisation import divided_by_constant

# From activations, weights, and minimum and maximum of both, and from a table, to the outputs.
Operation = Callable[[Sequence[Any], Any], tf.Tensor]
FIRST = np.s_[..., :1]


def corrected_products(
    operation: Operation,
    operands: Sequence[Any],
    table: Any,
    corrections: Corrections | None,
    num_bits: int,
    signed: bool,
    gradient: str = STRAIGHT_THROUGH,
    part: str = "input",
    first: Any = FIRST,
    repeats: int = 1,
    channel_axis: int = -1,
) -> tf.Tensor:
    """The outputs (3.4) of an operation, compensated by (8.2) if the layer has corrections for its table.

    Args:
        operation: function from operands and a table to the outputs.
        operands: activations, weights, minimum and maximum of the activations, and those of the weights.
        table: the table of the layer.
        corrections: corrections of the layer; `None` if it cannot have any.
        num_bits: width of the codes.
        signed: whether the table is signed.
        gradient: where the gradients of `operation` come from. With those of the table, which has errors, corrections
            have gradients, too (9.9).
        part: name of the tensor of activations.
        first: index of the weights of one filter of each group.
        repeats: number of filters of a group, which have the same windows; 1 if there is one group.
        channel_axis: the dimension of the outputs that counts the filters, -1 or -3.

    Returns:
        float32 tensor, the outputs. Without gradients from the table, corrections have none.
    """
    outputs = operation(operands, table)
    if corrections is None:
        return outputs
    is_applied = corrections.is_applied(part)
    if corrections.observer is None and not is_applied:
        return corrections.checked(part, outputs)
    inputs, weights, input_min, input_max, filter_min, filter_max = operands
    low, high = (-127.0, 127.0) if signed else (0.0, 2.0**num_bits - 1)
    if gradient == STRAIGHT_THROUGH:
        inputs = tf.stop_gradient(inputs)
    ones = [inputs, tf.ones_like(weights[first]), input_min, input_max, low, high]
    exact = "mul8s_exact" if signed else ""
    windows = operation(ones, exact)  # (8.1)
    if repeats > 1:
        windows = tf.repeat(windows, repeats, axis=channel_axis)
    scales = [_scale(input_min, input_max, num_bits, signed), _scale(filter_min, filter_max, num_bits, signed)]
    if corrections.observer is not None:
        last = [np.moveaxis(x.numpy(), channel_axis, -1) for x in (outputs, operation(operands, exact), windows)]
        corrections.observer(part, *last, *(scale.numpy() for scale in scales))
        if not corrections.is_applied(part):
            return outputs
    alpha, beta = tf.unstack(corrections.operand(part))
    offset = tf.cast(scales[0] * scales[1] * alpha, tf.float32)
    factor = tf.cast(scales[1] * beta, tf.float32)
    if channel_axis == -3:
        offset, factor = offset[..., None, None], factor[..., None, None]
    compensated = outputs - (tf.stop_gradient(offset) + tf.stop_gradient(factor) * windows)  # (8.2)
    compensated.set_shape(outputs.shape)
    return compensated


def _scale(minimum, maximum, num_bits, signed):
    """(2.1) or (2.5), as float64."""
    minimum, maximum = tf.cast(minimum, tf.float32), tf.cast(maximum, tf.float32)
    width = tf.maximum(tf.abs(minimum), tf.abs(maximum)) if signed else maximum - minimum
    return tf.cast(divided_by_constant(width, 127.0 if signed else 2.0**num_bits - 1), tf.float64)
