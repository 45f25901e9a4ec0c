"""What test benches, spreadsheets and numpy write: each layout gives the same table, and what is wrong is named."""

import shutil
import subprocess

import numpy as np
import pytest

from tfapprox.common import multipliers
from tfapprox.common.argument_error import ArgumentError

BITS = 4
CODES = np.arange(1 << BITS)
PRODUCTS = np.multiply.outer(CODES & ~1, CODES)
PAIRS = [(a, w, int(PRODUCTS[a, w])) for a in CODES.tolist() for w in CODES.tolist()]
SHUFFLED = [PAIRS[i] for i in np.random.RandomState(0).permutation(len(PAIRS))]
ROWS = PRODUCTS.tolist()


def lines(rows, separator=" ", form=str):
    return "".join(separator.join(map(form, row)) + "\n" for row in rows)


def hexadecimal(rows, digits):
    return "".join(" ".join(f"{value:0{count}x}" for value, count in zip(row, digits)) + "\n" for row in rows)


LAYOUTS = {
    "matrix": lines(ROWS),
    "tabulators": lines(ROWS, "\t"),
    "blank after the last comma": lines([*zip(*zip(*ROWS))], ", ").replace("\n", ",\n"),
    "one a line": lines([[p] for _, _, p in PAIRS]),
    "all in one line": " ".join(str(p) for _, _, p in PAIRS),
    "eight a line": lines(PRODUCTS.reshape(-1, 8).tolist()),
    "seven a line": "".join(f"{p}\n" if i % 7 == 6 else f"{p} " for i, (_, _, p) in enumerate(PAIRS)),
    "index and product": lines([[i, p] for i, (_, _, p) in enumerate(PAIRS)], ","),
    "a b p": lines(PAIRS),
    "a b p in any order": lines(SHUFFLED),
    "index a b p": lines([[i, *pair] for i, pair in enumerate(PAIRS)]),
    "columns in another order": "p,b,a\n" + lines([[p, w, a] for a, w, p in SHUFFLED], ","),
    "columns among others": "#\ntime;A;B;O;exact\n" + lines([[9, a, w, p, a * w] for a, w, p in SHUFFLED], ";"),
    "labels": "".join(f"a={a}, b={w}, p={p}\n" for a, w, p in SHUFFLED),
    "equations": "".join(f"{a} * {w} = {p}\n" for a, w, p in SHUFFLED),
    "equations with x": "".join(f"{a} x {w} = {p}\n" for a, w, p in SHUFFLED),
    "first column": lines([[a, *row] for a, row in enumerate(ROWS)], ","),
    "first column in another order": lines([[a, *ROWS[a]] for a in reversed(range(16))], ","),
    "empty corner": "," + lines([list(range(16)), *([a, *row] for a, row in enumerate(ROWS))], ","),
    "corner of words": "a\\b," + lines([list(range(16)), *([a, *row] for a, row in enumerate(ROWS))], ","),
    "heading alone": lines([list(range(16)), *ROWS], ";"),
    "quotes": lines(ROWS, ",", '"{}"'.format),
    "savetxt": "".join(" ".join(f"{p:.18e}" for p in row) + "\n" for row in ROWS),
    "hexadecimal": hexadecimal(ROWS, [2] * 16),
    "hexadecimal a b p": hexadecimal(SHUFFLED, [1, 1, 2]),
    "0x": lines(ROWS, ", ", hex),
    "'h": lines(SHUFFLED, " ", "8'h{:x}".format),
    "binary": lines([[p] for _, _, p in PAIRS], " ", "{:08b}".format),
    "icarus": "VCD info: dumpfile dump.vcd opened for output.\n"
    + lines(PAIRS)
    + "tb.v:2: $finish called at 256 (1s)\n",
}


@pytest.mark.parametrize("suffix", [".txt", ".csv", ".tsv", ".dat", ".out", ".log"])
def test_suffixes(suffix, tmp_path):
    (tmp_path / f"mul4u_X{suffix}").write_text(LAYOUTS["a b p"])
    table = multipliers.import_multiplier(tmp_path / f"mul4u_X{suffix}", folder=tmp_path / "made").table
    np.testing.assert_array_equal(table.entries, PRODUCTS)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(layout, encoding, tmp_path):
    (tmp_path / "mul4u_X.txt").write_bytes(LAYOUTS[layout].encode(encoding))
    table = multipliers.import_multiplier(tmp_path / "mul4u_X.txt", folder=tmp_path / "made").table
    np.testing.assert_array_equal(table.entries, PRODUCTS)


VALUES = np.concatenate([np.arange(128), np.arange(-128, 0)])
SIGNED = np.multiply.outer(VALUES & ~1, VALUES)
ASCENDING = np.arange(-128, 128)


@pytest.mark.parametrize(
    "text",
    [
        lines([[a, w, int(SIGNED[a, w])] for a in ASCENDING for w in ASCENDING]),
        lines([[a & 255, w & 255, int(SIGNED[a, w])] for a in ASCENDING for w in ASCENDING]),
        hexadecimal([[a, w, int(SIGNED[a, w]) & 0xFFFF] for a in range(256) for w in range(256)], [2, 2, 4]),
        hexadecimal([[int(p) & 0xFFFFFFFF] for p in SIGNED.ravel()], [8]),
        "," + lines([ASCENDING, *([a, *SIGNED[a][ASCENDING]] for a in ASCENDING)], ","),
        "w," + lines([ASCENDING, *([a, *SIGNED[a][ASCENDING]] for a in ASCENDING)], ","),
    ],
    ids=["a b p", "codes", "hexadecimal codes", "words of 32 bits", "headings", "headings with a word"],
)
def test_signed_operands(text, tmp_path):
    (tmp_path / "mul8s_X.csv").write_text(text)
    table = multipliers.import_multiplier(tmp_path / "mul8s_X.csv", folder=tmp_path / "made").table
    np.testing.assert_array_equal(table.entries, SIGNED)


def test_two_widths(tmp_path):
    (tmp_path / "mul3x2u_X.log").write_text(lines([[a, w, a * w] for a in range(8) for w in range(4)]))
    products = multipliers.import_wide(tmp_path / "mul3x2u_X.log", folder=tmp_path / "made").products
    np.testing.assert_array_equal(products, np.multiply.outer(np.arange(8), np.arange(4)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            lines([*PAIRS[:-1], (0, 1, 0)]),
            r"one product for each pair .* two for 0 and 1, the second one in .* line 256",
        ),
        (lines([*PAIRS[:-1], (16, 1, 0)]), r"must have operands from -8 to 15; received 16 in .*, line 256"),
        (lines(PAIRS[:-1]), r"must be 2\^bits x 2\^bits"),
        (lines([[1, *pair] for pair in PAIRS]), r"must be 2\^bits x 2\^bits"),
        (
            lines(PAIRS).replace("\n", "\n\n").replace("14 15 210", "14 15 xx"),
            r"integers; received 'xx' in .*, line 479",
        ),
        (lines([[a + 1, *row] for a, row in enumerate(ROWS)]), r"must be 2\^bits x 2\^bits .* received 16x17"),
        (lines(ROWS) + "1 2\n", r"lines of the same length; received 16 numbers and, in .*, line 17, 2"),
        ("a b p\nc d q\n", "must hold integers; received 'c'"),
        (lines(PAIRS).replace("210", "21.5"), r"must hold integers; received '21\.5'"),
        ("ff 1\n1 ff\n", "must hold integers; received 'ff'"),
        ("", "source must have numbers; received .*, which has none"),
        ("# a comment only", "which has none"),
    ],
)
def test_what_is_refused(text, message, tmp_path):
    (tmp_path / "mul4u_X.txt").write_text(text)
    with pytest.raises(ArgumentError, match=message):
        multipliers.import_multiplier(tmp_path / "mul4u_X.txt", folder=tmp_path / "made")


BENCHES = {
    "matrix": """for (i = 0; i < 256; i = i + 1) begin
      for (j = 0; j < 256; j = j + 1) begin a = i; b = j; #1 $write("%0d ", p); end $write("\\n"); end""",
    "a b p": """for (i = 0; i < 256; i = i + 1) for (j = 0; j < 256; j = j + 1) begin
      a = i; b = j; #1 $display("%0d %0d %0d", a, b, p); end""",
    "one a line": "for (i = 0; i < 65536; i = i + 1) begin {a, b} = i; #1 $display(p); end",
    "hexadecimal": 'for (i = 0; i < 65536; i = i + 1) begin {a, b} = i; #1 $display("%h*%h=%h", a, b, p); end',
    "binary": "for (i = 0; i < 65536; i = i + 1) begin {a, b} = i; #1 $displayb(p); end",
    "memory": 'for (i = 0; i < 65536; i = i + 1) begin {a, b} = i; #1 m[i] = p; end $writememh("mul8u_X.hex", m);',
}


@pytest.mark.skipif(not shutil.which("iverilog"), reason="needs Icarus Verilog (iverilog)")
@pytest.mark.parametrize("bench", BENCHES)
def test_output_of_icarus(bench, tmp_path):
    (tmp_path / "tb.v").write_text(
        "module tb; reg [7:0] a, b; wire [15:0] full = a * b, p = {full[15:5], 5'b0}; integer i, j;\n"
        f"reg [15:0] m [0:65535]; initial begin {BENCHES[bench]} $finish; end endmodule\n"
    )
    subprocess.run(["iverilog", "-o", "bench", "tb.v"], cwd=str(tmp_path), check=True)
    output = subprocess.run(["vvp", "-n", "bench"], cwd=str(tmp_path), check=True, stdout=subprocess.PIPE).stdout
    path = tmp_path / "mul8u_X.hex"
    if bench != "memory":
        path = tmp_path / "mul8u_X.log"
        path.write_bytes(output)
    table = multipliers.import_multiplier(path, folder=tmp_path / "made").table
    np.testing.assert_array_equal(table.entries, np.multiply.outer(np.arange(256), np.arange(256)) & ~31)
