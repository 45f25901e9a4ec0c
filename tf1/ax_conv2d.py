"""`AxConv2D` as a Python function."""

import tensorflow as tf

from tfapprox.common import pin_table
from tfapprox.common._settings import pass_on
from tfapprox.common.eager import alone

from . import library

_ops = library.load()
# AutoGraph of TensorFlow 2 would warn that it cannot convert what is not TensorFlow's; 1.14 has neither.
_not_converted = getattr(tf.autograph.experimental, "do_not_convert", lambda function: function)


@_not_converted
def ax_conv2d(
    input,
    filter,
    min_input,
    max_input,
    min_filter,
    max_filter,
    strides,
    padding,
    ax_mult="mul8u_1JFF",
    ax_tune=True,
    name=None,
):
    """QuantizedConv2D whose products are read from the truth table of an approximate multiplier.

    Bit-compatible with the operation of 2019; equations (5) of docs/arithmetic.md. After Mrazek et al., "ALWANN:
    automatic layer-wise approximation of deep neural network accelerators without retraining", ICCAD 2019.

    Args:
        input: quint8 tensor `[batch, height, width, channels]`.
        filter: quint8 tensor `[filter_height, filter_width, in_channels, out_channels]`.
        min_input: float32 scalar, the real number of input code 0; so the other three.
        max_input: float32 scalar, the real number of input code 255.
        min_filter: float32 scalar, the real number of filter code 0.
        max_filter: float32 scalar, the real number of filter code 255.
        strides: four integers `[1, stride, stride, 1]`.
        padding: `"SAME"` or `"VALID"`.
        ax_mult: name of an unsigned 8-bit multiplier or path of its truth table, as `tfapprox.common.load_table` takes
            it.
        ax_tune: whether each weight is mapped to the one whose products err least.
        name: name of the operation.

    Returns:
        A named tuple of tensors: `output`, qint32 `[batch, out_height, out_width, out_channels]`, and `min_output` and
        `max_output`, float32 scalars, the real numbers of the least and greatest qint32.

    Raises:
        FileNotFoundError: if there is no such multiplier or file.
        ValueError: if the table does not have 8 bits, or is signed.
        tf.errors.InvalidArgumentError: if a shape or attribute is not possible; the message names it.
        tf.errors.FailedPreconditionError: on TensorFlow 2, if this install has no kernel for the GPU.

    Example:
        >>> import tensorflow as tf
        >>> codes = [tf.cast(tf.fill(shape, 3), tf.quint8) for shape in ([1, 4, 4, 1], [3, 3, 1, 2])]
        >>> ax_conv2d(*codes, 0.0, 255.0, 0.0, 255.0, [1, 1, 1, 1], "VALID").output.shape
        TensorShape([1, 2, 2, 2])
    """
    pass_on()
    table = pin_table(ax_mult, signed=False, argument="ax_mult")
    with alone(tf):
        return _ops.ax_conv2d(
            input=input,
            filter=filter,
            min_input=min_input,
            max_input=max_input,
            min_filter=min_filter,
            max_filter=max_filter,
            strides=strides,
            padding=padding,
            AxMult=table,
            AxTune=ax_tune,
            name=name,
        )
