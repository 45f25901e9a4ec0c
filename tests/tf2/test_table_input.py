"""The operations with their table as an input: the reference, swaps, gradients, shapes, threads, and bad tables."""

import os
import resource

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings

from cases import assert_same_in_threads, convolutions, outcome, random_table
from tfapprox.common import TruthTable, load_table, reference
from tfapprox.tf2 import approx_conv2d_with_min_max_vars, approx_depthwise_conv2d_with_min_max_vars, library_path

ONES, RANGES = [1, 1, 1, 1], [-1.0, 1.0, -0.9, 0.8]
X = np.random.RandomState(0).uniform(-1, 1, (2, 6, 5, 3)).astype(np.float32)
W = np.random.RandomState(1).uniform(-1, 1, (3, 3, 3, 4)).astype(np.float32)
FUNCTIONS = {
    approx_conv2d_with_min_max_vars: reference.approx_conv2d_with_min_max_vars,
    approx_depthwise_conv2d_with_min_max_vars: reference.approx_depthwise_conv2d_with_min_max_vars,
}
BOTH = pytest.mark.parametrize("function", FUNCTIONS)


def expected(function, table, num_bits=8):
    return FUNCTIONS[function](X, W, *RANGES, ONES, "SAME", num_bits=num_bits, table=table)


@settings(max_examples=100, deadline=None)
@given(case=convolutions())
def test_random(case):
    theirs = outcome(lambda: reference.approx_conv2d_with_min_max_vars(**case), ValueError)
    table = tf.constant(case.pop("table"))
    ours = outcome(
        lambda: approx_conv2d_with_min_max_vars(mul_map_file=table, **case).numpy(), tf.errors.InvalidArgumentError
    )
    np.testing.assert_array_equal(ours, theirs)


@BOTH
@pytest.mark.parametrize(("num_bits", "signed"), [(2, False), (5, False), (8, False), (8, True)])
@pytest.mark.parametrize("form", [np.asarray, TruthTable, tf.constant, tf.Variable])
def test_forms_of_a_table(function, num_bits, signed, form):
    table = random_table(num_bits, 7, signed)
    result = function(X, W, *RANGES, ONES, "SAME", num_bits=num_bits, mul_map_file=form(table))
    np.testing.assert_array_equal(result, expected(function, table, num_bits))


@BOTH
def test_a_variable_is_swapped_without_tracing(function):
    traces = []
    variable = tf.Variable(random_table(8, 0))

    @tf.function
    def convolve(x):
        traces.append(x)
        return function(x, W, *RANGES, ONES, "SAME", mul_map_file=variable)

    for seed in (0, 1, 2, 0, 1):
        variable.assign(random_table(8, seed))
        np.testing.assert_array_equal(convolve(X), expected(function, random_table(8, seed)))
    assert len(traces) == 1


def test_tables_that_differ_in_one_entry():
    """A comparison that stops early, or a hash of a part, would give the result of the first table."""
    x, w = np.full(ONES, 255.0, np.float32), np.full(ONES, 255.0, np.float32)
    variable = tf.Variable(load_table("mul8u_exact"))
    for product in (65025, 1, 65025, 2):
        table = load_table("mul8u_exact")
        table[255, 255] = product
        variable.assign(table)
        result = approx_conv2d_with_min_max_vars(x, w, *[0.0, 255.0] * 2, ONES, "SAME", mul_map_file=variable)
        assert result.numpy().item() == product


def test_equal_bytes_of_another_sign_are_another_table():
    """An eager kernel is made for each type, and the core tells them apart as well."""
    table = random_table(8, 3)
    for entries in (table, table.view(np.int16), table):
        result = approx_conv2d_with_min_max_vars(X, W, *RANGES, ONES, "SAME", mul_map_file=entries)
        np.testing.assert_array_equal(result, expected(approx_conv2d_with_min_max_vars, entries))


def test_an_array_that_is_written_to():
    """TensorFlow may share the memory of an array."""
    table = random_table(8, 0)
    for seed in (1, 2):
        table[:] = random_table(8, seed)
        result = approx_conv2d_with_min_max_vars(X, W, *RANGES, ONES, "SAME", mul_map_file=tf.constant(table))
        np.testing.assert_array_equal(result, expected(approx_conv2d_with_min_max_vars, table))


def test_threads_with_different_tables_in_one_kernel():
    tables = [tf.constant(random_table(8, seed)) for seed in range(5)]

    @tf.function
    def convolve(table):
        return approx_conv2d_with_min_max_vars(X, W, *RANGES, ONES, "SAME", mul_map_file=table)

    results = [expected(approx_conv2d_with_min_max_vars, table.numpy()) for table in tables]
    assert_same_in_threads(lambda number: convolve(tables[number]).numpy(), results, threads=4, calls=100)


def resident():
    """Bytes of this process that are in memory."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="no /proc")
def test_memory_stays_flat_over_many_new_tables():
    """More tables than the core keeps; each one that stayed in memory would cost more than 0.1 MB.

    Memory may grow once for another reason, such as what earlier tests of this process left to the garbage collector.
    Tables that stayed would make it grow in every round.
    """
    variable = tf.Variable(random_table(8, 0))
    convolve = tf.function(lambda: approx_conv2d_with_min_max_vars(X, W, *RANGES, ONES, "SAME", mul_map_file=variable))

    def swap(tables):
        before = resident()
        for number in tables:
            variable.assign(random_table(8, number))
            convolve()
        return resident() - before

    swap(range(150))
    assert any(swap(range(first, first + 300)) < 10e6 for first in (150, 450, 750, 1050))
    assert convolve.experimental_get_tracing_count() == 1
    table = random_table(8, 2000)
    variable.assign(table)
    np.testing.assert_array_equal(convolve(), expected(approx_conv2d_with_min_max_vars, table))


@BOTH
def test_gradient(function):
    gradients = []
    for table in ("mul8u_drum3", tf.Variable(load_table("mul8u_drum3"))):
        x, w = tf.constant(X), tf.constant(W)
        with tf.GradientTape() as tape:
            tape.watch([x, w])
            loss = tf.reduce_sum(function(x, w, *RANGES, ONES, "SAME", mul_map_file=table) ** 2)
        gradients.append(tape.gradient(loss, [x, w]))
    for by_name, by_value in zip(*gradients):
        np.testing.assert_array_equal(by_name, by_value)


@BOTH
def test_static_shape(function):
    with tf.Graph().as_default():
        for shape in (None, [None, None], [256, None], [256, 256]):
            table = tf.compat.v1.placeholder(tf.uint16, shape)
            output = function(X, W, *RANGES, [1, 2, 2, 1], "SAME", mul_map_file=table)
            assert output.shape.as_list() == [2, 3, 3, 4 if function is approx_conv2d_with_min_max_vars else 12]


@BOTH
def test_a_width_that_is_known_late(function):
    """A table of 4 bits would change the quantisation, which the caller has chosen for codes of 8 bits."""

    @tf.function(input_signature=[tf.TensorSpec(None, tf.uint16)])
    def convolve(table):
        return function(X, W, *RANGES, ONES, "SAME", mul_map_file=table)

    np.testing.assert_array_equal(convolve(random_table(8, 1)), expected(function, random_table(8, 1)))
    with pytest.raises(tf.errors.InvalidArgumentError, match="not compatible with expected shape"):
        convolve(random_table(4, 1))


@BOTH
@pytest.mark.parametrize(
    ("table", "error", "message"),
    [
        (np.zeros((16, 16), np.uint16), ValueError, r"\[256, 256\] for num_bits=8; received \(16, 16\)"),
        (tf.zeros([16, 16], tf.uint16), ValueError, r"\[256, 256\] for num_bits=8; received \(16, 16\)"),
        (tf.zeros([256, 256], tf.int32), TypeError, "a tensor of uint16 or int16; received .*int32"),
        (np.zeros((256, 256), np.float32), ValueError, "must have integer entries; received dtype float32"),
        (7, TypeError, "mul_map_file must be a name, a path, a TruthTable"),
    ],
)
def test_bad_tables(function, table, error, message):
    with pytest.raises(error, match=message):
        function(X, W, *RANGES, ONES, "SAME", mul_map_file=table)


BAD = [
    (tf.uint16, [0, 0]),
    (tf.uint16, [2, 2]),
    (tf.uint16, [512, 512]),
    (tf.uint16, [100, 100]),
    (tf.int16, [128, 128]),
    (tf.uint16, [256, 128]),
    (tf.uint16, [65536]),
]
NAMES = ["approx_conv2d_with_table", "approx_depthwise_conv2d_with_table"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("dtype", "shape"), BAD)
def test_bad_tables_of_the_operation(name, dtype, shape):
    operation = getattr(tf.load_op_library(library_path()), name)
    with pytest.raises(
        tf.errors.InvalidArgumentError, match=rf"table must be uint16 \[2\^n, 2\^n\].*received {dtype.name}"
    ):
        operation(X, W, *RANGES, table=tf.zeros(shape, dtype), strides=ONES, padding="SAME")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("dtype", "shape"), BAD)
def test_bad_shapes_in_a_graph(name, dtype, shape):
    operation = getattr(tf.load_op_library(library_path()), name)
    with tf.Graph().as_default(), pytest.raises(ValueError, match=r"table must be|must be rank 2|must be equal"):
        operation(X, W, *RANGES, table=tf.compat.v1.placeholder(dtype, shape), strides=ONES, padding="SAME")
