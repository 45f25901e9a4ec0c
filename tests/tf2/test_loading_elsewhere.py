"""Files that a program without tfapprox loads: the page about errors has the messages of Keras and TensorFlow."""

import os
import pathlib
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfapprox.tf1 import ax_conv2d
from tfapprox.tf2 import FakeApproxConv2D, library_path

PAGE = pathlib.Path(__file__).parents[2] / "tf2" / "README.md"
LOAD = """
import sys
import keras, tensorflow as tf

def imported():
    graph = tf.compat.v1.GraphDef.FromString(open('graph.pb', 'rb').read())
    with tf.Graph().as_default():
        tf.import_graph_def(graph)

for load in (lambda: keras.models.load_model('model.keras'), lambda: tf.saved_model.load('saved'), imported):
    try:
        load()
        print('no error')
    except Exception as error:
        print(' '.join(str(error).split()))
tf.load_op_library(sys.argv[1])
model = tf.saved_model.load('saved')
print(model.serve(tf.ones([1, 8, 8, 3])).shape)
imported()
"""
MESSAGES = [  # pairs of the text in an error and the text of its row on the page
    ("Could not locate class 'FakeApproxConv2D'", "`Could not locate class 'FakeApprox...'`"),
    ("Op type not registered 'ApproxConv2DWithTable'", "`Op type not registered 'Approx...'`"),
    ("Op type not registered 'AxConv2D'", "`Op type not registered 'AxConv2D'`"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a model in Keras' format, as a SavedModel, and a frozen graph of TensorFlow 1."""
    folder = tmp_path_factory.mktemp("files")
    model = keras.Sequential([keras.Input([8, 8, 3]), FakeApproxConv2D(2, 3, multiplier="mul8u_drum4")])
    model.save(folder / "model.keras")
    model.export(folder / "saved")
    with tf.Graph().as_default() as graph:
        codes = tf.cast(tf.constant(np.ones([1, 4, 4, 1])), tf.quint8)
        ax_conv2d(codes, codes[:1, :1, :1, :1], 0.0, 1.0, 0.0, 1.0, [1, 1, 1, 1], "SAME")
    (folder / "graph.pb").write_bytes(graph.as_graph_def().SerializeToString())
    return folder


@pytest.mark.skipif(keras.__version__.startswith("3.0."), reason="Keras 3.0 imports tfapprox for its layers by itself")
def test_messages(folder):
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-W", "ignore", "-c", LOAD, library_path()]
    result = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment, timeout=300)
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    page = PAGE.read_text(encoding="utf-8")
    for line, (message, row) in zip(lines, MESSAGES):
        assert message in line
        assert row in page
    assert lines[3:] == ["(1, 6, 6, 2)"]
