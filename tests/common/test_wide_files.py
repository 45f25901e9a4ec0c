"""Files of products of two widths: each format that is exported comes back equal, and what is wrong is refused."""

import re
import shutil
import subprocess

import numpy as np
import pytest
from typer.testing import CliRunner

from tfapprox.command_line import app
from tfapprox.common import multipliers
from tfapprox.common.argument_error import ArgumentError
from tfapprox.common.multipliers.table_exports import FORMATS


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def products(bits, signed=False):
    """Products without the lowest bit of the activation, in the order of the codes."""
    activation, weight = (np.arange(1 << width) for width in bits)
    if signed:
        activation, weight = (
            codes - ((codes >> (width - 1)) << width) for codes, width in zip((activation, weight), bits)
        )
    return np.multiply.outer(activation & ~1, weight)


def command(*arguments, code=0):
    result = CliRunner().invoke(app, ["multiplier", *map(str, arguments)])
    assert result.exit_code == code, result.output
    return result.output


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    ("name", "bits", "extra"),
    [
        ("mul8x4u_EVEN", (8, 4), 0),
        ("mul3x7u_EVEN", (7, 3), 0),
        ("mul6s_EVEN", (6, 6), 0),
        ("mul5x4s_EVEN", (5, 4), 0),
        ("mul8x7u_TALL", (8, 7), 1 << 16),
        ("mul7s_TALL", (7, 7), 1 << 15),
    ],
)
def test_every_format_is_read_back_equal(name, bits, extra, format):
    array = products(bits, name[: name.index("_")].endswith("s"))
    array += extra * (array == array.max())
    first_is_weight = name.startswith("mul3x7")
    made = multipliers.import_wide(array.T if first_is_weight else array, name)
    np.testing.assert_array_equal(made.products, array)
    output = command("export", name, "--format", format)
    path = multipliers.export(name, format)
    assert path.name == name.replace("mul3x7", "mul7x3") + FORMATS[format].suffix
    assert f"wrote {path}: {name}, sha256 {made.figures.sha256}" in output
    assert f"to read it back: tfapprox multiplier import {path}\n" in output
    back = multipliers.import_wide(path, folder="back")
    np.testing.assert_array_equal(back.products, array)
    assert back.figures == made.figures
    assert (back.activation_bits, back.weight_bits, back.signed) == (*bits, made.signed)


def test_an_activation_that_is_narrow():
    array = products((4, 8))
    multipliers.import_wide(array, "mul4x8u_X", swap=False)
    output = command("export", "mul4x8u_X", "--format", "npy", "-o", "table.npy")
    assert "import table.npy --no-swap --name mul4x8u_X" in output
    command("import", "table.npy", "--no-swap", "--name", "mul4x8u_X", "--force")
    np.testing.assert_array_equal(multipliers.load_wide(multipliers.find_wide("mul4x8u_X")).products, array)


def test_comments_identify_the_products():
    made = multipliers.import_wide(products((8, 4)), "mul8x4u_X", known={"licence": "MIT"})
    lines = multipliers.export("mul8x4u_X", "mem").read_text().splitlines()
    assert lines[:2] == [
        "// multiplier mul8x4u_X: activation of 8 bits, weight of 4 bits, unsigned operands",
        f"// SHA-256 of its products as int64: {made.figures.sha256}",
    ]
    assert "// licence: MIT" in lines


def test_products_that_are_not_stored():
    multipliers.import_wide(lambda a, w: a * w, "mul9u_X")
    with pytest.raises(ArgumentError, match=r"name_or_path must have operands of at most 8 bits, .*received 'mul9u_X'"):
        multipliers.export("mul9u_X", "bin")
    assert "error: NAME must have operands of at most 8 bits" in command("export", "mul9u_X", "--format", "c", code=1)


def test_nine_bits_in_every_file():
    array = products((9, 4))
    for dtype in ("<u2", "<i4", "<i8"):
        array.astype(dtype).tofile("mul9x4u_RAW.bin")
        assert multipliers.import_wide("mul9x4u_RAW.bin", force=True).figures.mae == 3.75
    np.save("mul9x4u_NPY.npy", array)
    np.savetxt("mul9x4u_CSV.csv", array, "%d", ",")
    with open("mul9x4u_MEM.mem", "w") as file:
        file.write("\n".join(f"{value:x}" for value in array.ravel()))
    with open("mul9x4u_PY.py", "w") as file:
        file.write("def mul9x4u_PY(a, w):\n    return (a & ~1) * w\n")
    expected = multipliers.import_wide(array, "mul9x4u_ARRAY").figures
    for file in ("mul9x4u_NPY.npy", "mul9x4u_CSV.csv", "mul9x4u_MEM.mem", "mul9x4u_PY.py"):
        command("import", file)
        assert multipliers.load_wide(multipliers.find_wide(file.partition(".")[0])).figures == expected


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("mul8x4u_X.bin", bytes(100), "must hold 4,096 words of 16, 32 or 64 bits, as the name says; received .* 100 "),
        ("mul8x4u_X.bin", b"\xff" * 8 * 4096, "must hold products that fit int64"),
        ("mul13u_X.bin", b"", "must be code or a netlist where both operands have more than 24 bits together"),
        ("mul13u_X.npy", b"", "must be code or a netlist where both operands have more than 24 bits together"),
        ("mul8x4u_X.mem", b"0 1 2", "must have 4,096 words from address 0, as the name says; received .* with 3 words"),
        ("mul2x3u_X.mem", b"ffffffffffffffff " * 32, "must hold products that fit int64; received f{16}"),
        ("mul8x4u_X.npy", b"", r"must be a \.npy file of integers"),
        ("mul8x4u_X.txt", b"1 2 3", r"must be integers of shape \(256, 16\), as the name says"),
        ("mul8x4u_X.py", b"1 +", r"must be Python that runs"),
        ("mul8x4u_X.py", b"def f(a): return a", r"must define one function of two parameters"),
        ("mul8x4u_X.py", b"def f(a, w): return a / 2", r"f must return an integer .* TypeError for f\(0, 0\)"),
        ("mul8x4u_X.py", b"def f(a, w): return 1 << 70", r"f must return integers that fit int64"),
        ("mul8x4u_X.py", b"def f(a, w): return a // w", r"f must return an integer .* ZeroDivisionError for f\(0, 0\)"),
    ],
)
def test_what_is_refused(file, content, message, tmp_path):
    (tmp_path / file).write_bytes(content)
    with pytest.raises(ValueError, match=message):
        multipliers.import_wide(tmp_path / file)
    assert multipliers.wide_files() == []


def test_case_statements_of_another_width(tmp_path):
    multipliers.import_wide(products((8, 4)), "mul8x4u_X")
    path = multipliers.export("mul8x4u_X", "verilog", "mul8x5u_X.v")
    with pytest.raises(ArgumentError, match=r"must have inputs of 8 and 5 bits, as the name says; received .* 8 and 4"):
        multipliers.import_wide(path)
    with pytest.raises(ArgumentError, match="must have two inputs of one width, or a name that says two widths"):
        multipliers.import_multiplier(path, "mul8u_X")


def test_power_in_the_comments_of_verilog(tmp_path):
    gates = "module m(input [2:0] A, input [1:0] B, output [4:0] O); assign O = {3'b0, A[1:0] & B}; endmodule\n"
    (tmp_path / "mul3x2u_X.v").write_text(f"// PDK45_PWR = 0.25 mW\n// MAE = 1.5\n{gates}")
    made = multipliers.import_wide(tmp_path / "mul3x2u_X.v")
    assert (made.known["power_mW"], made.known["published"]) == (0.25, {"MAE": 1.5})


@pytest.mark.skipif(not shutil.which("iverilog"), reason="needs Icarus Verilog (iverilog)")
def test_the_module_in_a_simulator(tmp_path):
    array = products((5, 4), signed=True)
    multipliers.import_wide(array, "mul5x4s_X")
    multipliers.export("mul5x4s_X", "verilog", "m.v")
    (tmp_path / "tb.v").write_text(
        "module tb; reg [4:0] a; reg [3:0] w; wire signed [8:0] o; integer i; mul5x4s_X m(.A(a), .B(w), .O(o));\n"
        'initial for (i = 0; i < 512; i = i + 1) begin {a, w} = i; #1 $display("%0d", o); end endmodule\n'
    )
    subprocess.run(["iverilog", "-o", "bench", "tb.v", "m.v"], check=True)
    output = subprocess.run(["vvp", "-n", "bench"], check=True, stdout=subprocess.PIPE).stdout.decode()
    assert [int(word) for word in re.findall(r"-?\d+", output)] == array.ravel().tolist()
