"""The geometry of a convolution and the sum of look-ups, which the operations of the reference share."""

from typing import Any, List, NamedTuple, Sequence, Tuple, Union

import numpy as np

from . import _validation
from .argument_error import ArgumentError

SIDES = ("height", "width")
# One range for all filters, or a number for each filter.
FilterRange = Union[float, Sequence[float], np.ndarray]


class AxOutput(NamedTuple):
    """The result of `ax_conv2d`.

    Attributes:
        output: int32 array `[batch, out_height, out_width, out_channels]`.
        min_output: float32, the real number of the code -2**31 of `output`.
        max_output: float32, the real number of the code 2**31 of `output`.
    """

    output: np.ndarray
    min_output: np.float32
    max_output: np.float32


class Window(NamedTuple):
    """One dimension of a convolution (4): output size and padding before the first element."""

    output: int
    pad_before: int


def window(
    size: int,
    filter_size: int,
    stride: int,
    dilation: int,
    padding: str,
    explicit: Sequence[int] = (),
    name: str = "input height",
) -> Window:
    """Output size and padding of one dimension, as TensorFlow's conv2d computes them (4.1)-(4.3).

    Args:
        size: input size.
        filter_size: taps of the filter.
        stride: step between outputs.
        dilation: step between taps.
        padding: `"SAME"`, `"VALID"` or `"EXPLICIT"`.
        explicit: for `"EXPLICIT"`, the padding before and after.
        name: the argument and the dimension, `"input height"` or the like, for messages.

    Raises:
        ValueError: if the input is too small for the filter.
    """
    extent = (filter_size - 1) * dilation + 1
    if padding == "SAME":
        output = -(-size // stride)
        return Window(output, max(0, (output - 1) * stride + extent - size) // 2)
    before, after = explicit if padding == "EXPLICIT" else (0, 0)
    numerator = size + before + after - extent + stride
    if numerator <= -stride:
        argument, side = name.split()
        rule = f"{side} with its padding must not be smaller than the dilated filter by more than the stride"
        received = f"{side} {size + before + after} (padding included), dilated filter {extent}, stride {stride}"
        raise ArgumentError(argument, rule, received)
    return Window(max(0, numerator // stride), before)


def taps(origins: np.ndarray, filter_size: int, dilation: int) -> np.ndarray:
    """Input positions `[outputs, filter_size]` of the taps of one dimension; `origins` has those of the first taps."""
    return origins[:, None] + np.arange(filter_size) * dilation


def patches(x: np.ndarray, rows: np.ndarray, columns: np.ndarray, fill: int) -> np.ndarray:
    """The input values under the taps of every output pixel, `fill` where a tap lies outside of the input.

    Args:
        x: array `[batch, height, width, channels]`.
        rows: input rows `[out_height, filter_height]`.
        columns: input columns `[out_width, filter_width]`.
        fill: the value of the padding.

    Returns:
        Array `[batch * out_height * out_width, filter_height * filter_width * channels]`.
    """
    batch, height, width, channels = x.shape
    y, x_ = rows[:, None, :, None], columns[None, :, None, :]
    inside = (y >= 0) & (y < height) & (x_ >= 0) & (x_ < width)
    padded = np.concatenate(
        [x.reshape(batch, height * width, channels), np.full((batch, 1, channels), fill, x.dtype)], 1
    )
    taken = padded[:, np.where(inside, y * width + x_, height * width)]
    return taken.reshape(batch * len(rows) * len(columns), rows.shape[1] * columns.shape[1] * channels)


def check_groups(in_channels: int, filter_channels: int, filters: int) -> int:
    """The number of groups of a convolution (3.6).

    Args:
        in_channels: channels of the input.
        filter_channels: channels that one filter reads.
        filters: number of filters.

    Raises:
        ValueError: if channels or filters cannot be divided into groups.
    """
    if in_channels == filter_channels:
        return 1
    groups = in_channels // filter_channels if filter_channels > 0 else 0
    if groups == 0 or in_channels != groups * filter_channels or filters % groups != 0:
        rule = "must have the input's depth, or 1 / groups of it where groups divide the number of filters"
        received = f"filter {filter_channels}, input {in_channels}, {filters} filters"
        raise ArgumentError("filter", rule, received)
    return groups


def filter_ranges(
    filter_min: FilterRange, filter_max: FilterRange, filters: int, name: str = "filter"
) -> List[Tuple[float, float]]:
    """The ranges of the weights.

    Args:
        filter_min: lower end of the range: a number, or `[filters]` numbers.
        filter_max: upper end of the range, of the same shape.
        filters: number of filters.
        name: beginning of the names of the range in messages.

    Returns:
        A list of pairs of float32 numbers: one range for all filters, or a range for each filter.

    Raises:
        ValueError: if the shapes differ or are not possible.
    """
    named = {f"{name}_min": filter_min, f"{name}_max": filter_max}
    ends = [_validation.float_array(argument, end) for argument, end in named.items()]
    if ends[0].shape != ends[1].shape or ends[0].shape not in ((), (filters,)):
        rule = f"must be two numbers, or two arrays [{filters}], one number for each filter"
        received = f"shapes {list(ends[0].shape)} and {list(ends[1].shape)}"
        raise ArgumentError(f"{name}_min and {name}_max", rule, received)
    return list(zip(ends[0].reshape(-1).tolist(), ends[1].reshape(-1).tolist()))


def depthwise_tensors(input: Any, filter: Any, data_format: str) -> Tuple[np.ndarray, np.ndarray]:
    """The tensors of the grouped convolution that a depthwise convolution is (3.7).

    Args:
        input: array of real numbers, four dimensions in the order of `data_format`.
        filter: array of real numbers `[filter_height, filter_width, channels, multiplier]`.
        data_format: `"NHWC"` or `"NCHW"`.

    Returns:
        Both as float32, the filter as `grouped_filter` returns it.

    Raises:
        ValueError: if one of them is something else, or the filter has another number of channels than the input.
    """
    _validation.one_of("data_format", data_format, _validation.DATA_FORMATS)
    input, filter = _validation.reals("input", input), _validation.reals("filter", filter)
    return input, grouped_filter(input.shape[data_format.index("C")], filter)


def grouped_filter(in_channels: int, filter: np.ndarray) -> np.ndarray:
    """The filter of the grouped convolution that a depthwise convolution is (3.7).

    Args:
        in_channels: channels of the input.
        filter: array `[filter_height, filter_width, channels, multiplier]`.

    Returns:
        The same array as `[filter_height, filter_width, 1, channels * multiplier]`.

    Raises:
        ValueError: if the filter has another number of channels than the input.
    """
    if filter.ndim != 4 or filter.shape[2] != in_channels:
        rule = f"must be [height, width, {in_channels}, multiplier], as deep as the input"
        raise ArgumentError("filter", rule, filter.shape)
    return filter.reshape(*filter.shape[:2], 1, -1)


def look_up_sum(table: np.ndarray, a: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Sums of table products over the taps (3.1): int64 `[pixels, filters]`.

    Args:
        table: integer array `[codes, codes]`, activation code first. Signed codes below 0 index it from its end, where
            two's complement puts them (1.3).
        a: activation codes `[pixels, taps]`.
        w: weight codes `[taps, filters]`.
    """
    total = np.zeros((a.shape[0], w.shape[1]), np.int64)
    for tap in range(a.shape[1]):
        total += table[a[:, tap, None], w[tap]]
    return total
