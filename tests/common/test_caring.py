"""Multipliers are annotated, renamed and removed; their products stay as they are."""

import csv
import json

import pytest
from typer.testing import CliRunner

from tfapprox.command_line import app
from tfapprox.common import load_table, multipliers
from tfapprox.common.argument_error import ArgumentError
from tfapprox.common.truth_table import TruthTable


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    known = {"source": "mine", "licence": "MIT", "published": {"MAE": 0}}
    multipliers.make("exact", "mul8u_MINE")
    multipliers.import_products(TruthTable.exact(4).entries, "mul4u_MINE", known=known)
    return tmp_path / "tfapprox" / "multipliers"


def command(*arguments, code=0):
    result = CliRunner().invoke(app, ["multiplier", *map(str, arguments)])
    assert result.exit_code == code, result.output
    return result.output


def test_annotate_keeps_the_rest(folder):
    output = command("annotate", "mul4u_MINE", "--power", 0.2, "--note", "a note")
    assert "power_mW: 0.2" in output
    known = multipliers.load("mul4u_MINE").sidecar
    assert (known["power_mW"], known["note"], known["source"]) == (0.2, "a note", "mine")
    assert (known["licence"], known["published"]) == ("MIT", {"MAE": 0})
    assert multipliers.load("mul4u_MINE").table == TruthTable.exact(4)
    assert "note: a note" in command("show", "mul4u_MINE")
    multipliers.annotate(folder / "mul4u_MINE.bin", {"power_mW": None, "area_um2": 3})
    content = json.loads((folder / "mul4u_MINE.json").read_text())
    assert (content["power_mW"], content["area_um2"], content["note"]) == (None, 3, "a note")


def test_annotate_a_built_in_multiplier(folder):
    command("annotate", "mul8u_drum4", "--area", 100, "--note", "mine")
    known = multipliers.load("mul8u_drum4").sidecar
    assert (known["area_um2"], known["note"], multipliers.load("mul8u_drum4").path) == (100, "mine", None)
    command("annotate", "mul8u_drum4", "--power", 0.1)
    assert multipliers.load("mul8u_drum4").sidecar["area_um2"] == 100
    assert "mul8u_drum4.bin" not in [path.name for path in folder.iterdir()]
    assert "warning" not in command("list")


def test_annotations_that_are_refused(folder):
    assert "annotate needs --power, --area" in command("annotate", "mul4u_MINE", code=1)
    assert "error: --power must be a finite number" in command("annotate", "mul4u_MINE", "--power", "nan", code=1)
    with pytest.raises(ArgumentError, match=r"known must have some of power_mW, .*, note, meant; received 'sha256'"):
        multipliers.annotate("mul4u_MINE", {"sha256": "0"})
    (folder / "mul4u_MINE.bin").write_bytes(bytes(512))
    assert "which was changed after its import" in command("annotate", "mul4u_MINE", "--power", 1, code=1)


def test_rename(folder):
    before = multipliers.load("mul4u_MINE")
    assert f"mul4u_OURS: {folder}/mul4u_OURS.bin" in command("rename", "mul4u_MINE", "mul4u_OURS")
    after = multipliers.load("mul4u_OURS")
    assert (after.table, after.sidecar) == (before.table, before.sidecar)
    assert sorted(path.name for path in folder.glob("mul4u*")) == ["mul4u_OURS.bin", "mul4u_OURS.json"]
    multipliers.import_products(TruthTable.exact(4).entries & 1, "mul4u_MINE")
    refused = command("rename", "mul4u_MINE", "mul4u_OURS", code=1)
    assert "NEW_NAME must be new in" in refused
    assert "force" not in refused  # no option of this command replaces it
    assert "NEW_NAME must say the width of the table" in command("rename", "mul4u_MINE", "mul8u_OURS", code=1)
    assert "NAME must not be built in" in command("rename", "mul8u_drum4", "mul8u_OURS", code=1)
    assert multipliers.load("mul4u_MINE").table.entries.max() == 1


def test_remove(folder):
    deleted = multipliers.remove("mul4u_MINE")
    assert [path.name for path in deleted] == ["mul4u_MINE.bin", "mul4u_MINE.json"]
    assert not list(folder.glob("mul4u*"))
    assert "NAME must not be built in" in command("remove", "mul8u_exact", code=1)
    assert "deleted " in command("remove", folder / "mul8u_MINE.bin")
    multipliers.import_wide(lambda a, w: a * w, "mul4x3u_X")
    assert command("remove", "mul4x3u_X") == f"deleted {folder}/mul4x3u_X.multiplier.json\n"
    assert multipliers.wide_files() == []
    assert "must be a built-in multiplier" in command("remove", "mul4u_MINE", code=1)


def test_json(folder):
    table = multipliers.load("mul4u_MINE").table
    known = json.loads(command("annotate", "mul4u_MINE", "--power", 0.2, "--json"))
    assert known == {
        **{"name": "mul4u_MINE", "path": str(folder / "mul4u_MINE.bin"), "sha256": table.sha256},
        **{"power_mW": 0.2, "area_um2": None, "delay_ns": None, "source": "mine", "licence": "MIT"},
        **{"note": None, "meant": None},
    }
    assert json.loads(command("annotate", "mul8u_drum4", "--area", 1, "--json"))["path"] is None
    renamed = json.loads(command("rename", "mul4u_MINE", "mul4u_OURS", "--json"))
    path = folder / "mul4u_OURS.bin"
    assert renamed == {"name": "mul4u_OURS", "path": str(path), "sha256": table.sha256, "notes": []}
    deleted = json.loads(command("remove", "mul4u_OURS", "--json"))
    assert deleted == {"deleted": [str(path), str(path.with_suffix(".json"))]}
    error = json.loads(command("remove", "mul4u_OURS", "--json", code=1))["error"]
    assert error.startswith("NAME must be a built-in multiplier")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("mul8u_1JJF", "mul8u_1JFF"),
        ("mul8u_DRUM4", "mul8u_drum4"),
        ("drum4", "mul8u_drum4"),
        ("mul8u_MIEN", "mul8u_MINE"),
        ("mine", "mul4u_MINE or mul8u_MINE"),
    ],
)
def test_did_you_mean(name, meant):
    with pytest.raises(FileNotFoundError, match=rf"\. Did you mean {meant}.*\?"):
        load_table(name)
    assert f"Did you mean {meant}" in command("show", name, code=1)


def test_list_filters_sorts_and_writes_csv():
    command("annotate", "mul8u_MINE", "--power", 0.3, "--area", 7)
    command("annotate", "mul8u_drum4", "--power", 0.1)
    rows = list(csv.DictReader(command("list", "mul8u_*", "--csv", "--sort", "power").splitlines()))
    assert [row["name"] for row in rows[:2]] == ["mul8u_drum4", "mul8u_MINE"]
    assert (rows[1]["area_um2"], rows[1]["power_mW"], rows[1]["sha256"]) == ("7.0", "0.3", TruthTable.exact(8).sha256)
    names = [row["name"] for row in json.loads(command("list", "--bits", 4, "--json"))["multipliers"]]
    assert names == ["mul4u_MINE"]
    names = [row["name"] for row in json.loads(command("list", "--signed", "--json"))["multipliers"]]
    assert "mul8s_exact" in names
    assert not [name for name in names if "u_" in name]
    figures = [row["WCE"] for row in json.loads(command("list", "--sort", "WCE", "--json"))["multipliers"]]
    assert figures == sorted(figures)
    assert "um2" in command("list")
    assert command("list", "none*") == "No multiplier fits.\n"
    assert "--sort must be name, mae, wce" in command("list", "--sort", "colour", code=1)


def test_no_hint_where_nothing_is_near():
    with pytest.raises(FileNotFoundError) as error:
        load_table("nothing_like_this")
    assert "Did you mean" not in str(error.value)
