"""Frozen graphs with AxConv2D nodes as networks of a search."""

import numpy as np
import pytest
import tensorflow as tf

from tfapprox.common.network import Samples
from tfapprox.tf1 import library_path
from tfapprox.tf1.graph_network import GraphNetwork

operations = tf.load_op_library(library_path())
X = np.random.RandomState(0).uniform(0, 1, (20, 6, 6, 2)).astype(np.float32)


def quantised(x, low, high):
    return tf.quantization.quantize(x, low, high, tf.quint8)


@pytest.fixture(scope="module")
def graph():
    random = np.random.RandomState(1)
    with tf.Graph().as_default() as result:
        x = tf.compat.v1.placeholder(tf.float32, [None, 6, 6, 2], name="input")
        for index, stride in enumerate((1, 2)):
            weights = random.normal(size=(3, 3, x.shape[-1], 4)).astype(np.float32)
            q, w = quantised(x, -2.0, 2.0), quantised(weights, -3.0, 3.0)
            output, _, _ = operations.ax_conv2d(
                *(q[0], w[0], q[1], q[2], w[1], w[2]),
                strides=[1, stride, stride, 1],
                padding="SAME",
                AxMult="mul8u_drum4",
                AxTune=index == 1,
                name=f"conv{index}/eightbit",
            )
            # The product of both scales: the type of the range of int32 is not needed for what follows.
            x = tf.cast(output, tf.float32) * (4 / 255) * (6 / 255)
        tf.reshape(x, [-1, 9 * 4], name="logits")
    return result.as_graph_def()


@pytest.fixture
def network(graph):
    return GraphNetwork(graph)


def test_layers(network):
    rows = [(x.name, x.kind, x.macs, x.published_macs, x.taps) for x in network.layers()]
    assert rows == [
        ("conv0/eightbit", "AxConv2D", 36 * 18 * 4, 36 * 18 * 4, 18),
        ("conv1/eightbit", "AxConv2D", 9 * 36 * 4, 64 * 36 * 4, 36),
    ]


def test_codes_are_counted(network):
    first, second = network.layers(Samples(X))
    assert first.operands[0].activations.sum() == X.size
    assert first.operands[0].weights.sum(axis=1).tolist() == [18] * 4
    assert 0.3 < min(second.gains) <= max(second.gains) < 3
    assert first.multiplier != second.multiplier  # AxTune maps the weights of the second one


def test_assignments(network, graph):
    data, before = Samples(X), network.fingerprint()
    outputs = {}
    for name in ("mul8u_mitchell", "mul8u_drum4", "mul8u_mitchell"):
        network.assign({"conv0": name})
        outputs.setdefault(name, network.outputs(data, 0, 20))
        np.testing.assert_array_equal(network.outputs(data, 0, 20), outputs[name])
    assert not np.array_equal(outputs["mul8u_drum4"], outputs["mul8u_mitchell"])
    np.testing.assert_array_equal(GraphNetwork(graph).outputs(data, 0, 20), outputs["mul8u_drum4"])
    assert network.fingerprint() == before
    with network.exact():
        assert network.layers()[1].multiplier.name in ("", "mul8u_exact")
    assert network.layers()[0].multiplier.name == "mul8u_mitchell"


def test_the_weight_map_stays_with_other_multipliers(network):
    tuned = network.layers()[1].multiplier
    with network.exact():
        assert network.layers()[1].multiplier.sha256 == network.layers()[0].multiplier.sha256
        network.assign({"conv1": "mul8u_drum4"})
        assert network.layers()[1].multiplier == tuned
    assert [layer.tune for layer in network.layers()] == [False, True]


def test_mistakes(network, graph):
    with pytest.raises(ValueError, match="assignment must name layers of the network, conv0/eightbit, conv1/eightbit"):
        network.assign({"conv7": "mul8u_drum4"})
    with pytest.raises(FileNotFoundError, match="mul8u_unknown"):
        network.assign({"conv0": "mul8u_unknown"})
    with pytest.raises(ValueError, match=r"data must have samples of shape \(6, 6, 2\); received \(5, 6, 2\)"):
        network.outputs(Samples(X[:, 1:]), 0, 1)
    with pytest.raises(ValueError, match="outputs must be one node; received logits, input"):
        GraphNetwork(graph, outputs=["logits", "input"])
