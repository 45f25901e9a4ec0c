"""Both operations in numpy: the specification that every backend is tested against, bit for bit.

Written to be read, not to be fast. Numbers in parentheses are the equations of docs/arithmetic.md. Runs on
Python 3.7 with numpy 1.16 and later, because it also judges the TensorFlow 1.14 backend.
"""

import math
from collections import namedtuple

import numpy as np

from ._convolution import AxOutput, look_up_sum, patches, taps, window
from .truth_table import TruthTable, check_unsigned, is_signed

Quantiser = namedtuple("Quantiser", "scale inverse_scale nudged_min zero_point min_code max_code")
Quantiser.__doc__ = (
    "A range as codes min_code..max_code (2): float32 scale, its inverse and nudged_min; int zero_point."
)


def exact_table(num_bits, signed=False):
    """The exact product as a table: uint16 `[2**num_bits, 2**num_bits]`; signed, int16 in the order of a file (1.3)."""
    return TruthTable.exact(num_bits, signed).entries.copy()


def quantiser(name, minimum, maximum, num_bits=8, signed=False):
    """Scale and zero point of a range, as TensorFlow has them: nudged (2.1)-(2.3), or symmetric (2.5)-(2.6).

    Args:
        name: `"input"` or `"filter"`, for the message.
        minimum: least real number, float32.
        maximum: greatest real number, float32.
        num_bits: 2 to 8.
        signed: whether the codes are those of a signed table, for `num_bits=8`.

    Returns:
        A `Quantiser`.

    Raises:
        ValueError: if the range is not finite or `minimum > maximum`; or for signed codes of another width.

    Example:
        >>> quantiser("input", -1.0, 3.0).zero_point
        64
    """
    if not 2 <= num_bits <= 8:
        raise ValueError(f"num_bits must be from 2 to 8; received {num_bits}")
    if signed and num_bits != 8:
        raise ValueError(f"num_bits must be 8 for a signed table; received {num_bits}")
    minimum, maximum, max_code = np.float32(minimum), np.float32(maximum), 2**num_bits - 1
    with np.errstate(all="ignore"):
        width = maximum - minimum
        received = f"received {name}_min={minimum}, {name}_max={maximum}"
        if not np.all(np.isfinite([minimum, maximum, width])):
            raise ValueError(f"{name}_min, {name}_max and their difference must be finite; {received}")
        if minimum > maximum:
            raise ValueError(f"{name}_min must not be greater than {name}_max; {received}")
        if signed:
            limit, top = max(abs(minimum), abs(maximum)), np.float32(127)
            return Quantiser(limit / top, top / limit, np.float32(0), 0, -127, 127)  # (2.5), (2.6)
        scale = width / np.float32(max_code)  # (2.1)
        unclamped = float(np.float32(0) - minimum / scale)
        # (2.2); the NaN of 0 / 0 is not greater than 0
        zero_point = math.floor(min(unclamped, max_code) + 0.5) if unclamped > 0 else 0
        nudged_min = (np.float32(0) - np.float32(zero_point)) * scale  # (2.3)
        return Quantiser(scale, np.float32(1) / scale, nudged_min, zero_point, 0, max_code)


def codes(quantiser, x):
    """Codes of real numbers, (2.4) or (2.7): an int64 array of the shape of `x`; the code of NaN is 0."""
    with np.errstate(all="ignore"):
        steps = (np.float32(x) - quantiser.nudged_min) * quantiser.inverse_scale
        steps = np.rint(steps) if quantiser.min_code < 0 else np.floor(steps + np.float32(0.5))
        return np.where(np.isnan(steps), 0, np.clip(steps, quantiser.min_code, quantiser.max_code)).astype(np.int64)


def approx_conv2d_with_min_max_vars(
    input,
    filter,
    input_min,
    input_max,
    filter_min,
    filter_max,
    strides,
    num_bits=8,
    table=None,
    padding="SAME",
    explicit_paddings=(),
    data_format="NHWC",
    dilations=(1, 1, 1, 1),
):
    """`ApproxConv2DWithMinMaxVars`, equations (3): a convolution of real numbers by table products of their codes.

    Args:
        input: float32 array, four dimensions in the order of `data_format`.
        filter: float32 array `[filter_height, filter_width, in_channels, out_channels]`.
        input_min: least input, a number, for the scale and zero point of the activations; so the other three ranges.
        input_max: greatest input.
        filter_min: least weight.
        filter_max: greatest weight.
        strides: four integers in the order of `data_format`; those of batch and channels are 1.
        num_bits: width of the codes, 2 to 8.
        table: integer array `[2**num_bits, 2**num_bits]`, activation code first, signed if it is one of int16 (1.3);
            `None` is the exact product of unsigned codes.
        padding: `"SAME"`, `"VALID"` or `"EXPLICIT"`.
        explicit_paddings: for `"EXPLICIT"`, eight integers, before and after each dimension of `data_format`.
        data_format: `"NHWC"` or `"NCHW"`.
        dilations: as `strides`.

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
    table = exact_table(num_bits) if table is None else np.asarray(table)
    signed = is_signed(table)
    qa = quantiser("input", input_min, input_max, num_bits, signed)
    qw = quantiser("filter", filter_min, filter_max, num_bits, signed)
    filter = np.asarray(filter, np.float32)
    x = np.asarray(input, np.float32)
    if data_format == "NCHW":
        x = x.transpose(0, 2, 3, 1)

    positions = []
    for axis, name in enumerate("HW"):
        dimension = data_format.index(name)
        size = x.shape[1 + axis]
        pads = tuple(explicit_paddings[2 * dimension : 2 * dimension + 2])
        shape = window(size, filter.shape[axis], strides[dimension], dilations[dimension], padding, pads)
        origins = np.arange(shape.output) * strides[dimension] - shape.pad_before
        positions.append(taps(origins, filter.shape[axis], dilations[dimension]))

    pixels = (len(x), len(positions[0]), len(positions[1]))
    a = patches(codes(qa, x), *positions, fill=qa.zero_point)  # (3.2)
    w = codes(qw, filter).reshape(-1, filter.shape[3])
    za, zw, k = qa.zero_point, qw.zero_point, len(w)
    acc = look_up_sum(table, a, w)  # (3.1)
    total = acc - zw * a.sum(1)[:, None] - za * w.sum(0) + k * za * zw  # (3.3)
    with np.errstate(all="ignore"):
        output = (np.float64(qa.scale) * np.float64(qw.scale) * total).astype(np.float32)  # (3.4)
    touched = patches(np.isnan(x), *positions, fill=False).any(1)[:, None] | np.isnan(filter).any((0, 1, 2))
    output = np.where(touched, np.float32(np.nan), output).reshape(*pixels, filter.shape[3])  # (3.5)
    return output.transpose(0, 3, 1, 2) if data_format == "NCHW" else output


def ax_offset(minimum, maximum):
    """Code of the real number 0 of a quantised tensor, not clamped (5.1): an int in the range of int32."""
    with np.errstate(all="ignore"):
        width = np.float64(np.float32(maximum) - np.float32(minimum))
        if width == 0:
            return 0
        steps = 256.0 / (width * (256.0 / 255.0))
        return _wrap32(_round64(0.0 * steps) - _round64(np.float64(np.float32(minimum)) * steps))


def _round64(x):
    """Round half away from zero to int64; what does not fit, and NaN, is the least int64, as x86 converts it."""
    if not abs(x) < 2.0**63:
        return -(2**63)
    return int(math.copysign(math.floor(abs(x) + 0.5) if abs(x) < 2.0**52 else abs(x), x))


def _wrap32(x):
    """An integer, or an array of them, modulo 2**32 as int32 has it."""
    return (x + 2**31) % 2**32 - 2**31


def tune(table):
    """Weight map of ALWANN (5.6): a copy of `table` in which each column is replaced by the one nearest to `i * w`.

    Args:
        table: integer array `[codes, codes]`, activation code first, unsigned.

    Returns:
        Array of the same shape and dtype.
    """
    check_unsigned(table)
    operand = np.arange(len(table), dtype=np.int64)
    columns = []
    for w in operand:
        errors = np.abs(operand[:, None] * w - table.astype(np.int64)).sum(0)
        columns.append(w if errors[w] == errors.min() else errors.argmin())
    return table[:, columns]


def ax_conv2d(
    input,
    filter,
    min_input,
    max_input,
    min_filter,
    max_filter,
    strides,
    padding,
    table=None,
    ax_tune=True,
):
    """`AxConv2D` of TensorFlow 1.14, equations (5): a quantised convolution by table products, int32 with wrap-around.

    Args:
        input: uint8 array `[batch, height, width, channels]`.
        filter: uint8 array `[filter_height, filter_width, in_channels, out_channels]`.
        min_input: real number of input code 0, float32; so the other three ranges.
        max_input: real number of input code 255.
        min_filter: real number of filter code 0.
        max_filter: real number of filter code 255.
        strides: four integers, `[1, stride_height, stride_width, 1]`.
        padding: `"SAME"` or `"VALID"`.
        table: integer array `[256, 256]`, activation code first, unsigned; `None` is the exact product.
        ax_tune: whether the columns are chosen by `tune`.

    Returns:
        An `AxOutput`.

    Raises:
        ValueError: if a size is not possible, or the table is signed.

    Example:
        >>> x, w = np.full((1, 4, 4, 1), 130, np.uint8), np.full((3, 3, 1, 1), 131, np.uint8)
        >>> ax_conv2d(x, w, -1, 1, -1, 1, [1, 1, 1, 1], "VALID").output[0, 0, 0, 0].item()  # 9 * 2 * 3
        54
    """
    table = exact_table(8) if table is None else np.asarray(table)
    check_unsigned(table)
    if ax_tune:
        table = tune(table)
    io, fo = ax_offset(min_input, max_input), ax_offset(min_filter, max_filter)

    positions = []
    for axis in (1, 2):
        size, extent, stride = input.shape[axis], filter.shape[axis - 1], strides[axis]
        output = window(size, extent, stride, 1, padding).output
        pad_before = int(((output - 1) * stride + extent - size + (padding == "VALID")) / 2)  # (5.3)
        positions.append(taps(np.arange(output) * stride - pad_before, extent, 1))

    pixels = (len(input), len(positions[0]), len(positions[1]))
    a = patches(input.astype(np.int64), *positions, fill=io % 256)  # (5.4)
    w = filter.astype(np.int64).reshape(-1, filter.shape[3])
    total = look_up_sum(table, a, w) - a.sum(1)[:, None] * fo - w.sum(0) * io + len(w) * _wrap32(io * fo)  # (5.2)
    output = _wrap32(total).astype(np.int32).reshape(*pixels, filter.shape[3])

    with np.errstate(all="ignore"):
        steps = [
            (np.float32(top) - np.float32(bottom)) / np.float32(255)
            for bottom, top in [(min_input, max_input), (min_filter, max_filter)]
        ]
        extreme = steps[0] * steps[1] * np.float32(2.0**31)  # (5.5)
        return AxOutput(output, -extreme, extreme)
