"""Conversion of a model: what is replaced, what is kept, and the numbers."""

import keras
import numpy as np
import pytest

from tfapprox.tf2 import FakeApproxConv2D, FakeApproxDepthwiseConv2D, approximate_model

APPROXIMATE = (FakeApproxConv2D, FakeApproxDepthwiseConv2D)
IMAGES = np.random.RandomState(0).uniform(0, 1, (6, 8, 8, 4)).astype(np.float32)


def residual_model():
    inputs = keras.Input([8, 8, 4])
    x = keras.layers.Conv2D(4, 3, padding="same", activation="relu", name="first")(inputs)
    x = keras.layers.BatchNormalization()(x)
    x = keras.layers.Conv2D(4, 3, padding="same", groups=2, name="grouped")(x)
    x = keras.layers.DepthwiseConv2D(3, padding="same", name="depthwise")(x)
    x = keras.layers.Add()([inputs, x])
    x = keras.layers.Conv2D(3, 1, strides=2, use_bias=False, name="last")(x)
    return keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(x))


def test_convolutions_are_replaced_and_weights_copied():
    model = residual_model()
    copy = approximate_model(model, "mul8u_drum4")
    assert {layer.name for layer in copy.layers[1:]} == {layer.name for layer in model.layers[1:]}
    replaced = {layer.name: layer for layer in copy.layers if isinstance(layer, APPROXIMATE)}
    assert set(replaced) == {"first", "grouped", "depthwise", "last"}
    assert all(layer.mul_map_file == "mul8u_drum4" for layer in replaced.values())
    for ours, theirs in zip(copy.get_weights(), model.get_weights()):
        np.testing.assert_array_equal(ours, theirs)


def test_signed_products_are_near_the_float_model():
    model = residual_model()
    copy = approximate_model(model, "mul8s_exact")
    assert {layer.mul_map_file for layer in copy.layers if isinstance(layer, APPROXIMATE)} == {"mul8s_exact"}
    exact = model(IMAGES).numpy()
    assert 0 < np.abs(copy(IMAGES).numpy() - exact).max() < 0.03 * np.abs(exact).max()


def test_nested_models_are_converted_too():
    block = keras.Sequential([keras.Input([8, 8, 4]), keras.layers.Conv2D(4, 3, padding="same", name="inner")])
    inputs = keras.Input([8, 8, 4])
    residual = keras.Model(inputs, keras.layers.Add()([inputs, block(inputs)]))
    model = keras.Sequential([keras.Input([8, 8, 4]), residual, keras.layers.Conv2D(2, 1)])
    copy = approximate_model(model, "mul8u_drum3")
    convolutions = [layer for layer in copy._flatten_layers() if isinstance(layer, keras.layers.Conv2D)]
    assert [type(layer) for layer in convolutions] == [FakeApproxConv2D] * 2
    assert np.all(copy(IMAGES).numpy() != approximate_model(model, "")(IMAGES).numpy())


def test_a_shared_layer_stays_shared():
    shared = keras.layers.Conv2D(4, 3, padding="same")
    inputs = keras.Input([8, 8, 4])
    model = keras.Model(inputs, shared(shared(inputs)))
    assert len(approximate_model(model).get_weights()) == len(model.get_weights()) == 2


@pytest.mark.parametrize("inner", ["layer", "model"])
def test_a_convolution_in_a_wrapper_is_replaced(inner):
    layer = keras.layers.Conv2D(4, 3)
    wrapped = layer if inner == "layer" else keras.Sequential([keras.Input([8, 8, 4]), layer])
    model = keras.Sequential([keras.Input([2, 8, 8, 4]), keras.layers.TimeDistributed(wrapped)])
    plain = keras.Sequential([keras.Input([8, 8, 4]), layer])
    model, plain = (approximate_model(exact, "mul8u_drum3") for exact in (model, plain))
    videos = IMAGES.reshape(3, 2, 8, 8, 4)
    # TimeDistributed calls its layer once per step, each with a range of its own.
    np.testing.assert_array_equal(model(videos), np.stack([plain(videos[:, step]) for step in (0, 1)], axis=1))


class OwnConvolution(keras.layers.Conv2D):
    """A subclass, whose call is unknown."""


class OwnDense(keras.layers.Dense):
    """A subclass, whose call is unknown."""


class OwnApproximation(FakeApproxConv2D):
    """A subclass, which keeps its multiplier."""


@pytest.mark.parametrize(
    "layer",
    [
        OwnConvolution(4, 3, name="own"),
        OwnApproximation(4, 3, mul_map_file="mul8u_drum3", name="own"),
        lambda x: keras.ops.conv(x, keras.ops.ones([3, 3, 4, 2])),
        lambda x: keras.layers.Conv3D(4, 3, name="own")(keras.layers.Reshape([8, 8, 4, 1])(x)),
        lambda x: keras.layers.Attention(name="own")([keras.layers.Reshape([16, 16])(x)] * 2),
        OwnDense(4, name="own"),
    ],
)
def test_what_cannot_be_replaced_is_named(layer):
    inputs = keras.Input([8, 8, 4])
    model = keras.Model(inputs, [layer(inputs), keras.layers.Conv2D(2, 1)(inputs)])
    with pytest.warns(UserWarning, match=r"layers that stay as they are: (own|conv\w*) \([^,]+\)$"):
        approximate_model(model, "mul8u_drum4")


def test_the_exact_product_is_near_the_float_model_and_others_are_not_equal_to_it():
    model = residual_model()
    outputs = [approximate_model(model, name)(IMAGES).numpy() for name in ("", "mul8u_exact", "mul8u_drum3")]
    exact = model(IMAGES).numpy()
    assert np.abs(outputs[0] - exact).max() < 0.03 * np.abs(exact).max()
    np.testing.assert_array_equal(outputs[0], outputs[1])
    assert np.all(outputs[2] != outputs[0])


def test_an_approximate_model_can_get_another_multiplier():
    copy = approximate_model(approximate_model(residual_model(), "mul8u_drum3"), "mul4u_exact", num_bits=4)
    assert {layer.num_bits for layer in copy.layers if isinstance(layer, APPROXIMATE)} == {4}


@pytest.mark.parametrize(
    ("arguments", "error"), [(("mul8u_NONE",), FileNotFoundError), (("mul8u_exact", 4), ValueError)]
)
def test_a_wrong_table_is_an_error_of_its_own(arguments, error):
    with pytest.raises(error, match="mul_map_file"):
        approximate_model(residual_model(), *arguments)


def test_a_model_without_convolutions_is_an_error():
    with pytest.raises(ValueError, match=r"model must have a layer of one of the kinds Conv1D, .*; received layers"):
        approximate_model(keras.Sequential([keras.Input([3]), keras.layers.PReLU(name="only")]))


def test_a_model_that_only_keeps_another_multiplier_is_an_error():
    model = keras.Sequential([keras.Input([8, 8, 4]), OwnApproximation(4, 3, mul_map_file="mul8u_drum3")])
    with pytest.raises(ValueError, match="model must have a layer of one of the kinds Conv1D,"):
        approximate_model(model, "mul8u_drum4")


class OwnModel(keras.Model):
    """A model whose call is code."""

    def call(self, x):
        return x


def test_a_model_that_keras_cannot_copy_is_named():
    model = keras.Sequential([keras.Input([8, 8, 4]), keras.layers.Conv2D(4, 3), OwnModel(name="inner")])
    for refused, name in [(model, "inner"), (OwnModel(name="outer"), "outer")]:
        with pytest.raises(ValueError, match=f"functional or sequential.*; received '{name}' of class OwnModel"):
            approximate_model(refused)


def test_an_adapted_normalization_keeps_its_statistics():
    normalization = keras.layers.Normalization()
    normalization.adapt(5 + 3 * IMAGES)
    model = keras.Sequential([keras.Input([8, 8, 4]), normalization, keras.layers.Conv2D(4, 3)])
    np.testing.assert_array_equal(approximate_model(model).layers[0].mean, normalization.mean)
