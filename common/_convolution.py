"""The geometry of a convolution and the sum of look-ups, which both operations of the reference use."""

from typing import NamedTuple, Sequence

import numpy as np


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
    size: int, filter_size: int, stride: int, dilation: int, padding: str, explicit: Sequence[int] = ()
) -> Window:
    """Output size and padding of one dimension, as TensorFlow's conv2d computes them (4.1)-(4.3).

    Args:
        size: input size.
        filter_size: taps of the filter.
        stride: step between outputs.
        dilation: step between taps.
        padding: `"SAME"`, `"VALID"` or `"EXPLICIT"`.
        explicit: for `"EXPLICIT"`, the padding before and after.

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
        raise ValueError(f"input must not be smaller than the filter; received size {size}, dilated filter {extent}")
    return Window(max(0, numerator // stride), before)


def taps(origins: np.ndarray, filter_size: int, dilation: int) -> np.ndarray:
    """Input positions `[outputs, filter_size]` of the taps of one dimension; `origins` has the first tap's."""
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
