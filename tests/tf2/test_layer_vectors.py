"""Golden vectors of Keras layers: their integers give the float output of the layer, and the command writes them."""

import pathlib
import shutil
import subprocess

import keras
import numpy as np
import pytest
from typer.testing import CliRunner

from tfapprox.command_line import app
from tfapprox.common import multipliers, vectors
from tfapprox.tf2 import approximate_model, layer_vectors

IMAGES = np.random.RandomState(0).uniform(-1, 1, (6, 8, 8, 4)).astype(np.float32)
LAYERS = ["first", "grouped", "depthwise", "last"]


def small_model():
    keras.utils.set_random_seed(1)
    inputs = keras.Input([8, 8, 4])
    x = keras.layers.Conv2D(4, 3, padding="same", activation="relu", name="first")(inputs)
    x = keras.layers.Conv2D(4, 3, padding="same", groups=2, name="grouped")(x)
    x = keras.layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2, name="depthwise")(x)
    x = keras.layers.Conv2D(3, 2, strides=2, use_bias=False, name="last")(x)
    return keras.Model(inputs, keras.layers.Flatten()(x))


@pytest.mark.parametrize("options", [{}, {"data": IMAGES[:2], "per_channel": True}], ids=["batch", "fixed"])
@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("name", ["mul8u_drum4", "mul8s_exact"])
def test_the_layers_output_follows_from_the_integers(name, layer, options):
    model = approximate_model(small_model(), name, **options)
    computed = layer_vectors(model, layer, IMAGES)
    chosen = model.get_layer(layer)
    seen = keras.Model(model.inputs[0], chosen.output)(IMAGES).numpy()
    scales = np.float64(computed.activation.scale) * np.array([each.scale for each in computed.weight], np.float64)
    output = (scales * computed.totals).astype(np.float32)
    if chosen.use_bias:
        output = output + chosen.bias.numpy()
    if layer == "first":
        output = np.maximum(output, 0)
    np.testing.assert_array_equal(output, seen)
    assert computed.table == multipliers.load(name).table


def test_what_has_no_vectors():
    model = approximate_model(small_model(), "mul8u_exact")
    with pytest.raises(ValueError, match=r"layer must be .*, first, grouped, depthwise, last; received 'flatten'"):
        layer_vectors(model, "flatten", IMAGES)
    with pytest.raises(ValueError, match=r"inputs must be arrays of shape \(8, 8, 4\); received \(6, 8, 8, 3\)"):
        layer_vectors(model, "first", IMAGES[..., :3])
    twice = approximate_model(small_model(), "mul8u_exact").get_layer("first")
    inputs = keras.Input([8, 8, 4])
    with pytest.raises(ValueError, match="must be called once in the model; received 'first'"):
        layer_vectors(keras.Model(inputs, twice(twice(inputs))), "first", IMAGES)


def test_the_command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    approximate_model(small_model(), "mul8u_drum4").save("model.keras")
    np.savez("data.npz", x=IMAGES, y=np.arange(6))

    def command(*arguments):
        result = CliRunner().invoke(app, ["vectors", *arguments])
        return result.exit_code, result.output

    options = ["--data", "data.npz", "--array", "x", "-o", "vectors", "--count", "2"]
    code, output = command("model.keras", "grouped", *options)
    assert (code, output.splitlines()[0]) == (0, "wrote 18 files to vectors: 2 inputs, sums (2, 8, 8, 4)")
    np.testing.assert_array_equal(
        np.load("vectors/sums.npy"),
        layer_vectors(keras.saving.load_model("model.keras"), "grouped", IMAGES[:2]).sums,
    )
    assert command("model.keras", "none", *options)[0] == 1
    assert "LAYER must be a convolution" in command("model.keras", "none", *options)[1]
    assert (
        "MODEL must be a .keras file or a frozen graph, a .pb file; received 'a.h5'"
        in command("a.h5", "x", *options)[1]
    )
    text = command("model.keras", "grouped", *options, "--input-node", "x")[1]
    assert "--input-node is for frozen graphs; received 'model.keras'" in text
    text = command("model.keras", "first", "--data", "data.npz", "-o", "vectors")[1]
    assert "--array must be one of x, y; received none" in text
    np.savez("number.npz", x=1)
    text = command("model.keras", "first", "--data", "number.npz", "-o", "vectors")[1]
    assert "--data must have an array of inputs, one after the other; received 'number.npz'" in text
    text = command("model.keras", "first", "--data", "model.keras", "-o", "vectors")[1]
    assert "--array must be one of" in text or "--data must be a .npz archive of arrays; received" in text
    pathlib.Path("damaged.keras").write_bytes(pathlib.Path("model.keras").read_bytes()[:-50])
    text = command("damaged.keras", "first", *options)[1]
    assert "MODEL must be a .keras file that Keras can load; received 'damaged.keras'" in text
    assert "No such file" in command("missing.keras", "first", *options)[1]


@pytest.mark.skipif(not shutil.which("iverilog"), reason="needs Icarus Verilog (iverilog)")
def test_a_layer_in_a_simulator(tmp_path):
    model = approximate_model(small_model(), "mul8u_drum4")
    vectors.write(layer_vectors(model, "grouped", IMAGES[:1]), tmp_path)
    multipliers.export("mul8u_drum4", "verilog", tmp_path / "multiplier.v")
    subprocess.run(["iverilog", "-o", "bench", "test_bench.v", "multiplier.v"], cwd=str(tmp_path), check=True)
    output = subprocess.run(["vvp", "-n", "bench"], cwd=str(tmp_path), check=True, capture_output=True, text=True)
    assert output.stdout.splitlines()[-1] == "PASS"


def test_ranges_are_those_of_the_inputs_together():
    model = approximate_model(small_model(), "mul8u_exact")
    few, all_ = (layer_vectors(model, "first", images) for images in (IMAGES[:1] / 2, IMAGES))
    assert few.activation.scale < all_.activation.scale
    assert all_.activation.scale == np.float32(IMAGES.max() - IMAGES.min()) / np.float32(255)
