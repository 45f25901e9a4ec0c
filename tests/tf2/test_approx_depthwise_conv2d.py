"""The depthwise operation against the reference, bit for bit; its shape function, gradient and errors."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from cases import outcome, random_table
from tfapprox.common import reference
from tfapprox.tf2 import approx_depthwise_conv2d_with_min_max_vars

RANGES = [-1.0, 1.0, -0.9, 0.8]
ONES = [1, 1, 1, 1]


@st.composite
def depthwise_convolutions(draw):
    random = np.random.RandomState(draw(st.integers(0, 2**32 - 1)))
    data_format = draw(st.sampled_from(["NHWC", "NCHW"]))
    channels, multiplier, size = draw(st.sampled_from([1, 3, 17, 64])), draw(st.integers(1, 3)), st.integers(0, 9)
    x = random.uniform(-1.5, 1.5, (draw(st.integers(0, 2)), draw(size), draw(size), channels)).astype(np.float32)
    w = random.uniform(-1.5, 1.5, (draw(st.integers(1, 3)), draw(st.integers(1, 3)), channels, multiplier))
    steps = st.integers(1, 3)

    def in_format(height, width):
        return [1, height, width, 1] if data_format == "NHWC" else [1, 1, height, width]

    ends = np.sort(random.uniform(-1, 1, (2, channels * multiplier)).astype(np.float32), 0)
    filter_min, filter_max = ends if draw(st.booleans()) else RANGES[2:]
    num_bits = draw(st.integers(2, 8))
    return {
        "input": x if data_format == "NHWC" else np.ascontiguousarray(x.transpose(0, 3, 1, 2)),
        "filter": w.astype(np.float32),
        "input_min": -1.0,
        "input_max": 1.0,
        "filter_min": filter_min,
        "filter_max": filter_max,
        "strides": in_format(draw(steps), draw(steps)),
        "padding": draw(st.sampled_from(["SAME", "VALID"])),
        "num_bits": num_bits,
        "table": random_table(num_bits, draw(st.integers(0, 99))),
        "data_format": data_format,
        "dilations": in_format(draw(steps), draw(steps)),
    }


@settings(max_examples=80, deadline=None)
@given(case=depthwise_convolutions())
def test_random(table_file, case):
    expected = outcome(lambda: reference.approx_depthwise_conv2d_with_min_max_vars(**case), ValueError)
    case["mul_map_file"] = table_file(case.pop("table"))
    result = outcome(lambda: approx_depthwise_conv2d_with_min_max_vars(**case), tf.errors.InvalidArgumentError)
    assert (result is None) == (expected is None)
    if expected is not None:
        np.testing.assert_array_equal(result, expected)


def test_ranges_that_all_channels_share():
    """As in TFApprox4IL, there is a range for each filter of a channel."""
    random = np.random.RandomState(1)
    for channels, multiplier in ((3, 2), (3, 1), (1, 4), (2, 2)):
        x = random.uniform(-1, 1, [2, 5, 6, channels]).astype(np.float32)
        w = random.uniform(-1, 1, [3, 2, channels, multiplier]).astype(np.float32)
        shared = np.sort(random.uniform(-1, 1, [2, multiplier]).astype(np.float32), 0)
        results = [
            approx_depthwise_conv2d_with_min_max_vars(x, w, -1.0, 1.0, *ends, ONES, mul_map_file="mul8u_drum4")
            for ends in (shared, np.tile(shared, channels))
        ]
        np.testing.assert_array_equal(*results)


@pytest.mark.parametrize("data_format", ["NHWC", "NCHW"])
def test_shape_function(data_format):
    shape = [None, 9, None, 6] if data_format == "NHWC" else [None, 6, 9, None]

    @tf.function(input_signature=[tf.TensorSpec(shape), tf.TensorSpec([3, 2, 6, 2])])
    def convolve(x, w):
        strides = [1, 2, 1, 1] if data_format == "NHWC" else [1, 1, 2, 1]
        return approx_depthwise_conv2d_with_min_max_vars(x, w, *RANGES, strides, "VALID", data_format=data_format)

    found = convolve.get_concrete_function().output_shapes.as_list()
    assert found == ([None, 4, None, 12] if data_format == "NHWC" else [None, 12, 4, None])


@pytest.mark.parametrize("data_format", ["NHWC", "NCHW"])
@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize("dilation", [1, 2])
def test_gradient(data_format, padding, dilation):
    random = np.random.RandomState(0)
    x, w = (tf.constant(random.uniform(-1, 1, shape), tf.float32) for shape in ((2, 8, 7, 3), (3, 2, 3, 2)))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([x, w])
        expected = tf.nn.depthwise_conv2d(x, w, ONES, padding, dilations=[dilation, dilation])
        nhwc = data_format == "NHWC"
        result = approx_depthwise_conv2d_with_min_max_vars(
            x if nhwc else tf.transpose(x, [0, 3, 1, 2]),
            *(w, *RANGES, ONES, padding),
            data_format=data_format,
            dilations=[1, dilation, dilation, 1] if nhwc else [1, 1, dilation, dilation],
        )
        result = result if nhwc else tf.transpose(result, [0, 2, 3, 1])
        seed = tf.constant(random.uniform(-1, 1, expected.shape), tf.float32)
        losses = [tf.reduce_sum(expected * seed), tf.reduce_sum(result * seed)]
    for theirs, ours in zip(*(tape.gradient(loss, [x, w]) for loss in losses)):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"filter": np.ones((3, 3, 2, 4), np.float32)}, r"with the input's depth; received input \[1,5,5,3\], filter"),
        ({"filter": np.ones((3, 3, 3), np.float32)}, "filter must be .height, width, channels, multiplier."),
        (
            {"filter_min": np.zeros(3, np.float32)},
            r"vectors .* the 6 filters or of the 2 of a channel; received shapes \[3\] and \[\]",
        ),
        ({"filter_min": np.zeros(3, np.float32), "filter_max": np.ones(3, np.float32)}, "the 6 filters or of the 2"),
        ({"filter_min": np.zeros(2, np.float32), "filter_max": np.ones(6, np.float32)}, "the 6 filters or of the 2"),
        ({"strides": [2, 1, 1, 1]}, "strides must be 4 integers, 1 for batch and channels"),
        ({"input": np.ones((1, 5, 5, 3), np.float64)}, "T must be float32"),
    ],
)
def test_errors(changed, message):
    case = {"input": np.ones((1, 5, 5, 3), np.float32), "filter": np.ones((3, 3, 3, 2), np.float32)}
    case.update(zip(["input_min", "input_max", "filter_min", "filter_max"], RANGES), strides=ONES)
    if changed.get("input") is not None:
        case["filter"] = case["filter"].astype(np.float64)
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        approx_depthwise_conv2d_with_min_max_vars(**{**case, **changed})
