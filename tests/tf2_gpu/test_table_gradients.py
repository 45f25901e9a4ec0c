"""Gradients from the table of operations on a GPU, beside those on the CPU of the same process."""

import numpy as np
import pytest
import tensorflow as tf

from cases import random_table
from tfapprox.tf2 import (
    approx_conv2d_transpose_with_min_max_vars,
    approx_conv2d_with_min_max_vars,
    approx_depthwise_conv2d_with_min_max_vars,
    approx_matmul_with_min_max_vars,
    library,
)

RANGES = [-1.0, 1.0, -0.9, 0.8]
CASES = {
    "conv": (approx_conv2d_with_min_max_vars, [2, 8, 9, 4], [3, 3, 4, 5], [*RANGES, [1, 2, 2, 1]]),
    "grouped": (approx_conv2d_with_min_max_vars, [2, 8, 9, 4], [3, 3, 2, 6], [*RANGES, [1, 1, 1, 1]]),
    "depthwise": (approx_depthwise_conv2d_with_min_max_vars, [2, 8, 9, 4], [3, 3, 4, 2], [*RANGES, [1, 1, 1, 1]]),
    "matmul": (approx_matmul_with_min_max_vars, [3, 7, 5], [3, 5, 6], RANGES),
    "transpose": (
        approx_conv2d_transpose_with_min_max_vars,
        [2, 4, 4, 3],
        [3, 3, 5, 3],
        [[2, 8, 8, 5], *RANGES, [1, 2, 2, 1]],
    ),
}


def gradients(device, name, mode):
    """The gradients of an operation with respect to both operands, computed on a device."""
    operation, x_shape, w_shape, rest = CASES[name]
    random = np.random.RandomState(0)
    with tf.device(device):
        x, w = (tf.constant(random.uniform(-1, 1, shape), tf.float32) for shape in (x_shape, w_shape))
        with tf.GradientTape() as tape:
            tape.watch([x, w])
            y = operation(x, w, *rest, mul_map_file="mul8u_drum4", gradient=mode)
            upstream = tf.constant(random.uniform(-1, 1, y.shape), tf.float32)
            loss = tf.reduce_sum(y * upstream)
        return [gradient.numpy() for gradient in tape.gradient(loss, [x, w])]


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("mode", ["table_1d", "table_2d"])
def test_gradients_on_a_gpu(gpu, name, mode):
    if gpu.name == "a host's model of a GPU":
        pytest.skip("TensorFlow's own GPU kernels cannot run on the model of a GPU")
    for result, expected in zip(gradients("GPU:0", name, mode), gradients("CPU:0", name, mode)):
        if mode == "table_2d" and name != "matmul":  # TensorFlow broadcasts the operands of a matrix product
            np.testing.assert_array_equal(result, expected)
        # TensorFlow's convolutions on a GPU may round operands to TF32, which has 10 bits of fraction.
        np.testing.assert_allclose(result, expected, rtol=0, atol=2e-3 * np.abs(expected).max())


FORMS = {
    "conv": ([2, 8, 9, 4], [3, 3, 4, 5], [2, 4, 5, 5], {"strides": [2, 2]}),
    "grouped": ([2, 8, 9, 4], [3, 3, 2, 6], [2, 8, 9, 6], {"strides": [1, 1]}),
    "transpose": ([2, 4, 4, 3], [3, 3, 5, 3], [2, 8, 8, 5], {"strides": [2, 2], "is_transposed": True}),
    "no image": ([0, 8, 9, 4], [3, 3, 4, 5], [0, 8, 9, 5], {"strides": [1, 1]}),
}


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("per_filter", [False, True])
def test_differences_have_the_bits_of_the_cpu(name, per_filter):
    """The operation itself, which also runs where TensorFlow's own GPU kernels cannot."""
    random = np.random.RandomState(0)
    *shapes, form = FORMS[name]
    x, w, dy = (random.uniform(-1, 1, shape).astype(np.float32) for shape in shapes)
    ends = np.sort(random.uniform(-1, 1, (2, dy.shape[3])), 0) if per_filter else (-0.9, 0.8)
    ranges = [np.float32(end) for end in (-1.0, 1.0, *ends)]
    results = []
    for device in ("GPU:0", "CPU:0"):
        with tf.device(device):
            results.append(
                library.load().approx_conv2d_table_gradients(
                    *(x, w, *ranges, dy, np.int32([1, 1, 1, 1]), random_table(8, 1)),
                    half_window=16,
                    dilations=[1, 1],
                    **form,
                )
            )
    assert all(device in part.device for device, result in zip(("GPU:0", "CPU:0"), results) for part in result)
    for part, right in zip(*results):
        np.testing.assert_array_equal(part, right)
