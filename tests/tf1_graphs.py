"""A small frozen graph with AxConv2D nodes, for TensorFlow 1.14 and for TensorFlow 2."""

import numpy as np
import tensorflow as tf

from tfapprox.tf1 import ax_conv2d


def _quantised(tensor):
    return tf.quantization.quantize(tensor, tf.reduce_min(tensor), tf.reduce_max(tensor), tf.quint8)


def _layer(tensor, filter, stride, name):
    codes, low, high = _quantised(tensor)
    weights, *limits = _quantised(tf.constant(filter, tf.float32))
    strides = [1, stride, stride, 1]
    name += "/eightbit"
    result = ax_conv2d(codes, weights, low, high, *limits, strides, "SAME", ax_mult="mul8u_drum4", name=name)
    return tf.quantization.dequantize(*result, mode="MIN_FIRST")


def two_layers():
    """The `GraphDef` from images of 32x32x3 to 10 logits, with two layers that have mul8u_drum4, tuned."""
    random = np.random.RandomState(0)
    with tf.Graph().as_default() as graph:
        images = tf.compat.v1.placeholder(tf.float32, [None, 32, 32, 3], name="images")
        hidden = tf.nn.relu(_layer(images / 255.0, random.normal(size=[3, 3, 3, 4]), 2, "first/Conv2D"))
        output = _layer(hidden, random.normal(size=[5, 5, 4, 10]), 1, "second/Conv2D")
        tf.reduce_mean(output, [1, 2], name="logits")
    return graph.as_graph_def()
