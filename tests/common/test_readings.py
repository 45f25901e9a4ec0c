"""Sign, order of bits and ports of circuits are proved; what cannot be proved is asked for."""

import json
import re

import circuits
import numpy as np
import pytest
from typer.testing import CliRunner

from tfapprox.command_line import app
from tfapprox.common import multipliers
from tfapprox.common.argument_error import ArgumentError
from tfapprox.common.metrics import operands
from tfapprox.common.multipliers import readings
from tfapprox.common.multipliers.circuit import Circuit
from tfapprox.common.reference import exact_table

A, W = np.mgrid[0:256, 0:256]
SIGNED = exact_table(8, signed=True).astype(np.int64)
BYTES = """#include <stdint.h>
uint16_t f(uint8_t A, uint8_t B) { return (uint16_t)((int8_t)A * (int8_t)B) & 0xfff8; }
"""


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def imported(tmp_path, file, text, name=None, **options):
    (tmp_path / file).write_text(text)
    return multipliers.import_multiplier(tmp_path / file, name, force=True, **options)


def test_a_signed_circuit_with_an_unsigned_prototype(tmp_path):
    made = imported(tmp_path, "f.c", BYTES)
    assert (made.name, made.signed) == ("mul8s_f", True)
    np.testing.assert_array_equal(made.table, SIGNED & ~7)
    assert re.fullmatch(
        r"signed operands; MAE 2\.75; it would be \d.*e\+04 with unsigned operands", made.sidecar["reading"]
    )
    assert json.loads(made.path.with_suffix(".json").read_text())["reading"] == made.sidecar["reading"]
    result = CliRunner().invoke(app, ["multiplier", "import", "f.c", "--force"])
    assert "read as signed operands; MAE 2.75" in result.output


def test_an_unsigned_circuit_with_a_signed_prototype(tmp_path):
    code = (
        "#include <stdint.h>\nuint16_t f(int8_t A, int8_t B) { return (uint16_t)((uint8_t)A * (uint8_t)B & 0xffe0); }"
    )
    made = imported(tmp_path, "f.c", code, "f")
    assert not made.signed
    np.testing.assert_array_equal(made.table, A * W & ~31)


def test_an_option_wins(tmp_path):
    made = imported(tmp_path, "f.c", BYTES, signed=False)
    assert (made.name, made.signed) == ("f", False)
    np.testing.assert_array_equal(made.table, (SIGNED & 0xFFF8).astype(np.uint16))
    assert made.sidecar["reading"].startswith("unsigned operands, as the option says; MAE ")
    with pytest.raises(ArgumentError, match="must be those of unsigned operands, as name and options say; received"):
        imported(tmp_path, "f.c", BYTES, "mul8u_f")


def test_published_figures_decide(tmp_path):
    """The signed products have an MAE of 32, the unsigned ones of another function of wide integers one of 63.75."""
    code = "int f(int a, int b) { return (a & ~1) * b; }"
    assert not imported(tmp_path, "f.c", code).signed
    made = imported(tmp_path, "f.c", "// MAE = 32.0\n// WCE = 128\n" + code)
    assert (made.name, made.signed) == ("mul8s_f", True)
    assert made.sidecar["reading"] == "signed operands; the measured errors are the published ones (MAE 32, WCE 128)"
    made = imported(tmp_path, "f.c", "// MAE = 63.75\n// WCE = 255\n" + code)
    assert (
        made.sidecar["reading"] == "unsigned operands; the measured errors are the published ones (MAE 63.75, WCE 255)"
    )


def test_the_default_stays_where_nothing_is_proved(tmp_path):
    """Wide integers have two functions that are near to the exact product, and no reading of bits is nearer."""
    made = imported(tmp_path, "f.c", "int f(int a, int b) { return a * b & ~7; }")
    assert not made.signed
    made = imported(tmp_path, "g.c", "#include <stdint.h>\nint16_t g(int8_t a, int8_t b) { return a * b & ~7; }")
    assert made.signed


def test_a_function_that_crashes_for_negative_operands(tmp_path):
    code = "int t[256]; int f(int a, int b) { return t[a * 4096] + a * b & ~1; }"
    np.testing.assert_array_equal(imported(tmp_path, "f.c", code.replace("a * 4096", "a")).table, A * W & ~1)


def test_equally_near_readings_need_an_option(tmp_path):
    """Products of 0 are nearer to the smaller signed products, but not far nearer."""
    code = "#include <stdint.h>\nuint16_t f(uint8_t a, uint8_t b) { return 0; }"
    message = (
        r"^source must be nearest to the exact product in one reading; received unsigned operands \(MAE 1\.626e\+04\); "
        r"signed operands \(MAE 4096\); signed tells whether the operands are signed$"
    )
    with pytest.raises(ArgumentError, match=message):
        imported(tmp_path, "f.c", code)
    assert not imported(tmp_path, "f.c", code, signed=False).signed
    assert imported(tmp_path, "f.c", code, signed=True).signed
    assert not imported(tmp_path, "f.c", code, "mul8u_ZERO").signed


def test_a_signed_netlist(tmp_path):
    made = imported(tmp_path, "mul.v", circuits.verilog_signed())
    assert (made.name, made.signed) == ("mul8s_mul", True)
    np.testing.assert_array_equal(made.table, SIGNED)
    ports = "activation A, weight B, product O"
    assert made.sidecar["reading"].startswith(f"{ports}; signed operands; MAE 0; it would be ")
    made = imported(tmp_path, "mul.v", circuits.verilog_signed(lost=5))
    assert made.signed
    assert made.sidecar["reading"].startswith(f"{ports}; signed operands; MAE ")


@pytest.mark.parametrize(
    ("ports", "named"),
    [("ABO", "activation and weight and product"), ("A", "activation"), ("BO", "weight and product"), ("O", "product")],
)
@pytest.mark.parametrize("signed", [False, True])
def test_reversed_bits(tmp_path, ports, named, signed):
    source = circuits.verilog_signed(lost=3) if signed else circuits.verilog_even("mul")
    plain = imported(tmp_path, "mul.v", source)
    made = imported(tmp_path, "mul.v", circuits.reversed_bits(source, *ports))
    assert made.table == plain.table
    kind = "signed" if signed else "unsigned"
    assert f"; {kind} operands, bits of {named} reversed; MAE " in made.sidecar["reading"]
    forced = imported(tmp_path, "mul.v", circuits.reversed_bits(source, *ports), reverse=named.split(" and "))
    assert forced.table == plain.table
    assert f"{named.split()[0]} {ports[0]} with reversed bits" in forced.sidecar["reading"]


def test_a_blif_that_computes_2_times_2_as_8(tmp_path):
    products = exact_table(2).astype(int)
    text = circuits.blif(products, 2, 4, is_reversed=True)
    as_it_is = imported(tmp_path, "mul2u_AS.blif", text, reverse=[])
    assert as_it_is.table.entries[2, 2] == 8
    result = CliRunner().invoke(app, ["multiplier", "import", "mul2u_AS.blif", "--name", "mul2u_X"])
    assert "read as activation a, weight b, product o; unsigned operands, as the name says, bits of" in result.output
    np.testing.assert_array_equal(multipliers.load("mul2u_X").table, products)
    result = CliRunner().invoke(
        app, ["multiplier", "import", "mul2u_AS.blif", "--name", "mul2u_Y", "--reverse", "none", "--json"]
    )
    assert json.loads(result.output)["worst"] == {"a": 2, "w": 3, "product": 12, "exact": 6}
    text = circuits.blif([[0, 0, 0, 0], [0, 1, 2, 3], [0, 2, 8, 6], [0, 3, 6, 9]], 2, 4)
    made = imported(tmp_path, "wrong.blif", text)  # it is wrong in one product, and not in its order of bits
    assert made.table.entries[2, 2] == 8
    assert "; unsigned operands; MAE 0.25; it would be " in made.sidecar["reading"]


def test_ports_by_option(tmp_path):
    text = circuits.verilog_even("mul").replace("A, B;", "A, B, C;").replace("(A, B, O)", "(A, B, C, O)")
    text = re.sub(r"\bA\b", "left", re.sub(r"\bB\b", "right", text))
    with pytest.raises(
        ValueError, match="activation_port and weight_port must be given where they have no usual names"
    ):
        imported(tmp_path, "mul.v", text)
    made = imported(tmp_path, "mul.v", text, activation_port="right", weight_port="left", output_port="O")
    np.testing.assert_array_equal(made.table, A * (W & ~1))
    assert made.sidecar["reading"].startswith("activation right, weight left, product O; unsigned operands; MAE 63.75")
    arguments = ["multiplier", "import", "mul.v", "--name", "mul8u_P", "--activation-port", "left", "--weight-port"]
    assert CliRunner().invoke(app, [*arguments, "right"]).exit_code == 0
    np.testing.assert_array_equal(multipliers.load("mul8u_P").table, (A & ~1) * W)
    with pytest.raises(ArgumentError, match="reverse must be some of activation, weight, product; received 'A'"):
        imported(tmp_path, "mul.v", text, reverse=["A"])
    with pytest.raises(ArgumentError, match=r"reverse is for netlists; received 'ndarray'|received ndarray"):
        multipliers.import_multiplier(A * W, "mul8u_X", reverse=["product"])


def test_verilog_has_the_header_of_the_library(tmp_path):
    header = "".join(line + "\n" for line in circuits.EVEN.splitlines() if line.startswith("//") and "MRE" not in line)
    made = imported(tmp_path, "mul8u_V.v", header + circuits.verilog_even("mul8u_V"))
    assert (made.sidecar["power_mW"], made.sidecar["published"]["MAE"]) == (0.3, 63.75)
    assert "the measured errors are the published ones (MAE 63.75, WCE 255, EP% 49.8" in made.sidecar["reading"]


def test_no_table_of_the_library_is_read_in_another_way(shared_data):
    """Every table of the library, as a netlist whose name says nothing, is read with its own sign and order of bits."""
    values = np.arange(65536)
    flipped = sum((values >> bit & 1) << (15 - bit) for bit in range(16))
    byte = flipped[:256] >> 8
    for path in sorted((shared_data / "multipliers").glob("*.bin")):
        table = multipliers.load(path).table
        words = table.entries.view(np.uint16).astype(np.int64)

        def products(_, signed, reversed_ports=(), words=words):
            rows, columns = (byte if port in reversed_ports else values[:256] for port in ("activation", "weight"))
            result = words[np.ix_(rows, columns)]
            result = flipped[result] if "product" in reversed_ports else result
            return result - (result >> 15 << 16) if signed else result

        circuit = Circuit("x", products, {}, either_sign=True, reversed_products=products)
        if not words.any():
            with pytest.raises(ArgumentError, match="must be nearest to the exact product in one reading"):
                readings.choose(circuit, 8, False)
            continue
        choice = readings.choose(circuit, 8, False)
        assert (choice.reading, path.name) == (readings.Reading(table.signed), path.name)
        np.testing.assert_array_equal(choice.products, table.entries)


def test_the_errors_of_a_reading_are_those_of_the_metrics():
    values = operands(8, signed=True)
    circuit = Circuit(
        "x",
        lambda _, signed: np.multiply.outer(values & ~1, values),
        {"published": {"MAE": 32, "MSE": 2730.75, "EP%": 49.8, "WCE": 128}},
        either_sign=True,
    )
    choice = readings.choose(circuit, 8, True)
    assert choice.reason == "the measured errors are the published ones (MAE 32, MSE 2730.75, EP% 49.8047, WCE 128)"
