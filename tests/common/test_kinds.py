"""One import function for every kind of source, and the same mistake in the words of Python and of the command line."""

import circuits
import numpy as np
import pytest
from typer.testing import CliRunner

from tfapprox.command_line import app
from tfapprox.common import load_table, multipliers, netlists
from tfapprox.common.argument_error import ArgumentError
from tfapprox.common.multipliers import array_files, kinds, yosys
from tfapprox.common.reference import exact_table
from tfapprox.common.truth_table import TruthTable

A, W = np.mgrid[0:256, 0:256]
PRODUCTS = (A & ~1) * W


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    (tmp_path / "circuit.c").write_text(circuits.EVEN)
    (tmp_path / "two.c").write_text(circuits.TWO)
    (tmp_path / "two.py").write_text("def f(a, b): return a * b\ndef g(a, b): return a * b\n")
    (tmp_path / "even.py").write_text("def mul8u_EVEN(a, b): return (a & ~1) * b\n")
    np.save(str(tmp_path / "even.npy"), PRODUCTS)
    np.savetxt(str(tmp_path / "even.txt"), PRODUCTS, "%d")
    np.savetxt(str(tmp_path / "even.CSV"), PRODUCTS, "%d", ",")
    PRODUCTS.astype("<u2").tofile(str(tmp_path / "even.bin"))
    (tmp_path / "even.v").write_text(circuits.verilog_even())
    (tmp_path / "folder").mkdir()


def even(a, w):
    """The product without the lowest bit of the activation."""
    return (a & ~1) * w


KINDS = "must be a folder or a file of the kind " + ", ".join(
    [
        *[".c", ".h", ".py", ".npy", ".npz", ".mat", ".txt", ".csv", ".tsv", ".dat", ".out", ".log"],
        *[".bin", ".mem", ".hex", *netlists.SUFFIXES],
    ]
)
FILES = ["circuit.c", "even.py", "even.npy", "even.txt", "even.CSV", "even.bin", "even.v"]
SOURCES = [*FILES, even, PRODUCTS, PRODUCTS.tolist()]


@pytest.mark.parametrize("source", [*SOURCES, TruthTable(PRODUCTS)])
def test_every_kind_of_source_has_the_same_products(source):
    made = multipliers.import_multiplier(source, "mul8u_X")
    assert made.table == TruthTable(PRODUCTS)
    assert (made.name, made.table.name, made.num_bits, made.signed) == ("mul8u_X", "mul8u_X", 8, False)
    assert made.sidecar["sha256"] == made.table.sha256 == multipliers.load("mul8u_X").table.sha256


def test_the_name_says_the_width_of_every_function(tmp_path):
    (tmp_path / "exact.c").write_text("int f(int a, int b) { return a * b; }")
    (tmp_path / "exact.py").write_text("def f(a, b): return a * b")
    for source in ("exact.c", "exact.py", lambda a, w: a * w):
        made = multipliers.import_multiplier(source, "mul5u_X", force=True)
        np.testing.assert_array_equal(made.table, exact_table(5))


def test_a_netlist_that_is_not_read(tmp_path, monkeypatch):
    """The error names file, line and construct, in Python and on the command line."""
    monkeypatch.setattr(yosys, "is_installed", lambda: False)
    text = "module m (input [7:0] A, B, output [15:0] O);\n  always @* O = A * B;\nendmodule\n"
    (tmp_path / "bad.v").write_text(text)
    with pytest.raises(ValueError, match=r"bad\.v, line 2: .*always.*yosys.*tfapprox\[verilog\]"):
        multipliers.import_multiplier("bad.v", "mul8u_BAD")
    result = CliRunner().invoke(app, ["multiplier", "import", "bad.v", "--name", "mul8u_BAD"])
    assert result.exit_code == 1
    assert "always" in result.output


def test_a_function_of_arrays():
    made = multipliers.import_multiplier(even, "mul8u_X", arrays_at_once=True)
    np.testing.assert_array_equal(made.table, PRODUCTS)
    with pytest.raises(ArgumentError, match=r"arrays_at_once is for functions; received 'even\.npy'"):
        multipliers.import_multiplier("even.npy", "mul8u_Y", arrays_at_once=True)


def test_a_new_kind_of_file_is_one_line(tmp_path, monkeypatch):
    """Both faces take a new kind of file when its reader is in the table."""
    (tmp_path / "mul3u_NEW.net").write_text("3")

    def read(path, signed):
        assert not signed
        with open(str(path), encoding="utf-8") as file:
            return exact_table(int(file.read())).astype(np.int64)

    monkeypatch.setitem(kinds.FILES, ".net", kinds.Kind(array_files.reader(read)))
    made = multipliers.import_multiplier("mul3u_NEW.net")
    assert (made.name, made.sidecar["source"]) == ("mul3u_NEW", "mul3u_NEW.net")
    result = CliRunner().invoke(app, ["multiplier", "import", "mul3u_NEW.net", "--name", "mul3u_OTHER"])
    assert result.exit_code == 0, result.output
    np.testing.assert_array_equal(load_table("mul3u_OTHER", 3), exact_table(3))
    result = CliRunner().invoke(app, ["multiplier", "import", "mul3u_NEW.net", "--function", "f"])
    assert "error: --function is for code; received 'mul3u_NEW.net'" in result.output


def test_a_folder_is_no_circuit():
    message = (
        "source must be one circuit; received the folder 'folder'; import_checkout imports all circuits of a folder"
    )
    with pytest.raises(IsADirectoryError) as caught:
        multipliers.import_multiplier("folder")
    assert str(caught.value) == message


def plot(*names, formats=("png",)):
    """What the plot command does with several multipliers."""
    chosen = [multipliers.load(name) for name in names]
    return multipliers.plots.save(multipliers.power_plot.mae_against_power(chosen), "x", formats, chosen)


SIGNED = exact_table(8, signed=True)
# What is called in Python, and its message; the arguments of the command, and its message.
MISTAKES = [
    (lambda: multipliers.import_multiplier("x.pdf"),
     f"source {KINDS}; received 'x.pdf'",
     ["import", "x.pdf"],
     f"SOURCE {KINDS}; received 'x.pdf'"),
    (lambda: multipliers.import_multiplier("even.npy", function="f"),
     "function is for code; received 'even.npy'",
     ["import", "even.npy", "--function", "f"],
     "--function is for code; received 'even.npy'"),
    (lambda: multipliers.import_multiplier("even.npy", num_bits=4),
     "num_bits is for code; received 'even.npy'",
     ["import", "even.npy", "--bits", "4"],
     "--bits is for code; received 'even.npy'"),
    (lambda: multipliers.import_multiplier("circuit.c", parameters={"cut": 2}),
     "parameters is for ariths-gen:CLASS; received 'circuit.c'",
     ["import", "circuit.c", "--set", "cut=2"],
     "--set is for ariths-gen:CLASS; received 'circuit.c'"),
    (lambda: multipliers.import_multiplier("even.npy", "mul8u_X", ascending=True),
     "ascending is for signed operands; received unsigned ones; signed=True says that they are signed",
     ["import", "even.npy", "--name", "mul8u_X", "--ascending"],
     "--ascending is for signed operands; received unsigned ones; --signed says that they are signed"),
    (lambda: multipliers.import_multiplier("even.npy", "a/b"),
     "name must be letters, digits and _ . + -, without .bin at its end; received 'a/b'",
     ["import", "even.npy", "--name", "a/b"],
     "--name must be letters, digits and _ . + -, without .bin at its end; received 'a/b'"),
    (lambda: multipliers.import_multiplier("two.c"),
     "source must have one function of two integers that returns their product; received two.c with uint16_t "
     "one(uint8_t, uint8_t), uint16_t other(uint8_t, uint8_t); function chooses one",
     ["import", "two.c"],
     "SOURCE must have one function of two integers that returns their product; received two.c with uint16_t "
     "one(uint8_t, uint8_t), uint16_t other(uint8_t, uint8_t); --function chooses one"),
    (lambda: multipliers.import_multiplier("two.py", function="h"),
     "function must be one of two.py; received 'h', and there: f, g",
     ["import", "two.py", "--function", "h"],
     "--function must be one of two.py; received 'h', and there: f, g"),
    (lambda: multipliers.import_products(SIGNED, "mul8u_X"),
     "products of unsigned operands must be from 0 to 65535; received 1 * 128 = -128, and 32511 more; signed=True is "
     "for signed operands",
     ["import", "signed.npy", "--name", "mul8u_X"],
     "products of unsigned operands must be from 0 to 65535; received 1 * 128 = -128, and 32511 more; --signed is "
     "for signed operands"),
    (lambda: multipliers.make("booth"),
     "construction must be one of exact, trunc, bam, mitchell, drum, kulkarni; received 'booth'",
     ["make", "booth"],
     "CONSTRUCTION must be one of exact, trunc, bam, mitchell, drum, kulkarni; received 'booth'"),
    (lambda: multipliers.tune("mul8s_exact"),
     "name_or_path must have unsigned operands, which AxConv2D has; received 'mul8s_exact'",
     ["tune", "mul8s_exact"],
     "NAME must have unsigned operands, which AxConv2D has; received 'mul8s_exact'"),
    (lambda: plot("mul8u_exact", "mul8u_drum4"),
     "multipliers must be two or more multipliers with known power; received no power_mW in NAME.json of mul8u_exact, "
     "mul8u_drum4; `tfapprox multiplier annotate` states it",
     ["plot", "mul8u_exact", "mul8u_drum4"],
     "NAME must be two or more multipliers with known power; received no power_mW in NAME.json of mul8u_exact, "
     "mul8u_drum4; `tfapprox multiplier annotate` states it"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "python", "arguments", "command"), MISTAKES)
def test_a_mistake_in_two_interfaces(call, python, arguments, command, tmp_path):
    np.save(str(tmp_path / "signed.npy"), SIGNED)
    with pytest.raises(ArgumentError) as caught:
        call()
    assert str(caught.value) == python
    result = CliRunner().invoke(app, ["multiplier", *arguments])
    assert (result.exit_code, result.output) == (1, f"error: {command}\n")


def test_a_table_that_exists_in_two_interfaces(tmp_path):
    even = multipliers.import_multiplier("circuit.c", folder="elsewhere").table
    other = multipliers.import_products(exact_table(8), "mul8u_EVEN", folder="here").table
    hashes = f"sha256 {other.sha256[:16]} instead of {even.sha256[:16]}"
    begin = f"must be new in here; received 'mul8u_EVEN', which is there with another table: {hashes}; "
    with pytest.raises(FileExistsError) as caught:
        multipliers.import_multiplier("circuit.c", folder="here")
    assert str(caught.value) == f"name {begin}force=True replaces it"
    result = CliRunner().invoke(app, ["multiplier", "import", "circuit.c", "--folder", "here"])
    assert (result.exit_code, result.output) == (1, f"error: --name {begin}--force replaces it\n")


@pytest.mark.parametrize("command", ["show", "tune", "check", "plot"])
def test_a_name_that_is_none_in_two_interfaces(command):
    with pytest.raises(
        FileNotFoundError, match=r"^name_or_path must be a built-in multiplier .*; received 'mul8u_NONE'"
    ):
        multipliers.load("mul8u_NONE")
    options = ["--operation", "core"] if command == "check" else []
    result = CliRunner().invoke(app, ["multiplier", command, "mul8u_NONE", *options])
    assert result.exit_code == 1
    assert result.output.lstrip().startswith("error: NAME must be a built-in multiplier ")


def test_a_failure_in_a_folder_in_two_interfaces(tmp_path):
    (tmp_path / "folder" / "mul8u_TWO.c").write_text(circuits.TWO)
    (outcome,) = multipliers.import_checkout(multipliers.circuits("folder"))
    assert outcome.message.startswith("source must have one function of two integers")
    result = CliRunner().invoke(app, ["multiplier", "import", "folder"])
    assert "folder/mul8u_TWO.c: SOURCE must have one function of two integers" in result.output
    assert "; --function chooses one" in result.output
