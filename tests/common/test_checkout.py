"""A checkout of EvoApproxLib: both generations of names, repeated circuits, and failures."""

import json
import os
import signal
import subprocess
import sys
import time

import circuits
import numpy as np
import pytest
from typer.testing import CliRunner

from tfapprox.command_line import app
from tfapprox.common import load_table, multipliers
from tfapprox.common.truth_table import TruthTable


@pytest.fixture
def checkout(tmp_path):
    """A folder laid out as EvoApproxLib, with one circuit that is broken and one that clashes."""
    files = {
        "multipliers/8x8_unsigned/pareto_pwr_ep/mul8u_EVEN.c": circuits.EVEN,
        "multipliers/8x8_unsigned/pareto_pwr_mae/mul8u_EVEN.c": circuits.EVEN.replace("MAE%", "MAE %"),  # a comment
        "multipliers/8x8_unsigned/pareto_pwr_wce/mul8u_EVEN.c": circuits.EVEN.replace("0xfe", "0xfc"),
        "multipliers/8x8_signed/pareto_pwr_mae/mul8s_LOW.c": circuits.SIGNED,
        "multipliers/7x7_unsigned/mul7u_X.c": "int mul7u_X(int a, int b) { return a * b; }",
        "multipliers_8/mul8_007.c": circuits.OLD,
        "multipliers_8/mul8_BROKEN.c": "int mul8_BROKEN(int a, int b) { return a * }",
        "multipliers/8x2_unsigned/mul8x2u_X.c": circuits.TWO,
        "multipliers/16x16_unsigned/mul16u_X.c": circuits.TWO,
        "adders/8_unsigned/add8u_X.c": circuits.TWO,
        "mult.c": circuits.TWO,
    }
    for name, code in files.items():
        path = tmp_path / "library" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code)
    return tmp_path / "library"


def test_import_checkout(checkout, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    paths = multipliers.circuits(checkout)
    seen = []
    outcomes = multipliers.import_checkout(paths, lambda paths: (seen.append(path) or path for path in paths))
    assert seen == paths
    assert [(outcome.name, outcome.status) for outcome in outcomes] == [
        ("mul7u_X", "imported"),
        ("mul8s_LOW", "imported"),
        ("mul8u_EVEN", "imported"),
        ("mul8u_EVEN", "same"),
        ("mul8u_EVEN", "failed"),
        ("mul8_007", "imported"),
        ("mul8_BROKEN", "failed"),
    ]
    messages = [outcome.message for outcome in outcomes if outcome.status == "failed"]
    assert messages[0] == _clash(outcomes[2].path, "2 * 1 is 2 instead of 0")
    assert messages[1].startswith(f"source must be C that compiles; received {checkout}/multipliers_8/mul8_BROKEN.c:\n")
    a, w = np.mgrid[0:256, 0:256]
    np.testing.assert_array_equal(load_table("mul8u_EVEN"), (a & 254) * w)
    np.testing.assert_array_equal(load_table("mul8_007"), a * (w & 254))
    assert multipliers.load("mul8_007").sidecar["power_mW"] == 0.2183
    assert multipliers.load("mul8s_LOW").signed
    again = multipliers.import_checkout(paths)
    assert [outcome.status for outcome in again] == ["failed" if x.status == "failed" else "same" for x in outcomes]
    multipliers.import_products(TruthTable.exact(8), "mul8u_EVEN", force=True)
    again = multipliers.import_checkout(paths)
    assert (again[0].status, again[2].status) == ("same", "failed")
    assert "; force=True replaces it" in again[2].message


def test_files_that_are_left_out(checkout):
    for name in ("README.md", "LICENSE", "mul8u_X.py", ".git/mul8u_GIT.c", "table.csv"):
        path = checkout / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("text")
    survey = multipliers.survey(checkout)
    assert survey.circuits == multipliers.circuits(checkout)
    assert {outcome.path.name: outcome.message for outcome in survey.left_out} == {
        "LICENSE": "files without a suffix are no circuits",
        "README.md": ".md files are no circuits",
        "add8u_X.c": "its name does not begin with mul and a width, as mul8u_X does",
        "mul16u_X.c": "it has operands of 16 bits, and is imported by itself only",
        "mul8u_X.py": "a Python file runs in the importing process, and is imported by itself only",
        "mul8x2u_X.c": "it has operands of 8 and 2 bits, and is imported by itself only",
        "mult.c": "its name does not begin with mul and a width, as mul8u_X does",
        "table.csv": "its name does not begin with mul and a width, as mul8u_X does",
    }
    files = {path for path in checkout.rglob("*") if path.is_file() and ".git" not in path.parts}
    assert files == {*survey.circuits, *(outcome.path for outcome in survey.left_out)}


def test_c_and_verilog_of_one_circuit_must_agree(tmp_path):
    library = tmp_path / "library"
    library.mkdir()
    (library / "mul8u_EVEN.c").write_text(circuits.EVEN)
    (library / "mul8u_EVEN.v").write_text(circuits.verilog_even())
    (library / "mul8u_WRONG.c").write_text("int mul8u_WRONG(int a, int b) { return a * b & ~(a == 9 && b > 6); }")
    table = TruthTable.exact(8)
    multipliers.import_products(table, "mul8u_WRONG", folder=tmp_path / "other")
    multipliers.export(tmp_path / "other" / "mul8u_WRONG.bin", "verilog", library / "mul8u_WRONG.v")
    multipliers.import_products(TruthTable.exact(4), "mul4u_SMALL", folder=library)
    (library / "mul4u_SMALL.mem").write_text("0 " * 256)
    outcomes = multipliers.import_checkout(multipliers.circuits(library), folder=tmp_path / "tables")
    assert [(outcome.path.name, outcome.status, outcome.message) for outcome in outcomes] == [
        ("mul8u_EVEN.c", "imported", ""),
        ("mul8u_WRONG.c", "imported", ""),
        ("mul4u_SMALL.bin", "imported", ""),
        ("mul4u_SMALL.mem", "failed", _clash(library / "mul4u_SMALL.bin", "1 * 1 is 1 instead of 0")),
        ("mul8u_EVEN.v", "agrees", f"with {library / 'mul8u_EVEN.c'}"),
        ("mul8u_WRONG.v", "failed", _clash(library / "mul8u_WRONG.c", "9 * 7 is 62 instead of 63")),
    ]
    assert sorted(path.name for path in (tmp_path / "tables").glob("*.bin")) == [
        "mul4u_SMALL.bin",
        "mul8u_EVEN.bin",
        "mul8u_WRONG.bin",
    ]


def test_the_command_names_the_file_and_not_an_option_for_one_circuit(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    library = tmp_path / "library"
    library.mkdir()
    (library / "mul4u_X.txt").write_text("0 " * 16 + "\n" + ("1 " * 16 + "\n") * 15)
    (library / "mul4u_X.csv").write_text(("2 " * 16 + "\n") * 16)
    result = CliRunner().invoke(app, ["multiplier", "import", str(library)])
    assert result.exit_code == 1
    rule = f"the name of the file must mean one circuit; received another one in {library}/mul4u_X.csv"
    assert f"{library}/mul4u_X.txt: {rule}" in result.output
    multipliers.import_products(TruthTable.exact(4), "mul4u_X", force=True)
    result = CliRunner().invoke(app, ["multiplier", "import", str(library)])
    assert (
        f"mul4u_X.csv: the name of the file must be new in {tmp_path}/tfapprox/multipliers; received" in result.output
    )
    assert "; --force replaces it" in result.output
    assert "--name" not in result.output


def _clash(path, products):
    return f"name must mean one circuit; received another one in {path}, where {products}"


def test_ctrl_c_leaves_whole_tables(tmp_path):
    library = tmp_path / "library"
    library.mkdir()
    for number in range(200):
        multipliers.import_products(TruthTable.exact(8), f"mul8u_{number:03}", folder=library)
    environment = {**os.environ, "XDG_DATA_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "tfapprox", "multiplier", "import", str(library), "--json"]
    # CI may run in the background of a shell, where SIGINT is ignored, and a process inherits that.
    options = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_DFL), "universal_newlines": True}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, **options) as process:
        tables = tmp_path / "tfapprox" / "multipliers"
        while len(list(tables.glob("mul8u_*.bin"))) < 3:
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        report = json.loads(process.communicate(timeout=60)[0])
    assert (process.returncode, report["interrupted"]) == (130, True)
    stored = sorted(tables.glob("mul8u_*.bin"))
    assert 3 <= len(stored) < 200
    # A table can be complete although Ctrl-C arrived before its outcome was noted.
    assert 0 <= len(stored) - report["imported"] <= 1
    for path in stored:
        multiplier = multipliers.load(path)
        assert multiplier.table == TruthTable.exact(8)
        assert multiplier.sidecar["sha256"] == multiplier.table.sha256


def test_folders_without_circuits(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"must have files such as mul8u_X\.c or mul8_X\.c; received"):
        multipliers.circuits(tmp_path)
    with pytest.raises(NotADirectoryError, match=r"must be a folder; received '.*none'"):
        multipliers.circuits(tmp_path / "none")
