"""Scales and offsets are folded into the weights of the layers before them, on TensorFlow 1.14 and on TensorFlow 2."""

import numpy as np
import pytest
import tensorflow as tf

from tfapprox.tf1 import folding
from tfapprox.tf1 import graph as graphs

v1 = tf.compat.v1
RANDOM = np.random.RandomState(6)
CHANNELS = 4
CONVOLUTION = {"strides": [1, 1, 1, 1], "padding": "SAME"}
IMAGES = RANDOM.uniform(-1, 1, [2, 6, 6, 3]).astype(np.float32)


def values(*shape):
    return tf.constant(RANDOM.uniform(0.5, 1.5, shape), tf.float32)


def fused(x, **options):
    arguments = [values(CHANNELS) for _ in range(4)]
    options = {"is_training": False, "epsilon": 0.01, **options}
    return v1.nn.fused_batch_norm(x, *arguments[:2], *([] if options["is_training"] else arguments[2:]), **options)[0]


def unfused(x):
    return tf.nn.batch_normalization(x, *(values(CHANNELS) for _ in range(4)), 1e-3)


def of_2015(x):
    constants = [values(CHANNELS) for _ in range(4)]
    return v1.nn.batch_norm_with_global_normalization(x, *constants, 1e-3, True)


def convolution(x):
    return tf.nn.conv2d(x, values(3, 3, 3, CHANNELS), name="layer", **CONVOLUTION)


def depthwise(x):
    x = tf.concat([x, x[..., :1]], 3)
    return tf.nn.depthwise_conv2d(x, values(3, 3, 4, 1), [1, 1, 1, 1], "SAME", name="layer")


def dilated(x):
    x = v1.space_to_batch_nd(x, [2, 2], [[2, 2], [2, 2]])
    x = tf.nn.conv2d(x, values(3, 3, 3, CHANNELS), [1, 1, 1, 1], "VALID", name="layer")
    return v1.batch_to_space_nd(x, [2, 2], [[0, 0], [0, 0]])


def dense(x):
    return tf.matmul(tf.reshape(x, [-1, 108]), values(108, CHANNELS), name="layer")


def definition(build):
    """A frozen graph from `input:0` to `end:0`, in which all constants are single nodes."""
    with tf.Graph().as_default() as graph:
        tf.math.abs(build(v1.placeholder(tf.float32, [None, 6, 6, 3], name="input")), name="end")
    result = graph.as_graph_def()
    with v1.Session(graph=graph) as session:
        for node in result.node:  # what does not depend on the input becomes a constant, as TransformGraph makes it
            reads = ancestors(result, node.name)
            if node.op not in ("Const", "Placeholder") and "input" not in reads:
                value = session.run(f"{node.name}:0")
                del node.input[:]
                node.op = "Const"
                node.attr.clear()
                node.attr["dtype"].type = tf.as_dtype(value.dtype).as_datatype_enum
                node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value))
    return result


def ancestors(graph, name):
    nodes = {node.name: node for node in graph.node}
    names = {name}
    while True:
        more = names | {graphs.node_of(input) for name in names for input in nodes[name].input}
        if more == names:
            return names
        names = more


def run(graph):
    with tf.Graph().as_default(), v1.Session() as session:
        tf.import_graph_def(graph, name="")
        return session.run("end:0", {"input:0": IMAGES})


def operations_between(graph):
    """Operations from the layer to the end."""
    return [node.op for node in graph.node if "layer" in ancestors(graph, node.name) - {node.name}]


def biased(layer, normalise):
    return lambda x: normalise(tf.nn.bias_add(layer(x), values(CHANNELS)))


FOLDED = {
    "fused": (lambda x: fused(convolution(x)), ["Add"]),
    "unfused": (lambda x: unfused(convolution(x)), ["Add"]),
    "of 2015": (lambda x: of_2015(convolution(x)), ["Add"]),
    "after a bias": (biased(convolution, unfused), ["Add"]),
    "of all pixels": (biased(dilated, fused), ["BatchToSpaceND", "Add"]),
    "depthwise": (lambda x: fused(depthwise(x)), ["Sub"]),
    "dense": (lambda x: 2.0 * dense(x) - values(CHANNELS), ["Add"]),
    "two": (lambda x: unfused(fused(convolution(x))), ["Add"]),
}


@pytest.mark.parametrize("name", FOLDED)
def test_folded(name):
    build, expected = FOLDED[name]
    graph = definition(build)
    before = run(graph)
    names = {node.name for node in graph.node}
    folding.fold(graph, ["end"])
    needed = ancestors(graph, "end")
    for node in [node for node in graph.node if node.name not in needed]:
        graph.node.remove(node)
    assert operations_between(graph) == [*expected, "Abs"]
    assert {node.name for node in graph.node} - names == {"layer/folded_weights", "layer/folded_offset"}
    np.testing.assert_allclose(run(graph), before, rtol=1e-5, atol=1e-5)


def read_twice(x):
    layer = convolution(x)
    return fused(layer) + layer


def scaled_by_pixel(x):
    return convolution(x) * values(6, 6, CHANNELS)


def a_bias_of_rows(x):
    layer = convolution(x[:, :CHANNELS])  # it has as many rows as channels
    return tf.nn.bias_add(layer, values(CHANNELS), data_format="NCHW") * values(CHANNELS)


STAY = {
    "a bias of rows": a_bias_of_rows,
    "statistics of the batch": lambda x: fused(convolution(x), is_training=True),
    "read twice": read_twice,
    "a scale of each pixel": scaled_by_pixel,
    "no scale": lambda x: tf.nn.bias_add(convolution(x), values(CHANNELS)),
    "squared": lambda x: tf.square(convolution(x)) * values(CHANNELS),
}


@pytest.mark.parametrize("name", STAY)
def test_what_is_not_folded_stays(name):
    graph = definition(STAY[name])
    before = type(graph).FromString(graph.SerializeToString())
    folding.fold(graph, ["end"])
    assert graph == before


def test_a_normalisation_before_an_activation_becomes_one_operation():
    graph = definition(lambda x: unfused(tf.nn.relu(convolution(x))))
    before = run(graph)
    assert folding.unfolded(graph) == []
    folding.fold(graph, ["end"])
    (name,) = folding.unfolded(graph)
    assert name.endswith("add_1")
    assert folding.multiplications(graph, [name]) == 6 * 6 * CHANNELS
    np.testing.assert_allclose(run(graph), before, rtol=1e-5, atol=1e-5)
