"""Tables go out in every format and come back equal; the readers of those formats refuse what is wrong."""

import json
import shutil
import subprocess
import time

import numpy as np
import pytest
from typer.testing import CliRunner

import tfapprox
from tfapprox.command_line import app
from tfapprox.common import load_truth_table, multipliers
from tfapprox.common.argument_error import ArgumentError
from tfapprox.common.multipliers.table_exports import FORMATS
from tfapprox.common.truth_table import TruthTable

NAMES = ["mul8u_drum4", "mul8s_ODD", "mul4u_trunc2", "mul2u_kulkarni", "mul7u_mitchell", "mul3u_TALL"]
TEXTS = ["csv", "c", "verilog", "mem"]


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    signed = TruthTable.exact(8, signed=True).entries.copy()
    signed[3, -5] += 7
    multipliers.import_products(signed, "mul8s_ODD", {"source": "a*b */ \\", "licence": "MIT\nor not"})
    # This product has more bits than both operands together.
    multipliers.import_products(TruthTable.exact(3).entries + np.uint16(600), "mul3u_TALL")


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("name", NAMES)
def test_every_format_is_read_back_equal(name, format, tmp_path):
    table = multipliers.load(name).table
    path = multipliers.export(name, format)
    assert path.name == name + FORMATS[format].suffix
    back = multipliers.import_multiplier(path, folder=tmp_path / "back")
    assert (back.table, back.name, back.signed) == (table, name, table.signed)
    assert back.table.sha256 == table.sha256


@pytest.mark.parametrize("format", TEXTS)
def test_comments_identify_the_table(format):
    table = multipliers.load("mul8s_ODD").table
    text = multipliers.export("mul8s_ODD", format).read_text()
    mark = FORMATS[format].comment
    comment = [line[len(mark) + 1 :] for line in text.splitlines() if line.startswith(mark)]
    assert comment == [
        "multiplier mul8s_ODD: 8 bits, signed operands in two's complement",
        f"SHA-256 of its table: {table.sha256}",
        f"layout: {FORMATS[format].layout}",
        f"written by tfapprox {tfapprox.__version__}",
        "source: a*b */ ?",
        "licence: MIT?or not",
    ]


def test_names_that_are_no_identifiers(tmp_path):
    multipliers.import_products(TruthTable.exact(4), "my-circuit.2")
    for format in ("c", "verilog"):
        path = multipliers.export("my-circuit.2", format)
        assert "mul4u_my_circuit_2" in path.read_text()
        assert multipliers.import_multiplier(path, "mul4u_X", folder=tmp_path / format).table == TruthTable.exact(4)


def test_the_command():
    result = CliRunner().invoke(app, ["multiplier", "export", "mul4u_exact", "--format", "mem", "-o", "rom.mem"])
    table = load_truth_table("mul4u_exact", 4)
    assert (result.exit_code, result.output) == (0, f"wrote rom.mem: mul4u_exact, sha256 {table.sha256}\n")
    result = CliRunner().invoke(app, ["multiplier", "export", "mul4u_exact", "--format", "vhdl"])
    assert result.exit_code == 1
    assert "--format must be one of bin, npy, csv, c, verilog, mem; received 'vhdl'" in result.output
    result = CliRunner().invoke(app, ["multiplier", "export", "mul8u_NONE", "--format", "c"])
    assert result.exit_code == 1
    assert "NAME must be" in result.output


def test_the_command_prints_json(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    made = multipliers.import_wide(lambda a, w: a * w, "mul4x3u_X")
    hashes = {"mul4u_exact": load_truth_table("mul4u_exact", 4).sha256, "mul4x3u_X": made.figures.sha256}
    for name, sha256 in hashes.items():
        words = ["multiplier", "export", name, "--format", "csv", "-o", f"{name}.csv", "--json"]
        result = CliRunner().invoke(app, words)
        command = None if name == "mul4u_exact" else "tfapprox multiplier import mul4x3u_X.csv"
        expected = {"name": name, "sha256": sha256, "written": [f"{name}.csv"], "command": command}
        assert (result.exit_code, json.loads(result.output)) == (0, expected)


def test_an_export_replaces_a_file_completely_or_not_at_all(tmp_path):
    path = tmp_path / "table.mem"
    path.write_text("old")
    path.chmod(0o444)
    if path.stat().st_uid != 0:
        with pytest.raises(PermissionError):
            multipliers.export("mul8u_exact", "mem", path)
        assert path.read_text() == "old"
    with pytest.raises(FileNotFoundError):
        multipliers.export("mul8u_exact", "mem", tmp_path / "none" / "table.mem")
    with pytest.raises(IsADirectoryError):
        multipliers.export("mul8u_exact", "mem", tmp_path)


@pytest.mark.skipif(not shutil.which("iverilog"), reason="needs Icarus Verilog (iverilog)")
@pytest.mark.parametrize("name", ["mul8s_ODD", "mul4u_trunc2"])
def test_a_simulator_agrees(name, tmp_path):
    """Icarus Verilog compares the module with the memory image, which it reads itself."""
    multipliers.export(name, "verilog"), multipliers.export(name, "mem")
    bits = multipliers.load(name).num_bits
    step = 31 if bits == 8 else 1  # a simulator takes a minute for all pairs of 8 bits
    (tmp_path / "bench.v").write_text(
        f"module bench; reg [{2 * bits - 1}:0] i; wire [{2 * bits - 1}:0] o; integer n, wrong;\n"
        f"reg [{2 * bits - 1}:0] table_ [0:{4**bits - 1}];\n"
        f"{name} dut (.A(i[{2 * bits - 1}:{bits}]), .B(i[{bits - 1}:0]), .O(o));\n"
        f'initial begin $readmemh("{name}.mem", table_); wrong = 0;\n'
        f"for (n = 0; n < {4**bits}; n = n + {step}) begin i = n; #1 if (o !== table_[n]) wrong = wrong + 1; end\n"
        '$display("%0d wrong to %0d", wrong, n); end endmodule\n'
    )
    subprocess.run(["iverilog", "-o", "bench", "bench.v", f"{name}.v"], check=True)
    output = subprocess.run(["vvp", "bench"], check=True, capture_output=True, text=True).stdout
    assert output == f"0 wrong to {-(-(4**bits) // step) * step}\n"


CASE = """`timescale 1ns/1ps
module m(input [1:0] w, input wire [1:0] x, output logic [3:0] y);
  always @(*) begin
    case ({x, w}) // the second input first
ITEMS
    endcase
  end
endmodule
"""


def case_module(change=lambda items: items):
    items = [f"4'b{x:02b}_{w:02b}: y = 4'd{x & w | (x << 1 & 2)};" for x in range(4) for w in range(4)]
    return CASE.replace("ITEMS", "\n".join(change(items)))


def test_a_case_statement_by_hand(tmp_path):
    (tmp_path / "m.v").write_text(case_module())
    table = multipliers.import_multiplier("m.v", "mul2u_M").table
    assert [[int(table.entries[w, x]) for x in range(4)] for w in range(4)] == [
        [x & w | (x << 1 & 2) for x in range(4)] for w in range(4)
    ]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda items: items[1:], "must have each of its 16 pairs of operands once; received 15 items, 15 different"),
        (
            lambda items: [*items, items[0]],
            "must have each of its 16 pairs of operands once; received 17 items, 16 dif",
        ),
        (lambda items: [items[0].replace("y =", "z =")], "must assign y only; received z"),
        (
            lambda items: [items[0].replace("4'd0", "4'd0 + w")],
            "no other statement; received \"4'b00_00: y = 4'd0 + w;",
        ),
        (
            lambda items: [items[0].replace("4'd0", "4'd16")],
            'must have constants that fit their width; received "4\'d16"',
        ),
        (lambda items: [items[0].replace("4'b00_00", "4'b00_02")], 'must have constants; received "4\'b00_02"'),
    ],
)
def test_a_wrong_case_statement(change, text, tmp_path):
    (tmp_path / "m.v").write_text(case_module(change))
    with pytest.raises(ArgumentError) as error:
        multipliers.import_multiplier("m.v", "mul2u_M")
    assert text in str(error.value)


def test_signed_ports_need_constants_of_their_width():
    """In Verilog, the plain number 200 is not equal to any signed value of 8 bits."""
    path = multipliers.export("mul8s_ODD", "verilog")
    path.write_text(path.read_text().replace("8'hc8: O", "200: O", 1))
    with pytest.raises(ArgumentError, match="must compare signed ports with constants such as 8'hff; received 200"):
        multipliers.import_multiplier(path, "mul8s_X")


def test_much_white_space_takes_linear_time(tmp_path):
    for text in (" " * 60_000, "module m(" + " " * 60_000, "module m(input [1:0] a);always @*" + " " * 60_000):
        (tmp_path / "m.v").write_text(text)
        start = time.process_time()
        with pytest.raises(ValueError, match=r"m\.v"):
            multipliers.import_multiplier("m.v", "mul2u_M")
        assert time.process_time() - start < 2


def test_case_statements_in_a_case_statement(tmp_path):
    """The case statements have the form of an export with the operands in the opposite order, or have mistakes."""
    text = multipliers.export("mul2u_kulkarni", "verilog").read_text()
    swapped = text.replace("case (B)", "case (C)").replace("case (A)", "case (B)").replace("case (C)", "case (A)")
    (tmp_path / "m.v").write_text(swapped.replace("2'h1: O = 4'h3;", "2'h1: O = 4'h2;"))
    table = multipliers.import_multiplier("m.v", "mul2u_M").table
    np.testing.assert_array_equal(table, [[0, 0, 0, 0], [0, 1, 2, 2], [0, 2, 4, 6], [0, 3, 6, 7]])
    for change, message in [
        (("case (B)", "case (A)"), "must select by B; received A"),
        (("2'h3: O", "3'd4: O"), "must have each of its 16 pairs of operands once"),
        (("2'h3: O", "65539: O"), "must have each of its 16 pairs of operands once"),
        (("case (A)", "case ({A, C})"), "which the case statements select by; received m.v with {'A': 2, 'B': 2}"),
        (("endmodule", "assign O = A; endmodule"), "no other statement; received 'assign O = A; endmodule'"),
    ]:
        (tmp_path / "m.v").write_text(text.replace(*change))
        with pytest.raises(ArgumentError) as error:
            multipliers.import_multiplier("m.v", "mul2u_N")
        assert message in str(error.value)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("0 1 2", "must have 4^bits words from address 0, for 2 to 8 bits (65536 for 8); received m.mem with 3 words"),
        ("", "received m.mem with 0 words"),
        ("@1 " + "0 " * 16, "with 16 words, the last one at address 10"),
        ("0 " * 15 + "x", "must hold hexadecimal words of at most 16 digits; received 'x' in m.mem"),
        ("0 " * 15 + "10000", "must hold words of at most 16 bits; received 10000 at address f"),
        ("0 1 @1 " + "0 " * 15, "must have one word for each address; received two for 1"),
    ],
)
def test_a_wrong_memory_image(content, text, tmp_path):
    (tmp_path / "m.mem").write_text(content)
    with pytest.raises(ArgumentError) as error:
        multipliers.import_multiplier("m.mem", "mul2u_M")
    assert text in str(error.value)


def test_a_memory_image_by_hand(tmp_path):
    (tmp_path / "m.mem").write_text("@4 0 1 2 3 // row 1\n@8 /* 2\n and 3 */ 0 2 4 6 0 3 6 0_7\n@0 0 0 0 0")
    table = multipliers.import_multiplier("m.mem", "mul2u_M").table
    np.testing.assert_array_equal(table, [[0, 0, 0, 0], [0, 1, 2, 3], [0, 2, 4, 6], [0, 3, 6, 7]])
