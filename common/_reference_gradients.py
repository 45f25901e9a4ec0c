"""Gradients from the table in numpy: the part of the reference for `gradient="table_1d"` and `"table_2d"`, (9)."""

import math
from typing import Any, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from . import _validation
from ._convolution import SIDES, FilterRange, check_groups, window
from ._quantisers import codes, filter_quantisers, quantiser
from .gradient_tables import TABLE_1D, checked_gradient, code_range, gradient_tables, slopes
from .truth_table import TableLike, TruthTable


class _Dimension(NamedTuple):
    """One dimension: strides, dilations, padding before, and whether the activations are where outputs would be."""

    stride: int
    dilation: int
    before: int
    transposed: bool

    def activation(self, output: int, tap: int) -> Optional[int]:
        """The position of the activation of a tap of an output (3.9), (4); `None` if the output has no such tap."""
        if not self.transposed:
            return output * self.stride + tap * self.dilation - self.before
        position, rest = divmod(output + self.before - tap * self.dilation, self.stride)
        return position if rest == 0 else None


def approx_conv2d_gradients(
    upstream: np.ndarray,
    input: np.ndarray,
    filter: np.ndarray,
    input_min: float,
    input_max: float,
    filter_min: FilterRange,
    filter_max: FilterRange,
    strides: Sequence[int],
    padding: str = "SAME",
    *,
    gradient: str,
    half_window: Optional[int] = None,
    num_bits: int = 8,
    table: Optional[TableLike] = None,
    explicit_paddings: Sequence[int] = (),
    data_format: str = "NHWC",
    dilations: Sequence[int] = (1, 1, 1, 1),
    transposed: bool = False,
) -> Tuple[np.ndarray, np.ndarray]:
    """The gradients of a convolution, or of a transposed one, from the table: (9.6), or (9.8) to (9.12).

    The gradients of `"table_2d"` have the bits of the operation. Those of `"table_1d"` are sums in float64.

    Args:
        upstream: float32 array, the gradient of the output, in `data_format`.
        input: float32 array, four dimensions in the order of `data_format`.
        filter: float32 array `[height, width, in_channels / groups, out_channels]`; `[height, width, out_channels,
            in_channels]` if `transposed`.
        input_min: lower end of the quantisation range of `input`, a number.
        input_max: upper end of the quantisation range of `input`.
        filter_min: lower end of the range of `filter`: a number, or `[out_channels]` numbers, one for each filter.
        filter_max: upper end of the range of `filter`, of the same shape.
        strides: four integers in the order of `data_format`; 1 for batch and channels.
        padding: `"SAME"`, `"VALID"` or `"EXPLICIT"`.
        gradient: `"table_1d"` or `"table_2d"`.
        half_window: codes on each side of the middle of a window (9.1); by default a sixteenth of the codes (9.7).
        num_bits: width of the codes, 2 to 8; 8 for a signed table.
        table: `TruthTable`, or integer array `[2**num_bits, 2**num_bits]`, activation code first; an int16 array is
            signed (1.3). `None` is the exact product of unsigned codes.
        explicit_paddings: for `"EXPLICIT"`, eight integers, before and after each dimension of `data_format`.
        data_format: `"NHWC"` or `"NCHW"`.
        dilations: four integers in the order of `data_format`; 1 for batch and channels.
        transposed: whether it is a transposed convolution (3.9), which has one group.

    Returns:
        The gradients of `input` and `filter`, float32 arrays of their shapes.

    Raises:
        ValueError: if a range, a size, the half window, the table or `gradient` is not possible.

    Example:
        >>> x, w, dy = np.ones((1, 2, 2, 1)), np.ones((2, 2, 1, 1)), np.ones((1, 1, 1, 1))
        >>> dx, dw = approx_conv2d_gradients(dy, x, w, 0, 1, 0, 1, [1, 1, 1, 1], "VALID", gradient="table_2d")
        >>> dx.ravel().tolist(), dw.ravel().tolist()
        ([1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0])
    """
    truth = TruthTable.of(table, num_bits)
    half_window = checked_gradient(gradient, half_window, num_bits, truth.signed)
    strides, padding, explicit_paddings, data_format, dilations = _validation.geometry(
        strides, padding, explicit_paddings, data_format, dilations
    )
    named = {"upstream": upstream, "input": input, "filter": filter}
    dy, x, w = (_validation.reals(name, tensor) for name, tensor in named.items())
    transposed = _validation.boolean("transposed", transposed)
    groups = 1
    if transposed:
        _validation.transposed_shapes(x.shape, w.shape, dy.shape, data_format, "upstream")
    else:
        _validation.shapes(x.shape, w.shape, data_format, grouped=True)
        groups = check_groups(x.shape[data_format.index("C")], *w.shape[2:])
    convolved = list((dy if transposed else x).shape)
    convolved[data_format.index("C")] = w.shape[3]
    dimensions = []
    for side, name, size in zip("HW", SIDES, w.shape):
        axis, argument = data_format.index(side), "upstream" if transposed else "input"
        steps, pads = (strides[axis], dilations[axis]), explicit_paddings[2 * axis : 2 * axis + 2]
        one = window(convolved[axis], size, *steps, padding, pads, f"{argument} {name}")
        convolved[axis] = one.output
        dimensions.append(_Dimension(*steps, one.pad_before, transposed))
    _validation.upstream_shape(dy.shape, x.shape, convolved, transposed)
    if data_format == "NCHW":
        x, dy = x.transpose(0, 2, 3, 1), dy.transpose(0, 2, 3, 1)
    w = w.swapaxes(2, 3) if transposed else w
    qa = quantiser("input", input_min, input_max, num_bits, truth.signed)
    qw = filter_quantisers(filter_min, filter_max, w.shape[3], num_bits, truth.signed)
    per_filter = np.ndim(filter_min) > 0
    if gradient == TABLE_1D:
        dx, dw = _by_slopes(x, w, dy, qa, qw, truth, half_window, dimensions, groups)
    else:
        dx, dw = _by_differences(x, w, dy, qa, qw, truth, half_window, dimensions, groups, per_filter)
    dx = dx.transpose(0, 3, 1, 2) if data_format == "NCHW" else dx
    return dx, dw.swapaxes(2, 3) if transposed else dw


def _codes_of(x, w, qa, qw):
    return codes(qa, x), np.stack([codes(q, w[..., f]) for f, q in enumerate(qw)], -1)


def _sums(a, w, for_a, for_w, zero, derivatives, dimensions, groups):
    """Sums over taps of `derivatives(a, w, filters)`, a pair of arrays, times two forms of the upstream gradient.

    Args:
        a: codes of the activations, NHWC.
        w: codes of the weights, `[height, width, channels of a group, filters]`.
        for_a: the upstream gradient for that of the activations, NHWC.
        for_w: the upstream gradient for that of the weights.
        zero: the code of a tap in the padding.
        derivatives: function of codes `[..., channels, 1]`, codes `[channels, filters]` and the slice of the filters.
        dimensions: height and width.
        groups: number of groups (3.6).
    """
    da, dw = np.zeros(a.shape, for_a.dtype), np.zeros(w.shape, for_w.dtype)
    channels, filters = w.shape[2], w.shape[3] // groups
    for ky, kx, oy, ox, g in np.ndindex(*w.shape[:2], *for_a.shape[1:3], groups):
        y, x = (d.activation(o, k) for d, o, k in zip(dimensions, (oy, ox), (ky, kx)))
        if y is None or x is None:
            continue
        inside = 0 <= y < a.shape[1] and 0 <= x < a.shape[2]
        own, outputs = slice(g * channels, (g + 1) * channels), slice(g * filters, (g + 1) * filters)
        taps = a[:, y, x, own, None] if inside else np.full((len(a), channels, 1), zero)
        of_a, of_w = derivatives(taps, w[ky, kx][:, outputs], outputs)
        if inside:
            da[:, y, x, own] += (of_a * for_a[:, oy, ox, None, outputs]).sum(2)
        dw[ky, kx][:, outputs] += (of_w * for_w[:, oy, ox, None, outputs]).sum(0)
    return da, dw


def _by_slopes(x, w, dy, qa, qw, truth, half_window, dimensions, groups):
    """(9.6), with sums in float64."""
    of_a, of_w = slopes(truth, half_window)
    scales, zeros = (np.array(values, np.float64) for values in ([q.scale for q in qw], [q.zero_point for q in qw]))

    def derivatives(a, w, filters):
        weights = np.float32(scales[filters] * (of_a[w] - zeros[filters])).astype(np.float64)
        return weights, np.float32(np.float64(qa.scale) * (of_w[a] - qa.zero_point)).astype(np.float64)

    (a, weights), dy = _codes_of(x, w, qa, qw), dy.astype(np.float64)
    with np.errstate(all="ignore"):
        sums = _sums(a, weights, dy, dy, qa.zero_point, derivatives, dimensions, groups)
        return tuple(sum_.astype(np.float32) for sum_ in sums)


def _by_differences(x, w, dy, qa, qw, truth, half_window, dimensions, groups, per_filter):
    """(9.8) by (9.10) to (9.12)."""
    if not np.all(np.isfinite(dy)):
        return np.full(x.shape, np.nan, np.float32), np.full(w.shape, np.nan, np.float32)
    tables = gradient_tables(truth, half_window)
    d, zeros = tables.denominator, np.array([q.zero_point for q in qw])
    scales = np.array([q.scale for q in qw], np.float64)
    bits = _bits(tables, truth, w.shape, groups, dy)
    for_a, a_exponent = _integers(dy.astype(np.float64) * (scales if per_filter else 1), bits)
    for_w, w_exponent = _integers(dy.astype(np.float64), bits)

    def derivatives(a, w, filters):
        return tables.activation[a, w] - d * zeros[filters], tables.weight[a, w] - d * qa.zero_point

    a, weights = _codes_of(x, w, qa, qw)
    da, dw = _sums(a, weights, for_a, for_w, qa.zero_point, derivatives, dimensions, groups)
    with np.errstate(over="ignore"):
        da = np.ldexp(da.astype(np.float64), a_exponent) / d * (1.0 if per_filter else scales[0])
        return da.astype(np.float32), (np.ldexp(dw.astype(np.float64), w_exponent) / d * np.float64(qa.scale)).astype(
            np.float32
        )


def _bits(tables: Any, truth: TruthTable, shape: Sequence[int], groups: int, dy: np.ndarray) -> int:
    """The number of bits `B` of (9.11)."""
    low, high = code_range(truth.num_bits, truth.signed)
    used = np.arange(low, high + 1)
    largest = max(int(np.abs(part[used[:, None], used]).max()) for part in tables[:2]) + tables.denominator * high
    terms = max(shape[0] * shape[1] * shape[3] // groups, dy.size // dy.shape[3])
    return min(24, 62 - largest.bit_length() - terms.bit_length())


def _integers(dy: np.ndarray, bits: int) -> Tuple[np.ndarray, int]:
    """The integers `g` and the exponent `e` of (9.11)."""
    magnitude = float(np.abs(dy).max()) if dy.size else 0.0
    exponent = math.frexp(magnitude)[1] - bits
    return np.rint(np.ldexp(dy, -exponent)).astype(np.int64), exponent
