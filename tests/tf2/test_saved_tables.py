"""Files of models: tables by value, weights of float models, and models that earlier versions saved."""

import json
import os
import subprocess
import sys
import zipfile

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf

from cases import random_table
from tfapprox.common import TruthTable, load_truth_table, save_table
from tfapprox.tf2 import FakeApproxConv2D, approximate_model, set_multiplier

IMAGES = np.random.RandomState(0).uniform(0, 1, (4, 8, 8, 3)).astype(np.float32)
LOADING = (FileNotFoundError, ValueError, TypeError)  # Keras wraps the errors of constructors


def float_model():
    keras.utils.set_random_seed(0)
    inputs = keras.Input([8, 8, 3])
    x = keras.layers.Conv2D(6, 3, name="first", bias_initializer="uniform")(inputs)
    x = keras.layers.DepthwiseConv2D(3, name="depthwise", bias_initializer="uniform")(x)
    return keras.Model(inputs, keras.layers.Conv2D(4, 1, name="last")(x))


def model_with(multiplier):
    return approximate_model(float_model(), multiplier)


@pytest.fixture(params=[False, True], ids=["unsigned", "signed"])
def own_table(tmp_path, request):
    """Path of a table of which there is one file only."""
    path = tmp_path / "tables" / f"mul8{'s' if request.param else 'u'}_own.bin"
    path.parent.mkdir()
    save_table(path, random_table(8, 5, request.param))
    return path


def load_elsewhere(program, *arguments):
    """Runs a program in a new process, which knows no table of this one."""
    program = f"import sys, numpy as np, keras, tensorflow as tf, tfapprox.tf2\n{program}"
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    return subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        check=False,
        env=environment,
        capture_output=True,
        text=True,
    )


PREDICT = {
    "model.keras": "predict = keras.models.load_model(sys.argv[1])",
    "saved": "model = tf.saved_model.load(sys.argv[1])\npredict = model.serve",
}


@pytest.mark.parametrize("file", PREDICT)
@pytest.mark.parametrize("by_value", [False, True])
def test_a_model_opens_where_there_is_no_table(tmp_path, own_table, file, by_value):
    table = load_truth_table(own_table)
    model = model_with(table.entries if by_value else own_table)
    expected = model(IMAGES).numpy()
    (model.save if file.endswith(".keras") else model.export)(tmp_path / file)
    own_table.unlink()
    np.save(tmp_path / "images.npy", IMAGES)
    program = f"{PREDICT[file]}\nnp.save(sys.argv[3], predict(np.load(sys.argv[2])))"
    result = load_elsewhere(program, tmp_path / file, tmp_path / "images.npy", tmp_path / "output.npy")
    assert result.returncode == 0, result.stderr
    np.testing.assert_array_equal(np.load(tmp_path / "output.npy"), expected)
    assert np.any(expected != model_with("mul8s_exact" if table.signed else "")(IMAGES))


def test_a_model_that_was_swapped_is_saved_with_its_last_table(tmp_path):
    model = model_with("mul8u_exact")
    set_multiplier(model, {"first": TruthTable(random_table(8, 1), "mine"), "last": "mul8u_drum3"})
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(IMAGES), model(IMAGES))
    assert [loaded.get_layer(name).multiplier.name for name in ("first", "depthwise", "last")] == [
        "mine",
        "mul8u_exact",
        "mul8u_drum3",
    ]
    set_multiplier(loaded, "mul8u_mitchell")
    set_multiplier(model, "mul8u_mitchell")
    np.testing.assert_array_equal(loaded(IMAGES), model(IMAGES))


def test_a_file_that_has_changed_is_not_read_again(tmp_path, own_table):
    model = model_with(own_table)
    model.save(tmp_path / "model.keras")
    signed = own_table.name.startswith("mul8s")
    save_table(own_table, random_table(8, 6, signed))
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(IMAGES), model(IMAGES))


def test_copies_of_a_model_with_a_table_by_value(tmp_path):
    model = model_with(random_table(8, 9))
    for copy in (keras.models.clone_model(model), keras.models.model_from_json(model.to_json())):
        copy.set_weights(model.get_weights())
        np.testing.assert_array_equal(copy(IMAGES), model(IMAGES))


def test_weights_hold_the_table(tmp_path):
    model = model_with(random_table(8, 2))
    model.save_weights(tmp_path / "model.weights.h5")
    copy = model_with("mul8u_exact")
    with pytest.warns(UserWarning, match="has the multiplier of the file") as caught:
        copy.load_weights(tmp_path / "model.weights.h5")
    for warning, name in zip(caught, ["first", "depthwise", "last"]):
        text = f"layer '{name}' has the multiplier of the file from now on, a table without a name (sha256 "
        assert str(warning.message).startswith(text)
        assert "in place of mul8u_exact (sha256 " in str(warning.message)
    assert len(caught) == 3
    np.testing.assert_array_equal(copy(IMAGES), model(IMAGES))


def test_weights_of_another_width_or_sign(tmp_path):
    model_with("mul8s_exact").save_weights(tmp_path / "model.weights.h5")
    with pytest.raises(ValueError, match="layer 'first' must be unsigned"):
        model_with("mul8u_exact").load_weights(tmp_path / "model.weights.h5")


class Net(keras.Model):
    """A model whose file names layers by its attributes, and not by their classes as functional models do."""

    def __init__(self, convolution, **multiplier):
        super().__init__()
        self.convolution = convolution(4, 3, bias_initializer="uniform", **multiplier)

    def call(self, inputs):
        return self.convolution(inputs)


def test_weights_of_the_float_model_and_back(tmp_path):
    exact, model = Net(keras.layers.Conv2D), Net(FakeApproxConv2D, multiplier="mul8u_drum4")
    exact(IMAGES), model(IMAGES)
    exact.save_weights(tmp_path / "exact.weights.h5")
    model.load_weights(tmp_path / "exact.weights.h5")
    for ours, theirs in zip(model.get_weights(), exact.get_weights()):
        np.testing.assert_array_equal(ours, theirs)
    assert model.convolution.multiplier.name == "mul8u_drum4"

    model.save_weights(tmp_path / "model.weights.h5")
    exact.set_weights([0 * weight for weight in exact.get_weights()])
    exact.load_weights(tmp_path / "model.weights.h5")
    for ours, theirs in zip(model.get_weights(), exact.get_weights()):
        np.testing.assert_array_equal(ours, theirs)


def test_a_configuration_whose_table_is_nowhere(tmp_path, own_table):
    """The layer waits for its weights, and never computes without them."""
    model = model_with(own_table)
    (tmp_path / "model.json").write_text(model.to_json())
    model.save_weights(tmp_path / "model.weights.h5")
    np.save(tmp_path / "images.npy", IMAGES)
    np.save(tmp_path / "expected.npy", model(IMAGES))
    own_table.unlink()
    program = """
model = keras.models.model_from_json(open(sys.argv[1]).read())
images = np.load(sys.argv[3])
print(model.layers[1])
for call in (model, lambda images: model.predict(images, verbose=0)):
    try:
        call(images)
    except (ValueError, tf.errors.InvalidArgumentError) as error:
        print("refused:", error)
model.load_weights(sys.argv[2])
assert (model(images).numpy() == np.load(sys.argv[4])).all()
assert (model.predict(images, verbose=0) == np.load(sys.argv[4])).all()
"""
    paths = ["model.json", "model.weights.h5", "images.npy", "expected.npy"]
    result = load_elsewhere(program, *[tmp_path / path for path in paths])
    assert result.returncode == 0, result.stderr
    assert f"multiplier={own_table.stem} (sha256" in result.stdout
    assert result.stdout.count("refused: ") == 2
    assert f"layer 'first' has no truth table: {own_table.stem} (sha256" in result.stdout
    assert "/truth_table_is_missing}}" in result.stdout


def earlier_version(path):
    """Makes a `.keras` file one of the version that saved the name of a table only."""
    folder = path.parent / "unpacked"
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder)

    def edit(node):
        if isinstance(node, dict):
            node.pop("multiplier", None)
            for value in node.values():
                edit(value)
        elif isinstance(node, list):
            for value in node:
                edit(value)

    config = json.loads((folder / "config.json").read_text())
    edit(config)
    (folder / "config.json").write_text(json.dumps(config))
    with h5py.File(folder / "model.weights.h5", "a") as file:
        groups = []
        file.visit(lambda name: groups.append(name) if name.endswith("_table_state") else None)
        assert len(groups) == 3
        for group in groups:
            del file[group]
    with zipfile.ZipFile(path, "w") as archive:
        for file in folder.iterdir():
            archive.write(file, file.name)


def test_a_model_of_an_earlier_version(tmp_path, own_table, monkeypatch):
    model = model_with(own_table)
    model.save(tmp_path / "model.keras")
    earlier_version(tmp_path / "model.keras")
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "model.keras")(IMAGES), model(IMAGES))

    (tmp_path / "moved").mkdir()
    moved = own_table.rename(tmp_path / "moved" / own_table.name)
    with pytest.raises(
        LOADING, match=r"No such file or directory\. A file that has moved is found in a folder of TFAPPROX"
    ):
        keras.models.load_model(tmp_path / "model.keras")
    monkeypatch.setenv("TFAPPROX_MULTIPLIER_PATH", str(moved.parent))
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(IMAGES), model(IMAGES))
    loaded.save(tmp_path / "again.keras")
    moved.unlink()
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "again.keras")(IMAGES), model(IMAGES))


def test_another_table_under_the_name_of_a_moved_one(tmp_path, own_table, monkeypatch):
    model = model_with(own_table)
    model.save(tmp_path / "model.keras")
    earlier_version(tmp_path / "model.keras")
    own_table.unlink()
    (tmp_path / "moved").mkdir()
    save_table(tmp_path / "moved" / own_table.name, random_table(8, 6, own_table.name.startswith("mul8s")))
    monkeypatch.setenv("TFAPPROX_MULTIPLIER_PATH", str(tmp_path / "moved"))
    with pytest.raises(LOADING, match="must hold the table that the layer or operation was created with"):
        keras.models.load_model(tmp_path / "model.keras")


def test_a_checkpoint_of_tensorflow(tmp_path):
    model = model_with(random_table(8, 1))
    path = tf.train.Checkpoint(model=model).save(tmp_path / "checkpoint")
    copy = model_with(random_table(8, 2))
    tf.train.Checkpoint(model=copy).restore(path).assert_consumed()
    np.testing.assert_array_equal(copy(IMAGES), model(IMAGES))
    layer = copy.get_layer("first")
    assert layer.multiplier == TruthTable(random_table(8, 1))
    assert layer.get_config()["multiplier"]["sha256"] == layer.multiplier.sha256


def test_a_layer_in_a_class_of_its_own(tmp_path):
    @keras.saving.register_keras_serializable("tests")
    class Block(keras.layers.Layer):
        def __init__(self, **arguments):
            super().__init__(**arguments)
            self.convolution = FakeApproxConv2D(4, 3, name="inner", multiplier=random_table(8, 3))

        def build(self, shape):
            self.convolution.build(shape)

        def call(self, inputs):
            return self.convolution(inputs)

    model = keras.Sequential([keras.Input([8, 8, 3]), Block()])
    set_multiplier(model, {"inner": random_table(8, 4)})
    model.save(tmp_path / "model.keras")
    with pytest.warns(UserWarning, match="layer 'inner' has the multiplier of the file"):
        loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(IMAGES), model(IMAGES))


def test_a_functional_model_takes_the_weights_of_its_float_twin(tmp_path):
    """Keras names the layers of a file by their classes: an exact layer must not get weights of an approximate one."""
    inputs = keras.Input([8, 8, 3])
    x = inputs
    for name in ("first", "second", "third"):
        x = keras.layers.Conv2D(3, 1, name=name)(x)
    x = keras.layers.Reshape([64, 3])(x)
    outputs = keras.layers.GroupQueryAttention(4, 2, 1, name="attention")(x, x)
    exact = keras.Model(inputs, outputs)
    exact.save_weights(tmp_path / "float.weights.h5")
    model = approximate_model(exact, "mul8u_drum4", skip="second", data=IMAGES)
    expected = model(IMAGES)
    before = model.get_layer("first").activation_ranges["input"].values
    model.set_weights([0 * weight for weight in model.get_weights()])
    model.load_weights(tmp_path / "float.weights.h5")
    np.testing.assert_array_equal(model(IMAGES), expected)
    assert model.get_layer("first").activation_ranges["input"].values == before
    model.save_weights(tmp_path / "own.weights.h5")
    model.set_weights([0 * weight for weight in model.get_weights()])
    model.load_weights(tmp_path / "own.weights.h5")
    np.testing.assert_array_equal(model(IMAGES), expected)
