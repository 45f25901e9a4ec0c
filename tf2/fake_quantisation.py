"""Tensors rounded to the values of their codes, with the range of the codes."""

from __future__ import annotations

from typing import Callable, Optional, Sequence

import tensorflow as tf

from .activation_range import batch_range

# A function of a float32 tensor, the number of bits, and the minimum and maximum of its range, which are by default
# those of the tensor and 0. It returns the rounded tensor and the minimum and maximum of the quantisation range.
FakeQuantise = Callable[[tf.Tensor, int, Optional[Sequence[tf.Tensor]]], "tuple[tf.Tensor, tf.Tensor, tf.Tensor]"]


def _asymmetric(tensor, num_bits, ends=None):
    minimum, maximum = batch_range(tensor) if ends is None else ends
    raw = tf.raw_ops.FakeQuantWithMinMaxVars, tf.raw_ops.FakeQuantWithMinMaxVarsGradient
    return _rounded_in(raw, tensor, minimum, maximum, num_bits), minimum, maximum


def _rounded_in(operations, tensor, minimum, maximum, num_bits):
    """A tensor rounded to the values of its codes, by an operation of TensorFlow, which has a gradient of its own.

    The gradient is that of TensorFlow: elements outside of the range add theirs to that of its ends. It is written in
    operations that have gradients themselves. TensorFlow's own has none, so that second derivatives would be `None`.
    """
    forward, backward = operations

    @tf.custom_gradient
    def rounded(tensor, minimum, maximum):
        def gradient(upstream):
            # The gradient of TensorFlow for ones tells which elements are inside of the range.
            inside = backward(
                gradients=tf.ones_like(tensor), inputs=tensor, min=minimum, max=maximum, num_bits=num_bits
            )[0]
            nothing = tf.zeros_like(upstream)
            outside = tf.where(inside > 0, nothing, upstream)
            axes = list(range(len(tensor.shape) - len(minimum.shape))) if tensor.shape.rank is not None else None
            of_min, of_max = (
                tf.reduce_sum(tf.where(side, outside, nothing), axes) for side in (tensor < 0, tensor > 0)
            )
            return tf.where(inside > 0, upstream, nothing), of_min, of_max

        return forward(inputs=tensor, min=minimum, max=maximum, num_bits=num_bits), gradient

    return rounded(tensor, minimum, maximum)


def _symmetric(tensor, num_bits, ends=None):
    """The codes of a signed table, (2.5)-(2.7), in a symmetric range."""
    minimum, maximum = batch_range(tensor) if ends is None else ends
    limit = tf.stop_gradient(tf.maximum(-minimum, maximum))

    @tf.custom_gradient
    def rounded(tensor):
        output = tf.quantization.quantize_and_dequantize_v2(
            tensor, -limit, limit, num_bits=num_bits, range_given=True, round_mode="HALF_TO_EVEN", narrow_range=True
        )
        return output, lambda upstream: tf.where(tf.abs(tensor) <= limit, upstream, tf.zeros_like(upstream))

    return rounded(tensor), -limit, limit


def divided_by_constant(tensor: tf.Tensor, divisor: float) -> tf.Tensor:
    """The float32 quotients of a tensor and a constant, with the same bits in and outside of graphs.

    In a graph, TensorFlow and XLA replace a division by a constant by a product with its reciprocal, which may have
    other bits. They do so here, too, but the error in float64 is too small to change the float32 number: quotients that
    are not float32 numbers are at least 2**-32 of their size away from the middle between two of them.

    Args:
        tensor: float32 tensor.
        divisor: an integer below 256.
    """
    return tf.cast(tf.cast(tensor, tf.float64) / divisor, tf.float32)


def _symmetrically_rounded_columns(columns, limits):
    """(2.5)-(2.7) for each column of a matrix. TensorFlow's `quantize_and_dequantize_v2` takes one range only."""

    def rounded(columns):
        codes = tf.round(columns * tf.math.divide_no_nan(127.0, limits))
        return tf.clip_by_value(codes, -127.0, 127.0) * divided_by_constant(limits, 127.0)

    return tf.grad_pass_through(rounded)(columns)


def fake_quantiser(signed: bool) -> FakeQuantise:
    """The function that rounds a tensor to the values of the codes of a table.

    Args:
        signed: whether the table is signed, and its ranges symmetric.
    """
    return _symmetric if signed else _asymmetric


def quantised_per_channel(
    kernel: tf.Tensor, num_bits: int, channel_axes: int, signed: bool
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Weights rounded to the values of their codes, with a range for each output channel.

    Args:
        kernel: float32 tensor, whose last `channel_axes` axes count the output channels.
        num_bits: width of the codes.
        channel_axes: number of axes at the end of `kernel`, 1 or more.
        signed: whether the table is signed, and its ranges symmetric.

    Returns:
        The rounded weights, in the shape of `kernel`, and the minima and maxima of the ranges, two float32 vectors
        `[output channels]`. Each range contains 0.
    """
    channels = tf.reduce_prod(tf.shape(kernel)[-channel_axes:])
    columns = tf.reshape(kernel, [-1, channels])
    minima = tf.minimum(tf.reduce_min(columns, axis=0), 0.0)
    maxima = tf.maximum(tf.reduce_max(columns, axis=0), 0.0)
    if signed:
        maxima = tf.maximum(-minima, maxima)
        minima = -maxima
        rounded = _symmetrically_rounded_columns(columns, maxima)
    else:
        raw = (
            tf.raw_ops.FakeQuantWithMinMaxVarsPerChannel,
            tf.raw_ops.FakeQuantWithMinMaxVarsPerChannelGradient,
        )
        rounded = _rounded_in(raw, columns, minima, maxima, num_bits)
    return tf.reshape(rounded, tf.shape(kernel)), minima, maxima
