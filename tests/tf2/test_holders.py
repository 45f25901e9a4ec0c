"""Layers and models of the user stay approximate when Keras makes them again, from files and in clones."""

import keras
import numpy as np
import pytest

from tfapprox.tf2 import approximate_model, set_multiplier
from tfapprox.tf2.layer_paths import layers_by_path

IMAGES = np.float32(np.random.default_rng(1).uniform(-1, 1, [3, 6, 6, 2]))


@keras.saving.register_keras_serializable("tests")
class Pair(keras.layers.Layer):
    """Two convolutions with the names that Keras gives them, one of them in a list, and one that `build` makes."""

    def __init__(self, filters=3, **arguments):
        super().__init__(**arguments)
        self.filters = filters
        self.first, self.others = keras.layers.Conv2D(filters, 1), [keras.layers.Conv2D(filters, 3, padding="same")]

    def build(self, shape):
        self.last = keras.layers.Dense(2)
        inner = (*shape[:-1], self.filters)
        for layer, size in ((self.first, shape), (self.others[0], inner), (self.last, inner)):
            layer.build(size)

    def call(self, x):
        return self.last(self.others[0](self.first(x)))

    def get_config(self):
        return {**super().get_config(), "filters": self.filters}


@keras.saving.register_keras_serializable("tests")
class Net(keras.Model):
    """A subclassed model with a layer of the user and a functional model."""

    def __init__(self, **arguments):
        super().__init__(**arguments)
        inputs = keras.Input([6, 6, 2])
        self.pair, self.inner = Pair(4), keras.Model(inputs, keras.layers.DepthwiseConv2D(3)(inputs))
        self.shared = {"dense": self.inner.layers[1], "end": keras.layers.Dense(3)}

    def call(self, x):
        return self.shared["end"](self.inner(self.pair(x)))


def sequential():
    return keras.Sequential([keras.Input([6, 6, 2]), Pair(), keras.layers.TimeDistributed(keras.layers.Dense(2))])


def wrapped():
    return keras.Sequential([keras.Input([2, 6, 6, 2]), keras.layers.TimeDistributed(Pair())])


def subclassed():
    model = Net()
    model(IMAGES)
    return model


def inputs_of(model):
    return np.stack([IMAGES[:2], IMAGES[1:]]) if model.layers[0].name.startswith("time") else IMAGES


def kinds(model):
    return [type(layer).__name__ for _, layer in layers_by_path(model)]


def saved(model, folder):
    model.save(folder / "m.keras")
    return keras.models.load_model(folder / "m.keras")


def cloned(model, folder):
    copy = keras.models.clone_model(model)
    copy(inputs_of(model))
    copy.set_weights(model.get_weights())
    return copy


def twice(model, folder):
    return saved(saved(model, folder), folder)


@pytest.mark.filterwarnings("ignore:layers that stay exact")
@pytest.mark.parametrize(
    ("make", "ranges", "way"),
    [
        (sequential, "batch", saved),
        (wrapped, "fixed", cloned),
        (subclassed, "fixed", saved),
        (subclassed, "batch", cloned),
        (subclassed, "batch", twice),
    ],
)
def test_a_model_that_keras_makes_again_stays_approximate(make, ranges, way, tmp_path):
    model = make()
    inputs = inputs_of(model)
    approximate = approximate_model(model, "mul8u_drum3", data=inputs if ranges == "fixed" else None)
    assert not any(kind in ("Conv2D", "Dense", "DepthwiseConv2D") for kind in kinds(approximate))
    again = way(approximate, tmp_path)
    assert kinds(again) == kinds(approximate)
    np.testing.assert_array_equal(again(inputs), approximate(inputs))
    set_multiplier(again, "mul8u_exact")
    assert np.any(again(inputs).numpy() != approximate(inputs).numpy())


def test_layers_that_were_skipped_stay_exact(tmp_path):
    approximate = approximate_model(sequential(), "mul8u_drum3", data=IMAGES, skip="pair*/conv2d*")
    again = saved(approximate, tmp_path)
    assert kinds(again).count("Conv2D") == 2
    np.testing.assert_array_equal(again(IMAGES), approximate(IMAGES))


def test_an_approximate_model_becomes_another_one():
    approximate = approximate_model(subclassed(), "mul8u_drum3", data=IMAGES)
    other = approximate_model(approximate, "mul8u_drum4")
    assert kinds(other) == kinds(approximate)
    set_multiplier(approximate, "mul8u_drum4")
    np.testing.assert_array_equal(other(IMAGES), approximate(IMAGES))
    exact = approximate_model(approximate_model(sequential(), "mul8u_drum3"), False)
    assert not any(kind.startswith("Fake") for kind in kinds(exact))
