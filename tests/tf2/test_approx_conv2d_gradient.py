"""The gradient is that of the exact convolution, for every geometry that the operation takes."""

import numpy as np
import pytest
import tensorflow as tf

from tfapprox.tf2 import approx_conv2d_with_min_max_vars


def exact(x, w, strides, padding, dilations):
    """The same convolution from slices and products only, whose gradients TensorFlow derives."""
    taps_y, taps_x = w.shape[:2]
    extent = [(n - 1) * d + 1 for n, d in zip(w.shape[:2], dilations)]
    if padding == "SAME":
        total = [max(0, (-(-n // s) - 1) * s + e - n) for n, s, e in zip(x.shape[1:3], strides, extent)]
        pads = [[t // 2, t - t // 2] for t in total]
    else:
        pads = [[0, 0], [0, 0]] if padding == "VALID" else padding
    x = tf.pad(x, [[0, 0], *pads, [0, 0]])
    size = [(n - e) // s + 1 for n, e, s in zip(x.shape[1:3], extent, strides)]
    output = 0
    for ky in range(taps_y):
        for kx in range(taps_x):
            y0, x0 = ky * dilations[0], kx * dilations[1]
            part = x[:, y0 :: strides[0], x0 :: strides[1]][:, : size[0], : size[1]]
            output += tf.einsum("nhwc,co->nhwo", part, w[ky, kx])
    return output


@pytest.mark.parametrize("data_format", ["NHWC", "NCHW"])
@pytest.mark.parametrize("padding", ["SAME", "VALID", [[2, 1], [0, 3]]])
@pytest.mark.parametrize(
    ("strides", "dilations"), [((1, 1), (1, 1)), ((2, 3), (1, 1)), ((1, 1), (2, 3)), ((2, 1), (3, 2))]
)
def test_gradient(data_format, padding, strides, dilations):
    random = np.random.RandomState(0)
    x = tf.constant(random.uniform(-1, 1, (2, 10, 9, 3)), tf.float32)
    w = tf.constant(random.uniform(-1, 1, (3, 2, 3, 4)), tf.float32)

    def in_format(values, rest):
        return [rest, *values, rest] if data_format == "NHWC" else [rest, rest, *values]

    with tf.GradientTape(persistent=True) as tape:
        ranges = [tf.constant(value) for value in (-1.0, 1.0, -1.0, 1.0)]
        tape.watch([x, w, *ranges])
        expected = exact(x, w, strides, padding, dilations)
        result = approx_conv2d_with_min_max_vars(
            x if data_format == "NHWC" else tf.transpose(x, [0, 3, 1, 2]),
            w,
            *ranges,
            strides=in_format(strides, 1),
            padding=padding if isinstance(padding, str) else "EXPLICIT",
            explicit_paddings=[] if isinstance(padding, str) else np.ravel(in_format(padding, [0, 0])).tolist(),
            data_format=data_format,
            dilations=in_format(dilations, 1),
            mul_map_file="mul8u_drum6",
        )
        result = result if data_format == "NHWC" else tf.transpose(result, [0, 2, 3, 1])
        seed = tf.constant(random.uniform(-1, 1, expected.shape), tf.float32)
        losses = [tf.reduce_sum(expected * seed), tf.reduce_sum(result * seed)]
    for tensor in (x, w):
        gradients = [tape.gradient(loss, tensor) for loss in losses]
        np.testing.assert_allclose(gradients[1], gradients[0], rtol=0, atol=1e-5 * np.abs(gradients[0]).max())
    assert tape.gradient(losses[1], ranges) == [None] * 4


def test_gradient_in_a_graph_with_unknown_sizes():
    @tf.function(input_signature=[tf.TensorSpec([None, None, None, 3])])
    def gradient(x):
        w = tf.ones([3, 3, 3, 4])
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = approx_conv2d_with_min_max_vars(x, w, -1.0, 1.0, -1.0, 1.0, [1, 2, 2, 1], "SAME")
        return tape.gradient(y, x)

    for size in (6, 9):
        assert gradient(np.ones((2, size, size, 3), np.float32)).shape == (2, size, size, 3)


def test_a_large_dilation_makes_no_large_filter():
    x, w = tf.ones([1, 1, 200_001, 64]), tf.ones([1, 3, 64, 1024])  # zeros between the taps would take 52 GB
    with tf.GradientTape() as tape:
        tape.watch([x, w])
        y = approx_conv2d_with_min_max_vars(
            x, w, 0.0, 1.0, 0.0, 1.0, [1, 1, 1, 1], "VALID", dilations=[1, 1, 100_000, 1]
        )
    dx, dw = tape.gradient(y, [x, w])
    np.testing.assert_array_equal(dw, tf.ones_like(w))
    np.testing.assert_array_equal(np.flatnonzero(dx[0, 0, :, 0]), [0, 100_000, 200_000])


def test_gradient_of_an_empty_output_is_zero():
    x, w = tf.ones([1, 3, 8, 1]), tf.ones([4, 3, 1, 1])
    with tf.GradientTape() as tape:
        tape.watch([x, w])
        y = approx_conv2d_with_min_max_vars(x, w, 0.0, 1.0, 0.0, 1.0, [1, 2, 2, 1], "VALID")
    assert y.shape == [1, 0, 3, 1]
    for tensor, gradient in zip((x, w), tape.gradient(y, [x, w])):
        np.testing.assert_array_equal(gradient, tf.zeros_like(tensor))
