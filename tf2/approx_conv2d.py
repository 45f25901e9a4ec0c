"""`ApproxConv2DWithMinMaxVars` as a Python function; approx_conv2d_gradient.py has its gradient."""

from __future__ import annotations

from typing import Any, Callable, Sequence, Union

import numpy as np
import tensorflow as tf

from tfapprox.common._settings import pass_on
from tfapprox.common.eager import gpu_eager_lock
from tfapprox.common.gradient_tables import STRAIGHT_THROUGH, checked_gradient
from tfapprox.common.tables import is_pinned, load_truth_table, pin_table

from . import approx_conv2d_gradient, library
from .table_argument import TableArgument, is_name, table_tensor

# What TensorFlow converts to a tensor.
TensorLike = Union[tf.Tensor, tf.Variable, np.ndarray, Sequence, float]

operations = library.load()
approx_conv2d_gradient.register()


def call_with_table(
    operation: Callable[..., Any],
    mul_map_file: TableArgument,
    num_bits: int,
    gradient: str,
    half_window: int | None,
    **arguments: Any,
) -> Any:
    """Calls an operation of the plugin by the content of a table, under the present environment variables.

    Args:
        operation: a member of `operations`, `NAME_with_min_max_vars`. A table that is not given by its name is an input
            of the member `NAME_with_table`.
        mul_map_file: name or path of the multiplier; a name or path without a pin gets one. Or the table: a
            `TruthTable`, an integer array, or a tensor or variable of uint16 or int16.
        num_bits: width of the codes.
        gradient: one of `GRADIENTS`.
        half_window: half window of the smoothing of a gradient from the table; `None` for the default.
        arguments: the remaining arguments of `operation`.

    Returns:
        The tensor that `operation` returns.
    """
    pass_on()
    half_window = checked_gradient(gradient, half_window, num_bits)
    if is_name(mul_map_file) and gradient != STRAIGHT_THROUGH:
        mul_map_file = load_truth_table(mul_map_file, num_bits)
    if is_name(mul_map_file):
        pinned = mul_map_file if is_pinned(mul_map_file) else pin_table(mul_map_file, num_bits)
        with gpu_eager_lock(tf):
            return operation(mul_map_file=pinned, num_bits=num_bits, **arguments)
    with_table = getattr(operations, operation.__name__.replace("_with_min_max_vars", "_with_table"))
    table = table_tensor(mul_map_file, num_bits, "mul_map_file")
    with gpu_eager_lock(tf):
        return with_table(table=table, gradient=gradient, half_window=half_window, **arguments)


@tf.autograph.experimental.do_not_convert
def approx_conv2d_with_min_max_vars(
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
    explicit_paddings: Sequence[int] = (),
    data_format: str = "NHWC",
    dilations: Sequence[int] = (1, 1, 1, 1),
    gradient: str = "straight_through",
    half_window: int | None = None,
    name: str | None = None,
) -> tf.Tensor:
    """Convolution whose products are read from the truth table of an approximate multiplier.

    Input and filter are quantised to `num_bits` bits in the given ranges, as
    `tf.quantization.fake_quant_with_min_max_vars` does it, or, for a signed table (`mul8s_...`), symmetrically to
    -127..127, as `tf.quantization.quantize` does it in mode SCALED with `narrow_range` and HALF_TO_EVEN. The sums of
    table products are exact integers and are scaled to real numbers at the end. The equations are in
    docs/arithmetic.md; the operation follows Vaverka et al., "TFApprox: towards a fast emulation of DNN approximate
    hardware accelerators on GPU", DATE 2020.

    It runs on CPUs, and on GPUs if the install was built with CUDA, with the same result to the last bit.

    The gradients with respect to input and filter are those of the exact convolution (straight-through), or, as
    `gradient` says, come from the table; the ranges have no gradient.

    Args:
        input: float32 tensor, four dimensions in the order of `data_format`.
        filter: float32 tensor `[filter_height, filter_width, in_channels / groups, out_channels]`. The number of groups
            is what its channels say, as in `tf.nn.conv2d`.
        input_min: float32 scalar, lower end of the quantisation range of `input`.
        input_max: float32 scalar, upper end of the quantisation range of `input`.
        filter_min: lower end of the quantisation range of `filter`: a float32 scalar, or `[out_channels]`, one range
            for each filter.
        filter_max: upper end of the quantisation range of `filter`, of the same shape.
        strides: four integers in the order of `data_format`; those of batch and channels are 1.
        padding: `"SAME"`, `"VALID"` or `"EXPLICIT"`.
        num_bits: width of the codes, 2 to 8; 8 for a signed table.
        mul_map_file: name of a built-in multiplier, path of a `.bin` truth table, or name of one in a multiplier
            folder. This call pins it to its content: to load a graph whose table has changed is an error. `""` is the
            exact product. Or the table itself: a `TruthTable`, an integer array `[2**num_bits, 2**num_bits]`,
            activation code first, or a tensor or variable of dtype uint16, or int16 for a signed table. A variable may
            change its table between two calls of a `tf.function` that was traced once; it should lie on the CPU.
        explicit_paddings: for `"EXPLICIT"`, eight integers, before and after each dimension of `data_format`.
        data_format: `"NHWC"` or `"NCHW"`.
        dilations: four integers in the order of `data_format`; those of batch and channels are 1.
        gradient: `"straight_through"`, that of the exact product; `"table_1d"`, slopes of the table for each code; or
            `"table_2d"`, its smoothed differences for each pair of codes (docs/arithmetic.md, section 9).
        half_window: codes on each side of the middle of a smoothing window; by default a sixteenth of the codes. It
            must be `None` for `"straight_through"`.
        name: name of the operation.

    Returns:
        float32 tensor, the output in `data_format`; NaN where an input or weight of the window is NaN.

    Raises:
        tf.errors.InvalidArgumentError: if a shape, range or attribute is not possible; the message names it.
        tf.errors.FailedPreconditionError: if this install has no kernel for the GPU.
        FileNotFoundError: if there is no such multiplier or file.
        TypeError: if `mul_map_file` is neither a name, a path nor a table.
        ValueError: if the table does not fit `num_bits`.

    Example:
        >>> x, w, ranges = tf.ones([1, 4, 4, 1]), tf.ones([3, 3, 1, 1]), [0.0, 1.0, 0.0, 1.0]
        >>> y = approx_conv2d_with_min_max_vars(x, w, *ranges, [1, 1, 1, 1], "VALID", mul_map_file="mul8u_drum4")
        >>> y.shape, round(float(y[0, 0, 0, 0]), 3)
        (TensorShape([1, 2, 2, 1]), 7.972)
    """
    return call_with_table(
        operations.approx_conv2d_with_min_max_vars,
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
        explicit_paddings=explicit_paddings,
        data_format=data_format,
        dilations=dilations,
        name=name,
    )
