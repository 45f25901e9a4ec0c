"""A comparison of multipliers for a model: scores, CSV, energy, table and plot."""

import csv
import io

import keras
import numpy as np
import pytest

from cases import random_table
from tfapprox.common import multipliers, save_table
from tfapprox.common.truth_table import TruthTable
from tfapprox.tf2 import Comparison, approximate_model, compare
from tfapprox.tf2.comparison import Compared

IMAGES = np.random.default_rng(5).random([40, 8, 8, 1]).astype("float32")


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(3)
    layers = [keras.layers.Conv2D(3, 3, activation="relu"), keras.layers.Flatten(), keras.layers.Dense(4)]
    return keras.Sequential([keras.Input([8, 8, 1]), *layers], name="tiny")


@pytest.fixture(scope="module")
def classes(model):
    """The classes that the model gives the images in floating point, but for the first four."""
    chosen = model.predict(IMAGES, verbose=0).argmax(axis=1)
    return np.where(np.arange(40) < 4, (chosen + 1) % 4, chosen)


def test_scores_are_those_of_models_that_are_converted_one_by_one(model, classes, tmp_path, monkeypatch):
    monkeypatch.setenv("TFAPPROX_MULTIPLIER_PATH", str(tmp_path))
    multipliers.import_products(random_table(8, 1), "mul8u_MINE", {"power_mW": 0.1}, folder=tmp_path)
    save_table(tmp_path / "moved.bin", random_table(8, 2))
    names = ["mul8u_MINE", "mul8u_drum3", "", "mul8u_1JFF", str(tmp_path / "moved.bin"), "mul8s_exact"]
    comparison = compare(model, IMAGES, classes, data=IMAGES, names=names)
    assert comparison.float_score == 0.9
    rows = {row.multiplier: row for row in comparison.rows}
    assert list(rows)[:3] == ["mul8s_exact", "mul8u_1JFF", "mul8u_exact"]
    for name in ("mul8u_MINE", "mul8u_drum3", "mul8s_exact"):
        one = approximate_model(model, name, data=IMAGES).predict(IMAGES, batch_size=128, verbose=0)
        assert rows[name].score == np.mean(one.argmax(axis=1) == classes)
        assert rows[name].difference == rows[name].score - comparison.exact[name.startswith("mul8s")]
    assert rows["mul8u_MINE"].energy == pytest.approx(0.1 / 0.391)
    assert [rows[name].energy for name in ("mul8u_exact", "mul8s_exact", "mul8u_drum3", "moved")] == [1, 1, None, None]
    assert rows["mul8u_1JFF"].seconds == rows["mul8u_exact"].seconds  # one table is measured once

    text = comparison.to_csv(tmp_path / "results.csv")
    assert (tmp_path / "results.csv").read_text() == text
    read = {row["multiplier"]: row for row in csv.DictReader(io.StringIO(text))}
    assert list(read) == list(rows)
    assert read["mul8u_MINE"]["sha256"] == TruthTable(random_table(8, 1)).sha256
    assert (float(read["mul8u_MINE"]["mae"]), read["moved"]["energy"]) == (rows["mul8u_MINE"].mae, "")
    printed = str(comparison)
    assert "accuracy of tiny, 40 samples; in floating point 90.00%" in printed
    assert all(name in printed for name in rows)


def test_a_score_of_the_user(model):
    def spread(network):
        return float(np.std(network.predict(IMAGES, verbose=0)))

    comparison = compare(model, None, None, data=IMAGES, names=[TruthTable(0 * random_table(8, 1))], score=spread)
    (row,) = comparison.rows
    assert (comparison.score, comparison.samples, row.multiplier[:7]) == ("spread", None, "sha256 ")
    assert row.score < 0.5 * comparison.float_score
    assert f"{row.difference:+.4g}" in str(comparison)


def test_plots():
    pytest.importorskip("matplotlib")
    rows = [
        Compared("mul8s_exact", "0" * 64, True, 0.0, 0.0, 0.8, 0.0, 1.0, 0.1),
        Compared("mul8u_exact", "1" * 64, False, 0.0, 0.0, 0.9, 0.0, 1.0, 0.1),
        Compared("mul8u_trunc4", "2" * 64, False, 12.25, 49.0, 0.7, -0.2, None, 0.1),
    ]
    comparison = Comparison("tiny", "accuracy", 40, 0.9, rows, {False: 0.9, True: 0.8})
    names = [row.multiplier for row in rows]
    assert [text.get_text() for text in comparison.plot().axes[0].texts] == names
    assert [text.get_text() for text in comparison.plot("energy").axes[0].texts] == names[:2]
    comparison.rows *= 12
    texts = [text.get_text() for text in comparison.plot().axes[0].texts]
    assert texts.index("36") == 35
    assert "36  mul8u_trunc4" in texts[37].splitlines()
    with pytest.raises(ValueError, match="against must be one of MAE, energy; received 'power'"):
        comparison.plot("power")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"names": []}, "names must have a multiplier; received none"),
        ({"names": ["mul8u_NONE"]}, "names must be a built-in multiplier"),
        ({"names": ["mul4u_exact"]}, "num_bits=8"),
        ({"y": [1, 2]}, r"y must have a class for each of 40 samples; received shape \(2,\)"),
    ],
)
def test_mistakes(model, classes, arguments, message):
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        compare(**{"model": model, "x": IMAGES, "y": classes, "data": IMAGES, "names": [""], **arguments})


def test_a_model_without_classes_needs_a_score():
    model = keras.Sequential([keras.Input([8, 8, 1]), keras.layers.Conv2D(1, 8)])
    with pytest.raises(ValueError, match=r"score must be given for a model without .*; received \(40, 1, 1, 1\)"):
        compare(model, IMAGES, np.zeros(40), data=IMAGES, names=[""])


def test_each_pixel_has_a_class():
    model = keras.Sequential([keras.Input([8, 8, 1]), keras.layers.Conv2D(2, 3)])
    y = model.predict(IMAGES, verbose=0).argmax(axis=-1)
    assert compare(model, IMAGES, y, data=IMAGES, names=[""]).float_score == 1
    assert compare(model, IMAGES, 1 - y, data=IMAGES, names=[""]).float_score == 0
    with pytest.raises(ValueError, match=r"y must have labels of shape \(40, 6, 6\) or .*; received \(40,\)"):
        compare(model, IMAGES, np.zeros(40), data=IMAGES, names=[""])
    with pytest.raises(ValueError, match=r"y must have labels that are numbers of classes, from 0 to 1; received a l"):
        compare(model, IMAGES, y + 0.5, data=IMAGES, names=[""])
