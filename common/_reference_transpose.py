"""The transposed convolution of the reference, equations (3.9) and (3.10)."""

from typing import List, NamedTuple, Optional, Sequence

import numpy as np

from . import _validation
from ._convolution import SIDES, FilterRange, patches, window
from ._quantisers import codes, filter_quantisers, quantiser
from ._reference_matmul import products
from .truth_table import TableLike, TruthTable


class Part(NamedTuple):
    """The outputs of one dimension that have the same taps (3.9).

    Attributes:
        outputs: int array, positions in the output.
        taps: int array, positions in the filter.
        inputs: int array `[outputs, taps]`, positions in the input, some of which may not exist.
    """

    outputs: np.ndarray
    taps: np.ndarray
    inputs: np.ndarray


def _parts(size: int, filter_size: int, stride: int, dilation: int, before: int) -> List[Part]:
    """The parts of one dimension, whose output has `size` positions."""
    parts = []
    for remainder in sorted({(o + before) % stride for o in range(size)}):
        outputs = np.array([o for o in range(size) if (o + before) % stride == remainder], np.int64)
        taps = np.array([k for k in range(filter_size) if (remainder - k * dilation) % stride == 0], np.int64)
        parts.append(Part(outputs, taps, (outputs[:, None] + before - taps * dilation) // stride))
    return parts


def approx_conv2d_transpose_with_min_max_vars(
    input: np.ndarray,
    filter: np.ndarray,
    output_shape: Sequence[int],
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
    """`ApproxConv2DTransposeWithMinMaxVars`, equations (3.9) and (3.10): a transposed convolution by table products.

    Args:
        input: float32 array, four dimensions in the order of `data_format`.
        filter: float32 array `[filter_height, filter_width, out_channels, in_channels]`.
        output_shape: four integers in the order of `data_format`, the shape of the output. A convolution of a tensor of
            this shape, with the same filter size, strides, padding and dilations, must have the height and width of
            `input`.
        input_min: lower end of the quantisation range of `input`, a real number.
        input_max: upper end of the quantisation range of `input`.
        filter_min: lower end of the quantisation range of `filter`: a number, or `[out_channels]` numbers, one for each
            channel of the output.
        filter_max: upper end of the quantisation range of `filter`, of the same shape.
        strides: four integers in the order of `data_format`; those of batch and channels are 1.
        padding: `"SAME"`, `"VALID"` or `"EXPLICIT"`, of the convolution that has this output as its input.
        num_bits: width of the codes, 2 to 8; 8 for a signed table.
        table: `TruthTable`, or integer array `[2**num_bits, 2**num_bits]`, activation code first; an int16 array is
            signed (1.3). `None` is the exact product of unsigned codes.
        explicit_paddings: for `"EXPLICIT"`, eight integers, before and after each dimension of `data_format`.
        data_format: `"NHWC"` or `"NCHW"`.
        dilations: four integers in the order of `data_format`; those of batch and channels are 1.

    Returns:
        float32 array `output_shape`; NaN where an input or weight of a tap is NaN.

    Raises:
        ValueError: if a range, a size or the table is not possible.

    Example:
        >>> x, w = np.ones((1, 2, 2, 1)), np.ones((2, 2, 3, 1))
        >>> y = approx_conv2d_transpose_with_min_max_vars(x, w, [1, 4, 4, 3], 0, 1, 0, 1, [1, 2, 2, 1])
        >>> y.shape, round(y[0, 0, 0, 0].item(), 3)
        ((1, 4, 4, 3), 1.0)
    """
    truth = TruthTable.of(table, num_bits)
    filter, x = _validation.reals("filter", filter), _validation.reals("input", input)
    strides, padding, explicit_paddings, data_format, dilations = _validation.geometry(
        strides, padding, explicit_paddings, data_format, dilations
    )
    sizes = _validation.transposed_shapes(x.shape, filter.shape, output_shape, data_format)
    qa = quantiser("input", input_min, input_max, num_bits, truth.signed)
    qw = filter_quantisers(filter_min, filter_max, filter.shape[2], num_bits, truth.signed)
    if data_format == "NCHW":
        x = x.transpose(0, 2, 3, 1)

    parts, convolved = [], []
    for axis, name in enumerate("HW"):
        dimension = data_format.index(name)
        stride, dilation, size = strides[dimension], dilations[dimension], sizes[dimension]
        pads = tuple(explicit_paddings[2 * dimension : 2 * dimension + 2])
        shape = window(size, filter.shape[axis], stride, dilation, padding, pads, f"output_shape {SIDES[axis]}")
        convolved.append(shape.output)
        parts.append(_parts(size, filter.shape[axis], stride, dilation, shape.pad_before))
    if tuple(convolved) != x.shape[1:3]:
        height, width = (sizes[data_format.index(name)] for name in "HW")
        raise ValueError(
            "output_shape must be one whose convolution has the input's height and width; received output size "
            f"{height}x{width}, convolved {convolved[0]}x{convolved[1]}, input size {x.shape[1]}x{x.shape[2]}"
        )

    output = np.zeros([len(x), *(sizes[data_format.index(name)] for name in "HWC")], np.float32)
    for rows in parts[0]:
        for columns in parts[1]:
            weights = filter[rows.taps[:, None], columns.taps].transpose(0, 1, 3, 2).reshape(-1, filter.shape[2])
            positions = rows.inputs, columns.inputs
            a = patches(codes(qa, x), *positions, fill=qa.zero_point)  # (3.10)
            values = products(a, patches(np.isnan(x), *positions, fill=False), weights, qa, qw, truth)
            outputs = (len(x), len(rows.outputs), len(columns.outputs), filter.shape[2])
            output[:, rows.outputs[:, None], columns.outputs] = values.reshape(outputs)
    return output.transpose(0, 3, 1, 2) if data_format == "NCHW" else output
