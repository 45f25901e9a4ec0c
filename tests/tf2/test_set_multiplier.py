"""Swaps of multipliers: what layers compute, that nothing is traced again, and what is refused."""

import keras
import numpy as np
import pytest

from cases import random_table
from tfapprox.common import TruthTable, load_table, load_truth_table, save_table
from tfapprox.tf2 import FakeApproxConv2D, FakeApproxDepthwiseConv2D, approximate_model, set_multiplier

IMAGES = np.random.RandomState(0).uniform(0, 1, (12, 8, 8, 3)).astype(np.float32)
LABELS = np.arange(12) % 4


def model_with(multiplier="", **arguments):
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input([8, 8, 3]),
            FakeApproxConv2D(6, 3, activation="relu", name="first", multiplier=multiplier, **arguments),
            FakeApproxDepthwiseConv2D(3, name="depthwise", multiplier=multiplier, **arguments),
            FakeApproxConv2D(4, 3, name="last", multiplier=multiplier, **arguments),
            keras.layers.GlobalAveragePooling2D(),
        ]
    )


def names(model):
    return [layer.multiplier.name for layer in model.layers if hasattr(layer, "multiplier")]


def twin(model, multipliers):
    """A model that was created with these multipliers, and has the weights of another one."""
    copy = keras.models.clone_model(
        model,
        clone_function=lambda layer: type(layer).from_config(
            {**layer.get_config(), "mul_map_file": "", "multiplier": multipliers[layer.name]}
            if layer.name in multipliers
            else layer.get_config()
        ),
    )
    copy.set_weights(model.get_weights())
    return copy


@pytest.mark.parametrize(
    "form",
    [lambda name: name, load_truth_table, load_table, lambda name: save(name)],
    ids=["name", "table", "array", "path"],
)
def test_forms_of_a_multiplier(form, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = model_with()
    set_multiplier(model, form("mul8u_drum3"))
    expected = twin(model, dict.fromkeys(["first", "depthwise", "last"], "mul8u_drum3"))
    np.testing.assert_array_equal(model(IMAGES), expected(IMAGES))
    assert model.layers[0].multiplier == load_truth_table("mul8u_drum3")


def save(name):
    save_table(f"{name}.bin", load_table(name))
    return f"{name}.bin"


def test_swaps_between_calls_trace_nothing():
    model = model_with("mul8u_exact")
    model.predict(IMAGES, verbose=0)
    predict = model.predict_function
    sequence = [
        ("mul8u_drum3", ["mul8u_drum3"] * 3),
        ({"last": "mul8u_mitchell"}, ["mul8u_drum3", "mul8u_drum3", "mul8u_mitchell"]),
        (
            lambda layer: "mul8u_trunc4" if layer.name == "first" else None,
            ["mul8u_trunc4", "mul8u_drum3", "mul8u_mitchell"],
        ),
        ("mul8u_exact", ["mul8u_exact"] * 3),
    ]
    for multipliers, expected in sequence:
        set_multiplier(model, multipliers)
        assert names(model) == expected
        created = twin(model, dict(zip(["first", "depthwise", "last"], expected)))
        np.testing.assert_array_equal(model.predict(IMAGES, verbose=0), created.predict(IMAGES, verbose=0))
    assert model.predict_function is predict
    assert traces(predict) == 1


def traces(function):
    """The number of traces of a function that Keras has made, or of the one that it calls."""
    if not hasattr(function, "experimental_get_tracing_count"):
        cells = [cell.cell_contents for cell in function.__closure__]
        (function,) = [cell for cell in cells if hasattr(cell, "experimental_get_tracing_count")]
    return function.experimental_get_tracing_count()


def test_swaps_inside_of_fit():
    """A callback changes the table before each epoch; the weights become those of models that were created with it."""
    tables = ["mul8u_drum3", "mul8u_mitchell", "mul8u_exact"]
    model = model_with()
    model.compile(keras.optimizers.SGD(0.1), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    swap = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: set_multiplier(model, tables[epoch]))
    initial = model.get_weights()
    model.fit(IMAGES, LABELS, epochs=3, batch_size=12, shuffle=False, callbacks=[swap], verbose=0)
    assert traces(model.train_function) == 1

    weights = initial
    for table in tables:
        created = model_with(table)
        created.set_weights(weights)
        created.compile(keras.optimizers.SGD(0.1), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        created.fit(IMAGES, LABELS, epochs=1, batch_size=12, shuffle=False, verbose=0)
        weights = created.get_weights()
    for ours, theirs in zip(model.get_weights(), weights):
        np.testing.assert_array_equal(ours, theirs)
    assert any(np.any(old != new) for old, new in zip(initial, weights))


def test_the_table_is_no_weight():
    exact = keras.Sequential([keras.Input([8, 8, 3]), keras.layers.Conv2D(6, 3), keras.layers.DepthwiseConv2D(3)])
    model = approximate_model(exact, "mul8u_drum4")
    assert len(model.weights) == len(model.variables) == 4
    assert model.count_params() == exact.count_params()
    for ours, theirs in zip(model.get_weights(), exact.get_weights()):
        np.testing.assert_array_equal(ours, theirs)
    set_multiplier(model, "mul8u_mitchell")
    for ours, theirs in zip(model.get_weights(), exact.get_weights()):
        np.testing.assert_array_equal(ours, theirs)


def test_signed_tables_and_other_widths():
    signed = model_with(TruthTable(random_table(8, 3, signed=True), "mul8s_own"))
    set_multiplier(signed, random_table(8, 4, signed=True))
    np.testing.assert_array_equal(
        signed(IMAGES), twin(signed, dict.fromkeys(["first", "depthwise", "last"], random_table(8, 4, True)))(IMAGES)
    )
    narrow = model_with("mul4u_mitchell", num_bits=4)
    set_multiplier(narrow, "mul4u_drum3")
    assert narrow.layers[0].multiplier.num_bits == 4


@pytest.mark.skipif(keras.__version__.startswith("3.0."), reason="TimeDistributed of Keras 3.0 takes no Sequential")
def test_nested_models_and_wrappers():
    block = keras.Sequential([keras.Input([8, 8, 3]), keras.layers.Conv2D(3, 3, padding="same", name="inner")])
    inputs = keras.Input([2, 8, 8, 3])
    x = keras.layers.TimeDistributed(keras.layers.Conv2D(3, 1, name="wrapped"))(inputs)
    outer = keras.Model(inputs, keras.layers.TimeDistributed(block)(x))
    model = approximate_model(outer, "mul8u_exact")
    images = np.stack([IMAGES[:2], IMAGES[2:4]])
    before = model(images).numpy()
    set_multiplier(model, {"inner": "mul8u_drum3"})
    middle = model(images).numpy()
    set_multiplier(model, {"wrapped": "mul8u_drum3"})
    after = model(images).numpy()
    assert np.any(before != middle)
    assert np.any(middle != after)
    np.testing.assert_array_equal(after, approximate_model(outer, "mul8u_drum3")(images))


@pytest.mark.parametrize(
    ("multipliers", "error", "message"),
    [
        ({"fist": "mul8u_exact"}, ValueError, "received 'fist'. The nearest names are 'first'"),
        ({"x": "mul8u_exact"}, ValueError, "received 'x'. The nearest names are 'depthwise', 'first', 'last'"),
        ("mul8u_NONE", FileNotFoundError, "multiplier must be a built-in multiplier .*received 'mul8u_NONE'"),
        ("mul8s_exact", ValueError, "layer 'first' must be unsigned and have 8 bits.*received mul8s_exact .*is signed"),
        (load_table("mul4u_exact", 4), ValueError, r"must be \[256, 256\] for num_bits=8; received \(16, 16\)"),
        (lambda layer: 7, TypeError, "multiplier must be a name, a path, a TruthTable or an array; received 7"),
        ({"first": "mul8u_drum3", "last": "mul8s_exact"}, ValueError, "layer 'last' must be unsigned"),
    ],
)
def test_refused_multipliers_change_nothing(multipliers, error, message):
    model = model_with("mul8u_drum4")
    with pytest.raises(error, match=message):
        set_multiplier(model, multipliers)
    assert names(model) == ["mul8u_drum4"] * 3


def test_a_model_without_approximate_layers():
    model = keras.Sequential([keras.Input([4]), keras.layers.Dense(2)], name="plain")
    with pytest.raises(ValueError, match="must have an approximate layer; received 'plain'"):
        set_multiplier(model, "mul8u_exact")


@pytest.mark.parametrize(
    ("model", "multipliers", "message"),
    [
        (None, "mul8u_exact", "model must be a keras.Layer; received NoneType"),
        (FakeApproxConv2D(4, 3), None, "must be a name, a path, a TruthTable or an array; received None"),
        (
            FakeApproxConv2D(4, 3, name="c"),
            {"c": None},
            "must be a name, a path, a TruthTable or an array; received None",
        ),
    ],
)
def test_arguments_of_other_types(model, multipliers, message):
    with pytest.raises(TypeError, match=message):
        set_multiplier(model, multipliers)


def test_one_layer():
    layer = FakeApproxConv2D(4, 3, multiplier="mul8u_exact")
    set_multiplier(layer, "mul8u_drum4")
    assert layer.multiplier.name == layer.mul_map_file == "mul8u_drum4"


def test_both_arguments():
    with pytest.raises(ValueError, match="must not both be given; received 'mul8u_exact' and 'mul8u_drum4'"):
        FakeApproxConv2D(4, 3, multiplier="mul8u_exact", mul_map_file="mul8u_drum4")


def test_repr_and_configuration():
    table = load_truth_table("mul8u_drum4")
    layer = FakeApproxConv2D(4, 3, name="conv", multiplier="mul8u_drum4")
    assert repr(layer) == (
        f"<FakeApproxConv2D name=conv, built=False, multiplier=mul8u_drum4 (sha256 {table.sha256[:16]})>"
    )
    config = layer.get_config()
    assert config["multiplier"] == {"name": "mul8u_drum4", "sha256": table.sha256, "signed": False}
    assert config["mul_map_file"] == "mul8u_drum4"
    unnamed = FakeApproxConv2D(4, 3, multiplier=table.entries)
    assert "multiplier=a table without a name" in str(unnamed)
    assert unnamed.mul_map_file is None


def test_layers_share_the_object_of_a_table():
    model = model_with(random_table(8, 11))
    set_multiplier(model, lambda layer: random_table(8, 12))
    tables = {id(layer.multiplier) for layer in model.layers[:3]}
    assert len(tables) == 1


@pytest.mark.parametrize("jit_compile", ["auto", True])
def test_jit_compile(jit_compile):
    model = model_with("mul8u_drum4")
    if jit_compile is True:
        with pytest.warns(UserWarning, match="Model doesn't support `jit_compile=True`"):
            model.compile("sgd", "mse", jit_compile=True)
    else:
        model.compile("sgd", "mse", jit_compile="auto")
    model.fit(IMAGES, np.zeros((12, 4)), verbose=0)
    set_multiplier(model, "mul8u_drum3")
    np.testing.assert_array_equal(model.predict(IMAGES, verbose=0), model(IMAGES))


def test_mixed_precision():
    model = model_with("mul8u_exact", dtype="mixed_float16")
    set_multiplier(model, "mul8u_drum3")
    output = model(IMAGES)
    np.testing.assert_array_equal(
        output, twin(model, dict.fromkeys(["first", "depthwise", "last"], "mul8u_drum3"))(IMAGES)
    )


def test_many_swaps_leave_the_graph_alone():
    model = model_with("mul8u_exact")
    tables = [load_truth_table(f"mul8u_trunc{columns}") for columns in range(8)]
    model.predict(IMAGES, verbose=0)
    for number in range(200):
        set_multiplier(model, tables[number % 8])
        model.predict_on_batch(IMAGES[:1])
    assert traces(model.predict_function) == 2  # one for each batch size
    assert names(model) == ["mul8u_trunc7"] * 3
