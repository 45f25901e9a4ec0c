"""Operations of a converted graph that multiply without an approximate multiplier are named, with their share."""

import numpy as np
import pytest
import tensorflow as tf

from tfapprox.tf1 import ax_conv2d, coverage

v1 = tf.compat.v1
ONES = [1, 1, 1, 1]
AX = 8 * 8 * 4 * 27
MULTIPLICATIONS = {
    "dw": 8 * 8 * 8 * 9,
    "up": 8 * 8 * 8 * 4 * 5,
    "conv": 8 * 8 * 2 * 8,
    "attention": 64 * 64 * 8,
    "logits": 5 * 10,
}


def graph(size=8):
    """A graph with an AxConv2D and one of each other operation that multiplies."""
    random = np.random.RandomState(0)

    def weights(*shape):
        return tf.constant(random.normal(size=shape), tf.float32)

    with tf.Graph().as_default() as result:
        x = v1.placeholder(tf.float32, [1, size, size, 3], name="input")
        codes = [tf.quantization.quantize(tensor, -1.0, 1.0, tf.quint8) for tensor in (x, weights(3, 3, 3, 4))]
        operands = [codes[0][0], codes[1][0], *codes[0][1:], *codes[1][1:]]
        x = tf.quantization.dequantize(*ax_conv2d(*operands, ONES, "SAME", name="first/eightbit"), mode="MIN_FIRST")
        x = tf.nn.depthwise_conv2d(x, weights(3, 3, 4, 2), ONES, "SAME", name="dw")
        tf.nn.conv2d(x, weights(1, 1, 8, 2), ONES, "SAME", name="conv")
        rows = tf.reshape(x, [1, 64, 8])
        tf.matmul(rows, rows, transpose_b=True, name="attention")
        x = v1.nn.conv2d_transpose(x, weights(2, 2, 5, 8), [1, 16, 16, 5], [1, 2, 2, 1], name="up")
        tf.matmul(tf.reduce_mean(x, [1, 2]), weights(5, 10), name="logits")
    return result.as_graph_def()


def test_multiplications():
    rest = coverage.remainders(graph())
    assert {operation.name: operation.multiplications for operation in rest} == MULTIPLICATIONS
    assert {operation.kind for operation in rest} == {coverage.FLOAT}


def test_note():
    (note,) = coverage.notes(graph())
    total = sum(MULTIPLICATIONS.values())
    share = f"{total / (total + AX):.2%}"
    assert note.startswith(f"these layers stay float and have {share} of the multiplications: dw (DepthwiseConv2dNat")
    for name in MULTIPLICATIONS:
        assert f" {name} (" in note


def test_a_graph_that_states_no_size():
    definition = graph()
    for node in definition.node:
        if node.name == "input":
            node.attr["shape"].shape.dim[1].size = -1
    (note,) = coverage.notes(definition)
    assert note.startswith("these layers stay float and have an unknown share of the multiplications: dw (")


@pytest.mark.skipif(not tf.__version__.startswith("1."), reason="TransformGraph is in TensorFlow 1 only")
def test_convert_names_them(command, tmp_path):
    with tf.Graph().as_default() as float_graph:
        x = v1.placeholder(tf.float32, [None, 8, 8, 3], name="input")
        random = np.random.RandomState(0)
        kernels = [tf.constant(random.normal(size=shape), tf.float32) for shape in ([3, 3, 3, 4], [3, 3, 4, 1])]
        x = tf.nn.relu(tf.nn.conv2d(x, kernels[0], ONES, "SAME", name="c"))
        x = tf.nn.relu(tf.nn.depthwise_conv2d(x, kernels[1], ONES, "SAME", name="dw"))
        tf.matmul(tf.reduce_mean(x, [1, 2]), tf.constant(random.normal(size=[4, 10]), tf.float32), name="logits")
    (tmp_path / "float.pb").write_bytes(float_graph.as_graph_def().SerializeToString())
    output = command("convert", tmp_path / "float.pb", "-o", tmp_path / "ax.pb")
    total = AX + 8 * 8 * 4 * 9 + 40
    depthwise, dense = (f"{count / total:.2%}" for count in (8 * 8 * 4 * 9, 40))
    assert f"note: these layers stay float and have {depthwise} of the multiplications: dw (Depthwise" in output
    assert "note: these layers have codes of 8 bits and exact products, and have" in output
    assert f"{dense} of the multiplications: logits (QuantizedMatMul)" in output
