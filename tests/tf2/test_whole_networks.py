"""Whole networks against the same networks with 8-bit fake quantisation of the same tensors, and with a table of zeros.

The operations of the layers get tensors that TensorFlow has fake-quantised. Here, TensorFlow's own operations multiply
them in double precision.
"""

import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfapprox.common import reference
from tfapprox.tf2 import approximate_model, set_multiplier

IMAGES = np.float32(np.random.default_rng(0).uniform(-1, 1, [2, 32, 32, 3]))


def mobile_net():
    return keras.applications.MobileNetV2((32, 32, 3), alpha=0.35, weights=None, classes=10)


def transformer():
    inputs = keras.Input([32, 32, 3])
    x = keras.layers.Reshape([16, 16])(keras.layers.Conv2D(16, 8, 8)(inputs))
    y = keras.layers.LayerNormalization()(x)
    x = keras.layers.Add()([x, keras.layers.MultiHeadAttention(2, 8)(y, y)])
    y = keras.layers.Dense(32, activation="gelu")(keras.layers.LayerNormalization()(x))
    x = keras.layers.Add()([x, keras.layers.Dense(16)(y)])
    return keras.Model(inputs, keras.layers.Dense(10)(keras.layers.GlobalAveragePooling1D()(x)))


def convolution(a, w, options):
    return tf.nn.conv2d(a, w, options["strides"], options["padding"], dilations=options["dilations"])


def depthwise(a, w, options):
    return tf.nn.depthwise_conv2d(a, w, options["strides"], options["padding"], dilations=options["dilations"][1:3])


# The products of each operation, and the axes of the weights that belong to one output channel.
OPERATIONS = {
    "approx_conv2d_with_min_max_vars": (convolution, [0, 1, 2]),
    "approx_depthwise_conv2d_with_min_max_vars": (depthwise, [0, 1]),
    "approx_matmul_with_min_max_vars": (lambda a, w, options: tf.matmul(a, w), [-2]),
}


def fake_quantised(products, axes, a, w, ranges, options):
    return products(tf.cast(a, tf.float64), tf.cast(w, tf.float64), options)


def corrections_only(products, axes, a, w, ranges, options):
    """Equation (3.3) with sums of table products that are 0: integers, which double precision holds exactly."""
    qa = reference.quantiser("input", *map(float, ranges[:2]), 8, False)
    qw = reference.quantiser("filter", *map(float, ranges[2:]), 8, False)
    a, w = (tf.round(tf.cast(x, tf.float64) / float(q.scale)) for x, q in ((a, qa), (w, qw)))  # codes - zero points
    codes = w + float(qw.zero_point)
    sums = tf.reduce_sum(codes, axes, keepdims=axes == [-2])
    sums = sums if axes == [-2] else tf.reshape(sums, [-1])
    # Codes of activations are `a` plus the zero point, in the padding, too.
    of_codes = products(a, codes, options) + float(qa.zero_point) * sums
    return (products(a, w, options) - of_codes) * float(qa.scale) * float(qw.scale)


@pytest.fixture
def replace_operations(monkeypatch):
    """A function that gives the layers operations of another kind, and the list of pairs of both outputs."""

    def replace(expected_output):
        pairs = []

        def replaced(operation, products, axes):
            def call(a, w, *ranges, **options):
                expected = tf.cast(expected_output(products, axes, a, w, ranges, options), tf.float32)
                pairs.append((operation(a, w, *ranges, **options), expected))
                return expected

            return call

        for name, (products, axes) in OPERATIONS.items():
            own = f"tfapprox.tf2.{name[: -len('_with_min_max_vars')]}"
            operation = getattr(sys.modules[own], name)
            for module in [x for x in sys.modules if x.startswith("tfapprox.tf2.") and x != own]:
                if name in vars(sys.modules[module]):
                    monkeypatch.setattr(sys.modules[module], name, replaced(operation, products, axes))
        return pairs

    return replace


@pytest.mark.parametrize(("make", "calls"), [(mobile_net, 53), (transformer, 10)])
def test_a_network(make, calls, replace_operations):
    model = approximate_model(make(), "mul8u_exact", data=IMAGES)
    outputs = model(IMAGES)
    pairs = replace_operations(fake_quantised)
    expected = model(IMAGES)
    assert len(pairs) == calls
    for output, reference_output in [*pairs, (outputs, expected)]:
        assert np.abs(output - reference_output).max() <= 1e-5 * np.abs(reference_output).max()

    set_multiplier(model, np.zeros([256, 256], np.uint16))
    zeros = replace_operations(corrections_only)
    model(IMAGES)
    assert len(zeros) == calls
    for (output, expected), (exact, _) in zip(zeros, pairs):
        np.testing.assert_array_equal(output, expected)
        assert np.any(output.numpy() != exact.numpy())
