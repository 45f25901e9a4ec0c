"""The dense layer: its output by the reference, its configuration, files, gradients, and conversion."""

import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfapprox.common import load_table, reference
from tfapprox.tf2 import FakeApproxDense, approximate_model

INPUTS = np.random.RandomState(0).uniform(-1, 1, (6, 7)).astype(np.float32)


def quantised(layer, tensor):
    values, low, high = layer._fake_quantised(tf.constant(tensor), layer.num_bits)
    return values.numpy(), float(low), float(high)


@pytest.mark.parametrize("shape", [(6, 7), (2, 3, 7), (0, 7)])
@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"activation": "relu", "use_bias": False},
        {"num_bits": 4, "mul_map_file": "mul4u_mitchell"},
        {"mul_map_file": "mul8s_exact"},
        {"mul_map_file": ""},
    ],
)
def test_output(arguments, shape):
    layer = FakeApproxDense(5, **{"mul_map_file": "mul8u_drum4", "bias_initializer": "uniform", **arguments})
    inputs = np.resize(INPUTS, shape)
    output = layer(inputs).numpy()
    a, *a_range = quantised(layer, inputs)
    b, *b_range = quantised(layer, layer.kernel.numpy())
    expected = reference.approx_matmul_with_min_max_vars(
        *(a, b, *a_range, *b_range), num_bits=layer.num_bits, table=load_table(layer.mul_map_file, layer.num_bits)
    )
    if layer.use_bias:
        expected = expected + layer.bias.numpy()
    np.testing.assert_array_equal(output, layer.activation(expected))
    assert output.shape == layer.compute_output_shape(shape)


def test_the_model_of_a_file(tmp_path):
    model = keras.Sequential([keras.Input([7]), FakeApproxDense(3, mul_map_file="mul8u_mitchell")])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.layers[0].mul_map_file == "mul8u_mitchell"
    np.testing.assert_array_equal(loaded(INPUTS), model(INPUTS))


def test_a_network_trains():
    keras.utils.set_random_seed(0)
    exact = keras.Sequential([keras.Input([7]), keras.layers.Dense(16, activation="relu"), keras.layers.Dense(2)])
    model = approximate_model(exact, "mul8u_drum6")
    assert [type(layer) for layer in model.layers] == [FakeApproxDense] * 2
    x = np.random.RandomState(0).uniform(-1, 1, (128, 7)).astype(np.float32)
    y = (x[:, 0] > x[:, 1]).astype(int)
    model.compile(keras.optimizers.Adam(0.02), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    losses = model.fit(x, y, epochs=8, verbose=0).history["loss"]
    assert losses[-1] < 0.5 * losses[0]


def test_mixed_precision():
    layer = FakeApproxDense(3, dtype="mixed_float16", mul_map_file="mul8u_drum4")
    assert layer(INPUTS).dtype == tf.float16


@pytest.mark.skipif(not hasattr(keras.Model, "quantize"), reason="this Keras has no quantize")
def test_quantisation_by_keras_is_refused():
    model = keras.Sequential([keras.Input([7]), FakeApproxDense(3, mul_map_file="mul8u_drum3")])
    expected = model(INPUTS)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.quantize("int8")
    assert any("is quantised for its multiplier" in str(warning.message) for warning in caught)
    np.testing.assert_array_equal(model(INPUTS), expected)
    with pytest.raises(ValueError, match="dtype must be no quantised policy of Keras; received int8_from_float32"):
        FakeApproxDense(3, dtype="int8_from_float32")
