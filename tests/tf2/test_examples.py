"""The example scripts as a user runs them: training, evaluation, comparison, and their mistakes."""

import csv
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cases import random_table
from tfapprox.common import multipliers, save_table

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
    assert f"saved {path}" in run("train.py", path, "--epochs", 6)
    return path


def accuracies(output):
    return {name: float(percent) for name, percent in re.findall(r"^(.+): accuracy ([\d.]+)%", output, re.MULTILINE)}


def test_evaluate(model, tmp_path):
    save_table(tmp_path / "own.bin", random_table(8, 1))
    found = accuracies(run("evaluate.py", model, "--mtab_file", tmp_path / "own.bin"))
    assert list(found) == ["float32", "exact, 8 bits", str(tmp_path / "own.bin")]
    assert found["float32"] > 80
    assert abs(found["exact, 8 bits"] - found["float32"]) < 3
    assert found[str(tmp_path / "own.bin")] < 50


def test_evaluate_fewer_bits(model):
    found = accuracies(run("evaluate.py", model, "--num_bits", 3, "--mtab_file", "mul3u_exact"))
    assert found["exact, 3 bits"] == found["mul3u_exact"] < found["float32"]


def test_evaluate_mistakes(model, tmp_path):
    assert "error: multipliers must be a built-in" in run("evaluate.py", model, "--mtab_file", "mul8u_NONE", code=1)
    assert "error: File not found" in run("evaluate.py", tmp_path / "none.keras", code=1)


@pytest.mark.image
def test_demo(tmp_path):
    save_table(tmp_path / "mul8u_OWN.bin", random_table(8, 1))
    output = run("demo.py", "--epochs", 2, "--output", tmp_path / "demo", TFAPPROX_MULTIPLIER_PATH=str(tmp_path))
    with open(tmp_path / "demo" / "results.csv", newline="", encoding="utf-8") as file:
        rows = {row["name"]: row for row in csv.DictReader(file)}
    assert set(rows) == {*multipliers.built_in_descriptions(), "mul8u_OWN"} - {"mul8u_1JFF", "mul8s_1KV8"}
    assert all(name in output for name in rows)
    assert [float(rows[name]["difference"]) for name in ("mul8u_exact", "mul8s_exact")] == [0, 0]
    assert float(rows["mul8u_trunc2"]["mae"]) == 1.25
    assert len({row["accuracy"] for row in rows.values()}) > 5
    assert (tmp_path / "demo" / "accuracy.png").stat().st_size > 10000
