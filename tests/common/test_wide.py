"""Multipliers of two widths or of more than 8 bits: their figures, their file, and why no operation takes them."""

import hashlib
import json

import numpy as np
import pytest
from typer.testing import CliRunner

from tfapprox.command_line import app
from tfapprox.common import load_table, metrics, multipliers, pin_table
from tfapprox.common.argument_error import ArgumentError
from tfapprox.common.multipliers import kinds
from tfapprox.common.truth_table import TruthTable


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def verilog(first_bits, second_bits, ports=("A", "B")):
    """Verilog gates of the product without the lowest bit of the first operand."""
    width = first_bits + second_bits
    lines = [f"module m (input [{first_bits - 1}:0] {ports[0]}, input [{second_bits - 1}:0] {ports[1]},"]
    lines += [f"  output [{width - 1}:0] O);"]

    def wire(expression):
        lines.append(f"  wire n{len(lines)} = {expression};")
        return f"n{len(lines) - 1}"

    sums = ["1'b0"] * width
    for a in range(1, first_bits):
        carry = "1'b0"
        for b in range(second_bits):
            product, total = wire(f"{ports[0]}[{a}] & {ports[1]}[{b}]"), sums[a + b]
            half = wire(f"{total} ^ {product}")
            carry, sums[a + b] = wire(f"({total} & {product}) | ({half} & {carry})"), wire(f"{half} ^ {carry}")
        sums[a + second_bits] = carry
    lines += [f"  assign O[{bit}] = {net};" for bit, net in enumerate(sums)]
    return "\n".join([*lines, "endmodule\n"])


def even(a, w):
    return (a & ~1) * w


def by_hand(products, a, w):
    """MAE, WCE, MRE, EP, MSE and bias of an array of products, in floating point."""
    exact = np.multiply.outer(a, w).astype(float)
    error = products - exact
    nonzero = exact != 0
    return (
        np.abs(error).mean(),
        np.abs(error).max(),
        (np.abs(error)[nonzero] / np.abs(exact[nonzero])).mean(),
        (error != 0).mean(),
        (error**2).mean(),
        error.mean(),
    )


C = "#include <stdint.h>\nuint64_t {name}(uint64_t a, uint64_t b) {{ return (a & ~1ULL) * b; }}\n"


@pytest.mark.parametrize("bits", [(8, 4), (7, 3), (10, 9)])
def test_every_source_has_the_same_products(bits, tmp_path):
    name = "mul{}x{}u_EVEN".format(*bits)
    array = even(*np.ogrid[: 1 << bits[0], : 1 << bits[1]])
    (tmp_path / "c.c").write_text(C.format(name="f"))
    (tmp_path / "v.v").write_text(verilog(*bits))
    (tmp_path / "swapped.v").write_text(verilog(*bits, ports=("B", "A")))
    sources = ["c.c", "v.v", "swapped.v", even, array]
    if max(bits) <= 8:
        np.save("a.npy", array)
        np.savetxt("a.csv", array, "%d", ",")
        sources += ["a.npy", "a.csv"]
    expected = by_hand(array, *(np.arange(1 << width) for width in bits))
    for source in sources:
        made = multipliers.import_wide(source, name, force=True)
        figures = made.figures
        np.testing.assert_allclose(figures[:6], expected, rtol=1e-12)
        assert figures.sha256 == hashlib.sha256(array.astype("<i8").tobytes()).hexdigest()
        assert (figures.exhaustive, figures.pairs, figures.mae_standard_error) == (True, array.size, 0)
        assert (made.activation_bits, made.weight_bits, made.signed) == (*bits, False)
        if max(bits) <= 8:
            np.testing.assert_array_equal(made.products, array)
        else:
            assert made.products is None
        read = multipliers.load_wide(multipliers.find_wide(name))
        assert [str(x) for x in read] == [str(x) for x in made]


def test_figures_are_those_of_a_table():
    """The two modules that compute figures agree on a table of 8 bits."""
    table = TruthTable(multipliers.load("mul8u_drum4").table.entries)
    measured = multipliers.wide_figures.measure(lambda a, w: table.entries[a, w].astype(np.int64), 8, 8)
    described = metrics.describe(table)
    assert measured.worst == described.worst
    for name in ("mae", "wce", "mre", "ep", "mse", "bias"):
        assert getattr(measured, name) == pytest.approx(getattr(described, name), rel=1e-12)


@pytest.mark.parametrize("bits", [4, 12])
def test_signed_operands(bits, tmp_path):
    """Negative products are found in C with an unsigned prototype, and in Python."""
    mask = (1 << 2 * bits) - 1
    (tmp_path / "f.c").write_text(f"unsigned f(unsigned a, unsigned b) {{ return (a * b - (a == 3)) & {mask}; }}")
    made = multipliers.import_wide("f.c", f"mul{bits}s_X")
    assert made.figures.exhaustive
    assert made.signed
    assert made.figures.ep == 1 / (1 << bits)
    assert made.figures.bias == -1 / (1 << bits)
    assert made.figures.worst == (3, 0, -1, 0)
    if bits == 4:
        assert multipliers.import_wide(lambda a, w: a * w - (a == 3), "mul4s_Y").figures == made.figures
        assert made.products[3, 15] == -4


def test_a_sample_says_so(tmp_path):
    (tmp_path / "mul16u_EVEN.c").write_text(C.format(name="mul16u_EVEN"))
    made = multipliers.import_wide("mul16u_EVEN.c")
    figures = made.figures
    assert (figures.exhaustive, figures.pairs, figures.sha256) == (False, 1 << 22, None)
    assert 0 < figures.mae_standard_error < 11
    assert abs(figures.mae - 16383.75) < 5 * figures.mae_standard_error
    assert figures.wce <= 65535
    result = CliRunner().invoke(app, ["multiplier", "show", "mul16u_EVEN"])
    assert "measured on 4,194,304 random pairs of operands out of 4,294,967,296" in result.output
    assert "WCE is the largest error among them" in result.output


def test_the_narrow_operand_is_the_weight_unless_told():
    def first_even(narrow, wide):
        return (narrow & ~1) * wide

    array = even(*np.ogrid[:16, :256])
    made = multipliers.import_wide(first_even, "mul4x8u_X")
    assert (made.activation_bits, made.weight_bits) == (8, 4)
    np.testing.assert_array_equal(made.products, array.T)
    made = multipliers.import_wide(first_even, "mul4x8u_X", swap=False, force=True)
    assert (made.activation_bits, made.weight_bits) == (4, 8)
    np.testing.assert_array_equal(made.products, array)
    made = multipliers.import_wide(array.T, "mul8x4u_X", swap=True)
    assert (made.activation_bits, made.weight_bits) == (4, 8)
    np.testing.assert_array_equal(made.products, array)


@pytest.mark.parametrize(
    ("source", "name", "text"),
    [
        (even, "mul8u_X", "name must say widths from 2 to 16 bits that no operation takes"),
        (even, "mul17u_X", "name must say widths from 2 to 16 bits"),
        (even, "mul8x1u_X", "name must say widths from 2 to 16 bits"),
        (even, "X", "name must say widths from 2 to 16 bits"),
        (even, "mul8x4u_/X", "name must be letters, digits"),
        (
            np.zeros((16, 256), int),
            "mul8x4u_X",
            "source must be integers of shape (256, 16), as the name says",
        ),
        (np.zeros((256, 16)), "mul8x4u_X", "received float64 of shape (256, 16)"),
        (lambda a, w: -a, "mul8x4u_X", "products of unsigned operands must be from 0 to 2**40; received 1 * 0 = -1"),
        (lambda a, w: 1 << 40, "mul4s_X", "products of signed operands must be above -2**40 and below 2**40; received"),
        ("m.v", "mul8x5u_X", "source must have operands of 8 and 5 bits, as the name says; received m.v with 8 and 4"),
        ("m.pdf", "mul8x4u_X", "source must be a file of the kind .c, .h, .py, .npy, .txt, .csv, .tsv, .dat, "),
    ],
)
def test_what_is_refused(source, name, text, tmp_path):
    (tmp_path / "m.v").write_text(verilog(8, 4))
    with pytest.raises(ArgumentError) as error:
        multipliers.import_wide(source, name)
    assert text in str(error.value)
    assert multipliers.wide_files() == []


def test_a_file_is_replaced_only_by_force():
    multipliers.import_wide(even, "mul4x3u_X")
    with pytest.raises(FileExistsError, match=r"name must be new in .*force=True replaces it"):
        multipliers.import_wide(even, "mul4x3u_X")
    multipliers.import_wide(even, "mul4x3u_X", force=True)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"activation_bits": 8}', "[" * 100_000])
def test_a_broken_file(text, tmp_path):
    (tmp_path / "mul8x4u_X.multiplier.json").write_text(text)
    with pytest.raises(ValueError, match="must be a file of `import_wide`"):
        multipliers.load_wide(tmp_path / "mul8x4u_X.multiplier.json")


@pytest.mark.parametrize(
    ("name", "operands"),
    [
        ("mul8x4u_X", "operands of 8 and 4 bits"),
        ("mul12u_X", "operands of 12 and 12 bits"),
        ("mul8x4s_X", "operands of 8 and 4 bits"),
    ],
)
def test_no_operation_takes_it(name, operands):
    multipliers.import_wide(even, name)
    reason = f"received '{name}'.* No operation takes {operands}, because it has one num_bits, from 2 to 8, for both"
    for load in (load_table, pin_table):
        with pytest.raises(FileNotFoundError, match=f"mul_map_file must be .*{reason}"):
            load(name)
    with pytest.raises(FileNotFoundError, match=f"name_or_path must be .*{reason}"):
        multipliers.load(name)
    assert name not in multipliers.loadable_names()


def test_signed_operands_of_other_widths_than_8():
    multipliers.import_wide(lambda a, w: a * w, "mul7s_X")
    for load in (load_table, pin_table, multipliers.load):
        with pytest.raises(ValueError, match=r"must be mul8s_\.\.\., for num_bits=.*received 'mul7s_X'"):
            load("mul7s_X")


def test_seven_bits_are_an_ordinary_multiplier(tmp_path):
    (tmp_path / "mul7u_EVEN.v").write_text(verilog(7, 7))
    result = CliRunner().invoke(app, ["multiplier", "import", "mul7u_EVEN.v"])
    assert result.exit_code == 0, result.output
    np.testing.assert_array_equal(load_table("mul7u_EVEN", 7), even(*np.ogrid[:128, :128]))
    assert multipliers.find_wide("mul7u_EVEN") is None


def test_two_equal_widths_are_one():
    made = multipliers.import_multiplier(even, "mul6x6u_EVEN")
    assert made.num_bits == 6
    assert not multipliers.widths_of("mul6x6u_EVEN").is_wide


def test_the_commands(tmp_path):
    def command(*arguments, code=0):
        result = CliRunner().invoke(app, ["multiplier", *map(str, arguments)])
        assert result.exit_code == code, result.output
        return result.output

    (tmp_path / "mul8x4u_EVEN.c").write_text("// MAE = 3.75\n// PDK45_PWR = 0.1 mW\n" + C.format(name="mul8x4u_EVEN"))
    output = command("import", "mul8x4u_EVEN.c")
    assert "activation of 8 bits, weight of 4 bits, unsigned" in output
    assert "measured on all 4,096 pairs of operands" in output
    assert "No operation computes with it" in output
    assert "--force replaces it" in command("import", "mul8x4u_EVEN.c", code=1)
    assert "--bits is for operands of one width up to 8 bits" in command(
        "import", "mul8x4u_EVEN.c", "--bits", 8, code=1
    )
    details = json.loads(command("show", "mul8x4u_EVEN", "--json"))
    assert (details["MAE"], details["WCE"], details["power_mW"], details["exhaustive"]) == (3.75, 15, 0.1, True)
    assert details["published"] == {"MAE": 3.75}
    assert command("show", details["path"]) == command("show", "mul8x4u_EVEN")
    row = next(row for row in command("list").splitlines() if "mul8x4u_EVEN" in row)
    assert row.split()[:6] == ["mul8x4u_EVEN", "8x4", "all", "3.75", "15", row.split()[5]]
    (tmp_path / "data" / "tfapprox" / "multipliers" / "mul9u_X.multiplier.json").write_text("{}")
    assert "mul9u_X.multiplier.json: " in command("list", code=1)


def test_every_kind_of_file_has_a_reader():
    assert set(kinds.WIDE_FILES) == set(kinds.FILES)
