"""Grouped-query attention: the layer of Keras with approximate products, and nothing exact."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfapprox.tf2 import FakeApproxGroupQueryAttention, approximate_model, summary

STEPS = np.float32(np.random.default_rng(0).uniform(-1, 1, [2, 5, 8]))


def pair(multiplier, **arguments):
    """The layer of Keras and an approximate one with the same weights."""
    keras.utils.set_random_seed(0)
    exact = keras.layers.GroupQueryAttention(4, 4, 2, bias_initializer="uniform", **arguments)
    exact(STEPS, STEPS)
    layer = FakeApproxGroupQueryAttention.from_config({**exact.get_config(), "multiplier": multiplier})
    layer(STEPS, STEPS)
    layer.set_weights(exact.get_weights())
    return exact, layer


@pytest.mark.parametrize(
    "call", [{}, {"use_causal_mask": True}, {"attention_mask": np.tri(5)[None] > 0}, {"return_attention_scores": True}]
)
def test_the_exact_product_is_near_the_layer_of_keras(call):
    exact, layer = pair("mul8u_exact")
    for output, expected in zip(*(tf.nest.flatten(x(STEPS, STEPS, **call)) for x in (layer, exact))):
        assert np.abs(output - expected).max() < 0.03 * np.abs(expected).max()


def test_a_table_of_zeros_leaves_nothing_of_the_products():
    """Ranges that begin at 0 have zero points 0, so that each product, and not only the projections, is 0."""
    _, layer = pair(np.zeros([256, 256], np.int16))  # a signed table has no zero points
    output, scores = layer(STEPS, STEPS, return_attention_scores=True)
    np.testing.assert_allclose(scores, 0.2)
    np.testing.assert_array_equal(output, np.broadcast_to(layer.get_weights()[-1], output.shape))


def test_a_model_has_no_exact_product(tmp_path, recwarn):
    inputs = keras.Input([5, 8])
    model = keras.Model(inputs, keras.layers.GroupQueryAttention(4, 4, 2, name="attention")(inputs, inputs))
    approximate = approximate_model(model, "mul8u_drum4", data=STEPS)
    assert not [warning for warning in recwarn if "stay exact" in str(warning.message)]
    assert all(row.multiplier == "mul8u_drum4" for row in summary(approximate).layers)
    assert sum(row.macs for row in summary(approximate).layers) == sum(row.macs for row in summary(model).layers)
    approximate.save(tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(again(STEPS), approximate(STEPS))
