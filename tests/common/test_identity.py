"""Circuits are known by the hash of their tables: two circuits of one name, and files with the usual mistakes."""

import json
import shlex

import numpy as np
import pytest
from typer.testing import CliRunner

from tfapprox.command_line import app
from tfapprox.common import TableWarning, multipliers, native
from tfapprox.common.multipliers import identity, mistakes
from tfapprox.common.reference import exact_table

A, W = np.mgrid[0:256, 0:256]
UNSIGNED = ((A & 0xFE) * W + (W & 1) * 2).clip(0, 65535)
VALUES = np.arange(256) - 256 * (np.arange(256) > 127)
SIGNED = np.multiply.outer(VALUES & ~1, VALUES) + (VALUES & 1)
# The names that mean two circuits each in the two versions of EvoApproxLib; the circuits are made here.
RENAMED = [
    ("mul8u_17C8", A * W & ~255, A * W & ~31),
    ("mul8s_1KVA", SIGNED, SIGNED & ~15),
]


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def command(*arguments, code=0):
    result = CliRunner().invoke(app, ["multiplier", *map(str, arguments)], env={"COLUMNS": "200"})
    assert result.exit_code == code, result.output
    return result.output


@pytest.mark.parametrize(("name", "first", "second"), RENAMED)
def test_a_second_circuit_of_a_known_name(tmp_path, name, first, second):
    one = multipliers.import_products(first, name)
    assert one.notes == ()
    sums = [table.sha256[:16] for table in (one.table, multipliers.import_products(second, name, folder="b").table)]
    with pytest.raises(
        FileExistsError, match=f"which is there with another table: sha256 {sums[0]} instead of {sums[1]}"
    ):
        multipliers.import_products(second, name)
    there = f"{name} names two circuits: this one has sha256 {sums[1]}, and {one.path.resolve()} has {sums[0]}"
    elsewhere = multipliers.import_products(second, name, folder="b", force=True)
    assert elsewhere.notes == (there,)
    replaced = multipliers.import_products(second, name, force=True)
    assert replaced.notes == (f"{there}, which was replaced",)
    assert multipliers.import_products(second, name, force=True).notes == ()


def test_an_exact_name_with_another_circuit():
    sums = [native.load_table("mul8s_1KV8"), SIGNED.astype(np.int16)]
    sums = [multipliers.arrays.to_table(table, signed=True).sha256[:16] for table in sums]
    with pytest.raises(ValueError, match=f"'mul8s_1KV8' of sha256 {sums[1]}, and the built-in one has {sums[0]}"):
        multipliers.import_products(SIGNED, "mul8s_1KV8")


def test_the_commands_name_both_circuits(tmp_path, monkeypatch):
    name, first, second = RENAMED[0]
    np.save("first.npy", first)
    np.save("second.npy", second)
    command("import", "first.npy", "--name", name)
    monkeypatch.setenv("TFAPPROX_MULTIPLIER_PATH", str(tmp_path / "b"))
    output = command("import", "second.npy", "--name", name, "--folder", "b")
    one, other = (multipliers.load(tmp_path / place / f"{name}.bin") for place in ("b", "data/tfapprox/multipliers"))
    warning = f"{name} names two circuits: this one has sha256 {one.table.sha256[:16]}, and {other.path} has "
    assert warning + other.table.sha256[:16] in output
    assert warning + other.table.sha256[:16] in command("list")
    assert f"{other.path} is another circuit of this name: sha256 {other.table.sha256[:16]}" in command("show", name)
    assert json.loads(command("show", name, "--json"))["namesakes"] == {str(other.path): other.table.sha256}


def test_the_hash_is_in_every_result(tmp_path):
    made = multipliers.import_products(UNSIGNED, "mul8u_X", {"power_mW": 0.3})
    digits = made.table.sha256
    np.save("x.npy", UNSIGNED)
    assert digits in command("import", "x.npy", "--name", "mul8u_X", "--force")
    assert json.loads(command("import", "x.npy", "--name", "mul8u_X", "--force", "--json"))["sha256"] == digits
    assert digits[:16] in command("list")
    assert digits in [row["sha256"] for row in json.loads(command("list", "--json"))["multipliers"]]
    assert digits in command("show", "mul8u_X")
    assert json.loads(command("show", "mul8u_X", "--json"))["sha256"] == digits
    assert digits[:16] in command("check", "mul8u_X", "--operation", "core")
    checks = json.loads(command("check", "mul8u_X", "--operation", "core", "--json"))["checks"]
    assert [check["sha256"] for check in checks] == [digits]
    assert digits in command("tune", "mul8u_X")
    assert json.loads(command("tune", "mul8u_X", "--json"))["sha256"] == digits
    made = json.loads(command("make", "drum", "k=4", "--json"))
    assert made["sha256"] == multipliers.load("mul8u_drum4").table.sha256


def test_the_hash_is_in_plots(tmp_path):
    pytest.importorskip("matplotlib")
    made = [multipliers.import_products(UNSIGNED >> cut << cut, f"mul8u_{cut}", {"power_mW": 0.3}) for cut in (0, 4)]
    command("plot", "mul8u_0", "-o", "plots")
    command("plot", "mul8u_0", "mul8u_4", "-o", "plots")
    for path, circuits in (
        ("mul8u_0_heat_map", made[:1]),
        ("mul8u_0_histogram", made[:1]),
        ("mae_against_power", made),
    ):
        for kind in ("svg", "png"):
            content = (tmp_path / "plots" / f"{path}.{kind}").read_bytes()
            assert all(circuit.table.sha256.encode() in content for circuit in circuits)


def written(path, words, kind):
    """Writes uint16 words as a file of a kind."""
    if path.endswith(".npy"):
        np.save(path, words)
    elif path.endswith(".csv"):
        np.savetxt(path, words, "%d", ",")
    else:
        words.astype(kind).tofile(path)
    return path


ASCENDING = np.argsort(VALUES, kind="stable")
MISTAKES = [
    ("x.npy", lambda t: t.T, "", "transposed", {"swap": True}),
    ("x.csv", lambda t: t.T, "", "transposed", {"swap": True}),
    ("x.bin", lambda t: t + 32768, "<u2", "with an offset of 32768", {"offset": 32768}),
    ("x.npy", lambda t: t + 32768, "", "with an offset of 32768", {"offset": 32768}),
    ("x.bin", lambda t: t, ">u2", "with exchanged bytes", {"big_endian": True}),
    ("x.bin", lambda t: t[ASCENDING][:, ASCENDING], "<u2", "from -128 to 127 in this order", {"ascending": True}),
    ("x.bin", lambda t: t[ASCENDING], "<u2", "with rows from -128 to 127", {"order": "ascending-rows"}),
    ("x.csv", lambda t: t[:, ASCENDING], "", "with columns from -128 to 127", {"order": "ascending-columns"}),
    ("x.bin", lambda t: (t[ASCENDING] + 32768).T, ">u2",
     "with columns from -128 to 127, with an offset of 32768, with exchanged bytes, transposed",
     {"order": "ascending-columns", "offset": 32768, "big_endian": True, "swap": True}),
]  # fmt: skip


@pytest.mark.parametrize(("path", "spoil", "kind", "difference", "options"), MISTAKES)
@pytest.mark.parametrize("signed", [False, True])
def test_mistakes_are_recognised_and_mended(path, spoil, kind, difference, options, signed):
    """The command that `identify` prints makes the known table."""
    if not signed and {"order", "ascending"} & set(options):
        pytest.skip("rows of unsigned operands do not begin at -128")
    meant = multipliers.import_products(SIGNED if signed else UNSIGNED, "mul8s_KNOWN" if signed else "mul8u_KNOWN")
    written(path, spoil(meant.table.entries.view(np.uint16)), kind)
    identified = multipliers.identify(path)
    assert [match.circuit.name for match in identified.matches] == [meant.name]
    assert identified.matches[0].difference == difference
    if signed and path == "x.csv":
        options = {"offset": 0, **options}  # the text has words in two's complement, without their sign
    assert identified.matches[0].options == {**options, **({"signed": True} if signed else {})}
    row = json.loads(command("identify", path, "--json"))["matches"][0]
    assert (row["name"], row["difference"], row["sha256"]) == (meant.name, difference, meant.table.sha256)
    words = shlex.split(row["command"])
    assert words[:3] == ["tfapprox", "multiplier", "import"]
    command(*words[2:], "--name", "mul8s_MENDED" if signed else "mul8u_MENDED")
    assert multipliers.load("mul8s_MENDED" if signed else "mul8u_MENDED").table == meant.table


def test_cut_products(tmp_path):
    meant = multipliers.import_products(UNSIGNED, "mul8u_KNOWN")
    for words, loss in ((UNSIGNED & 255, "low"), (UNSIGNED >> 8, "high")):
        np.save("x.npy", words)
        match = multipliers.identify("x.npy").matches[0]
        assert (match.circuit.table, match.difference) == (meant.table, f"cut to their {loss} 8 bits")
        assert match.options is None
        assert "no option of import can mend this" in command("identify", "x.npy")
    words.astype(np.uint8).tofile("x.bin")
    assert multipliers.identify("x.bin").matches[0].difference == "cut to their high 8 bits"
    with pytest.warns(TableWarning, match="mul8u_CUT: the products seem to have been cut"):
        made = multipliers.import_products((A * W) & 255, "mul8u_CUT")
    loss = "the products seem to have been cut to their low 8 bits. Take a type of 16 bits or more for the product"
    assert [note.partition(",")[0] for note in made.notes] == [loss]
    np.save("cut.npy", (A * W) & 255)
    output = command("import", "cut.npy", "--name", "mul8u_CUT2")
    assert "warning: the products seem to have been cut to their low 8 bits" in output


def test_what_is_known_is_said_at_once():
    table = multipliers.load("mul8u_drum4").table
    identified = multipliers.identify("mul8u_drum4")
    assert [(match.circuit.name, match.difference) for match in identified.matches] == [("mul8u_drum4", "")]
    assert identified.sha256 == table.sha256
    names = [match.circuit.name for match in multipliers.identify(exact_table(8)).matches]
    assert names == ["mul8u_exact", "mul8u_1JFF"]
    output = command("identify", "mul8u_drum4")
    assert f"is mul8u_drum4, sha256 {table.sha256[:16]}, built in\n" in output


def test_what_is_not_known_may_be_nearer():
    np.save("x.npy", (SIGNED & 0xFFFF) ^ 0x8000)
    output = command("identify", "x.npy", code=1)
    assert "no known circuit, and far nearer to signed operands with an offset of 32768: MAE " in output
    assert "to mend it: tfapprox multiplier import x.npy --offset 32768 --signed\n" in output
    np.save("x.npy", UNSIGNED)
    assert output.count("\n") == 3
    assert command("identify", "x.npy", code=1).endswith("no known circuit\n")
    with pytest.raises(FileNotFoundError, match="mul8u_NONE"):
        multipliers.identify("mul8u_NONE")


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        ((SIGNED & 0xFFFF) ^ 0x8000, "--offset 32768 subtracts it from every product"),
        ((SIGNED & 0xFFFF)[ASCENDING], "--order ascending-rows puts them in the order of the codes"),
        ((SIGNED & 0xFFFF)[ASCENDING][:, ASCENDING], "--ascending puts them in the order of the codes"),
        ((SIGNED & 0xFFFF).astype(np.uint16).byteswap(), "--big-endian reads the bytes in their order"),
    ],
)
def test_the_import_refuses_what_is_far_nearer_and_an_option_wins(words, remedy):
    words.astype("<u2").tofile("mul8s_X.bin")
    assert f"; {remedy}; --yes imports them as they are\n" in command("import", "mul8s_X.bin", code=1)
    option = {"--of": "--offset 0", "--or": "--order codes", "--as": "--order codes", "--bi": "--little-endian"}
    command("import", "mul8s_X.bin", *option[remedy[:4]].split())
    np.testing.assert_array_equal(multipliers.load("mul8s_X").table.entries.view(np.uint16), words)


def test_no_known_table_has_a_mistake(shared_data):
    """Tables of the library are no known mistakes of each other, and are not cut."""
    loaded = [multipliers.load(path) for path in sorted((shared_data / "multipliers").glob("*.bin"))]
    by_hash = {}
    for multiplier in loaded:
        assert mistakes.nearer(multiplier.table) is None
        by_hash.setdefault(multiplier.table.sha256, []).append(multiplier.name)
    assert len(by_hash) > 40


def test_known_circuits_are_those_of_the_folders(tmp_path):
    multipliers.import_products(UNSIGNED, "mul8u_X")
    (tmp_path / "data" / "tfapprox" / "multipliers" / "broken.bin").write_text("no table")
    known = [circuit.name for circuit in identity.known_circuits()]
    assert known == [*multipliers.built_in_descriptions(), "mul8u_X"]
