"""AxConv2D called as scripts of 2019 call it: by position, through what TensorFlow generates."""

import inspect

import numpy as np
import pytest
import tensorflow as tf

from tfapprox.tf1 import ax_conv2d, library_path

MODULE = tf.load_op_library(library_path())
INPUT = np.random.RandomState(0).randint(0, 256, [1, 6, 5, 2])
FILTER = np.random.RandomState(1).randint(0, 256, [3, 3, 2, 4])
ONES = [1, 1, 1, 1]


def outputs(call):
    """The three outputs of a call with `input, filter, min_input, max_input, min_filter, max_filter`."""
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        codes = [tf.cast(tf.constant(value, tf.int32), tf.quint8) for value in (INPUT, FILTER)]
        return session.run(list(call(*codes, 0.0, 1.0, -1.0, 1.0)))


def test_order():
    function = inspect.unwrap(MODULE.ax_conv2d)
    assert list(inspect.signature(function).parameters) == [
        *["input", "filter", "min_input", "max_input", "min_filter", "max_filter"],
        *["strides", "padding", "AxMult", "AxTune", "out_type", "dilations", "name"],
    ]


@pytest.mark.parametrize("rest", [(), (tf.qint32,), (tf.qint32, ONES), (tf.qint32, ONES, "name")])
def test_calls_by_position(rest):
    results = outputs(lambda *inputs: MODULE.ax_conv2d(*inputs, ONES, "SAME", "mul8u_drum4", False, *rest))
    expected = outputs(lambda *inputs: ax_conv2d(*inputs, ONES, "SAME", ax_mult="mul8u_drum4", ax_tune=False))
    for result, theirs in zip(results, expected):
        np.testing.assert_array_equal(result.astype(np.float64), theirs.astype(np.float64))


def test_calls_by_keyword():
    names = ("input", "filter", "min_input", "max_input", "min_filter", "max_filter")
    attributes = {"AxTune": False, "AxMult": "mul8u_drum4", "padding": "SAME", "strides": ONES}
    results = outputs(lambda *inputs: MODULE.ax_conv2d(**dict(zip(names, inputs)), **attributes))
    expected = outputs(lambda *inputs: ax_conv2d(*inputs, ONES, "SAME", ax_mult="mul8u_drum4", ax_tune=False))
    for result, theirs in zip(results, expected):
        np.testing.assert_array_equal(result.astype(np.float64), theirs.astype(np.float64))


def test_defaults():
    results = outputs(lambda *inputs: MODULE.ax_conv2d(*inputs, ONES, "VALID"))
    expected = outputs(lambda *inputs: ax_conv2d(*inputs, ONES, "VALID", ax_mult="mul8u_1JFF", ax_tune=True))
    for result, theirs in zip(results, expected):
        np.testing.assert_array_equal(result.astype(np.float64), theirs.astype(np.float64))


def test_an_unknown_multiplier_has_the_error_class_of_the_original():
    with pytest.raises(tf.errors.InvalidArgumentError, match="received 'mul8u_NONE'"):
        outputs(lambda *inputs: MODULE.ax_conv2d(*inputs, ONES, "VALID", "mul8u_NONE"))
