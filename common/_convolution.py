"""What both operations of the reference share: the geometry of a convolution and the sum of look-ups."""

from collections import namedtuple

import numpy as np

AxOutput = namedtuple("AxOutput", "output min_output max_output")
AxOutput.__doc__ = "What `ax_conv2d` returns: int32 array `[batch, out_height, out_width, filters]`, two float32."

Window = namedtuple("Window", "output pad_before")
Window.__doc__ = "One dimension of a convolution (4): output size and padding before the first element."


def window(size, filter_size, stride, dilation, padding, explicit=()):
    """One dimension of a convolution as TensorFlow's conv2d has it (4.1)-(4.3): a `Window`.

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


def taps(origins, filter_size, dilation):
    """Input positions `[outputs, filter_size]` of the taps of one dimension, from those of the first taps."""
    return origins[:, None] + np.arange(filter_size) * dilation


def patches(x, rows, columns, fill):
    """The taps of every output pixel, `fill` where they lie outside of the input.

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


def look_up_sum(table, a, w):
    """Sums of table products over the taps (3.1): int64 `[pixels, filters]`.

    Args:
        table: integer array `[codes, codes]`, activation code first. Signed codes below 0 count from its end, which is
            where two's complement has them (1.3).
        a: activation codes `[pixels, taps]`.
        w: weight codes `[taps, filters]`.
    """
    total = np.zeros((a.shape[0], w.shape[1]), np.int64)
    for tap in range(a.shape[1]):
        total += table[a[:, tap, None], w[tap]]
    return total
