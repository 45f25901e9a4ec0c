"""`ApproxDepthwiseConv2DWithMinMaxVars` as a Python function."""

from __future__ import annotations

from typing import Sequence

import tensorflow as tf

from .approx_conv2d import TensorLike, call_with_table, operations
from .table_argument import TableArgument


@tf.autograph.experimental.do_not_convert
def approx_depthwise_conv2d_with_min_max_vars(
    input: TensorLike,
    filter: TensorLike,
    input_min: TensorLike,
    input_max: TensorLike,
    filter_min: TensorLike,
    filter_max: TensorLike,
    strides: Sequence[int],
    padding: str = "SAME",
    *,
    num_bits: int = 8,
    mul_map_file: TableArgument = "",
    data_format: str = "NHWC",
    dilations: Sequence[int] = (1, 1, 1, 1),
    gradient: str = "straight_through",
    half_window: int | None = None,
    name: str | None = None,
) -> tf.Tensor:
    """Depthwise convolution whose products are read from the truth table of an approximate multiplier.

    Each channel of the input is convolved with filters of its own, equation (3.7) of docs/arithmetic.md. Input and
    filter are quantised to `num_bits` bits in the given ranges, symmetrically for a signed table (`mul8s_...`). The
    table is read as activation first, weight second. The sums are exact integers. The gradients with respect to input
    and filter are those of the exact convolution (straight-through), or, as `gradient` says, come from the table;
    the ranges have no gradient.

    Args:
        input: float32 tensor, four dimensions in the order of `data_format`.
        filter: float32 tensor `[filter_height, filter_width, channels, multiplier]`.
        input_min: float32 scalar, lower end of the quantisation range of `input`.
        input_max: float32 scalar, upper end of the quantisation range of `input`.
        filter_min: lower end of the quantisation range of `filter`: a float32 scalar; `[channels * multiplier]`, one
            range for each output channel; or `[multiplier]`, as in TFApprox4IL, ranges that all channels share.
        filter_max: upper end of the quantisation range of `filter`, of the same shape.
        strides: four integers in the order of `data_format`; those of batch and channels are 1.
        padding: `"SAME"` or `"VALID"`.
        num_bits: width of the codes, 2 to 8; 8 for a signed table.
        mul_map_file: name of a built-in multiplier, path of a `.bin` truth table, or name of one in a multiplier
            folder. This call pins it to its content: to load a graph whose table has changed is an error. `""` is the
            exact product. Or the table itself: a `TruthTable`, an integer array `[2**num_bits, 2**num_bits]`,
            activation code first, or a tensor or variable of dtype uint16, or int16 for a signed table. A variable may
            change its table between two calls of a `tf.function` that was traced once; it should lie on the CPU.
        data_format: `"NHWC"` or `"NCHW"`.
        dilations: four integers in the order of `data_format`; those of batch and channels are 1.
        gradient: `"straight_through"`, that of the exact product; `"table_1d"`, slopes of the table for each code; or
            `"table_2d"`, its smoothed differences for each pair of codes (docs/arithmetic.md, section 9).
        half_window: codes on each side of the middle of a smoothing window; by default a sixteenth of the codes. It
            must be `None` for `"straight_through"`.
        name: name of the operation.

    Returns:
        float32 tensor, the output in `data_format`, with `channels * multiplier` channels: output channel
        `c * multiplier + m` is channel `c` of the input under `filter[:, :, c, m]`. An output is NaN where an input or
        weight of the window is NaN.

    Raises:
        tf.errors.InvalidArgumentError: if a shape, range or attribute is not possible; the message names it.
        tf.errors.FailedPreconditionError: if this install has no kernel for the GPU.
        FileNotFoundError: if there is no such multiplier or file.
        TypeError: if `mul_map_file` is neither a name, a path nor a table.
        ValueError: if the table does not fit `num_bits`.

    Example:
        >>> x, w, ranges = tf.ones([1, 4, 4, 2]), tf.ones([3, 3, 2, 3]), [0.0, 1.0, 0.0, 1.0]
        >>> approx_depthwise_conv2d_with_min_max_vars(x, w, *ranges, [1, 1, 1, 1], "VALID").shape
        TensorShape([1, 2, 2, 6])
    """
    return call_with_table(
        operations.approx_depthwise_conv2d_with_min_max_vars,
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
        strides=strides,
        padding=padding,
        data_format=data_format,
        dilations=dilations,
        name=name,
    )
