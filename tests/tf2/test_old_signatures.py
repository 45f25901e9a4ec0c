"""The operations of the plugin called as old scripts call them: by position, through what TensorFlow generates."""

import inspect

import numpy as np
import tensorflow as tf

from tfapprox.tf2 import (
    approx_conv2d_with_min_max_vars,
    approx_depthwise_conv2d_with_min_max_vars,
    library_path,
)

ONES = [1, 1, 1, 1]
MODULE = tf.load_op_library(library_path())
X = np.random.RandomState(0).uniform(0, 1, [1, 6, 5, 2]).astype(np.float32)
W = np.random.RandomState(1).uniform(-1, 1, [3, 3, 2, 4]).astype(np.float32)
RANGES = [0.0, 1.0, -1.0, 1.0]


def test_order():
    names = list(inspect.signature(MODULE.approx_conv2d_with_min_max_vars).parameters)
    assert names == [
        *["input", "filter", "input_min", "input_max", "filter_min", "filter_max"],
        *["strides", "num_bits", "mul_map_file", "padding", "explicit_paddings", "data_format", "dilations", "name"],
    ]


def test_order_of_the_depthwise_operation():
    names = list(inspect.signature(MODULE.approx_depthwise_conv2d_with_min_max_vars).parameters)
    assert names == [
        *["input", "filter", "input_min", "input_max", "filter_min", "filter_max"],
        *["strides", "num_bits", "mul_map_file", "padding", "data_format", "dilations", "name"],
    ]


def test_depthwise_calls():
    operation = MODULE.approx_depthwise_conv2d_with_min_max_vars
    expected = approx_depthwise_conv2d_with_min_max_vars(
        X, W, *RANGES, ONES, "VALID", mul_map_file="mul8u_drum4", dilations=[1, 2, 2, 1]
    )
    by_position = operation(X, W, *RANGES, ONES, 8, "mul8u_drum4", "VALID", "NHWC", [1, 2, 2, 1], "name")
    np.testing.assert_array_equal(by_position, expected)
    attributes = {"num_bits": 8, "mul_map_file": "mul8u_drum4", "padding": "VALID", "dilations": [1, 2, 2, 1]}
    np.testing.assert_array_equal(operation(X, W, *RANGES, strides=ONES, **attributes), expected)


def test_calls_by_keyword():
    names = ("input", "filter", "input_min", "input_max", "filter_min", "filter_max")
    inputs = dict(zip(names, (X, W, *RANGES)))
    result = MODULE.approx_conv2d_with_min_max_vars(
        mul_map_file="mul8u_drum4", padding="VALID", num_bits=8, strides=ONES, **inputs
    )
    expected = approx_conv2d_with_min_max_vars(X, W, *RANGES, ONES, "VALID", mul_map_file="mul8u_drum4")
    np.testing.assert_array_equal(result, expected)


def test_calls_by_position():
    expected = approx_conv2d_with_min_max_vars(
        X, W, *RANGES, ONES, "VALID", mul_map_file="mul8u_drum4", dilations=[1, 2, 1, 1]
    )
    operation = MODULE.approx_conv2d_with_min_max_vars
    full = operation(X, W, *RANGES, ONES, 8, "mul8u_drum4", "VALID", [], "NHWC", [1, 2, 1, 1], "name")
    np.testing.assert_array_equal(full, expected)
    short = operation(X, W, 0.0, 1.0, -1.0, 1.0, ONES, 8, "", "SAME")
    np.testing.assert_array_equal(short, approx_conv2d_with_min_max_vars(X, W, *RANGES, ONES, "SAME"))


def test_a_graph_without_the_attributes_that_have_their_defaults():
    """SavedModels of earlier versions are such graphs, because padding had no default."""
    with tf.Graph().as_default() as graph:
        inputs = [tf.constant(value, tf.float32) for value in (X, W, *RANGES)]
        MODULE.approx_conv2d_with_min_max_vars(*inputs, strides=ONES, padding="SAME", name="end")
    definition = graph.as_graph_def()
    node = next(node for node in definition.node if node.name == "end")
    for attribute in ("num_bits", "mul_map_file", "explicit_paddings", "data_format", "dilations"):
        del node.attr[attribute]
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        tf.import_graph_def(definition, name="")
        result = session.run("end:0")
    np.testing.assert_array_equal(result, approx_conv2d_with_min_max_vars(X, W, *RANGES, ONES, "SAME"))


def test_a_saved_model(tmp_path):
    module = tf.Module()
    module.run = tf.function(
        lambda x: approx_conv2d_with_min_max_vars(x, W, *RANGES, ONES, "SAME"),
        input_signature=[tf.TensorSpec([1, 6, 5, 2])],
    )
    tf.saved_model.save(module, str(tmp_path))
    np.testing.assert_array_equal(tf.saved_model.load(str(tmp_path)).run(X), module.run(X))
