"""Quantisation ranges of activations and channels: batch, moving and fixed; files; what does not depend on batches."""

import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from cases import random_table
from tfapprox.common import load_table, reference, save_table
from tfapprox.tf2 import (
    FakeApproxConv2D,
    FakeApproxDense,
    FakeApproxDepthwiseConv2D,
    FakeApproxMultiHeadAttention,
    approx_matmul_with_min_max_vars,
)

IMAGES = np.random.RandomState(0).uniform(-1, 1, (12, 8, 8, 4)).astype(np.float32)
LABELS = np.arange(12) % 3
FIXED = {"ranges": "fixed", "range_values": {"input": (-0.75, 0.9)}}
LAYERS = [
    (lambda **arguments: FakeApproxConv2D(6, 3, **arguments)),
    (lambda **arguments: FakeApproxConv2D(6, 3, groups=2, **arguments)),
    (lambda **arguments: FakeApproxDepthwiseConv2D(3, depth_multiplier=2, **arguments)),
]


def network(**arguments):
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input([8, 8, 4]),
            FakeApproxConv2D(6, 3, activation="relu", mul_map_file="mul8u_drum4", **arguments),
            FakeApproxDepthwiseConv2D(3, mul_map_file="mul8s_exact", **arguments),
            keras.layers.Flatten(),
            keras.layers.Dense(3),
        ]
    )


@pytest.mark.parametrize("make", LAYERS)
@pytest.mark.parametrize("multiplier", ["mul8u_drum4", "mul8s_exact"])
@pytest.mark.parametrize("per_channel", [False, True])
def test_bits_with_fixed_ranges_do_not_depend_on_the_batch(make, multiplier, per_channel):
    layer = make(mul_map_file=multiplier, per_channel=per_channel, **FIXED)
    together = layer(IMAGES).numpy()
    order = np.random.RandomState(1).permutation(len(IMAGES))
    np.testing.assert_array_equal(layer(IMAGES[order]).numpy(), together[order])
    for size in (1, 5):
        parts = [layer(IMAGES[start : start + size]).numpy() for start in range(0, len(IMAGES), size)]
        np.testing.assert_array_equal(np.concatenate(parts), together)
    assert np.any(make(mul_map_file=multiplier)(IMAGES[:1]).numpy() != together[:1])


@pytest.mark.parametrize("multiplier", ["mul8u_drum4", "mul8s_exact"])
@pytest.mark.parametrize("per_channel", [False, True])
def test_a_fixed_range_and_channel_ranges_equal_the_reference(multiplier, per_channel):
    layer = FakeApproxConv2D(5, 3, mul_map_file=multiplier, per_channel=per_channel, **FIXED)
    output = layer(IMAGES).numpy()
    kernel = layer.kernel.numpy()
    axes = (0, 1, 2) if per_channel else None
    low, high = np.minimum(kernel.min(axes), 0), np.maximum(kernel.max(axes), 0)
    ends = np.float32([-0.75, 0.9])
    if multiplier == "mul8s_exact":
        high = np.maximum(-low, high)
        low, ends = -high, np.float32([-0.9, 0.9])
    expected = reference.approx_conv2d_with_min_max_vars(
        *(IMAGES, kernel, *ends, low, high, [1, 1, 1, 1], "VALID"), table=load_table(multiplier)
    )
    np.testing.assert_array_equal(output, expected)


@pytest.mark.parametrize(("multiplier", "exact"), [("mul8u_mitchell", ""), ("mul8s_OWN", "mul8s_exact")])
@pytest.mark.parametrize("make", LAYERS)
def test_gradients_are_those_of_exact_products(multiplier, exact, make, tmp_path, monkeypatch):
    monkeypatch.setenv("TFAPPROX_MULTIPLIER_PATH", str(tmp_path))
    save_table(tmp_path / "mul8s_OWN.bin", random_table(8, seed=5, signed=True))
    gradients = []
    for name in (multiplier, exact):
        keras.utils.set_random_seed(0)
        layer = make(mul_map_file=name, per_channel=True, use_bias=False, **FIXED)
        inputs = tf.Variable(IMAGES)
        with tf.GradientTape() as tape:
            output = tf.reduce_sum(layer(inputs))
        gradients.append([x.numpy() for x in tape.gradient(output, [inputs, layer.kernel])])
    for approximate, expected in zip(*gradients):
        np.testing.assert_array_equal(approximate, expected)
        assert np.mean(expected != 0) > 0.5
    if not exact:  # an activation beyond its range does not matter; with symmetric ranges TensorFlow says the same
        assert np.all(gradients[0][0][IMAGES > 0.91] == 0)


def test_a_direct_call_is_no_training_and_leaves_no_context():
    layer = FakeApproxConv2D(2, 1, ranges="moving", range_values={"input": (-1.0, 1.0)})
    layer(IMAGES)
    layer.call(IMAGES)
    assert layer.activation_ranges["input"].values == [-1, 1]
    dropout = keras.layers.Dropout(0.5)
    np.testing.assert_array_equal(dropout(IMAGES), IMAGES)


def test_a_channel_of_zeros():
    layer = FakeApproxConv2D(2, 3, per_channel=True, mul_map_file="mul8u_exact")
    layer.build(IMAGES.shape)
    kernel = layer.kernel.numpy()
    kernel[..., 0] = 0
    layer.set_weights([kernel, np.zeros(2)])
    output = layer(IMAGES).numpy()
    assert np.all(output[..., 0] == 0)
    assert np.any(output[..., 1] != 0)


def test_channel_ranges_are_finer_than_one_range():
    kernel = np.random.RandomState(2).uniform(-1, 1, (3, 3, 4, 2)).astype(np.float32) * [0.01, 1]
    errors = []
    for per_channel in (False, True):
        layer = FakeApproxConv2D(2, 3, per_channel=per_channel, use_bias=False, mul_map_file="mul8u_exact")
        layer.build(IMAGES.shape)
        layer.set_weights([kernel])
        errors.append(np.abs(layer(IMAGES).numpy() - tf.nn.conv2d(IMAGES, kernel, 1, "VALID").numpy())[..., 0].max())
    assert errors[1] < errors[0] / 5


def test_moving_averages():
    layer = FakeApproxConv2D(2, 1, ranges="moving")
    model = keras.Sequential([keras.Input([8, 8, 4]), layer])
    with pytest.raises(tf.errors.InvalidArgumentError, match=f"ranges of layer '{layer.name}' must have values: train"):
        model(IMAGES)
    model(IMAGES, training=True)
    first = layer.activation_ranges["input"].values
    assert first == [float(IMAGES.min()), float(IMAGES.max())]
    model(3 * IMAGES, training=True)
    moved = layer.activation_ranges["input"].values
    np.testing.assert_allclose(moved, np.multiply(first, 0.99 + 0.03), rtol=1e-6)
    model(5 * IMAGES)
    model(IMAGES[:0], training=True)
    with pytest.raises(tf.errors.InvalidArgumentError, match="must be finite"):
        model(np.nan * IMAGES, training=True)
    assert layer.activation_ranges["input"].values == moved
    fixed = FakeApproxConv2D(2, 1, ranges="fixed", range_values={"input": moved})
    fixed.build(IMAGES.shape)
    fixed.set_weights(layer.get_weights())
    np.testing.assert_array_equal(model(IMAGES), fixed(IMAGES))


def test_fit_updates_moving_averages_and_predict_uses_them():
    model = network(ranges="moving")
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(IMAGES, LABELS, epochs=2, batch_size=4, verbose=0)
    low, high = model.layers[0].activation_ranges["input"].values
    assert IMAGES.min() <= low < 0 < high <= IMAGES.max()
    together = model.predict(IMAGES, verbose=0)
    np.testing.assert_allclose(model.predict(IMAGES, batch_size=5, verbose=0), together, rtol=1e-5, atol=1e-6)


REPLICAS = """
import sys, keras, numpy as np, tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from tfapprox.tf2 import FakeApproxConv2D, calibrate
x = np.random.RandomState(0).uniform(-1, 1, (12, 8, 8, 3)).astype(np.float32)
def network(ranges):
    keras.utils.set_random_seed(0)
    layers = [FakeApproxConv2D(4, 3, mul_map_file="mul8u_drum4", ranges=ranges) for _ in range(2)]
    return keras.Sequential([keras.Input([8, 8, 3]), *layers])
single = network("batch")
calibrate(single, x)
with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
    model, trained = network("batch"), network("moving")
    trained.compile("sgd", "mse")
calibrate(model, x)
assert (model.predict(x, batch_size=6, verbose=0) == single.predict(x, batch_size=12, verbose=0)).all()
trained.fit(x, np.zeros([12, 4, 4, 4], np.float32), batch_size=12, shuffle=False, verbose=0)
ends = [[part.min() for part in (x[:6], x[6:])], [part.max() for part in (x[:6], x[6:])]]
values = trained.layers[0].activation_ranges["input"].values
np.testing.assert_allclose(values, np.mean(ends, axis=1), rtol=1e-6)
trained.predict(x, verbose=0)
"""


@pytest.mark.skipif(keras.__version__.startswith("3.0."), reason="predict of Keras 3.0 adds up the outputs of replicas")
def test_replicas_of_a_mirrored_strategy_give_the_bits_of_one_and_share_moving_averages():
    subprocess.run([sys.executable, "-c", REPLICAS], check=True)


def weights_file(model, folder):
    model.save_weights(folder / "m.weights.h5")
    copy = network(ranges="moving")
    copy.load_weights(folder / "m.weights.h5")
    return copy


def keras_file(model, folder):
    model.save(folder / "m.keras")
    return keras.models.load_model(folder / "m.keras")


def clone(model, folder):
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    return copy


def saved_model(model, folder):
    model.export(folder / "saved")
    loaded = tf.saved_model.load(folder / "saved")
    return lambda images: loaded.serve(images)


@pytest.mark.parametrize("way", [weights_file, keras_file, clone, saved_model])
@pytest.mark.parametrize("ranges", ["moving", "fixed"])
def test_every_way_to_save_keeps_ranges(way, ranges, tmp_path):
    model = network(ranges=ranges, range_values={"input": (-0.75, 0.9)})
    loaded = way(model, tmp_path)
    np.testing.assert_array_equal(np.asarray(loaded(IMAGES)), model(IMAGES))
    if way is not saved_model:
        assert loaded.layers[0].ranges == ranges
        assert loaded.layers[0].activation_ranges["input"].values == model.layers[0].activation_ranges["input"].values


def test_ranges_are_not_among_the_weights():
    exact = keras.Sequential(
        [
            keras.Input([8, 8, 4]),
            keras.layers.Conv2D(6, 3),
            keras.layers.DepthwiseConv2D(3),
            keras.layers.Flatten(),
            keras.layers.Dense(3),
        ]
    )
    model = network(**FIXED)
    assert [x.shape for x in model.get_weights()] == [x.shape for x in exact.get_weights()]
    model.set_weights(exact.get_weights())
    assert model.layers[0].ranges == "fixed"


def test_a_float_model_refuses_the_weights_file(tmp_path):
    layer = FakeApproxConv2D(2, 3, name="conv")
    keras.Sequential([keras.Input([8, 8, 4]), layer]).save_weights(tmp_path / "m.weights.h5")
    exact = keras.Sequential([keras.Input([8, 8, 4]), keras.layers.Conv2D(2, 3, name="conv")])
    with pytest.raises(ValueError, match="could not be loaded"):
        exact.load_weights(tmp_path / "m.weights.h5")


def test_the_range_of_the_batch_survives_a_file_without_values(tmp_path):
    model = network()
    model.save_weights(tmp_path / "m.weights.h5")
    fixed = network(**FIXED)
    fixed.load_weights(tmp_path / "m.weights.h5")
    assert fixed.layers[0].ranges == "fixed"


def test_weights_of_a_layer_without_ranges_load():
    layer = FakeApproxConv2D(2, 3, **FIXED)
    layer.build(IMAGES.shape)
    weights = [np.ones(weight.shape, np.float32) for weight in layer.get_weights()]
    layer.load_own_variables({str(index): weight for index, weight in enumerate(weights)})
    np.testing.assert_array_equal(layer.get_weights()[0], weights[0])
    np.testing.assert_allclose(layer.activation_ranges["input"].values, [-0.75, 0.9])


@pytest.mark.parametrize("exact", ["mul8u_exact", "mul8s_exact"])
@pytest.mark.parametrize("per_channel", [False, True])
def test_second_derivatives_are_those_of_exact_products(exact, per_channel):
    layer = FakeApproxDense(3, use_bias=False, mul_map_file=exact, per_channel=per_channel, ranges="batch")
    inputs = tf.constant(IMAGES[:2, 0])
    layer(inputs)
    x, kernel, *_ = layer._quantised_operands(inputs, layer.kernel)

    def derivatives(function, x, w):
        """The gradient of the squared norm of a gradient, and the mixed second derivative."""
        with tf.GradientTape(persistent=True) as outer:
            outer.watch([x, w])
            with tf.GradientTape(persistent=True) as inner:
                inner.watch([x, w])
                loss = tf.reduce_sum(function(x, w) ** 2)
            of_x, of_w = inner.gradient(loss, [x, w])
            norm, total = tf.reduce_sum(of_x**2), tf.reduce_sum(of_w)
        return [*outer.gradient(norm, [x, w]), outer.gradient(total, x)]

    expected = derivatives(lambda x, w: x @ w, x, kernel)

    def call(x, w):
        operands = layer._quantised_operands(x, w)
        return approx_matmul_with_min_max_vars(*operands, mul_map_file=exact)

    for run in (derivatives, tf.function(derivatives)):
        for ours, theirs in zip(run(call, inputs, tf.convert_to_tensor(layer.kernel)), expected):
            np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4 * np.abs(theirs).max())


@pytest.mark.parametrize("multiplier", ["mul8u_drum4", "mul8s_exact"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("options", [{}, FIXED, {**FIXED, "ranges": "moving"}], ids=["batch", "fixed", "moving"])
def test_activations_that_are_not_finite_name_the_layer(options, value, multiplier):
    images = IMAGES.copy()
    images[3, 4, 4, 1] = value
    layer = FakeApproxConv2D(2, 3, mul_map_file=multiplier, name="named", **options)
    message = r"activations of layer \S*named\S* must be finite; received NaN or infinity"  # a graph escapes the quotes
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        layer(images)
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        keras.Sequential([keras.Input(IMAGES.shape[1:]), layer]).predict(images, verbose=0)


def test_the_operand_of_attention_that_is_not_finite_is_named():
    layer = FakeApproxMultiHeadAttention(2, 4, name="attention")
    steps = tf.ones([1, 3, 8])
    layer(steps, steps)
    layer._key_dense.bias.assign(tf.fill(layer._key_dense.bias.shape, np.inf))
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"of layer 'attention' \(key\) must be finite"):
        layer(steps, steps)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"ranges": "none"}, "ranges must be 'batch', 'moving' or 'fixed'; received 'none'"),
        ({"range_values": {"output": (0, 1)}}, r"range_values must have the names \['input'\]; received \['output'\]"),
        ({"range_values": {"input": (0.5, 1)}}, "range values must be a finite minimum up to 0 and a maximum from 0"),
        ({"range_values": {"input": (0, np.inf)}}, "range values must be a finite minimum up to 0"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        FakeApproxConv2D(2, 3, **arguments)


def test_keras_2_has_the_range_of_the_batch_only():
    layers = pytest.importorskip("tf_keras").layers
    from tfapprox.tf2 import fake_approx_convolutional

    assert issubclass(fake_approx_convolutional.FakeApproxConv2D, layers.Conv2D)
    with pytest.raises(ValueError, match="ranges must be 'batch' in a layer of Keras 2; received 'moving'"):
        fake_approx_convolutional.FakeApproxConv2D(2, 3, ranges="moving")
