"""Fixed ranges, ranges for each channel, and other multipliers, in the layers of every kind."""

import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfapprox.common import TruthTable
from tfapprox.tf2 import approximate_model, calibrate, distortion, layer_vectors, set_multiplier, summary

RANDOM = np.random.RandomState(0)
CASES = {
    "Conv1D": ((9, 4), lambda x: keras.layers.Conv1D(5, 3, padding="causal")(x)),
    "Conv2D": ((8, 7, 4), lambda x: keras.layers.Conv2D(6, 3, groups=2)(x)),
    "Conv2DTranspose": ((8, 7, 4), lambda x: keras.layers.Conv2DTranspose(5, 3, strides=2)(x)),
    "Dense": ((6, 8), lambda x: keras.layers.Dense(5, activation="relu")(x)),
    "DepthwiseConv1D": ((9, 4), lambda x: keras.layers.DepthwiseConv1D(3, depth_multiplier=2)(x)),
    "DepthwiseConv2D": ((8, 7, 4), lambda x: keras.layers.DepthwiseConv2D(3, depth_multiplier=2)(x)),
    "EinsumDense": ((6, 8), lambda x: keras.layers.EinsumDense("abc,cde->abed", (None, 5, 3))(x)),
    "MultiHeadAttention": ((6, 8), lambda x: keras.layers.MultiHeadAttention(2, 4, name="attention")(x, x)),
    "SeparableConv1D": ((9, 4), lambda x: keras.layers.SeparableConv1D(5, 3, depth_multiplier=2)(x)),
    "SeparableConv2D": ((8, 7, 4), lambda x: keras.layers.SeparableConv2D(5, 3, depth_multiplier=2)(x)),
}


def network(kind):
    keras.utils.set_random_seed(0)
    shape, layer = CASES[kind]
    inputs = keras.Input(shape)
    return keras.Model(inputs, layer(inputs)), RANDOM.uniform(-1, 1, (4, *shape)).astype(np.float32)


@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize("multiplier", ["mul8u_exact", "mul8s_exact"])
@pytest.mark.parametrize("kind", CASES)
def test_calibrated(tmp_path, kind, multiplier, per_channel):
    """The layer is near to the exact one, and has the same bits in any batch and from a file."""
    exact, inputs = network(kind)
    model = approximate_model(exact, multiplier, data=inputs, per_channel=per_channel)
    expected, output = exact(inputs).numpy(), model(inputs).numpy()
    assert np.abs(output - expected).max() < 0.04 * np.abs(expected).max()
    assert np.any(output != expected)
    np.testing.assert_array_equal(model(inputs[:1]), output[:1])
    np.testing.assert_array_equal(model(inputs[::-1]), output[::-1])
    model.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "model.keras")(inputs), output)


@pytest.mark.parametrize("kind", CASES)
def test_the_range_matters(kind):
    """Activations outside of a fixed range are clipped, so the range of the sample is the one in use."""
    exact, inputs = network(kind)
    narrow, wide = (approximate_model(exact, "mul8u_exact", data=scale * inputs) for scale in (0.1, 1))
    assert np.any(narrow(inputs).numpy() != wide(inputs).numpy())
    calibrate(narrow, inputs)
    np.testing.assert_array_equal(narrow(inputs), wide(inputs))


@pytest.mark.parametrize("kind", sorted(set(CASES) - {"MultiHeadAttention"}))
def test_each_channel_has_its_own_range(kind):
    """Weights of the first channel that are a thousand times larger change nothing in the other channels."""
    exact, inputs = network(kind)
    weights = exact.get_weights()
    kernel = [weight for weight in weights if weight.ndim > 1][-1]
    pairs = dict.fromkeys(["DepthwiseConv1D", "DepthwiseConv2D", "EinsumDense"], np.s_[..., 0, 0])
    first = {"Conv2DTranspose": np.s_[..., 0, :], **pairs}
    outputs = {False: [], True: []}
    for factor in (1, 1000):
        kernel[first.get(kind, np.s_[..., 0])] *= factor
        exact.set_weights(weights)
        for per_channel, found in outputs.items():
            output = approximate_model(exact, "mul8u_exact", data=inputs, per_channel=per_channel)(inputs).numpy()
            channels = output.shape[-2:] if kind == "EinsumDense" else output.shape[-1:]
            found.append(output.reshape(-1, np.prod(channels))[:, 1:])
    np.testing.assert_array_equal(*outputs[True])
    assert np.any(outputs[False][0] != outputs[False][1])


def test_a_zero_table_leaves_the_corrections_only():
    """No product is exact: with a table of zeros, every kind of layer has outputs of the corrections only."""
    for kind in CASES:
        exact, inputs = network(kind)
        zeros = approximate_model(exact, np.zeros((256, 256), np.uint16), data=inputs)
        assert np.abs(zeros(inputs) - exact(inputs)).max() > 0.5 * np.abs(exact(inputs)).max()


def test_attention_and_its_projections_get_one_multiplier():
    exact, inputs = network("MultiHeadAttention")
    by_name, at_once = (approximate_model(exact, "mul8u_exact", data=inputs) for _ in range(2))
    set_multiplier(by_name, {"attention": "mul8u_drum3"})
    set_multiplier(at_once, "mul8u_drum3")
    np.testing.assert_array_equal(by_name(inputs), at_once(inputs))
    set_multiplier(by_name, {"attention": "mul8u_exact", "query": "mul8u_drum3"})
    assert by_name.get_layer("attention")._query_dense.multiplier.name == "mul8u_drum3"
    assert by_name.get_layer("attention")._key_dense.multiplier.name == "mul8u_exact"
    with pytest.raises(ValueError, match="multipliers must have names or patterns of layers as keys; received 'query'"):
        approximate_model(exact, {"query": "mul8u_drum3"}, data=inputs)


def test_equations_whose_channels_have_no_ranges():
    model = keras.Sequential([keras.Input((8, 4)), keras.layers.EinsumDense("abc,bcf->abf", (8, 3), name="own")])
    with pytest.raises(ValueError, match="per_channel must be False for layer 'own' with the equation 'abc,bcf->abf'"):
        approximate_model(model, "mul8u_exact", per_channel=True)
    inputs = RANDOM.uniform(-1, 1, (2, 8, 4)).astype(np.float32)
    model = keras.Sequential([keras.Input((8, 4)), keras.layers.EinsumDense("abc,c->ab", (8,))])
    one, several = (approximate_model(model, "mul8u_exact", data=inputs, per_channel=each) for each in (False, True))
    np.testing.assert_array_equal(one(inputs), several(inputs))


def test_attention_keeps_its_projections():
    """Multipliers and ranges of the projections are part of clones, conversions and comparisons."""
    exact, inputs = network("MultiHeadAttention")
    model = approximate_model(exact, "mul8u_exact", data=inputs)
    set_multiplier(model, {"query": "mul8u_drum3"})
    clone = keras.models.clone_model(model)
    clone.set_weights(model.get_weights())
    np.testing.assert_array_equal(clone(inputs), model(inputs))
    again = approximate_model(model, "mul8u_mitchell")
    np.testing.assert_array_equal(again(inputs), approximate_model(exact, "mul8u_mitchell", data=inputs)(inputs))
    assert {row.path: row.mse == 0 for row in distortion(model, inputs)}["attention/query"] is False
    back = approximate_model(again, lambda layer: False)
    np.testing.assert_array_equal(back(inputs), exact(inputs))


def test_skipped_attention_stays_exact_with_all_of_its_parts():
    exact, inputs = network("MultiHeadAttention")
    for skip in ("last", "attention"):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            np.testing.assert_array_equal(approximate_model(exact, "mul8u_drum3", skip=skip)(inputs), exact(inputs))
    with pytest.raises(ValueError, match=r"skip must have .* received 'attention/query'"):
        approximate_model(exact, "mul8u_drum3", skip="attention/query")
    sequence = keras.Input([5, 6])
    grouped = keras.layers.GroupQueryAttention(4, 4, 2, name="grouped")(sequence, sequence)
    model = keras.Model(sequence, keras.layers.Dense(3, name="dense")(grouped))
    rows = summary(approximate_model(model, "mul8u_drum3", skip="grouped")).layers
    assert {row.path: row.multiplier for row in rows if row.multiplier} == {"dense": "mul8u_drum3"}


def test_a_checkpoint_has_the_ranges(tmp_path):
    exact, inputs = network("Dense")
    calibrated, other = approximate_model(exact, "mul8u_drum4", data=inputs), approximate_model(exact, "mul8u_drum4")
    tf.train.Checkpoint(model=calibrated).write(str(tmp_path / "checkpoint"))
    tf.train.Checkpoint(model=other).read(str(tmp_path / "checkpoint")).assert_consumed()
    assert other.layers[1].ranges == "fixed"
    other.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(inputs[:1]), calibrated(inputs)[:1])


def test_two_names_of_one_table():
    """A clone finds a table by its content, although the layer that had it first has another one by then."""
    exact, inputs = network("Dense")
    entries = np.random.RandomState(3).randint(0, 65536, (256, 256)).astype(np.uint16)
    first, second = (approximate_model(exact, TruthTable(entries, name), data=inputs) for name in ("one", "two"))
    set_multiplier(first, "mul8u_exact")
    clone = keras.models.clone_model(second)
    clone.set_weights(second.get_weights())
    np.testing.assert_array_equal(clone(inputs), second(inputs))


def test_an_exported_model_is_a_layer(tmp_path):
    exact, inputs = network("Dense")
    model = approximate_model(exact, "mul8u_drum4", data=inputs)
    model.export(tmp_path / "exported")
    layer = keras.layers.TFSMLayer(tmp_path / "exported", call_endpoint="serve")
    np.testing.assert_array_equal(layer(inputs), model(inputs))


def test_normalisation_is_folded_in_a_model_of_a_file(tmp_path):
    layers = [keras.layers.Conv2D(4, 3, name="conv"), keras.layers.BatchNormalization(), keras.layers.ReLU()]
    model = keras.Sequential([keras.Input([8, 8, 3]), *layers])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    images = RANDOM.uniform(0, 1, (2, 8, 8, 3)).astype(np.float32)
    folded = approximate_model(loaded, "mul8u_exact", data=images, fold_batch_norm=True)
    assert [type(layer).__name__ for layer in folded.layers][1] == "FoldedBatchNormalization"
    folded.save(tmp_path / "folded.keras")
    vectors = [
        layer_vectors(each, "conv", images) for each in (folded, keras.models.load_model(tmp_path / "folded.keras"))
    ]
    np.testing.assert_array_equal(vectors[0].sums, vectors[1].sums)


def test_a_projection_that_a_model_also_calls_itself_is_refused():
    """The approximate attention has projections of its own: the layer could not stay one and the same."""
    inputs = keras.Input([5, 8])
    attention = keras.layers.MultiHeadAttention(2, 4)
    outputs = attention(inputs, inputs)
    model = keras.Model(inputs, [outputs, attention._query_dense(inputs)])
    with pytest.raises(ValueError, match="must have the same weights when it is made again"):
        approximate_model(model, "mul8u_drum4")
