"""Gradients of the convolutions: those of exact ones (7.1), (7.2), computed from operands or from slopes (9.5)."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from .table_gradients import is_table_2d, operands_of_gradients, straight_through, table_2d_gradients


def register() -> None:
    """Tells TensorFlow the gradients of the operations of the plugin."""
    for form in ("WithMinMaxVars", "WithTable"):
        tf.RegisterGradient(f"ApproxConv2D{form}")(_conv2d_gradient)
        tf.RegisterGradient(f"ApproxDepthwiseConv2D{form}")(_depthwise_conv2d_gradient)
        tf.RegisterGradient(f"ApproxConv2DTranspose{form}")(_conv2d_transpose_gradient)


def _conv2d_gradient(op: tf.Operation, gradient: tf.Tensor) -> list[tf.Tensor | None]:
    if is_table_2d(op):
        return _table_2d(op, op.inputs[1], op.inputs[4:6], gradient)
    return _gradients(op, operands_of_gradients(op, op.inputs[1]), gradient)


def _depthwise_conv2d_gradient(op: tf.Operation, gradient: tf.Tensor) -> list[tf.Tensor | None]:
    """The gradient of the grouped convolution that a depthwise convolution is (3.7)."""
    size = tf.shape(op.inputs[1])
    if is_table_2d(op):
        grouped = tf.reshape(op.inputs[1], [size[0], size[1], 1, size[2] * size[3]])
        dx, dw, *ranges = _table_2d(op, grouped, [_of_channels(end, size) for end in op.inputs[4:6]], gradient)
        return [dx, tf.reshape(dw, size), *ranges]
    operands = operands_of_gradients(op, op.inputs[1], tf.stack([-1, tf.minimum(tf.size(op.inputs[4]), size[3])]))
    grouped = tf.reshape(operands.weights, [size[0], size[1], 1, size[2] * size[3]])
    dx, dw, *ranges = _gradients(op, operands._replace(weights=grouped), gradient)
    return [dx, tf.reshape(dw, size), *ranges]


def _of_channels(ends, size):
    """Ends of ranges for each output channel of a depthwise convolution, from those of a channel or of all (3.7)."""
    if ends.shape.rank == 0:
        return ends
    rows = tf.reshape(ends, [-1, tf.minimum(tf.size(ends), size[3])])
    return tf.reshape(tf.broadcast_to(rows, size[2:]), [-1])


def _table_2d(op, filter, ranges, gradient, is_transposed=False):
    """The gradients of (9.8) for the input, and for `filter` as `table_2d_gradients` takes it."""
    form = _Form(op)
    x, dy = form.to_nhwc(op.inputs[0]), form.to_nhwc(gradient)
    inputs, outputs = (dy, x) if is_transposed else (x, dy)
    sizes = tf.shape(inputs)[1:3], tf.shape(filter)[:2], tf.shape(outputs)[1:3]
    pads = tf.reshape(tf.stack(_pads(op, form.axes, *sizes, form.strides, form.dilations)), [4])
    attributes = {"strides": form.strides, "dilations": form.dilations, "is_transposed": is_transposed}
    dx, dw = table_2d_gradients(op, (x, filter), ranges, dy, pads, **attributes)
    return [form.from_nhwc(dx), dw, *[None] * (len(op.inputs) - 2)]


def _conv2d_transpose_gradient(op: tf.Operation, gradient: tf.Tensor) -> list[tf.Tensor | None]:
    """Gradients of the exact transposed convolution; that of the input is a convolution of `gradient`."""
    if is_table_2d(op):
        return _table_2d(op, op.inputs[1], op.inputs[4:6], gradient, is_transposed=True)
    gradients = tf.cond(
        (tf.size(gradient) > 0) & (tf.size(op.inputs[0]) > 0),
        lambda: _exact_transpose_gradients(op, gradient),
        lambda: [tf.zeros_like(tensor) for tensor in op.inputs[:2]],
    )
    return [*gradients, *[None] * (len(op.inputs) - 2)]


def _exact_transpose_gradients(op, gradient):
    form = _Form(op)
    operands = operands_of_gradients(op, op.inputs[1], (-1, 1))
    x, w, dy = form.to_nhwc(operands.activations), operands.weights, form.to_nhwc(gradient)
    pads = _pads(op, form.axes, tf.shape(dy)[1:3], tf.shape(w)[:2], tf.shape(x)[1:3], form.strides, form.dilations)
    dx = tf.nn.conv2d(tf.pad(dy, [[0, 0], *pads, [0, 0]]), w, form.strides, "VALID", dilations=form.dilations)
    if not straight_through(op):  # taps in the padding (3.10), which have a gradient of their own
        edges = [(tf.shape(w)[i] - 1) * form.dilations[i] // form.strides[i] + 1 for i in range(2)]
        x = tf.pad(x, [[0, 0], *([edge, edge] for edge in edges), [0, 0]], constant_values=operands.padding)
        steps = [edge * stride for edge, stride in zip(edges, form.strides)]
        pads = [[before + step, after + step] for (before, after), step in zip(pads, steps)]
    dy = tf.pad(dy, [[0, 0], *pads, [0, 0]])
    if form.dilations == [1, 1]:
        dw = tf.raw_ops.Conv2DBackpropFilter(
            input=dy, filter_sizes=tf.shape(w), out_backprop=x, strides=[1, *form.strides, 1], padding="VALID"
        )
    else:
        _, dw = _dilated_gradients(dy, w, x, form.strides, form.dilations)
    return [form.from_nhwc(dx), dw]


class _Form:
    """Strides, dilations and layout of an operation, whose gradients are computed in NHWC on every device."""

    def __init__(self, op):
        data_format = op.get_attr("data_format").decode()
        self.axes = [data_format.index("H"), data_format.index("W")]
        self.strides = [op.get_attr("strides")[axis] for axis in self.axes]
        self.dilations = [op.get_attr("dilations")[axis] for axis in self.axes]
        self.is_nchw = data_format == "NCHW"

    def to_nhwc(self, tensor):
        return tf.transpose(tensor, [0, 2, 3, 1]) if self.is_nchw else tensor

    def from_nhwc(self, tensor):
        return tf.transpose(tensor, [0, 3, 1, 2]) if self.is_nchw else tensor


def _gradients(op, operands, gradient):
    # TensorFlow's own gradients of a convolution crash the process where the output is empty.
    gradients = tf.cond(
        tf.size(gradient) > 0,
        lambda: _exact_gradients(op, operands, gradient),
        lambda: [tf.zeros_like(op.inputs[0]), tf.zeros_like(operands.weights)],
    )
    return [*gradients, *[None] * (len(op.inputs) - 2)]


def _exact_gradients(op, operands, gradient):
    """Gradients of the exact convolution for the input and the weights `[height, width, depth / groups, filters]`."""
    form = _Form(op)
    strides, dilations = form.strides, form.dilations
    # The convolution is written in NHWC without padding, the only form that has gradients on every device.
    x, dy = form.to_nhwc(operands.activations), form.to_nhwc(gradient)
    w, size = operands.weights, tf.shape(x)
    pads = _pads(op, form.axes, size[1:3], tf.shape(w)[:2], tf.shape(dy)[1:3], strides, dilations)
    x = tf.pad(x, [[0, 0], *pads, [0, 0]], constant_values=operands.padding)
    if dilations == [1, 1]:
        dx, dw = _valid_gradients(x, w, dy, strides)
    else:
        dx, dw = _dilated_gradients(x, w, dy, strides, dilations)
    dx = dx[:, pads[0][0] :, pads[1][0] :][:, : size[1], : size[2]]
    return [form.from_nhwc(dx), dw]


def _pads(op, axes, inputs, filters, outputs, strides, dilations):
    """Padding before and after height and width, equations (4): two pairs of integers or scalar tensors.

    Args:
        op: the forward operation.
        axes: the dimensions of height and width in its `data_format`.
        inputs: size of the input, height and width.
        filters: size of the filter, height and width.
        outputs: size of the output, height and width.
        strides: steps between outputs, height and width.
        dilations: steps between taps, height and width.
    """
    padding = op.get_attr("padding").decode()
    if padding == "VALID":
        return [[0, 0], [0, 0]]
    if padding == "EXPLICIT":
        explicit = op.get_attr("explicit_paddings")
        return [[explicit[2 * axis], explicit[2 * axis + 1]] for axis in axes]
    pads: list[list[Any]] = []
    for i in range(2):
        total = tf.maximum((outputs[i] - 1) * strides[i] + (filters[i] - 1) * dilations[i] + 1 - inputs[i], 0)
        pads.append([total // 2, total - total // 2])
    return pads


def _valid_gradients(x, w, dy, strides):
    form = {"strides": [1, *strides, 1], "padding": "VALID"}
    dx = tf.raw_ops.Conv2DBackpropInput(input_sizes=tf.shape(x), filter=w, out_backprop=dy, **form)
    dw = tf.raw_ops.Conv2DBackpropFilter(input=x, filter_sizes=tf.shape(w), out_backprop=dy, **form)
    return dx, dw


def _dilated_gradients(x, w, dy, strides, dilations):
    """Gradients summed over the taps, each a 1x1 convolution: TensorFlow has no dilated gradient on the CPU."""
    height, width, size = tf.shape(w)[0], tf.shape(w)[1], tf.shape(x)
    # The extent of the input under one tap, from its first output to its last.
    extent = [(tf.shape(dy)[1 + i] - 1) * strides[i] + 1 for i in range(2)]

    def add_tap(tap, dx, dw):
        row, column = tap // width, tap % width
        top, left = row * dilations[0], column * dilations[1]
        part = x[:, top : top + extent[0], left : left + extent[1]]
        part_dx, part_dw = _valid_gradients(part, w[row, column][None, None], dy, strides)
        after = size[1] - top - extent[0], size[2] - left - extent[1]
        dx += tf.pad(part_dx, [[0, 0], [top, after[0]], [left, after[1]], [0, 0]])
        return tap + 1, tf.ensure_shape(dx, x.shape), dw.write(tap, part_dw[0, 0])

    taps = tf.TensorArray(w.dtype, height * width, element_shape=w.shape[2:])
    _, dx, dw = tf.while_loop(
        lambda tap, *_: tap < height * width, add_tap, [tf.constant(0), tf.zeros_like(x), taps], parallel_iterations=1
    )
    return dx, tf.reshape(dw.stack(), tf.shape(w))
