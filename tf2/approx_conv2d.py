"""`ApproxConv2DWithMinMaxVars` as a Python function, and its gradient."""

import tensorflow as tf

from tfapprox.common import pin_table

from . import library

_ops = library.load()


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
    fake_quant_with_min_max_vars` does it; the sums of table products are exact integers, scaled to real numbers at
    the end. The equations are in docs/arithmetic.md; after Vaverka et al., "TFApprox: towards a fast emulation of
    DNN approximate hardware accelerators on GPU", DATE 2020.

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
        num_bits: width of the codes, 2 to 8.
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
        FileNotFoundError: if there is no such multiplier or file.
        ValueError: if the table does not fit `num_bits`.

    Example:
        >>> x, w, ranges = tf.ones([1, 4, 4, 1]), tf.ones([3, 3, 1, 1]), [0.0, 1.0, 0.0, 1.0]
        >>> y = approx_conv2d_with_min_max_vars(x, w, *ranges, [1, 1, 1, 1], "VALID", mul_map_file="mul8u_drum4")
        >>> y.shape, round(float(y[0, 0, 0, 0]), 3)
        (TensorShape([1, 2, 2, 1]), 7.972)
    """
    return _ops.approx_conv2d_with_min_max_vars(
        input=input,
        filter=filter,
        input_min=input_min,
        input_max=input_max,
        filter_min=filter_min,
        filter_max=filter_max,
        strides=strides,
        num_bits=num_bits,
        mul_map_file=pin_table(mul_map_file, num_bits),
        padding=padding,
        explicit_paddings=explicit_paddings,
        data_format=data_format,
        dilations=dilations,
        name=name,
    )


def _spread(filter, dilations):
    """The dense filter of a dilated one: zeros between the taps. TensorFlow has no dilated gradient on the CPU."""
    height, width, inputs, outputs = tf.unstack(tf.shape(filter))
    dy, dx = dilations
    filled = tf.pad(filter[:, None, :, None], [[0, 0], [0, dy - 1], [0, 0], [0, dx - 1], [0, 0], [0, 0]])
    dense = tf.reshape(filled, [height * dy, width * dx, inputs, outputs])
    return dense[: (height - 1) * dy + 1, : (width - 1) * dx + 1]


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
    height, width = data_format.index("H"), data_format.index("W")
    strides = op.get_attr("strides")
    dilations = [op.get_attr("dilations")[axis] for axis in (height, width)]
    padding, pads = op.get_attr("padding").decode(), op.get_attr("explicit_paddings")
    pads = [[pads[2 * axis], pads[2 * axis + 1]] if padding == "EXPLICIT" else [0, 0] for axis in (height, width)]
    to_nhwc, to_nchw = ([0, 2, 3, 1], [0, 3, 1, 2]) if data_format == "NCHW" else (None, None)

    # As a convolution NHWC without explicit padding, the only form whose gradients TensorFlow has on every device.
    x = op.inputs[0] if to_nhwc is None else tf.transpose(op.inputs[0], to_nhwc)
    dy = gradient if to_nhwc is None else tf.transpose(gradient, to_nhwc)
    size = tf.shape(x)
    x = tf.pad(x, [[0, 0], *pads, [0, 0]])
    form = {
        "strides": [1, strides[height], strides[width], 1],
        "padding": "VALID" if padding == "EXPLICIT" else padding,
    }
    w = _spread(op.inputs[1], dilations)
    dx = tf.raw_ops.Conv2DBackpropInput(input_sizes=tf.shape(x), filter=w, out_backprop=dy, **form)
    dw = tf.raw_ops.Conv2DBackpropFilter(input=x, filter_sizes=tf.shape(w), out_backprop=dy, **form)
    dx = dx[:, pads[0][0] :, pads[1][0] :][:, : size[1], : size[2]]
    dx = dx if to_nchw is None else tf.transpose(dx, to_nchw)
    return [dx, dw[:: dilations[0], :: dilations[1]]]
