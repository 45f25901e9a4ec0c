"""The matrix product against the reference, bit for bit; its shape function, gradient and errors."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings

from cases import matrix_products, outcome, random_table
from tfapprox.common import reference
from tfapprox.tf2 import approx_matmul_with_min_max_vars

RANGES = [-1.0, 1.0, -0.9, 0.8]
SHAPES = [((5, 4), (4, 3)), ((2, 5, 4), (4, 3)), ((2, 1, 5, 4), (3, 4, 3)), ((5, 4), (2, 4, 3)), ((0, 5, 4), (4, 3))]


def tensors(*shapes):
    random = np.random.RandomState(0)
    return [tf.constant(random.uniform(-1, 1, shape), tf.float32) for shape in shapes]


@settings(max_examples=100, deadline=None)
@given(case=matrix_products())
def test_random(table_file, case):
    expected = outcome(lambda: reference.approx_matmul_with_min_max_vars(**case), ValueError)
    case["mul_map_file"] = table_file(case.pop("table"))
    result = outcome(lambda: approx_matmul_with_min_max_vars(**case), tf.errors.InvalidArgumentError)
    assert (result is None) == (expected is None)
    if expected is not None:
        np.testing.assert_array_equal(result, expected)
        assert result.shape == expected.shape


def test_many_items(table_file):
    """There are more matrices than threads, as in attention."""
    a, b = tensors((6, 8, 33, 16), (6, 8, 29, 16))
    table = random_table(8, 7)
    expected = reference.approx_matmul_with_min_max_vars(a, b, *RANGES, transpose_b=True, table=table)
    result = approx_matmul_with_min_max_vars(a, b, *RANGES, transpose_b=True, mul_map_file=table_file(table))
    np.testing.assert_array_equal(result, expected)


def test_shape_function():
    def shape(a, b, **options):
        signature = [tf.TensorSpec(a), tf.TensorSpec(b)]
        function = tf.function(lambda a, b: approx_matmul_with_min_max_vars(a, b, *RANGES, **options), signature)
        return function.get_concrete_function().output_shapes

    assert shape([None, 5, 4], [4, 3]).as_list() == [None, 5, 3]
    assert shape([2, 1, None, 4], [7, None, 3]).as_list() == [2, 7, None, 3]
    assert shape([4, 5], [3, 4], transpose_a=True, transpose_b=True).as_list() == [5, 3]
    assert shape(None, [4, 3]).rank is None
    for a, b in [([5, 4], [3, 4]), ([4], [4, 3]), ([2, 5, 4], [3, 4, 3])]:
        with pytest.raises(ValueError, match="must be"):
            shape(a, b)


@pytest.mark.parametrize("shapes", SHAPES)
@pytest.mark.parametrize("transposed", [False, True])
def test_gradient(shapes, transposed):
    """The gradients are those of tf.matmul, and so are their gradients."""
    a, b = tensors(*shapes)
    a, b = (tf.linalg.matrix_transpose(x) if transposed else x for x in (a, b))
    options = {"transpose_a": transposed, "transpose_b": transposed}
    results = []
    for function in (
        lambda: tf.matmul(a, b, **options),
        lambda: approx_matmul_with_min_max_vars(a, b, *RANGES, mul_map_file="mul8u_drum4", **options),
    ):
        with tf.GradientTape() as outer:
            outer.watch([a, b])
            with tf.GradientTape() as inner:
                inner.watch([a, b])
                output = function()
                loss = tf.reduce_sum(output * tf.reshape(tf.range(tf.size(output), dtype=tf.float32), output.shape))
            first = inner.gradient(loss, [a, b])
            loss = sum(tf.reduce_sum(gradient**2) for gradient in first)
        results.append([*first, *outer.gradient(loss, [a, b])])
    for ours, theirs in zip(*results):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"a": np.ones((3, 5), np.float32)}, r"must be \[\.\.\., m, k\] and .*; received a \[3, 5\] and b \[4, 2\]"),
        ({"a": np.ones(4, np.float32)}, r"a and b must have 2 dimensions or more; received a \[4\] and b \[4, 2\]"),
        ({"a": np.ones((3, 0), np.float32), "b": np.ones((0, 2), np.float32)}, "with k and n from 1"),
        (
            {"a": np.ones((2, 3, 4), np.float32), "b": np.ones((3, 4, 2), np.float32)},
            r"batch dimensions of a and b must be equal or 1; received a \[2, 3, 4\] and b \[3, 4, 2\]",
        ),
        ({"a_min": [0.0, 0.0]}, r"a_min must be a scalar; received shape \[2\]"),
        ({"b_min": [0.0]}, r"b_min and b_max must be scalars, or vectors .* the 2 columns; received shapes \[1\] and"),
        ({"b_min": [0.0, 2.0], "b_max": [1.0, 1.0]}, "b_min must not be greater than b_max"),
        ({"a_max": np.inf}, "a_min, a_max and their difference must be finite"),
        ({"a": np.ones((3, 4)), "b": np.ones((4, 2))}, "T must be float32; received double. Cast a and b"),
    ],
)
def test_errors(changed, message):
    case = {"a": np.ones((3, 4), np.float32), "b": np.ones((4, 2), np.float32)}
    case.update(zip(["a_min", "a_max", "b_min", "b_max"], RANGES))
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        approx_matmul_with_min_max_vars(**{**case, **changed})


def test_rows_and_batches_of_size_0():
    for shapes, expected in [(((0, 4), (4, 3)), (0, 3)), (((0, 2, 4), (0, 4, 3)), (0, 2, 3))]:
        assert approx_matmul_with_min_max_vars(*tensors(*shapes), *RANGES).shape == expected


def test_no_columns_have_no_ranges():
    """Ranges of each of 0 columns are empty vectors, of which nothing may be read."""
    ends = [np.zeros(0, np.float32)] * 2
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"a and b must be \[\.\.\., m, k\] and"):
        approx_matmul_with_min_max_vars(*tensors((2, 4), (4, 0)), -1.0, 1.0, *ends)
