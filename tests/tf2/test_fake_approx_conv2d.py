"""The Keras layer: an ordinary Conv2D in every way, and its table survives every way to copy a model."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from cases import random_table
from tfapprox.common import load_table, reference, save_table
from tfapprox.tf2 import FakeApproxConv2D

IMAGES = np.random.RandomState(0).uniform(-1, 1, (20, 8, 8, 3)).astype(np.float32)
LABELS = np.arange(20) % 4


def model_with(mul_map_file, **arguments):
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input([None, None, 3]),
            FakeApproxConv2D(6, 3, activation="relu", mul_map_file=mul_map_file, **arguments),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(4),
        ]
    )


def compiled(model, **arguments):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"], **arguments)
    return model


def expected_by_reference(layer, images):
    """The layer's output by the numpy reference, from its weights and configuration."""
    kernel, bias = layer.get_weights()
    last = layer.data_format == "channels_last"

    def in_format(steps):
        return [1, *steps, 1] if last else [1, 1, *steps]

    output = reference.approx_conv2d_with_min_max_vars(
        images,
        kernel,
        min(images.min(), 0),
        max(images.max(), 0),
        min(kernel.min(), 0),
        max(kernel.max(), 0),
        strides=in_format(layer.strides),
        num_bits=layer.num_bits,
        table=load_table(layer.mul_map_file, layer.num_bits),
        padding=layer.padding.upper(),
        data_format="NHWC" if last else "NCHW",
        dilations=in_format(layer.dilation_rate),
    )
    return output + bias.reshape((-1,) if last else (-1, 1, 1))


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"padding": "same", "strides": 2},
        {"padding": "same", "strides": (2, 1)},
        {"dilation_rate": (2, 1)},
        {"data_format": "channels_first"},
        {"data_format": "channels_first", "padding": "same", "strides": (1, 2)},
        {"num_bits": 4, "mul_map_file": "mul4u_mitchell"},
        {"num_bits": 6, "mul_map_file": ""},
        {"filters": 6, "groups": 3},
        {"mul_map_file": "mul8s_exact"},
        {"mul_map_file": "mul8s_exact", "padding": "same", "strides": (2, 1), "data_format": "channels_first"},
    ],
)
def test_output(arguments):
    layer = FakeApproxConv2D(
        **{"filters": 5, "kernel_size": 3, "mul_map_file": "mul8u_drum4", "bias_initializer": "uniform", **arguments}
    )
    images = IMAGES + 0.9  # its least value is not a negative of its greatest
    images = images if layer.data_format == "channels_last" else images.transpose(0, 3, 1, 2)
    output = layer(images).numpy()
    np.testing.assert_array_equal(output, expected_by_reference(layer, images))
    assert output.shape == layer.compute_output_shape(images.shape)


@pytest.mark.parametrize("sign", [-1, 1])
def test_exact_signed_product_is_conv2d_of_symmetrically_quantised_values(sign):
    layer = FakeApproxConv2D(5, 3, padding="same", mul_map_file="mul8s_exact")
    images = sign * (IMAGES + 0.9)
    output = layer(images).numpy()

    def quantised(tensor):
        scale = np.abs(tensor).max() / np.float32(127)
        return np.rint(tensor.astype(np.float64) / scale) * scale

    expected = tf.nn.conv2d(*[quantised(tensor) for tensor in (images, layer.kernel.numpy())], 1, "SAME").numpy()
    np.testing.assert_allclose(output, expected, rtol=0, atol=1e-6 * np.abs(expected).max())
    exact = tf.nn.conv2d(images, layer.kernel, 1, "SAME").numpy()
    assert np.abs(output - exact).max() < 0.03 * np.abs(exact).max()


def test_a_layer_of_zeros():
    layer = FakeApproxConv2D(5, 3, mul_map_file="mul8s_exact", kernel_initializer="zeros")
    np.testing.assert_array_equal(layer(IMAGES), np.zeros((20, 6, 6, 5)))
    np.testing.assert_array_equal(layer(0 * IMAGES), np.zeros((20, 6, 6, 5)))


def test_ranges_contain_zero():
    """Padding needs a code for 0, and images that are all far from 0 must not be clipped."""
    layer = FakeApproxConv2D(5, 3, padding="same")
    images = IMAGES * 0.1 + 3
    output = layer(images).numpy()
    np.testing.assert_array_equal(output, expected_by_reference(layer, images))
    exact = tf.nn.conv2d(images, layer.kernel, 1, "SAME").numpy()
    assert np.abs(output - exact).max() < 0.03 * np.abs(exact).max()


def test_functional_model_and_a_second_input_shape():
    inputs = keras.Input([None, None, 3])
    layer = FakeApproxConv2D(5, 3, mul_map_file="mul8u_mitchell")
    model = keras.Model(inputs, layer(inputs))
    assert model.output_shape == (None, None, None, 5)
    for size in (8, 5):
        images = IMAGES[:4, :size, :size]
        np.testing.assert_array_equal(model.predict(images, verbose=0), expected_by_reference(layer, images))


@pytest.mark.parametrize("name", ["", "mul8s_exact"])
def test_empty_batch(name):
    assert FakeApproxConv2D(5, 3, mul_map_file=name)(IMAGES[:0]).shape == (0, 6, 6, 5)


def test_fit_lowers_the_loss_and_evaluate_agrees_with_predict():
    model = compiled(model_with("mul8u_drum4"))
    before = [weight.copy() for weight in model.get_weights()]
    history = model.fit(IMAGES, LABELS, epochs=30, batch_size=20, verbose=0).history["loss"]
    assert history[-1] < history[0]
    assert all(np.any(old != new) for old, new in zip(before, model.get_weights()))
    _, accuracy = model.evaluate(IMAGES, LABELS, batch_size=20, verbose=0)
    assert accuracy == pytest.approx(np.mean(model.predict(IMAGES, batch_size=20, verbose=0).argmax(1) == LABELS))


@pytest.fixture
def own_signed_table(tmp_path):
    """Path of a signed table that differs from the exact product almost everywhere."""
    path = tmp_path / "mul8s_own.bin"
    save_table(path, random_table(8, seed=5, signed=True))
    return str(path)


@pytest.mark.parametrize("signed", [False, True])
def test_gradient_is_that_of_the_exact_convolution_of_fake_quantised_values(signed, own_signed_table):
    layer = FakeApproxConv2D(5, 3, use_bias=False, mul_map_file=own_signed_table if signed else "mul8u_mitchell")
    exact = FakeApproxConv2D(5, 3, use_bias=False, mul_map_file="mul8s_exact" if signed else "")
    layer(IMAGES), exact(IMAGES)
    exact.set_weights(layer.get_weights())
    gradients = []
    for variant in (layer, exact):
        with tf.GradientTape() as tape:
            output = tf.reduce_sum(variant(IMAGES))
        gradients.append(tape.gradient(output, variant.kernel).numpy())
    np.testing.assert_array_equal(*gradients)
    assert np.all(gradients[0] != 0)


def test_jit_auto_leaves_xla_out():
    model = compiled(model_with("mul8u_drum4"))
    assert not model.jit_compile
    model.predict(IMAGES, verbose=0)


def test_jit_is_refused_with_a_warning():
    with pytest.warns(UserWarning, match="Model doesn't support `jit_compile=True`"):
        model = compiled(model_with("mul8u_drum4"), jit_compile=True)
    assert not model.jit_compile
    np.testing.assert_array_equal(model.predict(IMAGES, verbose=0), model(IMAGES))


@pytest.fixture
def own_table(tmp_path):
    """Path of a table that differs from the exact product everywhere."""
    path = tmp_path / "own.bin"
    save_table(path, random_table(8, seed=5))
    return str(path)


def clone(model, folder):
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    return copy


def save_and_load(model, folder):
    model.save(folder / "model.keras")
    return keras.models.load_model(folder / "model.keras")


def weights_file(model, folder):
    model.save_weights(folder / "model.weights.h5")
    copy = model_with(model.layers[0].mul_map_file)
    copy.set_weights([0 * weight for weight in copy.get_weights()])
    copy.load_weights(folder / "model.weights.h5")
    return copy


def json(model, folder):
    copy = keras.models.model_from_json(model.to_json())
    copy.set_weights(model.get_weights())
    return copy


def saved_model(model, folder):
    model.export(folder / "saved")
    loaded = tf.saved_model.load(folder / "saved")
    return lambda images: loaded.serve(images)


@pytest.mark.parametrize("way", [clone, save_and_load, weights_file, json, saved_model])
def test_a_copy_uses_the_same_table(tmp_path, own_table, way):
    model = compiled(model_with(own_table))
    model.fit(IMAGES, LABELS, verbose=0)
    expected = model(IMAGES).numpy()
    np.testing.assert_array_equal(np.asarray(way(model, tmp_path)(IMAGES)), expected)
    exact = model_with("")
    exact.set_weights(model.get_weights())
    assert np.all(exact(IMAGES).numpy() != expected)


def test_a_saved_model_keeps_the_sign(tmp_path, own_signed_table):
    model = model_with(own_signed_table)
    expected = model(IMAGES).numpy()
    np.testing.assert_array_equal(save_and_load(model, tmp_path)(IMAGES), expected)
    layer = model.layers[0]
    relu = np.maximum(expected_by_reference(layer, IMAGES), 0)
    np.testing.assert_array_equal(layer(IMAGES), relu)


def test_relative_path_outlives_a_change_of_folder(tmp_path, own_table, monkeypatch):
    monkeypatch.chdir(tmp_path)
    layer = FakeApproxConv2D(5, 3, mul_map_file="own.bin")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert np.any(layer(IMAGES))


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("mul_map_file", "mul8u_drum3", "must not be assigned"),
        ("multiplier", "mul8u_drum3", "must not be assigned"),
        ("num_bits", 4, "must stay as the layer was created, .*"),
    ],
)
def test_attributes_are_read_only(name, value, rule):
    layer = FakeApproxConv2D(2, 3, mul_map_file="mul8u_drum4")
    with pytest.raises(AttributeError, match=f"{name} {rule}; received {value!r}"):
        setattr(layer, name, value)


def test_mixed_precision():
    layer = FakeApproxConv2D(5, 3, mul_map_file="mul8u_drum4", dtype="mixed_float16", bias_initializer="zeros")
    images = IMAGES.astype(np.float16)
    output = layer(images).numpy()
    assert output.dtype == np.float16
    kernel = layer.get_weights()[0].astype(np.float16).astype(np.float32)
    layer32 = FakeApproxConv2D(5, 3, mul_map_file="mul8u_drum4")
    layer32.build(images.shape)
    layer32.set_weights([kernel, np.zeros(5)])
    np.testing.assert_array_equal(output, layer32(images.astype(np.float32)).numpy().astype(np.float16))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"mul_map_file": "mul8u_NONE"}, FileNotFoundError, "received 'mul8u_NONE'"),
        ({"mul_map_file": "none/t.bin"}, FileNotFoundError, "No such file"),
        ({"mul_map_file": "mul8u_exact", "num_bits": 4}, ValueError, "must fit num_bits=4"),
        ({"num_bits": 9}, ValueError, "num_bits must be from 2 to 8; received 9"),
    ],
)
def test_bad_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        FakeApproxConv2D(5, 3, **arguments)
