"""The snippets of the README files and of three guides run as they are."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from typer.testing import CliRunner

from tfapprox.command_line import app

ROOT = Path(__file__).parents[2]
SNIPPETS = [
    pytest.param(code, id=f"{name}-{number}")
    for name in ("README.md", "tf2/README.md")
    for number, code in enumerate(
        re.findall(r"```python\n(.*?)```", (ROOT / name).read_text(encoding="utf-8"), re.DOTALL)
    )
]


# The snippets of this page build upon each other.
NETWORKS = re.findall(r"```python\n(.*?)```", (ROOT / "docs/networks.md").read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.filterwarnings("ignore:layers that stay exact")
def test_the_page_of_networks(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    exec(compile("\n".join(NETWORKS), "docs/networks.md", "exec"), {})
    assert "block_16_depthwise" in capsys.readouterr().out
    assert len(NETWORKS) == 8


def test_the_page_of_retraining():
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs/retraining.md").read_text(encoding="utf-8"), re.DOTALL)
    names = {}
    exec(compile(code, "docs/retraining.md", "exec"), names)
    assert len(names["history"]["val_accuracy"]) == 2


@pytest.mark.parametrize("code", SNIPPETS)
def test_snippet(code, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    for _ in range(2 if "import_callable" in code else 1):  # an import can be run again
        exec(compile(code, "README.md", "exec"), {})


def commands(name):
    """The `tfapprox` commands of a document."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return re.findall(r"^tfapprox (.+?)(?: +#.*)?$", "\n".join(blocks), re.MULTILINE)


def test_the_commands_of_the_readme(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    Path("mul8u_MINE.c").write_text("unsigned mul8u_MINE(unsigned char a, unsigned char w) { return (a & ~1) * w; }")
    outputs = []
    for command in commands("README.md"):
        result = CliRunner().invoke(app, shlex.split(command))
        assert result.exit_code == 0, result.output
        outputs.append(result.output)
    assert len(outputs) == 3
    assert "mul8u_MINE.bin" in outputs[0]
    assert "AxConv2D" in outputs[2]


def test_the_snippets_of_publishing_and_clusters(tmp_path):
    """The job of a cluster runs in a process of its own, because it sets threads before the first operation."""
    codes = [
        re.search(r"```python\n(.*?)```", (ROOT / "docs" / name).read_text(encoding="utf-8"), re.DOTALL)[1]
        for name in ("publishing.md", "clusters.md")
    ]
    model = keras.Sequential([keras.Input([4, 4, 1]), keras.layers.Conv2D(2, 3), keras.layers.Flatten()])
    model.add(keras.layers.Dense(2))
    model.compile(loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.save(tmp_path / "model.keras")
    images = np.random.default_rng(0).random([4, 4, 4, 1], np.float32)
    np.savez(tmp_path / "test.npz", images=images, labels=np.array([0, 1, 0, 1]), sample=images)
    environment = {**os.environ, "SLURM_CPUS_PER_TASK": "1", "SLURM_ARRAY_TASK_ID": "1", "TFAPPROX_MULTIPLIER_PATH": ""}
    environment["XDG_DATA_HOME"] = str(tmp_path)
    command = [sys.executable, "-c", "\n".join(codes)]
    subprocess.run(command, check=True, cwd=tmp_path, env=environment, capture_output=True, timeout=300)
    (path,) = tmp_path.glob("result-*.json")
    assert path.name == "result-mul8u_bam_h1_v5.json"
    assert '"accuracy": ' in path.read_text()
