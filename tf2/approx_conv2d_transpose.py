"""`ApproxConv2DTransposeWithMinMaxVars` as a Python function; approx_conv2d_gradient.py has its gradient."""

from __future__ import annotations

from typing import Sequence

import tensorflow as tf

from .approx_conv2d import TensorLike, call_with_table, operations
from .table_argument import TableArgument


@tf.autograph.experimental.do_not_convert
def approx_conv2d_transpose_with_min_max_vars(
    input: TensorLike,
    filter: TensorLike,
    output_shape: TensorLike,
    input_min: TensorLike,
    input_max: TensorLike,
    filter_min: TensorLike,
    filter_max: TensorLike,
    strides: Sequence[int],
    padding: str = "SAME",
    *,
    num_bits: int = 8,
    mul_map_file: TableArgument = "",
    explicit_paddings: Sequence[int] = (),
    data_format: str = "NHWC",
    dilations: Sequence[int] = (1, 1, 1, 1),
    gradient: str = "straight_through",
    half_window: int | None = None,
    name: str | None = None,
) -> tf.Tensor:
    """Transposed convolution whose products are read from the truth table of an approximate multiplier.

    An output has the taps of equation (3.9) of docs/arithmetic.md. A tap whose input does not exist is a tap in the
    padding; the zeros that a textbook inserts between the elements of the input are no taps. Input and filter are
    quantised to `num_bits` bits in the given ranges, symmetrically for a signed table (`mul8s_...`). The sums are exact
    integers. The gradients with respect to input and filter are those of the exact transposed convolution
    (straight-through), or, as `gradient` says, come from the table; the ranges have no gradient.

    Args:
        input: float32 tensor, four dimensions in the order of `data_format`.
        filter: float32 tensor `[filter_height, filter_width, out_channels, in_channels]`.
        output_shape: four integers in the order of `data_format`, or an int32 tensor of them, the shape of the output.
            A convolution of a tensor of this shape, with the same filter size, strides, padding and dilations, must
            have the height and width of `input`.
        input_min: lower end of the quantisation range of `input`, a float32 scalar.
        input_max: upper end of the quantisation range of `input`.
        filter_min: lower end of the quantisation range of `filter`: a float32 scalar, or
            `[out_channels]`, one range for each channel of the output.
        filter_max: upper end of the quantisation range of `filter`, of the same shape.
        strides: four integers in the order of `data_format`; those of batch and channels are 1.
        padding: `"SAME"`, `"VALID"` or `"EXPLICIT"`, of the convolution that has this output as its input.
        num_bits: width of the codes, 2 to 8; 8 for a signed table.
        mul_map_file: name of a built-in multiplier, path of a `.bin` truth table, or name of one in a multiplier
            folder. This call pins it to its content: to load a graph whose table has changed is an error. `""` is the
            exact product. Or the table itself: a `TruthTable`, an integer array `[2**num_bits, 2**num_bits]`,
            activation code first, or a tensor or variable of dtype uint16, or int16 for a signed table.
        explicit_paddings: for `"EXPLICIT"`, eight integers, before and after each dimension of `data_format`.
        data_format: `"NHWC"` or `"NCHW"`.
        dilations: four integers in the order of `data_format`; those of batch and channels are 1.
        gradient: `"straight_through"`, that of the exact product; `"table_1d"`, slopes of the table for each code; or
            `"table_2d"`, its smoothed differences for each pair of codes (docs/arithmetic.md, section 9).
        half_window: codes on each side of the middle of a smoothing window; by default a sixteenth of the codes. It
            must be `None` for `"straight_through"`.
        name: name of the operation.

    Returns:
        float32 tensor `output_shape`; NaN where an input or weight of a tap is NaN.

    Raises:
        tf.errors.InvalidArgumentError: if a shape, range or attribute is not possible; the message names it.
        tf.errors.FailedPreconditionError: if this install has no kernel for the GPU.
        FileNotFoundError: if there is no such multiplier or file.
        TypeError: if `mul_map_file` is neither a name, a path nor a table.
        ValueError: if the table does not fit `num_bits`.

    Example:
        >>> x, w, ranges = tf.ones([1, 2, 2, 1]), tf.ones([2, 2, 3, 1]), [0.0, 1.0, 0.0, 1.0]
        >>> approx_conv2d_transpose_with_min_max_vars(x, w, [1, 4, 4, 3], *ranges, [1, 2, 2, 1]).shape
        TensorShape([1, 4, 4, 3])
    """
    return call_with_table(
        operations.approx_conv2d_transpose_with_min_max_vars,
        mul_map_file,
        num_bits,
        gradient,
        half_window,
        input=input,
        filter=filter,
        input_min=input_min,
        input_max=input_max,
        filter_min=filter_min,
        filter_max=filter_max,
        output_shape=output_shape,
        strides=strides,
        padding=padding,
        explicit_paddings=explicit_paddings,
        data_format=data_format,
        dilations=dilations,
        name=name,
    )
