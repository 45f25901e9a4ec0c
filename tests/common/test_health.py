"""`tfapprox doctor`: what it reports, and what makes an installation unhealthy."""

import json
import re

import numpy as np
import pytest
from typer.testing import CliRunner

from cases import random_table
from tfapprox import health
from tfapprox.command_line import app
from tfapprox.common import multipliers, native, save_table


@pytest.fixture
def doctor(tmp_path, monkeypatch):
    """Function from the expected exit code to the report, with TensorFlow left out."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))

    def call(code=0):
        result = CliRunner().invoke(app, ["doctor", "--fast", "--json"])
        assert result.exit_code == code, result.output
        return json.loads(result.output)

    return call


def test_healthy(doctor):
    report = doctor()
    assert (report["healthy"], report["problems"]) == (True, [])
    assert report["self_test"]["pairs"] == 4 * 65536 + 255 * 255
    assert (report["self_test"]["wrong"], report["self_test"]["error"]) == (0, None)
    assert report["self_test"]["seconds"] < 30
    assert report["versions"]["numpy"] == np.__version__
    assert set(report["cpu"]["paths"]) >= {"scalar", "avx2", "avx512vbmi"}
    assert report["cpu"]["used"] == native.path()
    assert set(report["plugins"]) == {"tf1", "tf2"}
    assert report["multipliers"] == {"built_in": len(multipliers.built_in_descriptions()), "files": []}
    text = CliRunner().invoke(app, ["doctor", "--fast"]).output
    for expected in ("healthy", "self-test", "327,169 products", "CUDA", "TensorFlow", "CPU path scalar"):
        assert expected in text


def test_multipliers(doctor, tmp_path, monkeypatch):
    for folder in ("a", "b"):
        multipliers.import_products(random_table(8, 1), "mul8u_X", folder=tmp_path / folder)
    (tmp_path / "a" / "short.bin").write_bytes(b"1")
    monkeypatch.setenv("TFAPPROX_MULTIPLIER_PATH", f"{tmp_path / 'a'}:{tmp_path / 'b'}:{tmp_path / 'none'}")
    report = doctor()
    assert [(folder["exists"], folder["tables"]) for folder in report["folders"]] == [
        (True, 1),
        (True, 0),
        (False, 0),
        (False, 0),
    ]
    assert report["multipliers"]["files"] == ["mul8u_X"]
    warnings = "\n".join(report["warnings"])
    for pattern in (
        rf"TFAPPROX_MULTIPLIER_PATH names {tmp_path}/none, which does not exist",
        rf"{tmp_path}/a/short\.bin is not loaded: a .bin file must hold",
        rf"{tmp_path}/b/mul8u_X\.bin is hidden by {tmp_path}/a/mul8u_X\.bin",
    ):
        assert re.search(pattern, warnings)
    save_table(tmp_path / "a" / "mul8u_X.bin", random_table(8, 2))
    report = doctor(1)
    assert report["problems"] == [
        f"{tmp_path}/a/mul8u_X.bin is not the file that its NAME.json describes (import it again)"
    ]


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("TFAPPROX_FORCE_PATH", "vax", "TFAPPROX_FORCE_PATH must be"),
        ("TFAPPROX_PLAN", "best", "TFAPPROX_PLAN must be"),
    ],
)
def test_wrong_settings(doctor, monkeypatch, variable, value, message):
    monkeypatch.setenv(variable, value)
    report = doctor(1)
    assert any(message in problem for problem in report["problems"]), report["problems"]


def test_a_core_that_answers_wrongly(doctor, monkeypatch):
    def zeros(pixels, weights, *_, **__):
        return np.zeros([pixels.size, weights.size])

    monkeypatch.setattr(multipliers.checking.native, "approx_conv2d_with_min_max_vars", zeros)
    report = doctor(1)
    assert re.fullmatch(r"core: \d+ wrong products", report["problems"][0])


@pytest.fixture
def tensorflow(monkeypatch):
    """Function from a version, and what a test of it finds, to the judgement about an installation with it."""

    def judge(version, outcome, path="/p.so"):
        monkeypatch.setattr(health, "version_of", lambda package: version if package == "tensorflow" else None)
        monkeypatch.setattr(health, "plugins", lambda: {"tf2": {"path": path, "built_for": "2.99.0"}})
        if outcome is not None:
            monkeypatch.setattr(health, "tensorflow_test", lambda version: outcome)
        report = health.examine()
        return report["problems"], report["warnings"]

    return judge


def test_tensorflow(tensorflow):
    problems, _ = tensorflow("3.0", None)
    assert problems == ["TensorFlow 3.0: TensorFlow must be version 1.14, 1.15 or 2; received 3.0"]
    good = {"operation": "AxConv2D", "wrong": 0, "error": None, "pairs": 65536}
    assert tensorflow("2.99.0", {"checks": [good], "error": None}) == ([], [])
    problems, _ = tensorflow("2.99.0", {"checks": [good, {**good, "wrong": 3}], "error": None})
    assert problems == ["AxConv2D: 3 wrong products"]
    problems, _ = tensorflow("2.1.0", {"checks": [], "error": "the plugin does not load"})
    assert problems == ["TensorFlow 2.1.0: the plugin does not load"]
    assert tensorflow(None, None) == (
        [],
        ["the plugins were built for TensorFlow 2.99.0, which is not installed"],
    )


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("import os; os.kill(os.getpid(), 9)", "the process crashed with SIGKILL"),
        ("import sys; sys.exit('noise\\nerror: no plugin')", "no plugin"),
        ("raise SystemExit(3)", "it said nothing"),
        ("import time; time.sleep(60)", "no answer within 1 s"),
    ],
)
def test_a_tensorflow_process_that_fails(tmp_path, monkeypatch, script, message):
    program = tmp_path / "python"
    program.write_text(f"#!{health.sys.executable}\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr(health.sys, "executable", str(program))
    if "sleep" in script:
        monkeypatch.setattr(health, "TENSORFLOW_SECONDS", 1)
    assert health.tensorflow_test("2.21.0") == {"checks": [], "error": message}


def test_versions_without_import():
    assert health.version_of("numpy") == np.__version__
    assert health.version_of("no-such-package") is None
