"""Assignments of multipliers to layers: files, hashes, and the weight map."""

import json

import pytest

from tfapprox.common import TruthTable, load_table, load_truth_table, native, save_table
from tfapprox.common.assignment import (
    Choice,
    choice_of,
    parse_assignment,
    read_assignment,
    write_assignment,
)

DRUM = load_truth_table("mul8u_drum4")


def test_a_file_holds_what_was_written(tmp_path):
    assignment = {
        "block/conv": Choice("mul8u_drum4", sha256=DRUM.sha256),
        "dense": Choice("mul8u_trunc4", tune=True),
        "last": Choice(False),
        "other": Choice(),
    }
    write_assignment(tmp_path / "layers.json", assignment)
    assert read_assignment(tmp_path / "layers.json") == assignment
    assert json.loads((tmp_path / "layers.json").read_text())["last"] is False


def test_the_simplest_form(tmp_path):
    (tmp_path / "layers.json").write_text('{"conv": "mul8u_drum4", "dense": false}')
    assert read_assignment(str(tmp_path / "layers.json")) == {"conv": Choice("mul8u_drum4"), "dense": Choice(False)}
    assert parse_assignment(["conv=mul8u_drum4", "a=b=c"]) == {"conv": Choice("mul8u_drum4"), "a": Choice("b=c")}


def test_a_choice_gives_its_table():
    table, source = Choice("mul8u_drum4", sha256=DRUM.sha256[:16]).table()
    assert (table, table.name, source) == (DRUM, "mul8u_drum4", "mul8u_drum4")
    tuned, source = Choice("mul8u_drum4", tune=True, sha256=DRUM.sha256).table()
    assert (tuned.entries == native.tune(DRUM)).all()
    assert tuned != DRUM
    assert source is None
    assert Choice("mul4u_drum3").table(4)[0].num_bits == 4


def test_another_table_of_the_name_is_an_error_with_both_hashes(tmp_path):
    save_table(tmp_path / "own.bin", DRUM)
    choice = choice_of(load_truth_table(tmp_path / "own.bin"), str(tmp_path / "own.bin"))
    save_table(tmp_path / "own.bin", load_table("mul8u_drum3"))
    with pytest.raises(ValueError, match="as the assignment says") as error:
        choice.table()
    other = load_truth_table("mul8u_drum3").sha256
    assert str(error.value) == (
        f"sha256 of {tmp_path / 'own.bin'} must be {DRUM.sha256}, as the assignment says; received {other}, that of "
        "the table found"
    )


def test_the_choice_of_a_table():
    assert choice_of(DRUM) == Choice("mul8u_drum4", sha256=DRUM.sha256)
    tuned, _ = Choice("mul8u_drum4", tune=True).table()
    assert choice_of(tuned) == Choice("mul8u_drum4", tune=True, sha256=DRUM.sha256)
    with pytest.raises(ValueError, match="must have a name"):
        choice_of(TruthTable(DRUM.entries))
    with pytest.raises(ValueError, match="multiplier mul8u_drum3 must be the table that is found by this name"):
        choice_of(TruthTable(DRUM.entries, "mul8u_drum3"))
    with pytest.raises(FileNotFoundError):
        choice_of(TruthTable(DRUM.entries, "mul8u_NONE"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"a": {"multiplier": true}}', "layer a: multiplier must be a string or false; received True"),
        ('{"a": {"multiplier": "b", "sha256": "eda35"}}', "layer a: sha256 must have 16 to 64 hexadecimal digits"),
        ('{"a": {"sha256": "eda35ed103be9f2a"}}', "layer a: multiplier must be given with a sha256; received None"),
        ('{"a": null}', "layer a must be a multiplier, or an object with multiplier, tune and sha256; received None"),
    ],
)
def test_refused_files(tmp_path, content, message):
    (tmp_path / "layers.json").write_text(content)
    with pytest.raises(ValueError, match=message):
        read_assignment(tmp_path / "layers.json")


@pytest.mark.parametrize("choice", [Choice(), Choice(False), Choice(tune=True)])
def test_a_choice_without_a_multiplier_has_no_table(choice):
    with pytest.raises(ValueError, match="multiplier must be a name or a path"):
        choice.table()
