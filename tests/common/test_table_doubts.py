"""A load warns of tables that are wrong in a usual way, and not of strong approximations."""

import json
import warnings

import numpy as np
import pytest
from command_runner import command_runner

from tfapprox.command_line import app
from tfapprox.common import TableWarning, load_table, load_truth_table, multipliers, native, pin_table, save_table
from tfapprox.common.multipliers import mistakes
from tfapprox.common.multipliers.making import CONSTRUCTIONS
from tfapprox.common.table_doubts import doubt
from tfapprox.common.truth_table import TruthTable

A, W = np.mgrid[0:256, 0:256]
EXACT = A * W
VALUES = np.arange(256).astype(np.int8).astype(int)
SIGNED = np.multiply.outer(VALUES, VALUES)
UP = np.argsort(VALUES, kind="stable")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("TFAPPROX_MULTIPLIER_PATH", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def command(*arguments, code=0):
    result = command_runner().invoke(app, ["multiplier", *arguments])
    assert result.exit_code == code, result.output
    return result


WRONG = [
    ("mul8u_X", EXACT & 255, "seem to have been cut to their low 8 bits. Take a type of 16 bits or more"),
    ("mul8u_X", EXACT >> 8, "seem to have been cut to their high 8 bits"),
    ("mul8u_X", np.minimum(EXACT, 255), "seem to have been limited to 255"),
    ("mul8u_X", np.minimum(EXACT, 32767), "seem to have been limited to 32767"),
    ("mul8u_X", EXACT >> 2, "seem to have been shifted right by 2 bits. Leave out the shift"),
    ("mul8u_X", (A & ~1) * W & 255, "seem to have been cut or limited to 8 bits. Take a type of 16 bits or more"),
    ("mul8u_X", np.minimum((A & ~3) * W, 255), "limited to 255|cut or limited to 8 bits"),
    ("mul8s_X", ((VALUES & ~1)[:, None] * VALUES & 255 ^ 128) - 128 & 0xFFFF, "seem to have been cut or limited to 8"),
    ("mul8u_X", A + W, "seem to be sums of the operands"),
    ("mul8u_X", (A & 15) * (W & 15), "seem to be those of operands of 4 bits"),
    ("mul8u_X", EXACT.astype(np.uint16).byteswap(), "exchanged bytes: MAE 0 .*Import it with big_endian=True"),
    ("mul8u_X", SIGNED & 0xFFFF, r"signed operands: .*signed=True \(--signed\) and a name that begins with mul8s_"),
    ("mul8s_X", (SIGNED + 32768) & 0xFFFF, r"offset of 32768: .*offset=32768, signed=True \(--offset 32768 --signed\)"),
    ("mul8s_X", SIGNED[UP][:, UP] & 0xFFFF, r"ascending=True, signed=True \(--ascending --signed\)\."),
    ("mul8s_X", SIGNED[UP] & 0xFFFF, "order='ascending-rows'"),
    ("mul8s_X", (SIGNED << 8 >> 8 & 255 ^ 128) - 128 & 0xFFFF, "seem to have been cut to their low 8 bits"),
    ("mul8s_X", np.clip(SIGNED, -128, 127) & 0xFFFF, "seem to have been limited to 127"),
    ("mul8s_X", EXACT, "unsigned operands: .*a name that does not begin with mul8s_"),
    ("mul4u_X", EXACT[:16, :16].astype(np.uint16).byteswap(), "exchanged bytes"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "words", "text"), WRONG)
def test_a_wrong_table_is_told_when_it_is_loaded(folder, name, words, text):
    words.astype("<u2").tofile(folder / f"{name}.bin")
    num_bits = int(name[3])
    for load in (load_table, load_truth_table, pin_table):
        with pytest.warns(TableWarning, match=f"^{name}: its products .*{text}") as told:
            load(name, num_bits)
        assert told[0].filename == __file__
    with pytest.warns(TableWarning, match=text):
        multipliers.load(name)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_table(name, num_bits, warn=False)
        load_truth_table(name, num_bits, warn=False)
        pinned = pin_table(name, num_bits, warn=False)
        pin_table(pinned, num_bits)
        multipliers.load(name, warn=False)


def test_whoever_means_a_table_is_not_told_again(folder):
    (EXACT & 255).astype("<u2").tofile(folder / "mul8u_X.bin")
    result = command("show", "mul8u_X")
    assert result.stderr.count("warning: mul8u_X: its products seem to have been cut to their low 8 bits. ") == 1
    assert "If they are meant, warn=False or `tfapprox multiplier annotate NAME --yes` says so.\n" in result.stderr
    assert json.loads(command("list", "mul8u_X", "--json").stdout)["failures"] == []
    command("annotate", "mul8u_X", "--yes")
    assert json.loads((folder / "mul8u_X.json").read_text())["meant"] is True
    assert command("show", "mul8u_X").stderr == ""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert pin_table(folder / "mul8u_X.bin").startswith(str(folder))
    command("annotate", "mul8u_X", "--no")
    assert "warning: " in command("show", "mul8u_X").stderr
    (EXACT >> 8).astype("<u2").tofile(folder / "mul8u_X.bin")  # another table than the one that was meant
    with pytest.warns(TableWarning, match="high 8 bits"):
        load_table("mul8u_X")


def test_an_import_of_what_is_meant(folder):
    EXACT.astype(">u2").tofile(folder / "big.bin")
    result = command("import", "big.bin", "--name", "mul8u_BIG", "--folder", ".", code=1)
    assert "; --big-endian reads the bytes in their order; --yes imports them as they are\n" in result.stderr
    with pytest.raises(ValueError, match="; warn=False imports them as they are"):
        multipliers.import_multiplier("big.bin", "mul8u_BIG", folder=folder)
    (folder / "library").mkdir()
    EXACT.astype(">u2").tofile(folder / "library" / "mul8u_BIG.bin")
    output = command("import", "library", "--folder", ".", code=1).output
    assert "; --yes imports them as they are\n" in output
    assert "warn=False" not in output
    assert "warning" not in command("import", "big.bin", "--name", "mul8u_BIG", "--folder", ".", "--yes").output
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert load_table("mul8u_BIG")[0, 1] == 0
        assert multipliers.import_products(EXACT & 255, "mul8u_LOW", folder=folder, warn=False).notes == ()
        load_table("mul8u_LOW")
        multipliers.import_products(SIGNED[UP] & 0xFFFF, "mul8s_UP", offset=0, order="codes", folder=folder)
        load_table("mul8s_UP")  # the options said that the table is meant
    with pytest.warns(TableWarning, match="^mul8u_CUT: the products seem to have been cut to their high 8 bits. Take"):
        multipliers.import_products(EXACT >> 8, "mul8u_CUT", folder=folder)


def _constructions(num_bits):
    """The names of all multipliers of the built-in constructions."""
    for name in CONSTRUCTIONS:
        ranges = {"trunc": [range(2 * num_bits + 1)], "drum": [range(2, num_bits + 1)]}.get(name, [])
        for k in ranges[0] if ranges else ():
            yield f"mul{num_bits}u_{name}{k}"
        if name == "bam":
            yield from (f"mul{num_bits}u_bam_h{h}_v{v}" for h in range(num_bits + 1) for v in range(2 * num_bits + 1))
        elif not ranges:
            yield f"mul{num_bits}u_{name}"


@pytest.mark.parametrize("num_bits", [2, 5, 8])
def test_no_built_in_construction_is_doubted(num_bits):
    for name in _constructions(num_bits):
        assert doubt(TruthTable(native.load_table(name, num_bits))) == "", name


def test_strong_approximations_are_not_doubted():
    log = np.floor(np.log2(np.maximum(A, 1)))
    tables = {
        "0": 0 * EXACT,
        "the top bits of the operands": (A >> 7 << 7) * (W >> 7 << 7),
        "one constant": 0 * EXACT + 16384,
        "a power of two": np.where(A > 0, 2**log, 0).astype(int) * W,
        "the top bit of the product": EXACT & 0x8000,
        "a bitwise or": A | W,
        "a scaled product": EXACT // 4 * 3,
        "random": np.random.default_rng(20).integers(0, 65536, EXACT.shape),
    }
    for what, products in tables.items():
        assert doubt(TruthTable(products)) == "", what


@pytest.mark.parametrize("name", ["mul8u_CONST", "mul8s_CONST", "mul4u_CONST"])
def test_a_constant_is_no_other_reading_of_a_product(name):
    """No warning is given for a table of 65,535, which is -1 in two's complement, or for another constant."""
    codes = 2 ** int(name[3])
    for constant in (0, 1, 128, 255, 4096, 32767, 32768, 49152, 65280, 65535):
        words = np.full((codes, codes), constant, np.uint16)
        assert doubt(TruthTable(words.view(np.int16) if name[4] == "s" else words)) == "", constant


def test_an_import_of_a_known_circuit_with_exchanged_operands(folder):
    table = multipliers.load("mul8u_bam_h2_v6").table.entries
    np.save("turned.npy", table.T)
    result = command("import", "turned.npy", "--name", "mul8u_TURNED", "--folder", ".")
    assert "The first operand, or the row, is the activation; no comparison can prove this, and --swap" in result.output
    note = "the products are those of mul8u_bam_h2_v6 with activation and weight exchanged; if that is a mistake, swap"
    assert f"warning: {note}" in result.output
    output = command("import", "turned.npy", "--name", "mul8u_RIGHT", "--folder", ".", "--swap").output
    assert "exchanged" not in output
    assert "The first operand, or the row, is the weight, as --swap says.\n" in output
    np.testing.assert_array_equal(load_table("mul8u_RIGHT"), table)
    same = multipliers.import_products(table, "mul8u_SAME", folder=folder)
    assert [text.split(";")[0] for text in same.notes] == [
        "the products are those of mul8u_TURNED with activation and weight exchanged"
    ]
    assert multipliers.import_products(table.T, "mul8u_MEANT", folder=folder, warn=False).notes == ()


def test_no_table_of_the_library_is_doubted(shared_data):
    tables = [multipliers.load(path, warn=False).table for path in sorted((shared_data / "multipliers").glob("*.bin"))]
    assert len(tables) > 40
    assert [table.name for table in tables if doubt(table)] == []


def test_a_judged_table_is_not_judged_again(folder, monkeypatch):
    save_table(folder / "mul8u_X.bin", EXACT & 255)
    with pytest.warns(TableWarning):
        load_table("mul8u_X")
    monkeypatch.setattr(mistakes, "explain", None)
    for load in (load_table, pin_table, multipliers.load):
        with pytest.warns(TableWarning, match="low 8 bits"):
            load("mul8u_X")
