"""Batch normalisation folded into weights: numbers, places where it must not be folded, and a whole network."""

import keras
import numpy as np
import pytest

from tfapprox.tf2 import approximate_model
from tfapprox.tf2.folding import fold_batch_normalisation

IMAGES = np.random.RandomState(0).uniform(-1, 1, (6, 8, 8, 4)).astype(np.float32)


FOLDED = "FoldedBatchNormalization"


def normalised(*stack, shape=(8, 8, 4)):
    """A functional model of layers, whose weights and statistics are random."""
    inputs = x = keras.Input(shape)
    for layer in stack:
        x = layer(x)
    return with_statistics(keras.Model(inputs, x))


def with_statistics(model):
    generator = np.random.RandomState(1)
    model.set_weights([generator.uniform(0.5, 1.5, x.shape) for x in model.get_weights()])
    return model


def kinds(model):
    return [type(layer).__name__ for layer in model.layers[1:]]


def norm(**arguments):
    return keras.layers.BatchNormalization(**arguments)


@pytest.mark.parametrize(
    "layer",
    [
        keras.layers.Conv2D(3, 3),
        keras.layers.Conv2D(6, 3, groups=2, use_bias=False),
        keras.layers.DepthwiseConv2D(3, depth_multiplier=2),
        keras.layers.Dense(3),
    ],
)
@pytest.mark.parametrize("arguments", [{}, {"scale": False}, {"center": False, "epsilon": 0.1}])
def test_folded(layer, arguments):
    layer = type(layer).from_config(layer.get_config())
    model = normalised(layer, norm(**arguments))
    copy = fold_batch_normalisation(model)
    assert kinds(copy) == [type(layer).__name__, FOLDED]
    np.testing.assert_allclose(copy(IMAGES), model(IMAGES), rtol=1e-5, atol=1e-5)


def test_channels_first():
    model = normalised(keras.layers.Conv2D(3, 1, data_format="channels_first"), norm(axis=1), shape=(4, 8, 8))
    assert kinds(fold_batch_normalisation(model)) == ["Conv2D", FOLDED]
    model = normalised(keras.layers.Conv2D(8, 1, data_format="channels_first"), norm(), shape=(8, 8, 8))
    assert kinds(fold_batch_normalisation(model)) == ["Conv2D", "BatchNormalization"]


def test_what_must_not_be_folded():
    inputs = keras.Input([8, 8, 4])
    shared, activated = keras.layers.Conv2D(4, 1), keras.layers.Conv2D(4, 1, activation="relu")
    twice = keras.layers.Conv2D(4, 1)(inputs)
    outputs = [norm()(shared(inputs)), norm()(shared(norm()(inputs))), norm()(activated(inputs)), norm()(twice) + twice]
    model = with_statistics(keras.Model(inputs, outputs))
    copy = fold_batch_normalisation(model)
    assert kinds(copy).count("BatchNormalization") == 5
    for ours, theirs in zip(copy(IMAGES), model(IMAGES)):
        np.testing.assert_array_equal(ours, theirs)


def test_nested_and_sequential_models():
    inner = keras.Sequential([keras.Input([8, 8, 4]), keras.layers.Conv2D(4, 3), norm(), keras.layers.ReLU()])
    model = normalised(inner, keras.layers.DepthwiseConv2D(3), norm())
    copy = fold_batch_normalisation(model)
    assert kinds(copy) == ["Sequential", "DepthwiseConv2D", FOLDED]
    assert [type(layer).__name__ for layer in copy.layers[1].layers] == ["Conv2D", FOLDED, "ReLU"]
    np.testing.assert_allclose(copy(IMAGES), model(IMAGES), rtol=1e-5, atol=1e-5)


@pytest.mark.filterwarnings("ignore:layers that stay exact")
def test_mobile_net():
    model = keras.applications.MobileNetV2(input_shape=(32, 32, 3), alpha=0.35, weights=None, classes=10)
    images = np.random.RandomState(0).uniform(-1, 1, (8, 32, 32, 3)).astype(np.float32)
    copy = approximate_model(model, "mul8u_exact", data=images, fold_batch_norm=True, per_channel=True)
    assert not [layer for layer in copy.layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert np.abs(copy(images).numpy() - model(images).numpy()).max() < 0.02


def test_a_model_that_keras_cannot_copy():
    class Own(keras.Model):
        """A model whose call is code."""

        def call(self, x):
            return x

    with pytest.raises(ValueError, match="must be sequential or functional for fold_batch_norm=True; received 'own'"):
        fold_batch_normalisation(Own(name="own"))


def test_a_model_with_approximate_layers_is_refused():
    model = approximate_model(normalised(keras.layers.Conv2D(4, 3, name="conv"), norm()), "mul8u_exact")
    with pytest.raises(ValueError, match=r"in floating point for fold_batch_norm=True; .* layers \['conv'\]"):
        approximate_model(model, "mul8u_drum4", fold_batch_norm=True)
