"""`tfapprox retrain`: what it writes, how it goes on after an interruption, and its errors."""

import csv
import importlib
import json

import keras
import numpy as np
import pytest
from typer.testing import CliRunner

from tfapprox import retraining
from tfapprox.command_line import app
from tfapprox.tf2.training.not_finite import NotFiniteError

pytest.importorskip("matplotlib")
RANDOM = np.random.default_rng(0)


@pytest.fixture
def files(tmp_path, monkeypatch, determinism):
    monkeypatch.chdir(tmp_path)
    layers = [keras.Input([12]), keras.layers.Dense(8, activation="relu", name="a"), keras.layers.Dense(3, name="b")]
    keras.Sequential(layers, name="net").save("model.keras")
    x = RANDOM.uniform(0, 1, (60, 12)).astype(np.float32)
    np.savez("data.npz", x=x, y=x[:, :3].argmax(axis=1))
    return tmp_path


def run(*options, output="out", data="data.npz"):
    arguments = ["retrain", "model.keras", "--multiplier", "mul8u_trunc8", "--data", data, "-o", output]
    return CliRunner().invoke(app, [*arguments, "--batch-size", "16", "--learning-rate", "0.01", *options])


def test_a_run_that_goes_on_ends_in_the_same_model(files, monkeypatch):
    options = ["--gradual", "mul8u_trunc4", "--distil", "--gradient", "table_1d"]
    result = run("--epochs", "3", *options)
    assert result.exit_code == 0, result.output
    assert "in floating point" in result.output

    def interrupt(done):
        if done == 2:
            raise KeyboardInterrupt

    each_epoch = retraining.each_epoch
    monkeypatch.setattr(retraining, "each_epoch", lambda show: each_epoch(interrupt))
    result = run("--epochs", "3", *options, output="cut")
    assert result.exit_code == 130
    assert "interrupted; the same command continues" in result.output
    monkeypatch.undo()
    monkeypatch.chdir(files)
    assert run("--epochs", "3", *options, output="cut").exit_code == 0
    for name in ("history.csv", "retrain.json"):
        assert (files / "out" / name).read_bytes() == (files / "cut" / name).read_bytes()
    models = [keras.saving.load_model(files / folder / "model.keras") for folder in ("out", "cut")]
    for one, other in zip(*(model.get_weights() for model in models)):
        np.testing.assert_array_equal(one, other)
    assert models[0].layers[0].multiplier.name == "mul8u_trunc8"
    assert models[0].layers[0].gradient == "table_1d"


def test_what_is_written(files):
    result = run("--epochs", "2", "--recipe", "batch_norm", "--no-compensate", "--gradual", "mul8u_trunc4")
    assert result.exit_code == 0, result.output
    known = json.loads((files / "out" / "retrain.json").read_text())
    with open(files / "out" / "history.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["0", "1", "2"]
    assert [float(row["val_accuracy"]) for row in rows] == [known["before"], *known["accuracy"]]
    assert [row["multiplier"] for row in rows] == ["mul8u_trunc8", "mul8u_trunc4", "mul8u_trunc8"]
    assert known["samples"] == [48, 12]
    assert known["multipliers"]["a"][0] == "mul8u_trunc8"
    assert len(known["multipliers"]["a"][1]) == 64
    assert {path.name for path in (files / "out").iterdir()} >= {"accuracy.pdf", "accuracy.png", "model.keras"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--recipe", "half"], "--recipe must be one of full, batch_norm; received 'half'"),
        (["--gradual", "mul8u_missing"], "mul8u_missing"),
        (["--half-window", "3"], "--half-window must be None for gradient='straight_through'; received 3"),
        (["--half-window", "auto"], "--half-window must be None for gradient='straight_through'; received auto"),
        (["--half-window", "x", "--gradient", "table_1d"], "--half-window must be"),
        (["--samples", "4"], "--data must have at least 5 samples and their labels; received 4 samples"),
    ],
)
def test_mistakes(files, options, message):
    result = run(*options)
    assert result.exit_code == 1
    assert message in result.output


@pytest.mark.parametrize("argument", ["--data", "--validation"])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x, y: (x[:, :3], y), "must have samples of shape {shape}, as the model takes; received {other}"),
        (
            lambda x, y: (x, y - 1),
            "must have labels that are numbers of classes, from 0 to {last}; received a label",
        ),
        (
            lambda x, y: (x, y + 0.5),
            "must have labels that are numbers of classes, from 0 to {last}; received a label",
        ),
    ],
)
def test_samples_that_do_not_fit_the_model(files, argument, change, message):
    with np.load("data.npz") as file:
        x, y = file["x"], file["y"]
    changed, labels = change(x, y)
    np.savez("wrong.npz", x=changed, y=labels)
    last = keras.saving.load_model("model.keras").output_shape[-1] - 1
    expected = message.format(shape=list(x.shape[1:]), other=list(changed.shape[1:]), last=last)
    result = run(argument, "wrong.npz")
    assert result.exit_code == 1
    assert f"error: {argument} {expected}" in result.output


def test_searched_half_window(files, monkeypatch):
    monkeypatch.setattr(retraining, "_HALF_WINDOWS", [2, 8])
    result = run("--epochs", "1", "--gradient", "table_1d", "--half-window", "auto")
    assert result.exit_code == 0, result.output
    scores = json.loads((files / "out" / "retrain.json").read_text())["half_windows"]
    assert list(scores) == ["2", "8"]
    best = 2 if scores["2"] >= scores["8"] else 8
    assert keras.saving.load_model(files / "out" / "model.keras").layers[0].half_window == best


def lose(monkeypatch, *half_windows):
    """Makes the loss NaN with some half windows; returns a list that gets the half window of each training."""
    trained, tf2 = [], importlib.import_module("tfapprox.tf2")
    retrain = tf2.retrain

    def checked(model, *arguments, **named):
        trained.append(model.layers[0].half_window)
        if trained[-1] in half_windows:
            raise NotFiniteError("loss must be finite; received NaN")
        return retrain(model, *arguments, **named)

    monkeypatch.setattr(retraining, "_HALF_WINDOWS", [2, 4, 8])
    monkeypatch.setattr(tf2, "retrain", checked)
    return trained


def test_searched_half_window_with_a_lost_candidate(files, monkeypatch):
    options = ["--gradient", "table_1d", "--half-window", "auto"]
    trained = lose(monkeypatch, 4)
    result = run("--epochs", "1", *options)
    assert result.exit_code == 0, result.output
    assert "half window 4 is lost: loss must be finite; received NaN" in result.output
    known = json.loads((files / "out" / "retrain.json").read_text())
    assert list(known["half_windows"]) == ["2", "8"]
    assert list(known["lost_half_windows"]) == ["4"]
    assert trained[:3] == [2, 4, 8]
    assert len(trained) == 4

    # The search is not repeated.
    assert run("--epochs", "2", *options).exit_code == 0
    assert len(trained) == 5
    again = json.loads((files / "out" / "retrain.json").read_text())
    assert again["half_windows"] == known["half_windows"]
    assert again["accuracy"][0] == known["accuracy"][0]
    result = run("--epochs", "2", *options, "--seed", "1")
    assert "--output must be of the same run, or a new folder; received 'out'" in result.output


def test_half_windows_with_dropout_after_an_interruption(files, monkeypatch):
    """The masks of dropout do not depend on which candidates were trained before."""
    first, last = keras.saving.load_model(files / "model.keras").layers
    keras.Sequential([keras.Input([12]), first, keras.layers.Dropout(0.5), last]).save("model.keras")
    trained, losses, tf2 = lose(monkeypatch), {}, importlib.import_module("tfapprox.tf2")
    retrain, convert = tf2.retrain, importlib.import_module("tfapprox.tf2.convert")
    monkeypatch.setattr(convert, "_has_told", False)

    def recorded(model, *arguments, **named):
        if interrupts and trained:
            raise KeyboardInterrupt
        figures = retrain(model, *arguments, **named)
        losses.setdefault(trained[-1], figures["loss"])  # the last training has one of the half windows again
        return figures

    monkeypatch.setattr(tf2, "retrain", recorded)
    options, seen = ["--epochs", "1", "--gradient", "table_1d", "--half-window", "auto"], []
    for output, interrupts in (("out", False), ("cut", True), ("cut", False)):
        trained.clear()
        losses.clear()
        assert run(*options, output=output).exit_code == (130 if interrupts else 0)
        seen.append(dict(losses))
    assert list(seen[1]) == [2]
    assert [seen[1][2], seen[2][4], seen[2][8]] == [seen[0][2], seen[0][4], seen[0][8]]
    assert not convert._has_told  # the warning that each batch has a range of its own, which would be wrong


def test_search_whose_candidates_are_all_lost(files, monkeypatch):
    lose(monkeypatch, 2, 4, 8)
    result = run("--epochs", "1", "--gradient", "table_1d", "--half-window", "auto")
    assert result.exit_code == 1
    assert "--half-window must be one with which the loss stays finite; received 2: loss must" in result.output


def test_samples_without_labels_and_a_folder_of_another_run(files):
    np.savez("unlabelled.npz", x=np.ones((8, 12), np.float32))
    result = run(data="unlabelled.npz")
    assert "--data must have at least 5 samples and their labels; received 8 samples without labels" in result.output
    assert run("--epochs", "1").exit_code == 0
    result = run("--epochs", "1", "--seed", "1")
    assert "--output must be of the same run, or a new folder; received 'out/checkpoint'" in result.output
