"""The integers of a convolution: codes, sums of products, and corrected sums, by the numpy reference."""

from typing import List, NamedTuple, Optional, Sequence

import numpy as np

from .. import _validation, native
from .._convolution import FilterRange, check_groups
from ..reference import GroupSums, Quantiser, codes, filter_quantisers, group_sums, quantiser, scaled, tap_positions
from ..truth_table import TableLike, TruthTable


class Vectors(NamedTuple):
    """The integers of a convolution by table products. The order of all arrays is that of NHWC.

    Attributes:
        table: the truth table.
        activation: quantiser of the activations.
        weight: quantisers of the filters, one for each filter; all are equal where the filters share a range.
        activations: int64 array `[batch, height, width, channels]`, the codes of the input.
        weights: int64 array `[filters, filter_height, filter_width, channels / groups]`, the codes of the filters.
        windows: int64 array `[groups, pixels, taps]`, the codes that meet the filters of each group at each output
            pixel. Taps in the padding have the zero point, those of `AxConv2D` the zero point modulo 256. The order of
            the taps is `[height, width, channel]`.
        sums: int64 array `[batch, out_height, out_width, filters]`, the sums of products (3.1).
        totals: int64 array of the same shape, the sums corrected for the zero points (3.3), or by (5.2), which wraps
            around to 32 bits.
        outputs: array of the same shape, the output of the operation without bias and activation function: float32
            scaled sums (3.4), or the int32 sums of `AxConv2D`.
        correction_weights: int64 array of the shape of `weights`, the codes by which the sums are corrected; `None` if
            they are `weights`. They differ where `AxConv2D` maps the weights that it multiplies (5.6).
        operation: the operation that the vectors belong to.
    """

    table: TruthTable
    activation: Quantiser
    weight: List[Quantiser]
    activations: np.ndarray
    weights: np.ndarray
    windows: np.ndarray
    sums: np.ndarray
    totals: np.ndarray
    outputs: np.ndarray
    correction_weights: Optional[np.ndarray] = None
    operation: str = "ApproxConv2DWithMinMaxVars"


def convolution_vectors(
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
) -> Vectors:
    """The integers of `ApproxConv2DWithMinMaxVars`, equations (3).

    They are computed by the reference. The core computes the same convolution, and its outputs must be equal, bit for
    bit.

    Args:
        input: float32 array, four dimensions in the order of `data_format`, without NaN.
        filter: float32 array `[filter_height, filter_width, in_channels / groups, out_channels]`, without NaN.
        input_min: lower end of the quantisation range of `input`, a real number.
        input_max: upper end of the quantisation range of `input`.
        filter_min: lower end of the quantisation range of `filter`: a number, or `[out_channels]` numbers.
        filter_max: upper end of the quantisation range of `filter`, of the same shape.
        strides: four integers in the order of `data_format`; those of batch and channels are 1.
        padding: `"SAME"`, `"VALID"` or `"EXPLICIT"`.
        num_bits: width of the codes, 2 to 8; 8 for a signed table.
        table: `TruthTable`, or integer array `[2**num_bits, 2**num_bits]`, activation code first; an int16 array is
            signed. `None` is the exact product of unsigned codes.
        explicit_paddings: for `"EXPLICIT"`, eight integers, before and after each dimension of `data_format`.
        data_format: `"NHWC"` or `"NCHW"`.
        dilations: four integers in the order of `data_format`; those of batch and channels are 1.

    Raises:
        ValueError: if a range, a size or the table is not possible, or an input or weight is NaN.

    Example:
        >>> x, w = np.ones((1, 4, 4, 1)), np.ones((3, 3, 1, 1))
        >>> vectors = convolution_vectors(x, w, 0, 1, 0, 1, [1, 1, 1, 1], "VALID")
        >>> vectors.sums.ravel().tolist() == 4 * [9 * 255 * 255]
        True
    """
    truth = TruthTable.of(table, num_bits)
    outputs = native.approx_conv2d_with_min_max_vars(
        *(input, filter, input_min, input_max, filter_min, filter_max, strides, padding),
        num_bits=num_bits,
        table=truth,
        explicit_paddings=explicit_paddings,
        data_format=data_format,
        dilations=dilations,
    )
    x, filter = _validation.reals("input", input), _validation.reals("filter", filter)
    for name, values in (("input", x), ("filter", filter)):
        if np.isnan(values).any():
            raise ValueError(f"{name} must not have NaN, which has no code; received {np.isnan(values).sum()} of them")
    if data_format == "NCHW":
        x, outputs = x.transpose(0, 2, 3, 1), outputs.transpose(0, 2, 3, 1)
    qa = quantiser("input", input_min, input_max, num_bits, truth.signed)
    qw = filter_quantisers(filter_min, filter_max, filter.shape[3], num_bits, truth.signed)
    positions = tap_positions(x.shape, filter.shape, strides, padding, explicit_paddings, data_format, dilations)
    groups = check_groups(x.shape[3], filter.shape[2], filter.shape[3])
    size = filter.shape[3] // groups
    parts: List[GroupSums] = [
        group_sums(part, weights, qa, qw[g * size : (g + 1) * size], positions, truth)
        for g, (part, weights) in enumerate(zip(np.split(x, groups, 3), np.split(filter, groups, 3)))
    ]
    sums, totals = (
        np.concatenate([getattr(part, name) for part in parts], 1).reshape(outputs.shape) for name in ("sums", "totals")
    )
    if not np.array_equal(scaled(totals, qa, qw), outputs):
        raise RuntimeError("the core and the reference must have the same outputs; received outputs that differ")
    weights = np.concatenate([part.weights for part in parts], 1).T
    return Vectors(
        truth,
        qa,
        qw,
        codes(qa, x),
        weights.reshape(len(weights), *filter.shape[:3]),
        np.stack([part.activations for part in parts]),
        sums,
        totals,
        outputs,
    )
