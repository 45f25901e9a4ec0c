"""Fixtures for the tests of tf1: a way to call the commands, and a small frozen graph."""

import numpy as np
import pytest
import tensorflow as tf
from typer.testing import CliRunner

from tfapprox.tf1 import ax_conv2d
from tfapprox.tf1.command_line import app


@pytest.fixture(scope="session")
def command():
    """Function that runs `python -m tfapprox.tf1`, checks the exit code, and returns what the command prints."""

    def call(*arguments, code=0):
        result = CliRunner().invoke(app, list(map(str, arguments)))
        assert result.exit_code == code, result.output
        return result.output

    return call


def _quantised(tensor):
    return tf.quantization.quantize(tensor, tf.reduce_min(tensor), tf.reduce_max(tensor), tf.quint8)


def _layer(tensor, filter, stride, name):
    codes, low, high = _quantised(tensor)
    weights, *limits = _quantised(tf.constant(filter, tf.float32))
    result = ax_conv2d(
        codes,
        weights,
        low,
        high,
        *limits,
        [1, stride, stride, 1],
        "SAME",
        ax_mult="mul8u_drum4",
        name=name + "/eightbit",
    )
    return tf.quantization.dequantize(*result, mode="MIN_FIRST")


@pytest.fixture(scope="session")
def small_graph(tmp_path_factory):
    """File of a frozen graph from images of 32x32x3 to 10 logits: two layers with mul8u_drum4, tuned."""
    random = np.random.RandomState(0)
    with tf.Graph().as_default() as graph:
        images = tf.compat.v1.placeholder(tf.float32, [None, 32, 32, 3], name="images")
        hidden = tf.nn.relu(_layer(images / 255.0, random.normal(size=[3, 3, 3, 4]), 2, "first/Conv2D"))
        output = _layer(hidden, random.normal(size=[5, 5, 4, 10]), 1, "second/Conv2D")
        tf.reduce_mean(output, [1, 2], name="logits")
    path = tmp_path_factory.mktemp("graph") / "small.pb"
    path.write_bytes(graph.as_graph_def().SerializeToString())
    return path
