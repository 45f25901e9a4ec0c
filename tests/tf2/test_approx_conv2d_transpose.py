"""The transposed convolution against the reference, bit for bit; its shape function, gradient and errors."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings

from cases import outcome, random_table, transposed_convolutions
from tfapprox.common import reference
from tfapprox.tf2 import approx_conv2d_transpose_with_min_max_vars

RANGES = [-1.0, 1.0, -0.9, 0.8]
CASE = ["input", "filter", "output_shape", "input_min", "input_max", "filter_min", "filter_max", "strides"]


@settings(max_examples=100, deadline=None)
@given(case=transposed_convolutions())
def test_random(table_file, case):
    expected = outcome(lambda: reference.approx_conv2d_transpose_with_min_max_vars(**case), ValueError)
    case["mul_map_file"] = table_file(case.pop("table"))
    result = outcome(lambda: approx_conv2d_transpose_with_min_max_vars(**case), tf.errors.InvalidArgumentError)
    assert (result is None) == (expected is None)
    if expected is not None:
        np.testing.assert_array_equal(result, expected)


def test_a_filter_smaller_than_the_stride(table_file):
    """Most outputs have no tap and are 0, whatever was in the memory before."""
    x, w = np.full((2, 40, 40, 3), 0.5, np.float32), np.full((1, 2, 4, 3), 0.5, np.float32)
    case = dict(zip(CASE, [x, w, [2, 120, 120, 4], *RANGES, [1, 3, 3, 1]]))
    expected = reference.approx_conv2d_transpose_with_min_max_vars(**case, table=random_table(8, 0))
    for _ in range(3):
        tf.fill([2, 120, 120, 4], np.nan)  # memory that is freed at once
        result = approx_conv2d_transpose_with_min_max_vars(**case, mul_map_file=table_file(random_table(8, 0)))
        np.testing.assert_array_equal(result, expected)
    assert np.count_nonzero(expected) == expected.size * 2 // 9


@pytest.mark.parametrize("data_format", ["NHWC", "NCHW"])
def test_shape_function(data_format):
    def shape(x, sizes):
        def convolve(x, w):
            strides = [1, 2, 2, 1] if data_format == "NHWC" else [1, 1, 2, 2]
            output_shape = sizes(x) if callable(sizes) else sizes
            return approx_conv2d_transpose_with_min_max_vars(
                x, w, output_shape, *RANGES, strides, data_format=data_format
            )

        signature = [tf.TensorSpec(x), tf.TensorSpec([3, 3, 4, 5])]
        return tf.function(convolve, signature).get_concrete_function().output_shapes.as_list()

    nhwc = data_format == "NHWC"
    x = [None, 6, 7, 5] if nhwc else [None, 5, 6, 7]
    sizes = (lambda x: [tf.shape(x)[0], 12, 13, 4]) if nhwc else (lambda x: [tf.shape(x)[0], 4, 12, 13])
    assert shape(x, sizes) == ([None, 12, 13, 4] if nhwc else [None, 4, 12, 13])
    assert shape(x, lambda x: tf.concat([tf.shape(x)[:1], tf.shape(x)[1:] * 2], 0))[3 if nhwc else 1] == 4
    with pytest.raises(ValueError, match="must be equal"):
        shape(x, [1, 12, 13, 3] if nhwc else [1, 3, 12, 13])


@pytest.mark.parametrize("data_format", ["NHWC", "NCHW"])
@pytest.mark.parametrize(
    ("padding", "stride", "dilation", "output"),
    [("SAME", 1, 1, 6), ("SAME", 2, 1, 11), ("VALID", 3, 1, 18), ("VALID", 1, 2, 10), ("EXPLICIT", 2, 1, 10)],
)
def test_gradient(data_format, padding, stride, dilation, output):
    """The product of the output and a seed is that of the input and the convolution of the seed."""
    random = np.random.RandomState(0)
    pads = [[0, 0], [2, 1], [2, 1], [0, 0]]
    x, w = (tf.constant(random.uniform(-1, 1, shape), tf.float32) for shape in ((2, 6, 6, 3), (3, 3, 4, 3)))
    shape, strides, dilations = [2, output, output, 4], [1, stride, stride, 1], [1, dilation, dilation, 1]
    seed = random.uniform(-1, 1, shape).astype(np.float32)
    padded = tf.pad(seed, pads) if padding == "EXPLICIT" else seed
    nhwc = data_format == "NHWC"

    def in_format(sizes):
        return sizes if nhwc else [sizes[0], sizes[3], sizes[1], sizes[2]]

    with tf.GradientTape(persistent=True) as tape:
        tape.watch([x, w])
        taps = [(_shifted(padded, ky, kx, dilation, stride, padding), w[ky, kx]) for ky, kx in np.ndindex(3, 3)]
        expected = tf.add_n([tf.reduce_sum(tf.einsum("bijf,fc->bijc", *tap) * x) for tap in taps])
        result = approx_conv2d_transpose_with_min_max_vars(
            *(tf.transpose(x, in_format([0, 1, 2, 3])), w, in_format(shape), *RANGES, in_format(strides), padding),
            explicit_paddings=np.ravel(in_format(pads)).tolist() if padding == "EXPLICIT" else [],
            data_format=data_format,
            dilations=in_format(dilations),
        )
        loss = tf.reduce_sum(result * seed.transpose(in_format([0, 1, 2, 3])))
    for ours, theirs in zip(tape.gradient(loss, [x, w]), tape.gradient(expected, [x, w])):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=2e-5)


def _shifted(tensor, ky, kx, dilation, stride, padding):
    """The 6 x 6 elements under one tap of a convolution of size 3, by (4.1) and (4.2)."""
    if padding == "SAME":
        total = max(0, 5 * stride + 2 * dilation + 1 - tensor.shape[1])
        before = [total // 2, total - total // 2]
        tensor = tf.pad(tensor, [[0, 0], before, before, [0, 0]])
    top, left, extent = ky * dilation, kx * dilation, 5 * stride + 1
    return tensor[:, top : top + extent : stride, left : left + extent : stride]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"filter": np.ones((3, 3, 2, 4), np.float32)}, r"filter must be .height, width, out_channels, in_channels."),
        ({"output_shape": [1, 8, 8]}, r"output_shape must have 4 elements; received shape \[3\]"),
        ({"output_shape": [2, 8, 8, 2]}, "must have the input's batch"),
        ({"output_shape": [1, 9, 8, 2]}, "height and width; received output size 9x8, convolved 5x4, input size 4x4"),
        ({"output_shape": [1, -8, 8, 2]}, "must be >= 0|must be non-negative"),
        ({"filter_min": np.zeros(3, np.float32)}, r"vectors .* the 2 output channels; received shapes \[3\] and \[\]"),
        ({"strides": [2, 1, 1, 1]}, "strides must be 4 integers, 1 for batch and channels"),
        ({"input": np.ones((1, 4, 4, 3)), "filter": np.ones((3, 3, 2, 3))}, "T must be float32"),
    ],
)
def test_errors(changed, message):
    tensors = [np.ones((1, 4, 4, 3), np.float32), np.ones((3, 3, 2, 3), np.float32), [1, 8, 8, 2]]
    case = dict(zip(CASE, [*tensors, *RANGES, [1, 2, 2, 1]]))
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        approx_conv2d_transpose_with_min_max_vars(**{**case, **changed})
