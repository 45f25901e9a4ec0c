"""The commands as a user types them: what they print, their exit codes, and no traceback for a mistake."""

import json
import subprocess
import sys

import circuits
import numpy as np
import pytest
from typer.testing import CliRunner

from cases import random_table
from tfapprox.command_line import app
from tfapprox.common import load_table, multipliers, native, save_table

A, W = np.mgrid[0:256, 0:256]


@pytest.fixture
def command(tmp_path, monkeypatch):
    """Function from arguments and the expected exit code to what `tfapprox` prints; the user's folder is empty."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "120")

    def call(*arguments, code=0):
        result = CliRunner().invoke(app, list(map(str, arguments)))
        assert result.exit_code == code, result.output
        assert "Traceback" not in result.output
        return result.output

    return call


@pytest.fixture
def source(tmp_path):
    """A circuit's file."""
    (tmp_path / "circuit.c").write_text(circuits.EVEN)
    return tmp_path / "circuit.c"


def test_import_show_list_check(command, source, tmp_path):
    path = tmp_path / "data" / "tfapprox" / "multipliers" / "mul8u_EVEN.bin"
    output = command("multiplier", "import", source)
    for text in (f"mul8u_EVEN: {path}", "63.75", "published", "checked: the core gives its 65,536 products"):
        assert text in output
    assert "differs from what is published: MRE%" in output  # this figure in the header of the test is wrong on purpose
    np.testing.assert_array_equal(load_table("mul8u_EVEN"), (A & ~1) * W)
    shown = command("multiplier", "show", "mul8u_EVEN")
    for text in (
        f"mul8u_EVEN: 8 bits, unsigned, {path}",
        "worst pair: 1 * 255 = 0, exactly 255",
        "symmetric: no, activation and weight must not be exchanged",
        "T[0, *]: all 0",
        "plan on ",
        "source: circuit.c, function mul8u_EVEN",
        "2.37  differs",
        "500.5",
    ):
        assert text in shown, text
    assert f"{path.parent}" in command("multiplier", "list")
    checked = command("multiplier", "check", "mul8u_EVEN", "--operation", "core")
    for text in ("65,536", "ok", f"read from {path}"):
        assert text in checked


def test_json(command, source):
    imported = json.loads(command("multiplier", "import", source, "--json", "--power", "0.25", "--licence", "mine"))
    assert (imported["power_mW"], imported["area_um2"], imported["licence"]) == (0.25, 500.5, "mine")
    assert imported["found_by_name"] is True
    assert imported["published"]["WCE"] == {"value": 255.0, "agrees": True}
    assert json.loads(command("multiplier", "show", "mul8u_EVEN", "--json"))["worst"]["product"] == 0
    listed = json.loads(command("multiplier", "list", "--json"))
    assert listed["multipliers"][-1]["MAE"] == 63.75
    assert listed["failures"] == []
    checked = json.loads(command("multiplier", "check", "mul8u_EVEN", "mul4u_exact", "--operation", "core", "--json"))
    assert checked["ok"] is True
    assert [check["pairs"] for check in checked["checks"]] == [65536, 256]
    tuned = json.loads(command("multiplier", "tune", "mul8u_drum4", "--json"))
    assert len(tuned["mapping"]) == 256
    made = json.loads(command("multiplier", "make", "bam", "h=2", "v=5", "--json"))
    assert made["name"] == "mul8u_bam_h2_v5"


def test_import_with_every_option(command, tmp_path):
    (tmp_path / "c.py").write_text("def f(a, b): return (a & 254) * b\ndef g(a, b): return 0")
    options = ["--name", "mul4u_X", "--function", "f", "--bits", "4", "--swap", "--area", "7", "--delay", "0.5"]
    command("multiplier", "import", tmp_path / "c.py", "--folder", tmp_path / "here", *options)
    found = multipliers.load(tmp_path / "here" / "mul4u_X.bin")
    np.testing.assert_array_equal(found.table, (A * (W & ~1))[:16, :16])
    assert (found.sidecar["area_um2"], found.sidecar["delay_ns"]) == (7, 0.5)
    np.save(str(tmp_path / "s.npy"), np.multiply.outer(np.arange(-128, 128), np.arange(-128, 128)))
    output = command(
        "multiplier", "import", tmp_path / "s.npy", "--signed", "--ascending", "--name", "mul8s_S", "--json"
    )
    assert json.loads(output)["MAE"] == 0


def test_what_is_not_found_by_its_name(command, source, tmp_path, monkeypatch):
    output = command("multiplier", "import", source, "--folder", tmp_path / "here")
    assert f"found by its path only: {tmp_path / 'here'} is not in TFAPPROX_MULTIPLIER_PATH" in output
    monkeypatch.setenv("TFAPPROX_MULTIPLIER_PATH", str(tmp_path / "here"))
    output = command("multiplier", "import", source)
    assert f"found by its path only: {tmp_path / 'here' / 'mul8u_EVEN.bin'} comes first" in output
    assert "mul8u_EVEN.bin has the same name and is not used" in command("multiplier", "show", "mul8u_EVEN")


def test_import_checkout(command, tmp_path):
    for name, code in (("mul8u_EVEN", circuits.EVEN), ("mul8_007", circuits.OLD), ("mul8u_TWO", circuits.TWO)):
        (tmp_path / f"{name}.c").write_text(code)
    (tmp_path / "costs.json").write_text("{}")
    output = command("multiplier", "import", tmp_path, code=1)
    assert "kind   files   imported   agree with one   the same again   failed   left out" in output
    assert " ".join(next(row for row in output.splitlines() if row.split()[:1] == [".c"]).split()) == ".c 3 2 0 0 1 0"
    assert f"left out, because .json files are no circuits: {tmp_path}" in output
    assert f"{tmp_path / 'mul8u_TWO.c'}: SOURCE must have one function of two integers" in output
    assert {"mul8u_EVEN", "mul8_007"} <= set(multipliers.loadable_names())
    (tmp_path / "mul8u_TWO.c").unlink()
    again = json.loads(command("multiplier", "import", tmp_path, "--force", "--json"))
    assert (again["imported"], again["same"], again["failed"]) == (2, 0, 0)


def test_check_fails_loudly(command, source, tmp_path, monkeypatch):
    command("multiplier", "import", source)
    exact = native.load_table("mul8u_exact")
    load = native.load_table
    wrong = {"mul8u_EVEN": exact}
    monkeypatch.setattr(
        native, "load_table", lambda name, *rest: wrong.get(name) if name in wrong else load(name, *rest)
    )
    output = command("multiplier", "check", "mul8u_EVEN", "--operation", "core", code=1)
    assert "FAILED: 32,640 wrong, first 1 * 1 = 1 instead of 0" in output
    assert "Do not trust results with a multiplier that FAILED." in output
    report = json.loads(command("multiplier", "check", "mul8u_EVEN", "--operation", "core", "--json", code=1))
    assert report["ok"] is False


def test_check_of_all(command, source, tmp_path):
    command("multiplier", "import", source)
    assert command("multiplier", "check").count(" ok ") > len(multipliers.built_in_descriptions())
    path = tmp_path / "data" / "tfapprox" / "multipliers" / "mul8u_EVEN.bin"
    save_table(path, random_table(8, 1))
    output = command("multiplier", "check", code=1)
    assert "must be the file that its NAME.json describes" in " ".join(output.split())
    path.write_bytes(b"123")
    assert "FAILED" in command("multiplier", "check", code=1)
    assert f"not loaded: {path}: a .bin file must hold" in command("multiplier", "list", code=1)


def test_make_and_tune(command):
    assert "240.2" in command("multiplier", "make", "bam", "h=2", "v=6", "--name", "mul8u_MINE")
    output = command("multiplier", "tune", "mul8u_drum4")
    for text in ("before", "after", "of 256 weights are replaced:", " 20 -> 16 "):
        assert text in output


MISTAKES = [
    (["multiplier", "show", "mul8u_NONE"], "error: NAME must be a built-in multiplier"),
    (["multiplier", "import", "none.c"], "No such file or directory: 'none.c'"),
    (["multiplier", "import", "none.xyz"], "error: SOURCE must be a folder or a file of the kind .c, .h, .py, .npy"),
    (["multiplier", "import", ".", "--name", "x"], "error: --name is for one circuit; received the folder '.'"),
    (["multiplier", "import", "x.npy", "--function", "f"], "error: --function is for code; received 'x.npy'"),
    (["multiplier", "import", "x.npy", "--set", "a=1"], "error: --set is for ariths-gen:CLASS; received 'x.npy'"),
    (["multiplier", "import", "x.c", "--set", "a"], "error: --set must be KEY=VALUE; received 'a'"),
    (["multiplier", "make"], "error: CONSTRUCTION must be one of exact, trunc, bam,"),
    (["multiplier", "make", "bam", "h"], "error: PARAMETER must be KEY=VALUE; received 'h'"),
    (["multiplier", "make", "bam", "folder=2"], "error: PARAMETER must be one of the construction's; received folder"),
    (["multiplier", "make", "drum", "k=99"], "error: drum must have k from 2 to the bits"),
    (["multiplier", "tune", "mul4u_NONE"], "error: NAME must be"),
    (["multiplier", "check", "mul8u_NONE", "--operation", "core"], "error: NAME must be"),
    (["multiplier", "check", "--operation", "tf3"], "AxConv2D, core; received 'tf3'"),
    (
        ["multiplier", "plot", "mul8u_drum4", "--format", "eps"],
        "error: --format must be of png, svg, pdf; received eps",
    ),
]


@pytest.mark.parametrize(("arguments", "message"), MISTAKES)
def test_mistakes(command, arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if "--format" in arguments:
        pytest.importorskip("matplotlib")
    assert message in command(*arguments, code=1)


def test_usage(command):
    assert "No such command" in command("multiplier", "nothing", code=2)
    assert "Missing argument" in command("multiplier", "show", code=2)


@pytest.mark.parametrize("name", ["import", "list", "show", "check", "plot", "make", "tune"])
def test_help(command, name):
    output = command("multiplier", name, "--help")
    assert "Usage: " in output
    assert {"import": "RUNS THE CODE", "check": "Fails if one product differs"}.get(name, "--help") in output


def test_module_and_missing_typer(tmp_path):
    ran = subprocess.run(
        [sys.executable, "-m", "tfapprox", "multiplier", "show", "mul8u_exact"], stdout=subprocess.PIPE
    )
    assert ran.returncode == 0
    assert b"exact (1)" in ran.stdout
    script = "import sys; sys.modules['typer'] = None; from tfapprox.__main__ import main; main()"
    ran = subprocess.run([sys.executable, "-c", script], stderr=subprocess.PIPE)
    assert ran.returncode == 1
    assert ran.stderr.startswith(b"error: the command line needs typer and rich: pip install typer rich")


def test_the_library_needs_neither_typer_nor_matplotlib():
    script = (
        "import sys; sys.modules.update(dict.fromkeys(('typer', 'rich', 'matplotlib', 'ariths_gen', 'tensorflow')));"
        "from tfapprox.common import multipliers; assert multipliers.check('mul8u_drum4').wrong == 0;"
        "from tfapprox.common.multipliers import plots\n"
        "try: plots.error_heat_map(multipliers.load('mul8u_drum4'))\n"
        "except ImportError as error: print(error)\n"
        "try: multipliers.generate_ariths_gen('UnsignedDaddaMultiplier')\n"
        "except ImportError as error: print(error)"
    )
    ran = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, check=True)
    assert b"plots need matplotlib: pip install matplotlib" in ran.stdout
    assert b"ariths-gen: needs ariths-gen: pip install ariths-gen" in ran.stdout
