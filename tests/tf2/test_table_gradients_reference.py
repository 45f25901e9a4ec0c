"""Gradients from the table of random convolutions, against the reference: table_2d bit for bit."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from cases import convolutions, outcome, transposed_convolutions
from tfapprox.common._reference_gradients import approx_conv2d_gradients
from tfapprox.tf2 import approx_conv2d_transpose_with_min_max_vars, approx_conv2d_with_min_max_vars

FEW = settings(max_examples=20, deadline=None)


def check(operation, case, mode, half_window, transposed):
    """Compares the gradients of one case, if its arguments are possible."""
    named = dict(case)
    table, limit = named.pop("table"), (2 ** case["num_bits"] - 3) // 2
    named["input"] = np.nan_to_num(named["input"], posinf=3, neginf=-3)
    named["filter"] = np.nan_to_num(named["filter"], posinf=3, neginf=-3)
    half_window = min(half_window, limit)
    x, w = (tf.constant(named.pop(name)) for name in ("input", "filter"))

    def gradients():
        with tf.GradientTape() as tape:
            tape.watch([x, w])
            y = operation(input=x, filter=w, **named, mul_map_file=table, gradient=mode, half_window=half_window)
        upstream = np.random.RandomState(0).uniform(-3, 1, y.shape).astype(np.float32)
        return upstream, [part.numpy() for part in tape.gradient(y, [x, w], upstream)]

    result = outcome(gradients, (tf.errors.InvalidArgumentError, ValueError))
    if result is None or result[0].size == 0 or x.shape.num_elements() == 0:
        return
    upstream, own = result
    arguments = {name: value for name, value in named.items() if name != "output_shape"}
    expected = approx_conv2d_gradients(
        upstream, x, w, **arguments, table=table, gradient=mode, half_window=half_window, transposed=transposed
    )
    for part, right in zip(own, expected):
        if mode == "table_2d":
            np.testing.assert_array_equal(part, right)
        else:
            if not np.all(np.isfinite(right)):  # the order of additions counts beyond float32
                return
            largest = max(np.abs(right).max(), 1e-30)
            np.testing.assert_allclose(part, right, rtol=0, atol=3e-5 * largest)


@pytest.mark.parametrize("mode", ["table_1d", "table_2d"])
@given(case=convolutions(), half_window=st.integers(0, 20))
@FEW
def test_convolutions(case, mode, half_window):
    check(approx_conv2d_with_min_max_vars, case, mode, half_window, False)


@pytest.mark.parametrize("mode", ["table_1d", "table_2d"])
@given(case=transposed_convolutions(), half_window=st.integers(0, 20))
@FEW
def test_transposed_convolutions(case, mode, half_window):
    check(approx_conv2d_transpose_with_min_max_vars, case, mode, half_window, True)


def test_upstream_gradient_that_is_not_finite():
    x, w = tf.ones([1, 4, 4, 1]), tf.ones([2, 2, 1, 3])
    with tf.GradientTape() as tape:
        tape.watch([x, w])
        y = approx_conv2d_with_min_max_vars(x, w, 0.0, 1.0, 0.0, 1.0, [1, 1, 1, 1], gradient="table_2d")
    upstream = np.ones(y.shape, np.float32)
    upstream[0, 0, 0, 0] = np.inf
    for gradient in tape.gradient(y, [x, w], upstream):
        assert np.all(np.isnan(gradient))
