"""All operations in numpy: the specification that every backend is tested against, bit for bit.

The code is written to be read, not to be fast. Numbers in parentheses are the equations of docs/arithmetic.md. It runs
on Python 3.7 with numpy 1.16 and later, because it also judges the TensorFlow 1.14 backend, and without the compiled
core.
"""

import math
from typing import List, Optional, Sequence

import numpy as np

from . import _validation
from ._convolution import (
    SIDES,
    AxOutput,
    FilterRange,
    check_groups,
    depthwise_tensors,
    look_up_sum,
    patches,
    taps,
    window,
)
from ._quantisers import Quantiser, codes, filter_quantisers, quantiser
from ._reference_gradients import approx_conv2d_gradients
from ._reference_matmul import GroupSums, approx_matmul_with_min_max_vars, products, scaled, sums
from ._reference_transpose import approx_conv2d_transpose_with_min_max_vars
from .truth_table import TableLike, TruthTable, check_unsigned, is_signed

__all__ = [
    "AxOutput",
    "FilterRange",
    "GroupSums",
    "Quantiser",
    "approx_conv2d_gradients",
    "approx_conv2d_transpose_with_min_max_vars",
    "approx_conv2d_with_min_max_vars",
    "approx_depthwise_conv2d_with_min_max_vars",
    "approx_matmul_with_min_max_vars",
    "ax_conv2d",
    "ax_offset",
    "ax_tap_positions",
    "codes",
    "exact_table",
    "filter_quantisers",
    "group_sums",
    "is_signed",
    "quantiser",
    "scaled",
    "tap_positions",
    "tune",
]


def exact_table(num_bits: int, signed: bool = False) -> np.ndarray:
    """The exact product as a table: uint16 `[2**num_bits, 2**num_bits]`; signed, int16 in the order of a file (1.3)."""
    return TruthTable.exact(num_bits, signed).entries.copy()


def approx_conv2d_with_min_max_vars(
    input: np.ndarray,
    filter: np.ndarray,
    input_min: float,
    input_max: float,
    filter_min: FilterRange,
    filter_max: FilterRange,
    strides: Sequence[int],
    padding: str = "SAME",
    *,
    num_bits: int = 8,
    table: Optional[TableLike] = None,
    explicit_paddings: Sequence[int] = (),
    data_format: str = "NHWC",
    dilations: Sequence[int] = (1, 1, 1, 1),
) -> np.ndarray:
    """`ApproxConv2DWithMinMaxVars`, equations (3): a convolution of real numbers by table products of their codes.

    Args:
        input: float32 array, four dimensions in the order of `data_format`.
        filter: float32 array `[filter_height, filter_width, in_channels / groups, out_channels]`. The number of groups
            (3.6) is what its channels say.
        input_min: lower end of the quantisation range of `input`, a real number.
        input_max: upper end of the quantisation range of `input`.
        filter_min: lower end of the quantisation range of `filter`: a number, or `[out_channels]` numbers, one for each
            filter.
        filter_max: upper end of the quantisation range of `filter`, of the same shape.
        strides: four integers in the order of `data_format`; those of batch and channels are 1.
        padding: `"SAME"`, `"VALID"` or `"EXPLICIT"`.
        num_bits: width of the codes, 2 to 8; 8 for a signed table.
        table: `TruthTable`, or integer array `[2**num_bits, 2**num_bits]`, activation code first; an int16 array is
            signed (1.3). `None` is the exact product of unsigned codes.
        explicit_paddings: for `"EXPLICIT"`, eight integers, before and after each dimension of `data_format`.
        data_format: `"NHWC"` or `"NCHW"`.
        dilations: four integers in the order of `data_format`; those of batch and channels are 1.

    Returns:
        float32 array, the output in `data_format`; NaN where an input or weight of the window is NaN.

    Raises:
        ValueError: if a range, a size or the table is not possible.

    Example:
        >>> x, w = np.ones((1, 4, 4, 1)), np.ones((3, 3, 1, 1))
        >>> y = approx_conv2d_with_min_max_vars(x, w, 0, 1, 0, 1, [1, 1, 1, 1], padding="VALID")
        >>> y.shape, round(y[0, 0, 0, 0].item(), 3)
        ((1, 2, 2, 1), 9.0)
    """
    truth = TruthTable.of(table, num_bits)
    filter, x = _validation.reals("filter", filter), _validation.reals("input", input)
    strides, padding, explicit_paddings, data_format, dilations = _validation.geometry(
        strides, padding, explicit_paddings, data_format, dilations
    )
    _validation.shapes(x.shape, filter.shape, data_format, grouped=True)
    qa = quantiser("input", input_min, input_max, num_bits, truth.signed)
    qw = filter_quantisers(filter_min, filter_max, filter.shape[3], num_bits, truth.signed)
    if data_format == "NCHW":
        x = x.transpose(0, 2, 3, 1)
    groups = check_groups(x.shape[3], filter.shape[2], filter.shape[3])

    positions = tap_positions(x.shape, filter.shape, strides, padding, explicit_paddings, data_format, dilations)
    size = len(qw) // groups  # filters of a group
    parts = [
        _group_outputs(part, weights, qa, qw[g * size : (g + 1) * size], positions, truth)
        for g, (part, weights) in enumerate(zip(np.split(x, groups, 3), np.split(filter, groups, 3)))
    ]
    output = np.concatenate(parts, 1).reshape(len(x), *map(len, positions), filter.shape[3])
    return output.transpose(0, 3, 1, 2) if data_format == "NCHW" else output


def tap_positions(
    input_shape: Sequence[int],
    filter_shape: Sequence[int],
    strides: Sequence[int],
    padding: str,
    explicit_paddings: Sequence[int],
    data_format: str,
    dilations: Sequence[int],
) -> List[np.ndarray]:
    """Input rows and columns of the taps of a convolution, equations (4).

    Args:
        input_shape: `[batch, height, width, channels]`.
        filter_shape: `[filter_height, filter_width, in_channels / groups, out_channels]`.
        strides: four integers in the order of `data_format`.
        padding: `"SAME"`, `"VALID"` or `"EXPLICIT"`.
        explicit_paddings: for `"EXPLICIT"`, eight integers, before and after each dimension of `data_format`.
        data_format: `"NHWC"` or `"NCHW"`.
        dilations: four integers in the order of `data_format`.

    Returns:
        Two integer arrays: the rows `[out_height, filter_height]` and the columns `[out_width, filter_width]`.

    Raises:
        ValueError: if the input is too small for the filter.
    """
    positions = []
    for axis, name in enumerate("HW"):
        dimension = data_format.index(name)
        pads = tuple(explicit_paddings[2 * dimension : 2 * dimension + 2])
        sizes = (input_shape[1 + axis], filter_shape[axis], strides[dimension], dilations[dimension])
        shape = window(*sizes, padding, pads, f"input {SIDES[axis]}")
        origins = np.arange(shape.output) * strides[dimension] - shape.pad_before
        positions.append(taps(origins, filter_shape[axis], dilations[dimension]))
    return positions


def group_sums(
    x: np.ndarray,
    filter: np.ndarray,
    qa: Quantiser,
    qw: Sequence[Quantiser],
    positions: Sequence[np.ndarray],
    truth: TruthTable,
) -> GroupSums:
    """The codes and sums of one group of channels, (3.1) to (3.3), all int64.

    Args:
        x: float32 array `[batch, height, width, channels]`, the channels of the group.
        filter: float32 array `[filter_height, filter_width, channels, filters]`, the filters of the group.
        qa: the quantiser of the activations.
        qw: the quantiser of each filter.
        positions: input rows and columns of the taps, as `tap_positions` returns them.
        truth: the truth table.
    """
    rows, columns = positions
    a = patches(codes(qa, x), rows, columns, fill=qa.zero_point)  # (3.2)
    return sums(a, filter.reshape(-1, filter.shape[3]), qa, qw, truth)


def _group_outputs(x, filter, qa, qw, positions, truth):
    """The outputs `[pixels, filters]` of one group of channels, (3.1) to (3.5)."""
    rows, columns = positions
    a = patches(codes(qa, x), rows, columns, fill=qa.zero_point)  # (3.2)
    nan_inputs = patches(np.isnan(x), rows, columns, fill=False)
    return products(a, nan_inputs, filter.reshape(-1, filter.shape[3]), qa, qw, truth)


def approx_depthwise_conv2d_with_min_max_vars(
    input: np.ndarray,
    filter: np.ndarray,
    input_min: float,
    input_max: float,
    filter_min: FilterRange,
    filter_max: FilterRange,
    strides: Sequence[int],
    padding: str = "SAME",
    *,
    num_bits: int = 8,
    table: Optional[TableLike] = None,
    data_format: str = "NHWC",
    dilations: Sequence[int] = (1, 1, 1, 1),
) -> np.ndarray:
    """`ApproxDepthwiseConv2DWithMinMaxVars`, equation (3.7): each channel is convolved with filters of its own.

    Args:
        input: float32 array, four dimensions in the order of `data_format`.
        filter: float32 array `[filter_height, filter_width, channels, multiplier]`.
        input_min: lower end of the quantisation range of `input`, a real number.
        input_max: upper end of the quantisation range of `input`.
        filter_min: lower end of the quantisation range of `filter`: a number, or `[channels * multiplier]` numbers, one
            for each output channel.
        filter_max: upper end of the quantisation range of `filter`, of the same shape.
        strides: four integers in the order of `data_format`; those of batch and channels are 1.
        padding: `"SAME"` or `"VALID"`.
        num_bits: width of the codes, 2 to 8; 8 for a signed table.
        table: `TruthTable`, or integer array `[2**num_bits, 2**num_bits]`, activation code first; an int16 array is
            signed (1.3). `None` is the exact product of unsigned codes.
        data_format: `"NHWC"` or `"NCHW"`.
        dilations: four integers in the order of `data_format`; those of batch and channels are 1.

    Returns:
        float32 array, the output in `data_format`, with `channels * multiplier` channels; NaN where an input or weight
        of the window is NaN.

    Raises:
        ValueError: if a range, a size or the table is not possible.

    Example:
        >>> x, w = np.ones((1, 4, 4, 2)), np.ones((3, 3, 2, 3))
        >>> y = approx_depthwise_conv2d_with_min_max_vars(x, w, 0, 1, 0, 1, [1, 1, 1, 1], "VALID")
        >>> y.shape, round(y[0, 0, 0, 0].item(), 3)
        ((1, 2, 2, 6), 9.0)
    """
    return approx_conv2d_with_min_max_vars(
        *depthwise_tensors(input, filter, data_format),
        input_min,
        input_max,
        filter_min,
        filter_max,
        strides,
        padding,
        num_bits=num_bits,
        table=table,
        data_format=data_format,
        dilations=dilations,
    )


def ax_offset(minimum: float, maximum: float) -> int:
    """Code of the real number 0 of a quantised tensor, not clamped (5.1): an int in the range of int32."""
    with np.errstate(all="ignore"):
        width = np.float64(np.float32(maximum) - np.float32(minimum))
        if width == 0:
            return 0
        steps = 256.0 / (width * (256.0 / 255.0))
        return _wrap32(_round64(0.0 * steps) - _round64(np.float64(np.float32(minimum)) * steps))


def _round64(x):
    """Round half away from zero to int64; what does not fit, and NaN, becomes the minimum of int64, as on x86."""
    if not abs(x) < 2.0**63:
        return -(2**63)
    return int(math.copysign(math.floor(abs(x) + 0.5) if abs(x) < 2.0**52 else abs(x), x))


def _wrap32(x):
    """An integer, or an array of integers, wrapped to the range of int32 modulo 2**32."""
    return (x + 2**31) % 2**32 - 2**31


def tune(table: TableLike) -> np.ndarray:
    """Weight map of ALWANN (5.6): a copy of `table` in which each column is replaced by the one nearest to `i * w`.

    Args:
        table: `TruthTable`, or integer array `[codes, codes]`, activation code first, unsigned.

    Returns:
        Array of the shape and dtype of the entries.

    Raises:
        ValueError: if the table is signed, or its shape, dtype or an entry is not possible.

    Example:
        >>> tune(np.array([[0, 0, 0, 0], [0, 1, 3, 2], [0, 2, 6, 4], [0, 3, 9, 6]]))[3].tolist()
        [0, 3, 6, 9]
    """
    check_unsigned(table)
    entries = TruthTable.of(table, None).entries
    operand = np.arange(len(entries), dtype=np.int64)
    columns = []
    for w in operand:
        errors = np.abs(operand[:, None] * w - entries.astype(np.int64)).sum(0)
        columns.append(w if errors[w] == errors.min() else errors.argmin())
    return entries[:, columns]


def ax_tap_positions(
    input_shape: Sequence[int], filter_shape: Sequence[int], strides: Sequence[int], padding: str
) -> List[np.ndarray]:
    """Input rows and columns under the taps of each output row and column of `AxConv2D` (5.3).

    Args:
        input_shape: `[batch, height, width, channels]`.
        filter_shape: `[filter_height, filter_width, in_channels, out_channels]`.
        strides: four integers, `[1, stride_height, stride_width, 1]`.
        padding: `"SAME"` or `"VALID"`.

    Returns:
        Integer arrays `[out_height, filter_height]` and `[out_width, filter_width]`. A position outside of the input is
        a tap in the padding.

    Raises:
        ValueError: if the input is too small for the filter.

    Example:
        >>> ax_tap_positions([1, 3, 4, 1], [2, 2, 1, 1], [1, 2, 2, 1], "SAME")[0].tolist()
        [[0, 1], [2, 3]]
    """
    positions = []
    for axis in (1, 2):
        size, extent, stride = input_shape[axis], filter_shape[axis - 1], strides[axis]
        output = window(size, extent, stride, 1, padding, name=f"input {SIDES[axis - 1]}").output
        pad_before = int(((output - 1) * stride + extent - size + (padding == "VALID")) / 2)
        positions.append(taps(np.arange(output) * stride - pad_before, extent, 1))
    return positions


def ax_conv2d(
    input: np.ndarray,
    filter: np.ndarray,
    min_input: float,
    max_input: float,
    min_filter: float,
    max_filter: float,
    strides: Sequence[int],
    padding: str,
    *,
    table: Optional[TableLike] = None,
    ax_tune: bool = True,
) -> AxOutput:
    """`AxConv2D` of TensorFlow 1.14, equations (5): a quantised convolution by table products, int32 with wrap-around.

    Args:
        input: uint8 array `[batch, height, width, channels]`.
        filter: uint8 array `[filter_height, filter_width, in_channels, out_channels]`.
        min_input: lower end of the quantisation range of `input`, the real number of code 0, rounded to float32.
        max_input: upper end of the quantisation range of `input`, the real number of code 255.
        min_filter: lower end of the quantisation range of `filter`, the real number of code 0.
        max_filter: upper end of the quantisation range of `filter`, the real number of code 255.
        strides: four integers, `[1, stride_height, stride_width, 1]`.
        padding: `"SAME"` or `"VALID"`.
        table: `TruthTable`, or integer array `[256, 256]`, activation code first, unsigned; `None` is the exact
            product.
        ax_tune: whether `tune` maps each weight to the one whose products have the minimum error.

    Returns:
        An `AxOutput`.

    Raises:
        ValueError: if a size is not possible, or the table is signed or not one of 8 bits.

    Example:
        >>> x, w = np.full((1, 4, 4, 1), 130, np.uint8), np.full((3, 3, 1, 1), 131, np.uint8)
        >>> ax_conv2d(x, w, -1, 1, -1, 1, [1, 1, 1, 1], "VALID").output[0, 0, 0, 0].item()  # 9 * 2 * 3
        54
    """
    truth = TruthTable.of(table)
    check_unsigned(truth)
    entries = tune(truth) if _validation.boolean("ax_tune", ax_tune) else truth.entries
    input, filter = _validation.codes("input", input), _validation.codes("filter", filter)
    _validation.one_of("padding", padding, ["SAME", "VALID"])
    strides = _validation.geometry(strides, padding).strides
    _validation.shapes(input.shape, filter.shape, "NHWC")
    min_input, max_input, min_filter, max_filter = _validation.numbers(
        min_input=min_input, max_input=max_input, min_filter=min_filter, max_filter=max_filter
    )
    io, fo = ax_offset(min_input, max_input), ax_offset(min_filter, max_filter)

    rows, columns = ax_tap_positions(input.shape, filter.shape, strides, padding)
    pixels = (len(input), len(rows), len(columns))
    a = patches(input.astype(np.int64), rows, columns, fill=io % 256)  # (5.4)
    w = filter.astype(np.int64).reshape(-1, filter.shape[3])
    total = look_up_sum(entries, a, w) - a.sum(1)[:, None] * fo - w.sum(0) * io + len(w) * _wrap32(io * fo)  # (5.2)
    output = _wrap32(total).astype(np.int32).reshape(*pixels, filter.shape[3])

    with np.errstate(all="ignore"):
        steps = [
            (np.float32(top) - np.float32(bottom)) / np.float32(255)
            for bottom, top in [(min_input, max_input), (min_filter, max_filter)]
        ]
        extreme = steps[0] * steps[1] * np.float32(2.0**31)  # (5.5)
        return AxOutput(output, -extreme, extreme)
