"""The commands layers and set, on TensorFlow 1.14 and on TensorFlow 2."""

import errno
import json
import os
from pathlib import Path

import pytest

from tfapprox.common import load_table, load_truth_table, save_table
from tfapprox.tf1 import graph as graphs

FIRST, SECOND = "first/Conv2D/eightbit", "second/Conv2D/eightbit"
SHA256 = load_truth_table("mul8u_drum4").sha256


@pytest.fixture
def listed(command):
    """Function from a graph's file to (multiplier, tune) of its layers."""

    def read(path):
        found = json.loads(command("layers", path, "--json"))
        return {name: (layer["multiplier"], layer["tune"]) for name, layer in found.items()}

    return read


def test_layers(command, small_graph):
    found = json.loads(command("layers", small_graph, "--json"))
    assert list(found) == [FIRST, SECOND]
    assert found[FIRST] == {
        "input": [32, 32, 3],
        "filter": [3, 3, 3, 4],
        "output": [16, 16, 4],
        "macs": 16 * 16 * 4 * 3 * 3 * 3,
        "multiplier": "mul8u_drum4",
        "tune": True,
        "sha256": SHA256,
    }
    assert found[SECOND]["macs"] == 16 * 16 * 10 * 5 * 5 * 4
    table = command("layers", small_graph)
    for text in (
        FIRST,
        "32x32x3",
        "3x3x3x4",
        "16x16x4",
        "27,648",
        "256,000",
        "283,648",
        "mul8u_drum4",
        "2 layers",
        SHA256[:16],
    ):
        assert text in table


def test_unknown_sizes(command, small_graph, tmp_path):
    graph = graphs.read(small_graph)
    shape = next(node for node in graph.node if node.name == "images").attr["shape"].shape
    shape.dim[1].size = shape.dim[2].size = -1
    graphs.write(graph, tmp_path / "open.pb")
    found = json.loads(command("layers", tmp_path / "open.pb", "--json"))
    assert found[FIRST]["macs"] is None
    assert found[FIRST]["input"] == [None, None, 3]
    assert "?x?x3" in command("layers", tmp_path / "open.pb")


def test_all_layers(command, listed, small_graph, tmp_path):
    output = tmp_path / "new.pb"
    assert f"wrote {output}" in command("set", small_graph, "-o", output, "--mult", "mul8u_exact", "--no-tune")
    assert listed(output) == dict.fromkeys([FIRST, SECOND], ("mul8u_exact", False))
    command("set", output, "-o", output, "--tune")
    assert listed(output) == dict.fromkeys([FIRST, SECOND], ("mul8u_exact", True))
    assert listed(small_graph) == dict.fromkeys([FIRST, SECOND], ("mul8u_drum4", True))
    assert os.listdir(str(tmp_path)) == ["new.pb"]


def test_one_layer_wins_over_file_over_all(command, listed, small_graph, tmp_path):
    assignment, output = tmp_path / "layers.json", tmp_path / "new.pb"
    assignment.write_text(json.dumps({FIRST: "mul8u_trunc4", "second/Conv2D": {"tune": False}}))
    command("set", small_graph, "-o", output, "--mult", "mul8u_exact", "--layers", assignment)
    assert listed(output) == {FIRST: ("mul8u_trunc4", True), SECOND: ("mul8u_exact", False)}
    command("set", small_graph, "-o", output, "first/Conv2D=mul8u_mitchell", "--layers", assignment)
    assert listed(output) == {FIRST: ("mul8u_mitchell", True), SECOND: ("mul8u_drum4", False)}


def test_what_layers_prints_can_be_edited_and_set(command, small_graph, tmp_path):
    assignment, output = tmp_path / "layers.json", tmp_path / "new.pb"
    other = load_truth_table("mul8u_drum3").sha256
    assignment.write_text(command("layers", small_graph, "--json").replace("drum4", "drum3").replace(SHA256, other))
    command("set", small_graph, "-o", output, "--layers", assignment)
    assert command("layers", output, "--json") == assignment.read_text()


def test_a_table_that_is_not_here_has_no_hash(command, small_graph, tmp_path):
    own, output = tmp_path / "own.bin", tmp_path / "new.pb"
    save_table(str(own), load_table("mul8u_trunc2"))
    command("set", small_graph, "-o", output, f"{FIRST}={own}")
    sha256 = load_truth_table("mul8u_trunc2").sha256
    assert json.loads(command("layers", output, "--json"))[FIRST]["sha256"] == sha256
    own.unlink()
    assert json.loads(command("layers", output, "--json"))[FIRST]["sha256"] is None
    assert SHA256[:16] in command("layers", output)


def test_a_path_is_kept_absolute(command, listed, small_graph, tmp_path, monkeypatch):
    save_table(str(tmp_path / "own.bin"), load_table("mul8u_trunc2"))
    monkeypatch.chdir(tmp_path)
    command("set", small_graph, "-o", "new.pb", f"{FIRST}=own.bin")
    assert listed("new.pb")[FIRST] == (str(tmp_path / "own.bin"), True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "set needs --mult, --tune, --layers or LAYER=MULT; received none of them"),
        (["first"], "error: LAYER=MULT must have a layer, an equals sign and a multiplier; received 'first'"),
        (["first="], "received 'first='"),
        (
            ["third=mul8u_exact"],
            f"a layer must be one of the graph's; received 'third'; the layers are\n  {FIRST}\n  {SECOND}",
        ),
        (["--mult", "mul8u_NONE"], "--mult must be a built-in multiplier (such as"),
        ([f"{FIRST}=mul8u_NONE"], f"the multiplier of {FIRST} must be a built-in multiplier (such as"),
        (
            ["--mult", "mul8s_exact"],
            "--mult must be a table of unsigned products; received 'mul8s_exact', which is signed",
        ),
        (["--mult", "mul4u_exact"], "received 'mul4u_exact', which has 4 bits"),
        (["--layers", "none.json"], "No such file or directory: 'none.json'"),
    ],
)
def test_refused(command, small_graph, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    output = command("set", small_graph, "-o", "new.pb", *arguments, code=1)
    assert output.startswith("error: ")
    assert message in output
    assert os.listdir(str(tmp_path)) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "layers.json must be JSON; received "),
        ("\xff", "layers.json must be JSON; received "),
        ("[" * 100_000, "layers.json must be JSON; received "),
        ("[]", "layers.json must be an object from layer to multiplier; received []"),
        (
            '{"a": 1}',
            "layers.json, layer a must be a multiplier, or an object with multiplier, tune and sha256;",
        ),
        (
            '{"a": {"AxMult": "b"}}',
            "layer a must be a multiplier, or an object with multiplier, tune and sha256;",
        ),
        ('{"a": {"multiplier": 1}}', "layer a: multiplier must be a string or false; received 1"),
        ('{"a": {"tune": "no"}}', "layer a: tune must be true or false; received 'no'"),
    ],
)
def test_refused_files(command, small_graph, tmp_path, content, message):
    (tmp_path / "layers.json").write_text(content, encoding="latin-1")
    assert message in command("set", small_graph, "-o", "new.pb", "--layers", tmp_path / "layers.json", code=1)


def test_refused_graphs(command, tmp_path):
    assert "No such file or directory" in command("layers", tmp_path / "none.pb", code=1)
    for content in (b"", b"not a graph", bytes(1000)):
        (tmp_path / "bad.pb").write_bytes(content)
        assert "GRAPH must be a frozen graph, a binary GraphDef" in command("layers", tmp_path / "bad.pb", code=1)


def test_a_layer_file_with_the_sha256_of_another_table(command, listed, small_graph, tmp_path):
    table, output = load_truth_table("mul8u_trunc4"), tmp_path / "new.pb"
    assignment = {FIRST: {"multiplier": "mul8u_trunc4", "sha256": table.sha256, "tune": False}}
    (tmp_path / "layers.json").write_text(json.dumps(assignment))
    command("set", small_graph, "-o", output, "--layers", tmp_path / "layers.json")
    assert listed(output)[FIRST] == ("mul8u_trunc4", False)
    assignment[FIRST]["multiplier"] = "mul8u_trunc2"
    (tmp_path / "layers.json").write_text(json.dumps(assignment))
    printed = command("set", small_graph, "-o", output, "--layers", tmp_path / "layers.json", code=1)
    other = load_truth_table("mul8u_trunc2").sha256
    assert f"sha256 of mul8u_trunc2 must be {table.sha256}, as the assignment says; received {other}" in printed


def test_axconv2d_has_no_floating_point(command, small_graph, tmp_path):
    (tmp_path / "layers.json").write_text(json.dumps({FIRST: False}))
    printed = command("set", small_graph, "-o", "new.pb", "--layers", tmp_path / "layers.json", code=1)
    rule = "must be a name or a path, because AxConv2D has no float; received False"
    assert printed == f"error: the multiplier of {FIRST} {rule}\n"


@pytest.mark.parametrize("kind", ["pipe", "device", "link to a device", "folder"])
def test_what_is_no_file_is_refused_at_once(command, small_graph, tmp_path, kind):
    path = tmp_path / "x"
    if kind == "pipe":
        os.mkfifo(str(path))
    elif kind == "folder":
        path.mkdir()
    else:
        path = Path("/dev/zero")
    if kind == "link to a device":
        (tmp_path / "x").symlink_to(path)
        path = tmp_path / "x"
    assert f"error: GRAPH must be a regular file; received '{path}'" in command("layers", path, code=1)
    message = f"error: --layers must be a regular file; received '{path}'"
    assert message in command("set", small_graph, "-o", "new.pb", "--layers", path, code=1)


def test_files_that_are_too_large(command, small_graph, tmp_path, monkeypatch):
    monkeypatch.setattr("tfapprox.tf1.graph.MAX_BYTES", small_graph.stat().st_size - 1)
    assert "error: GRAPH must have at most" in command("layers", small_graph, code=1)
    monkeypatch.setattr("tfapprox.common.assignment.MAX_BYTES", 1)
    (tmp_path / "layers.json").write_text("{}")
    message = "error: --layers must have at most 1 bytes"
    assert message in command("set", small_graph, "-o", "new.pb", "--layers", tmp_path / "layers.json", code=1)


def test_a_file_is_never_half_written(command, small_graph, tmp_path, monkeypatch):
    output = tmp_path / "new.pb"
    output.write_text("before")

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "replace", full)
    assert f"No space left on device: {str(output)!r}" in command("set", small_graph, "-o", output, "--no-tune", code=1)
    assert output.read_text() == "before"
    assert os.listdir(str(tmp_path)) == ["new.pb"]
    missing = tmp_path / "none" / "new.pb"
    written = command("set", small_graph, "-o", missing, "--no-tune", code=1)
    assert f"No such file or directory: {str(missing)!r}" in written
