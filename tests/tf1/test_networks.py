"""Networks of many kinds, converted on TensorFlow 1.14: with exact products, they are those of TensorFlow."""

import numpy as np
import pytest
import tensorflow as tf
from tf1_networks import NETWORKS, frozen

from tfapprox.tf1 import convert as conversion
from tfapprox.tf1 import folding, layers

v1 = tf.compat.v1
pytestmark = pytest.mark.skipif(not tf.__version__.startswith("1."), reason="TransformGraph is in TensorFlow 1 only")

# Batch normalisations before an activation that no convolution comes before.
STAY_FLOAT = {"ResNet-50 v2": 8, "ResNet-50 v2, unfused normalisation": 8, "DenseNet": 9}


def logits(graph, images):
    with tf.Graph().as_default(), v1.Session() as session:
        tf.import_graph_def(graph, name="")
        return session.run("logits:0", {"input:0": images})


def relative_error(results, exact):
    return np.abs(results - exact).max() / np.abs(exact).max()


@pytest.mark.parametrize("name", NETWORKS)
def test_networks(name):
    graph, images = frozen(*NETWORKS[name])
    exact = logits(graph, images)
    converted = layers.assigned(conversion.convert(graph), layers.Choice("mul8u_1JFF", False))
    results = logits(converted, images)
    assert relative_error(results, exact) < 0.3
    assert len(folding.unfolded(converted)) == STAY_FLOAT.get(name, 0)
    users = {f"{node.name}/eightbit" for node in graph.node if node.op == "Conv2D"}
    assert {layer.name for layer in layers.layers(converted)} == users

    stock = type(converted).FromString(converted.SerializeToString())
    for node in stock.node:
        if node.op == "AxConv2D":
            node.op = "QuantizedConv2D"
            del node.attr["AxMult"], node.attr["AxTune"]
    np.testing.assert_array_equal(results, logits(stock, images))

    folded = conversion._transform_graph()(graph, ["input"], ["logits"], conversion.BEFORE)
    folding.fold(folded, ["logits"])
    assert relative_error(logits(folded, images), exact) < 1e-4
