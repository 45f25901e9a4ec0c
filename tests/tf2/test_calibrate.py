"""Calibration: what data it takes, that ranges do not depend on how it is cut, the three methods, and its errors."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfapprox.tf2 import FakeApproxConv2D, calibrate
from tfapprox.tf2.histogram import BINS, Histogram, mse_range, percentile_range

IMAGES = np.random.RandomState(0).normal(0, 1, (70, 8, 8, 3)).astype(np.float32)
LABELS = np.arange(70)


def network(names=("first", "second")):
    keras.utils.set_random_seed(0)
    layers = [FakeApproxConv2D(4, 3, activation="relu", mul_map_file="mul8u_drum4", name=name) for name in names]
    return keras.Sequential([keras.Input([8, 8, 3]), *layers, keras.layers.Flatten(), keras.layers.Dense(2)])


def values(model):
    return [layer.activation_ranges["input"].values for layer in model.layers[:2]]


class Batches(keras.utils.PyDataset):
    """Seven batches of ten images."""

    def __len__(self):
        return 7

    def __getitem__(self, index):
        return IMAGES[10 * index : 10 * index + 10], LABELS[10 * index : 10 * index + 10]


DATASET = tf.data.Dataset.from_tensor_slices((IMAGES, LABELS))


@pytest.mark.parametrize("method", ["minmax", "percentile", "mse"])
@pytest.mark.parametrize(
    "data",
    [
        (IMAGES, LABELS),
        tf.constant(IMAGES),
        DATASET.batch(1),
        DATASET.batch(33),
        [IMAGES[:69], IMAGES[69:]],
        lambda: ((IMAGES[start : start + 7], LABELS[:7], LABELS[:7]) for start in range(0, 70, 7)),
        Batches(),
    ],
    ids=["pair", "tensor", "dataset-1", "dataset-33", "list", "generator", "PyDataset"],
)
def test_ranges_do_not_depend_on_how_data_is_cut(data, method):
    expected, model = network(), network()
    calibrate(expected, IMAGES, method)
    calibrate(model, data() if callable(data) else data, method)
    assert values(model) == values(expected)
    assert {layer.ranges for layer in model.layers[:2]} == {"fixed"}
    np.testing.assert_array_equal(model(IMAGES), expected(IMAGES))


def test_minmax_is_that_of_the_float_model():
    model = network()
    calibrate(model, (image[None] for image in IMAGES), batch_size=70)
    exact = keras.Sequential([keras.Input([8, 8, 3]), keras.layers.Conv2D(4, 3, activation="relu")])
    exact.set_weights(model.get_weights()[:2])
    assert values(model)[0] == [float(IMAGES.min()), float(IMAGES.max())]
    assert values(model)[1] == [0.0, float(exact(IMAGES).numpy().max())]


def test_traced_functions_use_the_new_ranges():
    model = network()
    before = model.predict(IMAGES[:4], verbose=0)
    calibrate(model, IMAGES)
    after = model.predict(IMAGES[:4], verbose=0)
    assert np.any(after != before)
    np.testing.assert_array_equal(after, network_after(model, IMAGES[:4]))


def network_after(model, images):
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    return copy.predict(images, verbose=0)


def test_a_dictionary_of_inputs():
    inputs = {name: keras.Input([8, 8, 3], name=name) for name in ("left", "right")}
    outputs = [FakeApproxConv2D(2, 3, name=f"{name}_conv")(tensor) for name, tensor in inputs.items()]
    model = keras.Model(inputs, keras.layers.Add()(outputs))
    calibrate(model, {"left": IMAGES, "right": 2 * IMAGES}, batch_size=64)
    left, right = (model.get_layer(f"{name}_conv").activation_ranges["input"].values for name in inputs)
    np.testing.assert_array_equal(right, np.multiply(2, left))


def test_a_function_of_the_user_does_not_keep_float_products():
    class Traced(keras.Model):
        """A model whose call is a graph."""

        def __init__(self):
            super().__init__()
            self.conv = FakeApproxConv2D(2, 3, mul_map_file="mul8u_drum3")

        @tf.function
        def call(self, inputs):
            return self.conv(inputs)

    model = Traced()
    calibrate(model, IMAGES)
    np.testing.assert_array_equal(model(IMAGES), model.conv(IMAGES))
    exact = FakeApproxConv2D(2, 3)
    exact(IMAGES)
    exact.set_weights(model.conv.get_weights())
    assert np.any(exact(IMAGES).numpy() != model(IMAGES).numpy())


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_activations_that_are_not_finite_name_the_layer_and_change_nothing(bad):
    model = network()
    calibrate(model, IMAGES)
    expected = values(model)
    kernel, bias = model.layers[0].get_weights()
    model.layers[0].set_weights([kernel, np.full_like(bias, bad)])
    with pytest.raises(
        ValueError, match=r"activations of layer 'second' must be finite; received (nan|inf) and \d+ more"
    ):
        calibrate(model, 2 * IMAGES)
    assert values(model) == expected
    assert not any(layer.activation_ranges["input"].observer for layer in model.layers[:2])


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((IMAGES[:0],), ValueError, "data must have at least one sample; received none"),
        (([],), ValueError, "data must have at least one sample; received none"),
        ((3,), TypeError, "data must be an array, a tf.data.Dataset, or an iterable of batches; received int"),
        ((IMAGES, "median"), ValueError, "method must be 'minmax', 'percentile' or 'mse'; received 'median'"),
    ],
)
def test_bad_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        calibrate(network(), *arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"percentile": 50}, "percentile must be more than 50 and up to 100; received 50"),
        ({"batch_size": 0}, "batch_size"),
    ],
)
def test_bad_options(arguments, message):
    with pytest.raises(ValueError, match=message):
        calibrate(network(), IMAGES, **arguments)


def test_a_model_without_approximate_layers_is_an_error():
    with pytest.raises(ValueError, match="model must have approximate layers; received 'plain', which has none"):
        calibrate(keras.Sequential([keras.Input([3]), keras.layers.Dense(1)], name="plain"), np.ones([2, 3]))


def test_a_histogram_does_not_depend_on_the_order():
    numbers = np.random.RandomState(3).normal(0, 1, 5000) ** 3
    numbers[:100] = 0
    together, apart = Histogram(), Histogram()
    together.add(numbers)
    for part in np.array_split(np.sort(np.abs(numbers)) * np.sign(numbers[np.argsort(np.abs(numbers))]), 17):
        apart.add(part)
    np.testing.assert_array_equal(apart.counts, together.counts)
    assert (apart.exponent, apart.zeros, apart.minimum) == (together.exponent, 100, together.minimum)
    assert together.counts.sum() == 4900
    expected, _ = np.histogram(numbers[numbers != 0], together.edges)
    np.testing.assert_array_equal(together.counts, expected)


@pytest.mark.parametrize("number", [-4.0, 4.0, 1e-30, -1e30, 2.0**-149])
def test_a_histogram_of_one_number(number):
    histogram = Histogram()
    histogram.add(np.float32([number]))
    (index,) = np.flatnonzero(histogram.counts)
    assert histogram.edges[index] <= np.float32(number) < histogram.edges[index + 1]
    assert 0 <= index < 2 * BINS


def test_percentiles():
    numbers = np.random.RandomState(4).normal(0, 1, 100_000)
    histogram = Histogram()
    histogram.add(numbers)
    low, high = percentile_range(histogram, 99)
    np.testing.assert_allclose([low, high], np.quantile(numbers, [0.005, 0.995]), atol=4 * 2 / BINS)
    assert np.mean(numbers < low) <= 0.005
    assert np.mean(numbers > high) <= 0.005
    assert percentile_range(histogram, 100) == (numbers.min(), numbers.max())


def test_the_range_of_minimal_error_leaves_outliers_out():
    numbers = np.random.RandomState(5).normal(0, 1, 100_000)
    numbers[0] = 8
    histogram = Histogram()
    histogram.add(numbers)

    def error(ends, num_bits):
        rounded = tf.quantization.fake_quant_with_min_max_vars(np.float32(numbers), *np.float32(ends), num_bits)
        return np.mean((rounded.numpy() - numbers) ** 2)

    everything = histogram.minimum, histogram.maximum
    for num_bits in (4, 8):
        assert error(mse_range(histogram, num_bits, signed=False), num_bits) < error(everything, num_bits)
    assert mse_range(histogram, 4, signed=False)[1] < mse_range(histogram, 8, signed=False)[1] < 8
