"""Assignments of models: written, read, and given to approximate_model and set_multiplier."""

import keras
import numpy as np
import pytest

from tfapprox.common import load_table, load_truth_table, native, save_table
from tfapprox.common.assignment import Choice
from tfapprox.tf2 import approximate_model, layer_assignment, read_assignment, set_multiplier, write_assignment

IMAGES = np.random.default_rng(0).uniform(0, 1, (4, 8, 8, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def exact():
    inputs = keras.Input([8, 8, 3])
    block = keras.Sequential([keras.Input([8, 8, 3]), keras.layers.Conv2D(4, 3, name="conv")], name="block")
    x = keras.layers.Reshape([36, 4])(block(inputs))
    x = keras.layers.MultiHeadAttention(2, 4, name="attention")(x, x)
    x = keras.layers.Flatten()(x)
    return keras.Model(inputs, keras.layers.Dense(5, name="last")(keras.layers.Dense(6, name="dense")(x)))


MULTIPLIERS = {
    "block/conv": "mul8u_drum4",
    "attention": "mul8u_drum5",
    "attention/query": "mul8u_drum3",
    "dense": Choice("mul8u_trunc6", tune=True),
    "last": False,
}


def test_a_file_gives_the_same_model_again(exact, tmp_path):
    model = approximate_model(exact, MULTIPLIERS, data=IMAGES)
    assignment = layer_assignment(model)
    assert assignment == {
        "block/conv": Choice("mul8u_drum4", sha256=load_truth_table("mul8u_drum4").sha256),
        "attention": Choice("mul8u_drum5", sha256=load_truth_table("mul8u_drum5").sha256),
        "attention/query": Choice("mul8u_drum3", sha256=load_truth_table("mul8u_drum3").sha256),
        "dense": Choice("mul8u_trunc6", tune=True, sha256=load_truth_table("mul8u_trunc6").sha256),
        "last": Choice(False),
    }
    write_assignment(tmp_path / "layers.json", assignment)
    expected = model(IMAGES).numpy()
    again = approximate_model(exact, tmp_path / "layers.json", data=IMAGES)
    np.testing.assert_array_equal(again(IMAGES), expected)
    set_multiplier(model, {"*": "mul8u_exact"})
    assert np.any(model(IMAGES) != expected)
    set_multiplier(model, str(tmp_path / "layers.json"))
    np.testing.assert_array_equal(model(IMAGES), expected)
    assert layer_assignment(model) == assignment == read_assignment(tmp_path / "layers.json")


def test_the_weight_map_is_that_of_axconv2d(exact):
    model = approximate_model(exact, {"dense": Choice("mul8u_trunc6", tune=True)}, ranges="batch")
    table = model.get_layer("dense").multiplier
    np.testing.assert_array_equal(table.entries, native.tune(load_table("mul8u_trunc6")))


def test_another_table_of_the_name_is_refused(exact, tmp_path, monkeypatch):
    monkeypatch.setenv("TFAPPROX_MULTIPLIER_PATH", str(tmp_path))
    save_table(tmp_path / "mul8u_own.bin", load_table("mul8u_drum4"))
    model = approximate_model(exact, {"block/conv": "mul8u_own"}, ranges="batch")
    write_assignment(tmp_path / "layers.json", layer_assignment(model))
    save_table(tmp_path / "mul8u_own.bin", load_table("mul8u_drum3"))
    first, second = (load_truth_table(name).sha256 for name in ("mul8u_drum4", "mul8u_drum3"))
    message = f"sha256 of mul8u_own must be {first}, as the assignment says; received {second}"
    with pytest.raises(ValueError, match=message):
        approximate_model(exact, tmp_path / "layers.json")
    with pytest.raises(ValueError, match=message):
        set_multiplier(model, tmp_path / "layers.json")


def test_a_layer_in_floating_point_stays_so(exact):
    model = approximate_model(exact, MULTIPLIERS, ranges="batch")
    set_multiplier(model, {"last": Choice(False), "dense": Choice()})
    assert model.get_layer("dense").multiplier.name == "mul8u_trunc6_tuned"
    with pytest.raises(ValueError, match="must leave out 'dense', which is approximate, or give it a multiplier"):
        set_multiplier(model, {"dense": Choice(False)})
    with pytest.raises(ValueError, match="received 'last'"):
        set_multiplier(model, {"last": "mul8u_exact"})


def test_paths_and_patterns(exact):
    model = approximate_model(exact, "mul8u_exact", ranges="batch")
    set_multiplier(model, {"block/conv": "mul8u_drum4", "*": "mul8u_drum3", "attention": "mul8u_drum5"})
    attention = model.get_layer("attention")
    names = [model.get_layer("block").layers[0].multiplier.name, attention.multiplier.name]
    names += [attention._query_dense.multiplier.name, model.get_layer("dense").multiplier.name]
    assert names == ["mul8u_drum4", "mul8u_drum5", "mul8u_drum5", "mul8u_drum3"]
