"""Keras models as networks of a search: layers, MACs, codes, swaps and outputs that are kept."""

import importlib

import keras
import numpy as np
import pytest

from tfapprox.common import load_truth_table
from tfapprox.common.network import Samples
from tfapprox.search import predicted_changes, sensitivity
from tfapprox.tf2 import approximate_model, compensate, set_multiplier
from tfapprox.tf2.keras_network import KerasNetwork
from tfapprox.tf2.macs_published import published_macs

layers = keras.layers


def samples(count=40):
    rng = np.random.default_rng(3)
    return Samples(rng.uniform(0, 1, (count, 8, 8, 1)).astype(np.float32), rng.integers(0, 4, count))


def small_model():
    return keras.Sequential(
        [
            keras.Input([8, 8, 1]),
            layers.Conv2D(4, 3, padding="same", activation="relu", name="first"),
            layers.Conv2D(6, 3, strides=2, padding="same", activation="relu", name="second"),
            layers.Flatten(),
            layers.Dense(4, name="last"),
        ]
    )


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(0)
    return KerasNetwork(approximate_model(small_model(), data=samples().x))


def test_layers(network):
    found = network.layers()
    rows = [(x.name, x.kind, x.macs, x.published_macs, x.taps) for x in found]
    assert rows == [
        ("first", "FakeApproxConv2D", 64 * 9 * 4, 64 * 9 * 4, 9),
        ("second", "FakeApproxConv2D", 16 * 36 * 6, 100 * 36 * 6, 36),
        ("last", "FakeApproxDense", 96 * 4, 96 * 4, 96),
    ]
    assert all(not x.operands for x in found)


def test_published_macs_of_resnet8():
    for size, filters, macs in ((32, 32, 5326848), (16, 64, 5971968)):
        conv = layers.Conv2D(filters, 3, strides=2, padding="same")
        conv.build([None, size, size, filters // 2])
        assert published_macs(conv, (size // 2) ** 2 * 9 * filters // 2 * filters) == macs


def test_outputs_of_swaps_are_those_of_the_model(network):
    data = samples()
    with network.exact():
        for names in (["mul8u_drum4", "", ""], ["mul8u_drum4", "mul8u_mitchell", ""], ["", "", "mul8u_drum4"]) * 2:
            network.assign(dict(zip(["first", "second", "last"], names)))
            expected = network.model(data.x[5:25], training=False).numpy()
            np.testing.assert_array_equal(network.outputs(data, 5, 25), expected)
    assert [x.multiplier.name for x in network.layers()] == [x.multiplier.name for x in network.layers(data)]


def test_the_table_of_a_name_stays_the_same(network, tmp_path):
    path = tmp_path / "mul8u_mine.bin"
    path.write_bytes(load_truth_table("mul8u_drum4").to_bytes())
    with network.exact():
        for name in (str(path), "mul8u_mitchell", str(path)):
            network.assign({"first": name})
            path.write_bytes(load_truth_table("mul8u_mitchell").to_bytes())
        np.testing.assert_array_equal(network.layers()[0].multiplier.entries, load_truth_table("mul8u_drum4").entries)


def test_fronts_are_computed_once(network):
    data = samples()
    with network.exact():
        network.outputs(data, 0, 10)
        before, calls = list(network._segments), []
        network._segments[0] = before[0]._replace(function=lambda x: calls.append(x) or before[0].function(x))
        try:
            network.assign({"last": "mul8u_drum4"})
            network.outputs(data, 0, 10)
            assert not calls
            network.assign({"first": "mul8u_drum4"})
            network.outputs(data, 0, 10)
            assert len(calls) == 1
        finally:
            network._segments[:] = before


def test_a_model_with_a_shortcut_is_cut_where_one_tensor_passes():
    inputs = keras.Input([8, 8, 1])
    x = layers.Conv2D(4, 3, padding="same", name="a")(inputs)
    y = layers.Conv2D(4, 3, padding="same", name="b")(x)
    y = layers.Add()([x, layers.Conv2D(4, 3, padding="same", name="c")(y)])
    model = approximate_model(keras.Model(inputs, layers.Dense(4, name="d")(layers.Flatten()(y))), data=samples().x)
    network, data = KerasNetwork(model), samples()
    assert [len(segment.layers) for segment in network._segments] == [1, 2, 1]
    np.testing.assert_array_equal(network.outputs(data, 0, 7), model(data.x[:7], training=False).numpy())


def test_codes_of_a_layer_are_counted(network):
    first = network.layers(samples())[0]
    (operands,) = first.operands
    assert operands.activations.sum() == 40 * 64
    assert operands.weights.sum(axis=1).tolist() == [9, 9, 9, 9]
    assert operands.output_variance > 0
    assert first.gains.variance > 0


def test_the_last_layer_passes_its_error_on(network):
    last = network.layers(samples())[-1]
    np.testing.assert_allclose(last.gains, (1, 1), rtol=0.4)


def test_prediction_and_single_swaps_agree_on_the_order(network):
    names = ["mul8u_exact", "mul8u_trunc4", "mul8u_drum6", "mul8u_drum4", "mul8u_mitchell", "mul8u_drum3"]
    found = sensitivity(network, samples(), names, swaps=True)
    assert found.predicted.shape == found.measured.shape == (3, 6)
    assert found.predicted[:, 0].tolist() == found.measured[:, 0].tolist() == [0, 0, 0]
    assert found.rank_correlation() > 0.8
    assert found.to_dict()["rank_correlation"]["measured"] == found.rank_correlation()
    np.testing.assert_allclose(found.distances[:, 0], found.measured)
    assert (found.distances == found.distances.transpose(0, 2, 1)).all()
    assert (found.distances[:, 1, 2] > 0).all()


def test_distances_are_those_at_some_places_of_large_outputs(network, monkeypatch):
    names = ["mul8u_exact", "mul8u_drum4", "mul8u_mitchell"]
    every = sensitivity(network, samples(), names, swaps=True)
    monkeypatch.setattr(importlib.import_module("tfapprox.search.sensitivity"), "_COMPARED", 100)
    found = sensitivity(network, samples(), names, swaps=True)
    np.testing.assert_array_equal(found.measured, every.measured)
    np.testing.assert_allclose(found.distances, every.distances, rtol=0.7)
    assert (found.distances != every.distances).any()


def test_evaluation(network):
    data = samples()
    assert network.evaluate(data, labels=network.classes(data)) == (1.0, 40)
    assert network.evaluate(data, batch_size=7, stop=lambda right, seen: seen >= 14).samples == 14
    assert network.evaluate(data, measure=lambda outputs, labels: outputs.shape[1] + len(labels)) == (44.0, 40)
    with pytest.raises(ValueError, match="labels must be given without a measure; received none"):
        network.evaluate(Samples(data.x))
    with pytest.raises(ValueError, match="data must have samples; received none"):
        network.evaluate(Samples(data.x[:0], data.y[:0]))


def test_mistakes(network):
    before = [x.multiplier for x in network.layers()]
    with pytest.raises(
        ValueError, match="assignment must name layers of the network, first, second, last; received 'x'"
    ):
        network.assign({"first": "mul8u_drum4", "x": "mul8u_drum4"})
    with pytest.raises(FileNotFoundError, match="mul8u_unknown"):
        network.assign({"first": "mul8u_drum4", "last": "mul8u_unknown"})
    with pytest.raises(ValueError, match="must be unsigned"):
        network.assign({"first": "mul8u_drum4", "last": "mul8s_exact"})
    assert [x.multiplier for x in network.layers()] == before
    with pytest.raises(ValueError, match=r"data must have samples of shape \(8, 8, 1\); received \(7, 8, 1\)"):
        network.outputs(Samples(np.zeros((3, 7, 8, 1), np.float32)), 0, 3)
    with pytest.raises(ValueError, match="model must have approximate layers; received 'plain', which has none"):
        KerasNetwork(keras.Sequential([keras.Input([2]), layers.Dense(2)], name="plain"))
    with pytest.raises(ValueError, match="multipliers must be unsigned, as layer 'first' is; received mul8s_exact"):
        predicted_changes(network.layers(samples()), ["mul8s_exact"])


def test_the_fingerprint_knows_weights_and_ranges_but_no_multiplier(network):
    before = network.fingerprint()
    network.assign({"first": "mul8u_drum4"})
    assert network.fingerprint() == before
    network.assign({"first": ""})
    assert KerasNetwork(approximate_model(network.model, data=samples().x * 2)).fingerprint() != before
    assert load_truth_table("mul8u_drum4") != network.layers()[0].multiplier


def test_outputs_are_those_after_compensation():
    data, bad, exact_model = samples(), "mul8u_trunc8", small_model()

    def approximate():
        return approximate_model(exact_model, data=data.x)

    network, plain = KerasNetwork(approximate(), compensation=data.x[:20]), KerasNetwork(approximate())
    assert network.fingerprint() != KerasNetwork(approximate(), compensation=data.x[:10]).fingerprint()
    for names in ({"first": bad, "last": bad}, {"second": bad}, {"first": "mul8u_drum3"}, {"second": ""}):
        network.assign(names)
        compensated = approximate()
        for path, layer in network._layers.items():
            set_multiplier(compensated, {path: layer.multiplier})
        compensate(compensated, data.x[:20])
        np.testing.assert_array_equal(network.outputs(data, 0, 40), compensated(data.x, training=False).numpy())
    with network.exact():
        exact = network.outputs(data, 0, 40)
    errors = {}
    for one in (network, plain):
        found = sensitivity(one, data, [bad], swaps=True, samples=40)
        errors[one] = found.measured
        assert found.rank_correlation() > 0
    assert np.all(errors[network] < errors[plain])
    with network.exact():
        np.testing.assert_array_equal(network.outputs(data, 0, 40), exact)


def test_attention_and_separable_layers():
    inputs = keras.Input([6, 8])
    x = layers.MultiHeadAttention(2, 4, name="attention")(inputs, inputs)
    x = layers.SeparableConv1D(4, 3, name="separable")(x)
    model = keras.Model(inputs, layers.Dense(3, name="last")(layers.Flatten()(x)))
    x = np.random.default_rng(0).normal(size=(20, 6, 8)).astype(np.float32)
    network = KerasNetwork(approximate_model(model, data=x))
    found = {layer.name: layer for layer in network.layers(Samples(x))}
    assert {
        name: len(layer.operands) for name, layer in found.items() if name in ("attention", "separable", "last")
    } == {
        "attention": 2,
        "separable": 2,
        "last": 1,
    }
    assert np.all(np.isfinite(predicted_changes(list(found.values()), ["mul8u_drum4"])))
