"""Multi-head attention: no product is exact, the output by the reference, masks, files, and a small transformer."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfapprox.common import load_table, reference, save_table
from tfapprox.tf2 import FakeApproxEinsumDense, FakeApproxMultiHeadAttention, approximate_model

RANDOM = np.random.RandomState(0)
QUERY, VALUE = (RANDOM.uniform(-1, 1, (2, steps, 6)).astype(np.float32) for steps in (5, 7))
NAME = "mul8u_drum4"


def product(layer, equation, a, b):
    """An Einstein sum of fake-quantised tensors, by matrix products of the reference."""
    operands, ranges = [], []
    for tensor in (a, b):
        values, low, high = layer._fake_quantised(tf.constant(tensor), 8)
        operands.append(values.numpy())
        ranges += [float(low), float(high)]
    (a_labels, b_labels), output = equation.split("->")[0].split(","), equation.split("->")[1]
    sizes = dict(zip(a_labels + b_labels, operands[0].shape + operands[1].shape))
    depth = [label for label in a_labels if label not in output]
    result = np.empty([sizes[label] for label in output], np.float32)
    for index in np.ndindex(*result.shape):
        place = dict(zip(output, index))
        vectors = []
        for tensor, labels in zip(operands, (a_labels, b_labels)):
            part = tensor[tuple(place.get(label, slice(None)) for label in labels)]
            vectors.append(part.transpose([[x for x in labels if x not in output].index(label) for label in depth]))
        row, column = vectors[0].reshape(1, -1), vectors[1].reshape(-1, 1)
        result[index] = reference.approx_matmul_with_min_max_vars(row, column, *ranges, table=load_table(NAME))[0, 0]
    return result


def test_output():
    layer = FakeApproxMultiHeadAttention(2, 4, value_dim=3, mul_map_file=NAME, bias_initializer="uniform")
    output, scores = layer(QUERY, VALUE, return_attention_scores=True)
    projected = []
    for dense, tensor in [(layer._query_dense, QUERY), (layer._key_dense, VALUE), (layer._value_dense, VALUE)]:
        assert isinstance(dense, FakeApproxEinsumDense)
        projected.append(product(layer, "bsf,fnd->bsnd", tensor, dense.kernel.numpy()) + dense.bias.numpy())
    query, key, value = projected
    logits = product(layer, "btnd,bsnd->bnts", query * np.float32(1 / np.sqrt(4.0)), key)
    expected_scores = tf.nn.softmax(logits).numpy()
    np.testing.assert_array_equal(scores, expected_scores)
    heads = product(layer, "bnts,bsnd->btnd", expected_scores, value)
    expected = product(layer, "btnd,ndf->btf", heads, layer._output_dense.kernel.numpy())
    np.testing.assert_array_equal(output, expected + layer._output_dense.bias.numpy())
    np.testing.assert_array_equal(layer(QUERY, VALUE), output)


@pytest.mark.parametrize("options", [{}, {"use_causal_mask": True}, {"attention_mask": np.tri(5, 7)[None] > 0}])
def test_the_exact_product_is_near_the_layer_of_keras(options):
    exact = keras.layers.MultiHeadAttention(2, 4)
    expected = exact(QUERY, VALUE, **options).numpy()
    layer = FakeApproxMultiHeadAttention.from_config(exact.get_config())
    layer(QUERY, VALUE)
    layer.set_weights(exact.get_weights())
    assert [weight.shape for weight in layer.weights] == [weight.shape for weight in exact.weights]
    assert 0 < np.abs(layer(QUERY, VALUE, **options).numpy() - expected).max() < 0.05 * np.abs(expected).max()


def transformer():
    inputs = keras.Input([None, 6])
    x = keras.layers.MultiHeadAttention(2, 4, dropout=0.1)(inputs, inputs)
    x = keras.layers.LayerNormalization()(keras.layers.Add()([inputs, x]))
    x = keras.layers.Dense(8, activation="gelu")(x)
    return keras.Model(inputs, keras.layers.Dense(2)(keras.layers.GlobalAveragePooling1D()(x)))


def test_a_transformer_has_no_exact_product(tmp_path):
    """A table of zeros makes every product 0; the corrections of the zero points remain."""
    save_table(tmp_path / "mul8s_zero.bin", np.zeros((256, 256), np.int16))
    model = approximate_model(transformer(), tmp_path / "mul8s_zero.bin")
    attention = model.layers[1]
    assert type(attention) is FakeApproxMultiHeadAttention
    assert all(not np.any(attention(QUERY, VALUE).numpy()) for _ in range(2))
    assert len({type(layer) for layer in attention._flatten_layers()} & {keras.layers.EinsumDense}) == 0


def test_a_transformer_trains_and_is_saved(tmp_path):
    keras.utils.set_random_seed(0)
    model = approximate_model(transformer(), "mul8u_drum6")
    x = RANDOM.uniform(-1, 1, (64, 5, 6)).astype(np.float32)
    y = (x[:, :, 0].mean(1) > 0).astype(int)
    model.compile(keras.optimizers.Adam(0.02), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    losses = model.fit(x, y, epochs=8, verbose=0).history["loss"]
    assert losses[-1] < 0.7 * losses[0]
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(x), model(x))
