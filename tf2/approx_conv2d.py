"""`ApproxConv2DWithMinMaxVars` as a Python function, and its gradient."""

import tensorflow as tf

from tfapprox.common._settings import pass_on
from tfapprox.common.eager import alone
from tfapprox.common.tables import is_pinned, pin_table

from . import library

_ops = library.load()


@tf.autograph.experimental.do_not_convert
def approx_conv2d_with_min_max_vars(
    input,
    filter,
    input_min,
    input_max,
    filter_min,
    filter_max,
    strides,
    padding,
    num_bits=8,
    mul_map_file="",
    explicit_paddings=(),
    data_format="NHWC",
    dilations=(1, 1, 1, 1),
    name=None,
):
    """Convolution whose products are read from the truth table of an approximate multiplier.

    Input and filter are quantised to `num_bits` bits in the given ranges, as `tf.quantization.
    fake_quant_with_min_max_vars` does it, or, for a signed table (`mul8s_...`), symmetrically to -127..127, as
    `tf.quantization.quantize` does it in mode SCALED with `narrow_range` and HALF_TO_EVEN; the sums of table products
    are exact integers, scaled to real numbers at the end. The equations are in docs/arithmetic.md; after Vaverka et
    al., "TFApprox: towards a fast emulation of DNN approximate hardware accelerators on GPU", DATE 2020.

    It runs on CPUs, and on GPUs if the install was built with CUDA, with the same result to the last bit.

    The gradients with respect to input and filter are those of the exact convolution (straight-through); the ranges
    have none.

    Args:
        input: float32 tensor, four dimensions in the order of `data_format`.
        filter: float32 tensor `[filter_height, filter_width, in_channels, out_channels]`.
        input_min: float32 scalar, least input that has a code of its own; so the other three.
        input_max: float32 scalar, greatest input.
        filter_min: float32 scalar, least weight.
        filter_max: float32 scalar, greatest weight.
        strides: four integers in the order of `data_format`; those of batch and channels are 1.
        padding: `"SAME"`, `"VALID"` or `"EXPLICIT"`.
        num_bits: width of the codes, 2 to 8; 8 for a signed table.
        mul_map_file: name of a multiplier or path of a truth table, as `tfapprox.common.load_table` takes it; pinned
            to its content (`tfapprox.common.pin_table`) when this function is called. `""` is the exact product.
        explicit_paddings: for `"EXPLICIT"`, eight integers, before and after each dimension of `data_format`.
        data_format: `"NHWC"` or `"NCHW"`.
        dilations: as `strides`.
        name: name of the operation.

    Returns:
        float32 tensor, the output in `data_format`; NaN where an input or weight of the window is NaN.

    Raises:
        tf.errors.InvalidArgumentError: if a shape, range or attribute is not possible; the message names it.
        tf.errors.FailedPreconditionError: if this install has no kernel for the GPU.
        FileNotFoundError: if there is no such multiplier or file.
        ValueError: if the table does not fit `num_bits`.

    Example:
        >>> x, w, ranges = tf.ones([1, 4, 4, 1]), tf.ones([3, 3, 1, 1]), [0.0, 1.0, 0.0, 1.0]
        >>> y = approx_conv2d_with_min_max_vars(x, w, *ranges, [1, 1, 1, 1], "VALID", mul_map_file="mul8u_drum4")
        >>> y.shape, round(float(y[0, 0, 0, 0]), 3)
        (TensorShape([1, 2, 2, 1]), 7.972)
    """
    pass_on()
    table = mul_map_file if is_pinned(mul_map_file) else pin_table(mul_map_file, num_bits)
    with alone(tf):
        return _ops.approx_conv2d_with_min_max_vars(
            input=input,
            filter=filter,
            input_min=input_min,
            input_max=input_max,
            filter_min=filter_min,
            filter_max=filter_max,
            strides=strides,
            num_bits=num_bits,
            mul_map_file=table,
            padding=padding,
            explicit_paddings=explicit_paddings,
            data_format=data_format,
            dilations=dilations,
            name=name,
        )


@tf.RegisterGradient("ApproxConv2DWithMinMaxVars")
def _approx_conv2d_gradient(op, gradient):
    """Straight-through: the gradients of the exact convolution (7.1), none for the ranges."""
    # TensorFlow's own gradients of a convolution crash the process where the output is empty.
    gradients = tf.cond(
        tf.size(gradient) > 0,
        lambda: _exact_gradients(op, gradient),
        lambda: [tf.zeros_like(tensor) for tensor in op.inputs[:2]],
    )
    return [*gradients, None, None, None, None]


def _exact_gradients(op, gradient):
    """Gradients of the exact convolution with respect to input and filter."""
    data_format = op.get_attr("data_format").decode()
    axes = [data_format.index("H"), data_format.index("W")]
    strides = [op.get_attr("strides")[axis] for axis in axes]
    dilations = [op.get_attr("dilations")[axis] for axis in axes]
    to_nhwc, to_nchw = ([0, 2, 3, 1], [0, 3, 1, 2]) if data_format == "NCHW" else (None, None)

    # As a convolution NHWC without padding, the only form whose gradients TensorFlow has on every device.
    x = op.inputs[0] if to_nhwc is None else tf.transpose(op.inputs[0], to_nhwc)
    dy = gradient if to_nhwc is None else tf.transpose(gradient, to_nhwc)
    w, size = op.inputs[1], tf.shape(x)
    pads = _pads(op, axes, size[1:3], tf.shape(w)[:2], tf.shape(dy)[1:3], strides, dilations)
    x = tf.pad(x, [[0, 0], *pads, [0, 0]])
    if dilations == [1, 1]:
        dx, dw = _valid_gradients(x, w, dy, strides)
    else:
        dx, dw = _dilated_gradients(x, w, dy, strides, dilations)
    dx = dx[:, pads[0][0] :, pads[1][0] :][:, : size[1], : size[2]]
    return [dx if to_nchw is None else tf.transpose(dx, to_nchw), dw]


def _pads(op, axes, inputs, filters, outputs, strides, dilations):
    """Padding before and after height and width, equations (4)."""
    padding, explicit = op.get_attr("padding").decode(), op.get_attr("explicit_paddings")
    if padding == "VALID":
        return [[0, 0], [0, 0]]
    if padding == "EXPLICIT":
        return [[explicit[2 * axis], explicit[2 * axis + 1]] for axis in axes]
    pads = []
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
    """A tap at a time, as a convolution 1x1: TensorFlow has no dilated gradient on the CPU."""
    height, width, size = tf.shape(w)[0], tf.shape(w)[1], tf.shape(x)
    # The part of the input that a tap meets, from its first pixel to its last.
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
