"""Checkpoints and SavedModels are frozen, and `convert` takes them; what cannot be frozen is an error that says so."""

import numpy as np
import pytest
import tensorflow as tf

from tfapprox.common.argument_error import ArgumentError
from tfapprox.tf1 import freezing
from tfapprox.tf1 import graph as graphs

v1 = tf.compat.v1
IMAGES = np.random.RandomState(1).uniform(-1, 1, [3, 8, 8, 3]).astype(np.float32)
PATHS = ["saved", "checkpoints", "checkpoints/model", "checkpoints/model.meta", "checkpoints/model.index"]


def save(folder, trained=False, use_resource=False):
    """Writes a small network as `saved`, `checkpoints/model` and `graph.pb` into a folder; its output for `IMAGES`."""
    with tf.Graph().as_default() as graph, v1.Session() as session:
        x = v1.placeholder(tf.float32, [None, 8, 8, 3], name="x")
        weights = v1.get_variable("v", [3, 3, 3, 4], use_resource=use_resource)
        bias = v1.get_variable("b", [4], initializer=v1.ones_initializer(), use_resource=use_resource)
        with tf.device("/gpu:7"):
            y = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(x, weights, [1, 1, 1, 1], "SAME", name="c"), bias), name="out")
        if trained:
            v1.train.AdamOptimizer().minimize(tf.reduce_mean(y))
        saver = v1.train.Saver()
        with v1.Session(config=v1.ConfigProto(allow_soft_placement=True)) as session:
            session.run(v1.global_variables_initializer())
            saver.save(session, str(folder / "checkpoints" / "model"))
            if not trained:
                v1.saved_model.simple_save(session, str(folder / "saved"), {"x": x}, {"y": y})
            result = session.run(y, {x: IMAGES})
    graphs.write(graph.as_graph_def(), folder / "graph.pb")
    return result


def output(graph):
    assert not any("Variable" in node.op or node.op == "VarHandleOp" for node in graph.node)
    with tf.Graph().as_default(), v1.Session() as session:
        tf.import_graph_def(graph, name="")
        return session.run("out:0", {"x:0": IMAGES})


@pytest.mark.parametrize("use_resource", [False, True])
def test_every_kind_of_path(tmp_path, use_resource):
    expected = save(tmp_path, use_resource=use_resource)
    for path in PATHS:
        np.testing.assert_array_equal(output(freezing.read(tmp_path / path)), expected, path)


def test_a_graph_with_training_needs_the_name_of_its_output(tmp_path):
    expected = save(tmp_path, trained=True)
    meta = tmp_path / "checkpoints" / "model.meta"
    with pytest.raises(ArgumentError, match="outputs must be given, because the graph ends in") as error:
        freezing.read(meta)
    assert "save/" not in str(error.value)
    assert "Assign" not in str(error.value)
    np.testing.assert_array_equal(output(freezing.read(meta, ["out:0"])), expected)
    with pytest.raises(ArgumentError, match="outputs must name nodes of the graph; received 'none'"):
        freezing.read(meta, ["none"])


def test_refused(tmp_path):
    save(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad.meta").write_text("no meta graph")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "saved_model.pb").write_text("no model")
    (tmp_path / "alone.meta").write_bytes((tmp_path / "checkpoints" / "model.meta").read_bytes())
    cases = {
        "empty": r"graph must be a frozen graph \(.pb\), a checkpoint with its .meta file, or the folder of a",
        "bad.meta": "graph must be a checkpoint with its .meta file; received .*bad.meta, which is none",
        "broken": "graph must be the folder of a SavedModel; received .*saved_model.pb, which is none",
        "alone.meta": "graph must be one that TensorFlow .* can freeze; received .*alone",
    }
    for name, message in cases.items():
        with pytest.raises(ArgumentError, match=message):
            freezing.read(tmp_path / name)
    with pytest.raises(FileNotFoundError):
        freezing.read(tmp_path / "checkpoints" / "none.meta")


@pytest.mark.skipif(not tf.__version__.startswith("1."), reason="TransformGraph is in TensorFlow 1 only")
def test_convert(command, tmp_path):
    expected = save(tmp_path)
    for path in PATHS[:4:3]:
        command("convert", tmp_path / path, "-o", tmp_path / "ax.pb", "--no-tune")
        converted = graphs.read(tmp_path / "ax.pb")
        assert [node.name for node in converted.node if node.op == "AxConv2D"] == ["c/eightbit"]
        assert np.abs(output(converted) - expected).max() < 0.1 * expected.max()
    assert "GRAPH must be frozen: give the .meta" in command(
        "convert", tmp_path / "graph.pb", "-o", tmp_path / "ax.pb", code=1
    )
