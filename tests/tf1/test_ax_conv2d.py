"""AxConv2D against the recorded original and the reference, bit for bit, on TensorFlow 1.14 and on TensorFlow 2."""

import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings

from cases import GOLDEN_TF1, ax_arguments, outcome, quantised_convolutions, random_table
from tfapprox.common import load_table, reference
from tfapprox.tf1 import ax_conv2d, library_path

RANGES = {"min_input": -1.0, "max_input": 1.0, "min_filter": -1.0, "max_filter": 1.0}
REFUSED = (tf.errors.InvalidArgumentError, tf.errors.NotFoundError, ValueError, TypeError, FileNotFoundError)


def run(input, filter, strides, padding, operation=ax_conv2d, **arguments):
    """The operation's three outputs as numpy arrays: eagerly, or in a session of a graph."""
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        # The shapes are left open, so that bad input reaches the kernel and not only the shape function.
        feeds = {tf.compat.v1.placeholder(tf.quint8): np.asarray(tensor) for tensor in (input, filter)}
        ranges = {name: arguments.pop(name) for name in RANGES}
        fed = {tf.compat.v1.placeholder(tf.float32, name=name): value for name, value in ranges.items()}
        result = operation(*feeds, *fed, strides=strides, padding=padding, **arguments)
        return session.run(list(result), {**feeds, **fed})


@pytest.mark.image
@pytest.mark.parametrize("name", GOLDEN_TF1)
def test_golden(shared_data, name):
    golden = np.load(str(shared_data / "golden" / "tf1" / name))
    table = shared_data / "multipliers" / "{}.bin".format(golden["AxMult"])
    results = run(ax_mult=table, **ax_arguments(golden))
    for result, key in zip(results, ("output", "min_output", "max_output")):
        np.testing.assert_array_equal(result.astype(golden[key].dtype), golden[key])


@settings(max_examples=60, deadline=None)
@given(case=quantised_convolutions())
def test_random(table_file, case):
    case["strides"][2] = case["strides"][1]
    expected = outcome(lambda: reference.ax_conv2d(**case), ValueError)
    path = table_file(case.pop("table"))
    results = outcome(lambda: run(ax_mult=path, **case), tf.errors.InvalidArgumentError)
    assert (results is None) == (expected is None)
    for result, theirs in zip(results or (), expected or ()):
        np.testing.assert_array_equal(result.astype(np.asarray(theirs).dtype), theirs)


@pytest.mark.parametrize("name", ["mul8u_1JFF", "mul8u_drum4", None])
def test_all_pairs_of_operands(table_file, name):
    table = random_table(8, 1) if name is None else load_table(name)
    operands = np.arange(256, dtype=np.uint8)
    ranges = {"min_input": 0.0, "max_input": 255.0, "min_filter": 0.0, "max_filter": 255.0}
    output = run(
        operands.reshape(1, 16, 16, 1),
        operands.reshape(1, 1, 1, 256),
        [1, 1, 1, 1],
        "VALID",
        ax_mult=name or table_file(table),
        ax_tune=False,
        **ranges,
    )[0]
    np.testing.assert_array_equal(output.astype(np.int32).reshape(256, 256), table)


def zeros(*shape):
    return np.zeros(shape, np.uint8)


GOOD = {"input": zeros(1, 5, 5, 3), "filter": zeros(3, 3, 3, 4), "strides": [1, 1, 1, 1], "padding": "SAME", **RANGES}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"input": zeros(5, 5, 3)}, "input and filter must have 4 dimensions; received input"),
        ({"filter": zeros(3, 3, 1, 4)}, "filter must have the input's depth; received input"),
        ({"filter": zeros(0, 3, 3, 4)}, "filter height must be from 1"),
        ({"filter": zeros(9, 3, 3, 4), "padding": "VALID"}, "input height with its padding must not be smaller"),
        ({"min_input": np.zeros(0)}, r"min_input must have one element; received shape \[0\]"),
        ({"max_filter": np.zeros(2)}, r"max_filter must have one element; received shape \[2\]"),
        ({"strides": [1, 2, 1, 1]}, r"strides must be equal for height and width; received \[1, 2, 1, 1\]"),
        ({"strides": [1, 0, 0, 1]}, "[Ss]trides? (height )?must be"),
        ({"ax_mult": "mul8u_NONE"}, "ax_mult must be a built-in multiplier .*; received 'mul8u_NONE'"),
        (
            {"ax_mult": "mul8s_exact"},
            "ax_mult must be a table of unsigned products; received 'mul8s_exact', which is signed",
        ),
        ({"ax_mult": "\0"}, "ax_mult must have no null character"),
        ({"ax_mult": 4}, "ax_mult must be a name or a path; received 4"),
        ({"ax_mult": "mul4u_exact"}, "must fit num_bits=8; received 'mul4u_exact', which has 4 bits"),
    ],
)
def test_refused(changed, message):
    with pytest.raises(REFUSED, match=message):
        run(**{**GOOD, **changed})


def original(*inputs, **attributes):
    """The operation as an old script calls it."""
    return tf.load_op_library(library_path()).ax_conv2d(*inputs, **attributes)


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"AxMult": "mul8u_NONE"}, r"AxMult must be a built-in multiplier .*TFAPPROX_MULTIPLIER_PATH=\(not set\)"),
        (
            {"AxMult": "mul8s_exact"},
            "AxMult must be a table of unsigned products; received 'mul8s_exact', which is signed",
        ),
        (
            {"AxMult": "mul8s_NONE", "AxTune": False},
            "AxMult must be a table of unsigned products; received 'mul8s_NONE'",
        ),
        ({"dilations": [1, 2, 2, 1]}, r"dilations must be 1; received \[1, 2, 2, 1\]"),
    ],
)
def test_attributes_of_the_operation(attributes, message):
    with pytest.raises(REFUSED, match=message):
        run(operation=original, **GOOD, **attributes)


@pytest.mark.parametrize("shape", [(0, 5, 5, 3), (2, 0, 5, 3), (2, 5, 0, 3)])
def test_empty_input(shape):
    assert run(**{**GOOD, "input": zeros(*shape)})[0].shape == (*shape[:3], 4)


@pytest.mark.parametrize(
    ("depths", "message"),
    [
        ((0, 0), "input channels must be from 1; received 0"),
        ((None, 0), "input channels must be from 1; received 0"),
        ((0, None), "input channels must be from 1; received 0"),
        ((0, 3), "must be equal"),
        ((3, 0), "must be equal"),
        ((6, 3), "must be equal"),  # AxConv2D has no groups
    ],
)
def test_depths_are_refused_where_the_graph_is_built(depths, message):
    """The shape function of TensorFlow 1.14 would divide by a depth of 0, which ends the process."""
    with tf.Graph().as_default():
        tensors = [tf.compat.v1.placeholder(tf.quint8, shape) for shape in ([1, 5, 5, depths[0]], [3, 3, depths[1], 4])]
        with pytest.raises(REFUSED, match=message):
            ax_conv2d(*tensors, 0.0, 1.0, 0.0, 1.0, strides=[1, 1, 1, 1], padding="SAME")


def test_defaults_of_the_original():
    with tf.Graph().as_default() as graph:
        tensors = [tf.compat.v1.placeholder(tf.quint8, shape) for shape in ([2, 9, 8, 3], [3, 3, 3, 4])]
        result = original(*tensors, 0.0, 1.0, 0.0, 1.0, strides=[1, 2, 2, 1], padding="SAME")
        operation = graph.get_operations()[-1]
    assert result.output.shape.as_list() == [2, 5, 4, 4]
    assert result.min_output.shape.as_list() == result.max_output.shape.as_list() == []
    assert [operation.get_attr(name) for name in ("AxMult", "AxTune", "dilations")] == [b"mul8u_1JFF", True, [1] * 4]
    assert operation.get_attr("out_type") == tf.qint32


def test_link(tmp_path):
    (tmp_path / "axqconv").mkdir()
    command = [sys.executable, "-m", "tfapprox.tf1", "link", str(tmp_path / "axqconv")]
    subprocess.run(command, check=True)
    script = "import tensorflow as tf; tf.load_op_library({!r}).ax_conv2d".format(str(tmp_path / "axqconv/axqconv.so"))
    subprocess.run([sys.executable, "-c", script], check=True)
