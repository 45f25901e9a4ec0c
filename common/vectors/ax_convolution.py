"""The integers of `AxConv2D`: codes, sums of products, and corrected sums, by the numpy reference."""

from typing import Optional, Sequence

import numpy as np

from .. import _validation, native
from .._convolution import look_up_sum, patches
from ..multipliers.making import column_of
from ..reference import Quantiser, ax_conv2d, ax_offset, ax_tap_positions, tune
from ..truth_table import TableLike, TruthTable
from .convolution import Vectors

OPERATION = "AxConv2D"


def ax_convolution_vectors(
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
) -> Vectors:
    """The integers of `AxConv2D`, equations (5).

    They are computed by the reference. The core computes the same convolution, and its outputs must be equal.

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
        ax_tune: whether each weight is mapped to the one whose products have the minimum error (5.6).

    Returns:
        The `Vectors`. `weights` has the codes that the multiplier gets, which are the mapped ones with `ax_tune`, and
        `correction_weights` the codes of `filter`. `totals` and `outputs` are the int32 output of the operation.

    Raises:
        ValueError: if a size is not possible, or the table is signed or not one of 8 bits.

    Example:
        >>> x, w = np.full((1, 4, 4, 1), 130, np.uint8), np.full((3, 3, 1, 1), 131, np.uint8)
        >>> vectors = ax_convolution_vectors(x, w, -1, 1, -1, 1, [1, 1, 1, 1], "VALID")
        >>> vectors.sums.ravel().tolist() == 4 * [9 * 130 * 131], vectors.totals.ravel().tolist()
        (True, [54, 54, 54, 54])
    """
    truth = TruthTable.of(table)
    ranges = min_input, max_input, min_filter, max_filter
    expected = ax_conv2d(input, filter, *ranges, strides, padding, table=truth, ax_tune=ax_tune)
    computed = native.ax_conv2d(input, filter, *ranges, strides, padding, table=truth, ax_tune=ax_tune)
    if not np.array_equal(expected.output, computed.output):
        raise RuntimeError("the core and the reference must have the same outputs; received outputs that differ")
    activations, weights = _validation.codes("input", input), _validation.codes("filter", filter)
    activations, weights = activations.astype(np.int64), np.moveaxis(weights.astype(np.int64), 3, 0)
    quantisers = [_quantiser(*ends) for ends in ((min_input, max_input), (min_filter, max_filter))]
    rows, columns = ax_tap_positions(activations.shape, np.shape(filter), strides, padding)
    windows = patches(activations, rows, columns, fill=quantisers[0].zero_point % 256)
    mapped = _weight_map(truth)[weights] if ax_tune else weights
    outputs = expected.output.astype(np.int64)
    sums = look_up_sum(truth.entries, windows, mapped.reshape(len(mapped), -1).T).reshape(outputs.shape)
    return Vectors(
        truth,
        quantisers[0],
        [quantisers[1]] * len(weights),
        activations,
        mapped,
        windows[None],
        sums,
        outputs,
        expected.output,
        correction_weights=weights,
        operation=OPERATION,
    )


def _weight_map(table):
    """The weight code whose column replaces that of each weight code (5.6): int64 `[256]`."""
    tuned = tune(table)
    return np.array([column_of(table.entries, tuned, weight) for weight in range(len(tuned))])


def _quantiser(minimum, maximum):
    """Scale and offset of a range (5.1)."""
    lower, upper = np.float32(minimum), np.float32(maximum)
    with np.errstate(all="ignore"):
        scale = (upper - lower) / np.float32(255)
        return Quantiser(scale, np.float32(1) / scale, lower, ax_offset(minimum, maximum), 0, 255)
