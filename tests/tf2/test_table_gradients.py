"""Gradients from the table: every layer, files, exact tables, second derivatives, and ranges that are constant."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from cases import random_table
from tfapprox.common.truth_table import TruthTable
from tfapprox.tf2 import (
    FakeApproxConv1D,
    FakeApproxConv2D,
    FakeApproxConv2DTranspose,
    FakeApproxDense,
    FakeApproxDepthwiseConv2D,
    FakeApproxEinsumDense,
    FakeApproxMultiHeadAttention,
    FakeApproxSeparableConv2D,
    approx_conv2d_with_min_max_vars,
    approximate_model,
    compensate,
    set_multiplier,
)

MODES = ["table_1d", "table_2d"]
IMAGES = (2, 7, 6, 4)
LAYERS = {
    "conv": (lambda **k: FakeApproxConv2D(6, 3, strides=2, padding="same", **k), IMAGES),
    "dilated": (lambda **k: FakeApproxConv2D(3, (3, 2), dilation_rate=2, padding="same", **k), IMAGES),
    "grouped": (lambda **k: FakeApproxConv2D(6, 3, groups=2, **k), IMAGES),
    "first": (lambda **k: FakeApproxConv2D(6, 3, data_format="channels_first", **k), (2, 4, 7, 6)),
    "1d": (lambda **k: FakeApproxConv1D(3, 3, padding="same", **k), (2, 9, 4)),
    "transpose": (lambda **k: FakeApproxConv2DTranspose(3, 3, strides=2, padding="same", **k), IMAGES),
    "depthwise": (lambda **k: FakeApproxDepthwiseConv2D(3, depth_multiplier=2, padding="same", **k), IMAGES),
    "separable": (lambda **k: FakeApproxSeparableConv2D(5, 3, padding="same", **k), IMAGES),
    "dense": (lambda **k: FakeApproxDense(5, **k), (3, 8)),
    "einsum": (lambda **k: FakeApproxEinsumDense("abc,cde->abde", (None, 2, 3), **k), (2, 5, 4)),
    "attention": (lambda **k: SelfAttention(**k), (2, 5, 8)),
}


class SelfAttention(keras.layers.Layer):
    """Attention of one tensor to itself."""

    def __init__(self, **options):
        super().__init__()
        self.attention = FakeApproxMultiHeadAttention(2, 4, **options)

    def call(self, inputs):
        return self.attention(inputs, inputs)


def gradients(layer, x, upstream=None):
    """The gradients of a layer with respect to its input and weights, for a fixed upstream gradient."""
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x)
        if upstream is None:
            upstream = np.random.RandomState(1).uniform(-1, 1, y.shape)
        loss = tf.reduce_sum(tf.cast(y, tf.float32) * tf.cast(upstream, tf.float32))
    results = tape.gradient(loss, [x, *layer.trainable_weights])
    return [np.asarray(gradient, np.float64) for gradient in results if gradient is not None]


def pair(kind, x, mode, **options):
    """The gradients of a layer straight-through and by another mode, with the same weights."""
    make, _ = LAYERS[kind]
    results, weights = [], None
    for gradient in ("straight_through", mode):
        layer = make(gradient=gradient, **options)
        layer(x)
        if weights is None:
            weights = [np.random.RandomState(3).uniform(-1, 1, w.shape) for w in layer.get_weights()]
        layer.set_weights(weights)
        results.append(gradients(layer, x))
    return results


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("multiplier", ["", "mul8s_exact"])
@pytest.mark.parametrize("kind", LAYERS)
def test_exact_table(kind, multiplier, mode):
    x = np.random.RandomState(2).uniform(-0.5, 1, LAYERS[kind][1]).astype(np.float32)
    straight, own = pair(kind, x, mode, mul_map_file=multiplier, per_channel=kind in ("conv", "depthwise", "dense"))
    for a, b in zip(straight, own):
        np.testing.assert_allclose(b, a, rtol=0, atol=2e-6 * max(1, np.abs(a).max()))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", LAYERS)
def test_approximate_table_has_gradients_of_its_own(kind, mode):
    x = np.random.RandomState(2).uniform(0, 1, LAYERS[kind][1]).astype(np.float32)
    straight, own = pair(kind, x, mode, mul_map_file="mul8u_drum4")
    for a, b in zip(straight[:2], own[:2]):
        assert np.all(np.isfinite(b))
        error = np.abs(b - a).max() / np.abs(a).max()
        assert 1e-4 < error < 2


@pytest.mark.parametrize(
    ("mode", "table"),
    [
        # One slope for each code is right where a table is linear in both operands.
        ("table_1d", lambda a, w: 3 * a + 2 * w + a * w),
        # The mean slope of a parabola in a window is that in its middle.
        ("table_2d", lambda a, w: a * a * w),
        ("table_2d", lambda a, w: a * w * w),
    ],
)
@pytest.mark.parametrize("kind", ["dense", "grouped", "dilated", "depthwise", "transpose", "first", "1d"])
def test_finite_differences(kind, mode, table):
    """A gradient is the slope of the layer between the two codes beside a code."""
    make, shape = LAYERS[kind]
    products = table(*np.meshgrid(range(16), range(16), indexing="ij")).astype(np.uint16)
    ranges = {"ranges": "fixed", "range_values": {"input": (-5 / 16, 10 / 16)}}
    layer = make(mul_map_file=products, num_bits=4, gradient=mode, half_window=1, use_bias=False, **ranges)
    random = np.random.RandomState(0)
    x = ((random.randint(2, 14, shape) - 5) / 16).astype(np.float32)
    layer(x)
    codes = random.randint(2, 14, layer.kernel.shape)
    codes.flat[0], codes.flat[-1] = 0, 15  # the ends of the range of the weights
    w = ((codes - 4) / 8).astype(np.float32)
    layer.set_weights([w])
    upstream = random.uniform(-1, 1, layer(x).shape)

    def loss(x, w):
        layer.set_weights([w])
        return np.sum(layer(x).numpy().astype(np.float64) * upstream)

    for own, operand, step in zip(gradients(layer, x, upstream), (x, w), (1 / 16, 1 / 8)):
        for index in random.randint(1, operand.size - 1, 12):
            change = np.zeros_like(operand)
            change.flat[index] = step
            ends = [loss(x + each, w) if operand is x else loss(x, w + each) for each in (change, -change)]
            assert (ends[0] - ends[1]) / (2 * step) == pytest.approx(own.flat[index], abs=1e-6 * np.abs(own).max())


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("value", [0.0, 1.0, -2.0])
@pytest.mark.parametrize("kind", ["conv", "transpose", "depthwise", "dense"])
def test_constant_tensors_have_no_nan(kind, value, mode):
    make, shape = LAYERS[kind]
    layer, x = make(mul_map_file="mul8u_drum4", gradient=mode), np.full(shape, value, np.float32)
    layer(x)
    for weight in (0.0, 0.5):
        layer.set_weights([np.full(w.shape, weight) for w in layer.get_weights()])
        assert all(np.all(np.isfinite(gradient)) for gradient in gradients(layer, x))


@pytest.mark.parametrize("mode", MODES)
def test_values_outside_of_a_fixed_range_have_no_gradient(mode):
    layer = FakeApproxDense(
        4, gradient=mode, mul_map_file="mul8u_drum4", range_values={"input": (0, 1)}, ranges="fixed"
    )
    dx = gradients(layer, np.array([[-0.5, 0.5, 1.5]], np.float32))[0]
    assert (dx != 0).tolist() == [[False, True, False]]


@pytest.mark.parametrize("mode", MODES)
def test_second_derivatives_are_refused(mode):
    layer, x = FakeApproxDense(3, gradient=mode), tf.ones([2, 4])
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            loss = tf.reduce_sum(layer(x) ** 2)
        norm = tf.reduce_sum(inner.gradient(loss, layer.kernel) ** 2)
    with pytest.raises(LookupError, match="no second derivatives for gradient="):
        outer.gradient(norm, x)


@pytest.mark.parametrize("mode", MODES)
def test_files_and_copies_keep_the_gradient(mode, tmp_path):
    layers = [keras.Input([6, 6, 2]), keras.layers.Conv2D(3, 3), keras.layers.Flatten(), keras.layers.Dense(2)]
    model = approximate_model(keras.Sequential(layers), "mul8u_drum4", gradient=mode, half_window=4, ranges="moving")
    model.save(tmp_path / "model.keras")
    for other in (keras.models.load_model(tmp_path / "model.keras"), approximate_model(model, "mul8u_drum6")):
        assert [(other.layers[i].gradient, other.layers[i].half_window) for i in (0, 2)] == [(mode, 4)] * 2
    back = approximate_model(model, "mul8u_drum6", gradient="straight_through")
    assert (back.layers[0].gradient, back.layers[0].half_window) == ("straight_through", None)
    with pytest.raises(AttributeError, match="gradient must stay as the layer was created"):
        model.layers[0].gradient = "straight_through"


@pytest.mark.parametrize("mode", MODES)
def test_gradient_follows_the_table_without_a_new_trace(mode):
    model = keras.Sequential([keras.Input([4]), FakeApproxDense(3, gradient=mode, mul_map_file="mul8u_drum4")])
    x = tf.constant(np.random.RandomState(0).uniform(0, 1, [5, 4]), tf.float32)
    traces = []

    @tf.function
    def step():
        traces.append(1)
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(model(x))
        return tape.gradient(loss, model.trainable_weights[0])

    first = step()
    set_multiplier(model, "mul8u_exact")
    assert np.abs(step() - first).max() > 1e-3
    set_multiplier(model, "mul8u_drum4")
    np.testing.assert_array_equal(step(), first)
    assert len(traces) == 1


@pytest.mark.parametrize("mode", MODES)
def test_compensated_layer(mode):
    """The error of the table is twice the activation. Compensation takes the slope of the error back (9.9)."""
    twice = (TruthTable.exact().entries.astype(int) + 2 * np.arange(256)[:, None]).astype(np.uint16)
    x = np.random.RandomState(0).uniform(0, 1, [40, 6]).astype(np.float32)
    model = keras.Sequential([keras.Input([6]), FakeApproxDense(3, multiplier=twice, gradient=mode)])
    exact = keras.Sequential([keras.Input([6]), FakeApproxDense(3, gradient=mode)])
    exact.set_weights(model.get_weights())
    expected, before = gradients(exact.layers[0], x)[0], gradients(model.layers[0], x)[0]
    compensate(model, x)
    after = gradients(model.layers[0], x)[0]
    assert np.abs(after - expected).max() < 0.2 * np.abs(before - expected).max()


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("kind", ["conv", "transpose", "depthwise", "dense"])
def test_slopes_by_operations_of_tensorflow(kind, signed, monkeypatch):
    """On a GPU, these operations replace the plugin's kernel, and give the same bits."""
    x = np.random.RandomState(2).uniform(-0.5, 1, LAYERS[kind][1]).astype(np.float32)
    layer = LAYERS[kind][0](multiplier=random_table(8, 3, signed), gradient="table_1d", per_channel=True)
    expected = gradients(layer, x)
    monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind: ["a GPU"])
    for own, right in zip(gradients(layer, x), expected):
        np.testing.assert_array_equal(own, right)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "float64"])
@pytest.mark.parametrize("kind", ["conv", "dense"])
def test_other_types_have_the_gradients_of_float32(kind, policy, mode):
    make, shape = LAYERS[kind]
    random = np.random.RandomState(0)
    x = random.randint(-64, 65, shape) / 64  # these numbers are exact in every type
    layers = [make(multiplier="mul8u_drum4", gradient=mode, dtype=dtype) for dtype in ("float32", policy)]
    for layer in layers:
        layer.build(shape)
    weights = [random.randint(-64, 65, weight.shape) / 64 for weight in layers[0].get_weights()]
    upstream, results = None, []
    for layer in layers:
        layer.set_weights(weights)
        inputs = tf.constant(x, layer.compute_dtype)
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            y = layer(inputs)
            if upstream is None:
                upstream = random.randint(-64, 65, y.shape) / 64
        results.append(tape.gradient(y, [inputs, layer.kernel], tf.constant(upstream, y.dtype)))
    for right, part in zip(*results):
        rounded = tf.cast(tf.cast(right, layers[1].compute_dtype), part.dtype)
        np.testing.assert_array_equal(part, rounded)
        assert np.any(part)


@pytest.mark.parametrize("mode", MODES)
def test_saved_model_keeps_the_gradient(mode, tmp_path):
    layer = FakeApproxConv2D(3, 2, multiplier="mul8u_drum4", gradient=mode)
    x = tf.random.stateless_uniform([2, 5, 5, 2], [0, 0])
    module = tf.Module()
    layer.build(x.shape)
    module.layer = layer

    @tf.function(input_signature=[tf.TensorSpec([None, 5, 5, 2])])
    def outputs(inputs):
        return layer(inputs)

    module.outputs = outputs
    tf.saved_model.save(module, str(tmp_path))
    loaded, results = tf.saved_model.load(str(tmp_path)), []
    for function in (layer, loaded.outputs):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = function(x)
        results.append(tape.gradient(y, x, tf.cumsum(tf.ones_like(y), 1)))
    np.testing.assert_array_equal(*results)
    exact = FakeApproxConv2D(3, 2, multiplier="mul8u_drum4")
    exact.build(x.shape)
    exact.set_weights(layer.get_weights())
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = exact(x)
    assert np.any(results[0] != tape.gradient(y, x, tf.cumsum(tf.ones_like(y), 1)))


def test_bad_arguments():
    ones, ranges = tf.ones([1, 3, 3, 1]), [0.0, 1.0, 0.0, 1.0]
    with pytest.raises(ValueError, match="gradient must be one of"):
        approx_conv2d_with_min_max_vars(ones, tf.ones([1, 1, 1, 1]), *ranges, [1, 1, 1, 1], gradient="1d")
    with pytest.raises(ValueError, match="half_window must be from 0 to 126; received 127"):
        FakeApproxDense(2, gradient="table_1d", half_window=127)
    with pytest.raises(ValueError, match="half_window must be None for gradient='straight_through'; received 3"):
        FakeApproxDense(2, half_window=3)
    with pytest.raises(ValueError, match="half_window must be None without a gradient; received 3"):
        approximate_model(keras.Sequential([keras.Input([2]), keras.layers.Dense(2)]), half_window=3)
