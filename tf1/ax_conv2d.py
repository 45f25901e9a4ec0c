"""`AxConv2D` as a Python function."""

from __future__ import annotations

from typing import Any, Sequence, Union

import numpy as np
import tensorflow as tf

from tfapprox.common._settings import pass_on
from tfapprox.common.eager import gpu_eager_lock
from tfapprox.common.tables import NameOrPath, pin_table

from . import library

# What TensorFlow converts to a tensor.
TensorLike = Union[tf.Tensor, tf.Variable, np.ndarray, Sequence, float]

operations = library.load()  # the module that TensorFlow generated for the plugin
# Without this decorator, AutoGraph of TensorFlow 2 warns that it cannot convert the function; 1.14 has neither.
_not_converted = getattr(tf.autograph.experimental, "do_not_convert", lambda function: function)


@_not_converted
def ax_conv2d(
    input: TensorLike,
    filter: TensorLike,
    min_input: TensorLike,
    max_input: TensorLike,
    min_filter: TensorLike,
    max_filter: TensorLike,
    strides: Sequence[int],
    padding: str,
    *,
    ax_mult: NameOrPath = "mul8u_1JFF",
    ax_tune: bool = True,
    name: str | None = None,
) -> Any:
    """QuantizedConv2D whose products are read from the truth table of an approximate multiplier.

    Its results are those of the operation of 2019 to the last bit; equations (5) of docs/arithmetic.md describe them.
    It follows Mrazek et al., "ALWANN: automatic layer-wise approximation of deep neural network accelerators without
    retraining", ICCAD 2019.

    Args:
        input: quint8 tensor `[batch, height, width, channels]`.
        filter: quint8 tensor `[filter_height, filter_width, in_channels, out_channels]`.
        min_input: float32 scalar, lower end of the quantisation range of `input`, the real number of code 0.
        max_input: float32 scalar, upper end of the quantisation range of `input`, the real number of code 255.
        min_filter: float32 scalar, lower end of the quantisation range of `filter`, the real number of code 0.
        max_filter: float32 scalar, upper end of the quantisation range of `filter`, the real number of code 255.
        strides: four integers `[1, stride, stride, 1]`.
        padding: `"SAME"` or `"VALID"`.
        ax_mult: name of a built-in multiplier, path of a `.bin` truth table, or name of one in a multiplier folder;
            unsigned, with 8 bits. This call pins it to its content: to load a graph whose table has changed is an
            error.
        ax_tune: whether each weight is mapped to the one whose products have the minimum error (5.6).
        name: name of the operation.

    Returns:
        A named tuple of tensors: `output`, qint32 `[batch, out_height, out_width, out_channels]`, and `min_output` and
        `max_output`, float32 scalars, the real numbers of the minimum and maximum of qint32.

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
    with gpu_eager_lock(tf):
        return operations.ax_conv2d(
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
