"""Conversion of a model: what is replaced, what is kept, and the numbers."""

import keras
import numpy as np
import pytest

from tfapprox.tf2 import FakeApproxConv2D, approximate_model

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
    replaced = {layer.name: layer for layer in copy.layers if isinstance(layer, FakeApproxConv2D)}
    assert set(replaced) == {"first", "last"}
    assert all(layer.mul_map_file == "mul8u_drum4" for layer in replaced.values())
    for ours, theirs in zip(copy.get_weights(), model.get_weights()):
        np.testing.assert_array_equal(ours, theirs)


def test_the_exact_product_is_near_the_float_model_and_others_are_not_equal_to_it():
    model = residual_model()
    outputs = [approximate_model(model, name)(IMAGES).numpy() for name in ("", "mul8u_exact", "mul8u_drum3")]
    exact = model(IMAGES).numpy()
    assert np.abs(outputs[0] - exact).max() < 0.03 * np.abs(exact).max()
    np.testing.assert_array_equal(outputs[0], outputs[1])
    assert np.all(outputs[2] != outputs[0])


def test_an_approximate_model_can_get_another_multiplier():
    copy = approximate_model(approximate_model(residual_model(), "mul8u_drum3"), "mul4u_exact", num_bits=4)
    assert {layer.num_bits for layer in copy.layers if isinstance(layer, FakeApproxConv2D)} == {4}


@pytest.mark.parametrize(
    ("arguments", "error"), [(("mul8u_NONE",), FileNotFoundError), (("mul8u_exact", 4), ValueError)]
)
def test_a_wrong_table_is_an_error_of_its_own(arguments, error):
    with pytest.raises(error, match="mul_map_file"):
        approximate_model(residual_model(), *arguments)


def test_a_model_without_convolutions_is_an_error():
    with pytest.raises(ValueError, match="model must have a Conv2D layer; received layers"):
        approximate_model(keras.Sequential([keras.Input([3]), keras.layers.Dense(2, name="only")]))
