"""Operands and operations that bring the derivatives of a truth table into gradients (9)."""

from __future__ import annotations

from typing import Any, NamedTuple

import tensorflow as tf

from tfapprox.common.gradient_tables import STRAIGHT_THROUGH, TABLE_2D, checked_half_window, slope_coefficients

from . import library

NO_SECOND_DERIVATIVE = "tfapprox has no second derivatives for gradient='table_1d' and 'table_2d'"


class Operands(NamedTuple):
    """What the gradients of an exact product are computed from.

    Attributes:
        activations: the tensor that the gradient of the weights is computed from.
        weights: the tensor that the gradient of the activations is computed from.
        padding: the value of a tap in the padding among `activations`.
    """

    activations: tf.Tensor
    weights: tf.Tensor
    padding: Any


class Quantiser(NamedTuple):
    """A quantiser (2.1) to (2.3), (2.5), (2.6) as float32 tensors of one shape."""

    scale: tf.Tensor
    inverse_scale: tf.Tensor
    nudged_min: tf.Tensor
    zero_point: tf.Tensor


def straight_through(op: Any) -> bool:
    """Whether an operation has the gradients of the exact product."""
    # Only the form of an operation that has its table as an input has other gradients.
    return not op.type.endswith("WithTable") or _gradient(op) == STRAIGHT_THROUGH


def _gradient(op):
    return op.get_attr("gradient").decode()


def operands_of_gradients(op: Any, weights: tf.Tensor, range_shape: Any = (-1,)) -> Operands:
    """The operands of an operation, or, for `gradient="table_1d"`, the slopes of its table in their place (9.5), (9.6).

    Args:
        op: an operation of the plugin with the inputs activations, weights, their ranges, and perhaps a table.
        weights: the weights, in the form that the gradients are computed in.
        range_shape: the shape in which ranges of the filters are broadcast to `weights`.
    """
    activations = op.inputs[0]
    if straight_through(op):
        return Operands(activations, weights, 0.0)
    if not tf.config.list_logical_devices("GPU"):
        return _operands_by_kernel(op, weights, range_shape)
    table, signed, num_bits = _table(op)
    half_window = checked_half_window(op.get_attr("half_window"), num_bits, signed)
    factors, denominator = slope_coefficients(num_bits, signed, half_window)
    # All numbers are integers below 2^53, so that the sums are exact in any order.
    products, factors = tf.cast(table, tf.float64), tf.constant(factors, tf.float64)
    activation_slopes = tf.linalg.matvec(products, factors, transpose_a=True) / denominator
    weight_slopes = tf.linalg.matvec(products, factors) / denominator
    _, _, a_min, a_max, w_min, w_max = op.inputs[:6]
    a_quantiser = quantiser(a_min, a_max, num_bits, signed)
    w_quantiser = quantiser(tf.reshape(w_min, range_shape), tf.reshape(w_max, range_shape), num_bits, signed)
    values = _centred(weight_slopes, a_quantiser)  # one for every activation code
    padding = tf.gather(values, tf.cast(a_quantiser.zero_point, tf.int32))
    mapped_activations = tf.gather(values, codes(activations, a_quantiser, num_bits, signed))
    slopes = tf.gather(activation_slopes, codes(weights, w_quantiser, num_bits, signed))
    return Operands(_protected(mapped_activations), _protected(_centred(slopes, w_quantiser)), padding)


def _operands_by_kernel(op, weights, range_shape):
    """What `operands_of_gradients` returns, by an operation of the plugin, which has no kernel for GPUs."""
    form = {"table": op.inputs[-1], "half_window": op.get_attr("half_window")}
    a_min, a_max, w_min, w_max = op.inputs[2:6]
    operation = library.load().approx_table_slopes
    activations, padding = operation(op.inputs[0], a_min, a_max, operand="activation", **form)
    inner = 1
    if isinstance(range_shape, tuple) and range_shape == (-1, 1):
        inner = weights.shape[-1]
        if inner is None:
            raise ValueError(
                f"filter must have a known last dimension for gradient='table_1d'; received shape {weights.shape}"
            )
    slopes, _ = operation(weights, w_min, w_max, operand="weight", inner=inner, **form)
    return Operands(activations, slopes, padding)


def is_table_2d(op: Any) -> bool:
    """Whether an operation has the gradients of the smoothed differences of its table (9.8)."""
    return op.type.endswith("WithTable") and _gradient(op) == TABLE_2D


def table_2d_gradients(
    op: Any, operands: tuple[Any, Any], ranges: Any, gradient: tf.Tensor, pads: Any, **form: Any
) -> tuple[tf.Tensor, tf.Tensor]:
    """The gradients of a convolution by the smoothed differences of its table (9.8).

    Args:
        op: the operation, whose range of activations, table and half window count.
        operands: activations in NHWC, and weights `[height, width, channels / groups, filters]`; `[height, width,
            filters, channels]` for a transposed convolution.
        ranges: the minimum and the maximum of the weights, scalars or `[filters]`.
        gradient: gradient of the output, in NHWC.
        pads: top, bottom, left and right padding.
        **form: `strides`, `dilations` and `is_transposed` of the operation.

    Returns:
        The gradients of both operands.
    """
    return library.load().approx_conv2d_table_gradients(
        *operands,
        *op.inputs[2:4],
        *ranges,
        gradient,
        pads,
        op.inputs[-1],
        half_window=op.get_attr("half_window"),
        **form,
    )


@tf.RegisterGradient("ApproxTableSlopes")
@tf.RegisterGradient("ApproxConv2DTableGradients")
def _no_second_derivative(op, *gradients):
    raise LookupError(NO_SECOND_DERIVATIVE)


def _table(op):
    """The truth table of an operation as a tensor, whether it is signed, and its width."""
    table = op.inputs[-1]
    if table.shape.rank != 2 or table.shape[0] is None:
        raise ValueError(f"table must have a known shape for gradient={_gradient(op)!r}; received {table.shape}")
    return table, table.dtype == tf.int16, table.shape[0].bit_length() - 1


def _centred(slopes, quantiser):
    """`scale * (slope - zero_point)`, rounded once, as float32."""
    scale, zero_point = (tf.cast(x, tf.float64) for x in (quantiser.scale, quantiser.zero_point))
    return tf.cast(scale * (slopes - zero_point), tf.float32)


def _protected(tensor):
    """The tensor, through which no gradient can be asked for: a silent zero would be wrong."""
    return tf.raw_ops.PreventGradient(input=tensor, message=NO_SECOND_DERIVATIVE)


def quantiser(minimum: tf.Tensor, maximum: tf.Tensor, num_bits: int, signed: bool) -> Quantiser:
    """The quantiser of a range, or of ranges, with the bits that the core computes."""

    def divided(a, b):
        # float64 and one rounding give the float32 quotient. TensorFlow multiplies by reciprocals in place of some.
        return tf.cast(tf.cast(a, tf.float64) / tf.cast(b, tf.float64), tf.float32)

    if signed:
        limit, top = tf.maximum(tf.abs(minimum), tf.abs(maximum)), tf.constant(127.0)
        nothing = tf.zeros_like(limit)
        return Quantiser(divided(limit, top), divided(top, limit), nothing, nothing)
    top = tf.constant(2.0**num_bits - 1)
    scale = divided(maximum - minimum, top)
    unclamped = tf.cast(0.0 - divided(minimum, scale), tf.float64)
    positive = tf.where(unclamped > 0, tf.minimum(unclamped, tf.cast(top, tf.float64)), tf.zeros_like(unclamped))
    zero_point = tf.cast(tf.floor(positive + 0.5), tf.float32)
    return Quantiser(scale, divided(tf.ones_like(scale), scale), (0.0 - zero_point) * scale, zero_point)


def codes(tensor: tf.Tensor, quantiser: Quantiser, num_bits: int, signed: bool) -> tf.Tensor:
    """Codes (2.4) or (2.7) of real numbers, as int32 indices; codes below 0 count from the end."""
    steps = (tensor - quantiser.nudged_min) * quantiser.inverse_scale
    if signed:
        steps = tf.clip_by_value(tf.round(steps), -127.0, 127.0)
        return tf.bitwise.bitwise_and(tf.cast(tf.where(steps == steps, steps, tf.zeros_like(steps)), tf.int32), 255)
    steps = tf.floor(steps + 0.5)
    return tf.cast(tf.minimum(tf.where(steps > 0, steps, tf.zeros_like(steps)), 2.0**num_bits - 1), tf.int32)
