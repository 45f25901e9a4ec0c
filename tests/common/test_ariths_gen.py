"""Circuits that ariths-gen generates, by name and from a Python file, and its C code."""

import io
import json

import numpy as np
import pytest
from typer.testing import CliRunner

from tfapprox.command_line import app
from tfapprox.common import load_table, multipliers
from tfapprox.common.reference import exact_table

pytest.importorskip("ariths_gen")


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))


def test_exact_circuits():
    made = multipliers.import_multiplier(multipliers.generate_ariths_gen("UnsignedDaddaMultiplier"))
    assert (made.name, made.sidecar["source"]) == ("mul8u_u_dadda_cla", "ariths-gen, UnsignedDaddaMultiplier")
    np.testing.assert_array_equal(made.table, exact_table(8))
    made = multipliers.import_multiplier(multipliers.generate_ariths_gen("SignedDaddaMultiplier"))
    assert made.name == "mul8s_s_dadda_cla"
    np.testing.assert_array_equal(made.table, exact_table(8, signed=True))


def test_a_broken_array_is_ours():
    """Two groups wrote the same construction. The table shows the operand order: the break is on the weight's side."""
    arguments = ["ariths-gen:UnsignedBrokenArrayMultiplier", "--set", "horizontal_cut=2", "--set", "vertical_cut=6"]
    result = CliRunner().invoke(app, ["multiplier", "import", *arguments, "--name", "mul8u_BAM", "--json"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.output)["check"].startswith("checked")
    np.testing.assert_array_equal(load_table("mul8u_BAM"), load_table("mul8u_bam_h2_v6"))


def test_names_have_the_parameters():
    """Two circuits of one class get two names, from the command and from an object."""
    broken = ["ariths-gen:UnsignedBrokenArrayMultiplier", "--set", "horizontal_cut=2", "--set", "vertical_cut=6"]
    names = {}
    for words in (broken, [broken[0], *broken[3:]], ["ariths-gen:UnsignedWallaceMultiplier", "--set", "use_csa=0"]):
        row = json.loads(CliRunner().invoke(app, ["multiplier", "import", *words, "--json"]).stdout)
        names[row["name"]] = row["source"]
    assert names == {
        "mul8u_u_bam_h2_v6": "ariths-gen, UnsignedBrokenArrayMultiplier(horizontal_cut=2, vertical_cut=6)",
        "mul8u_u_bam_v6": "ariths-gen, UnsignedBrokenArrayMultiplier(vertical_cut=6)",
        "mul8u_u_wallace_cla_use_csa0": "ariths-gen, UnsignedWallaceMultiplier(use_csa=0)",
    }
    circuit = multipliers.generate_ariths_gen("UnsignedTruncatedArrayMultiplier", truncation_cut=3)
    assert multipliers.import_multiplier(circuit).name == "mul8u_u_tm_t3"


def test_python_file(tmp_path):
    (tmp_path / "mine.py").write_text(
        "from ariths_gen.wire_components import Bus\n"
        "from ariths_gen.multi_bit_circuits.multipliers import UnsignedArrayMultiplier\n"
        "circuit = UnsignedArrayMultiplier(a=Bus('a', 6), b=Bus('b', 6))\n"
    )
    arguments = [str(tmp_path / "mine.py"), "--function", "circuit", "--name", "mul6u_MINE", "--bits", "6"]
    result = CliRunner().invoke(app, ["multiplier", "import", *arguments])
    assert result.exit_code == 0, result.output
    np.testing.assert_array_equal(load_table("mul6u_MINE", 6), exact_table(6))
    assert multipliers.load("mul6u_MINE").sidecar["source"] == "mine.py, function circuit"


def test_its_c_code_has_gates_of_two_operands(tmp_path):
    circuit = multipliers.generate_ariths_gen("UnsignedWallaceMultiplier", 8)
    text = io.StringIO()
    circuit.get_c_code_hier(text)
    path = tmp_path / f"{circuit.prefix}.c"
    for file in (path, tmp_path / "other.c"):
        file.write_text(text.getvalue())
    np.testing.assert_array_equal(multipliers.import_multiplier(path, "mul8u_WALLACE").table, exact_table(8))
    with pytest.raises(
        ValueError, match=r"must have one function of two integers .*uint8_t and_gate\(uint8_t, uint8_t\)"
    ):
        multipliers.import_multiplier(tmp_path / "other.c", "mul8u_W")


@pytest.mark.parametrize(
    ("generator", "parameters", "message"),
    [
        ("Dadda", {}, r"generator must be one of .*UnsignedDaddaMultiplier.*; received 'Dadda'"),
        ("UnsignedDaddaMultiplier", {"num_bits": 9}, r"num_bits must be from 2 to 8; received 9"),
        ("UnsignedBrokenArrayMultiplier", {"horizontal_cut": 2}, r"received horizontal_cut=2: it makes no circuit of"),
        ("UnsignedBrokenArrayMultiplier", {"horizontal_cut": 99}, r"parameters must be those of Unsigned.*=99"),
    ],
)
def test_mistakes(generator, parameters, message):
    with pytest.raises(ValueError, match=message):
        multipliers.generate_ariths_gen(generator, **parameters)


def test_a_circuit_has_its_own_width_and_sign():
    circuit = multipliers.generate_ariths_gen("UnsignedDaddaMultiplier", 6)
    assert multipliers.import_multiplier(circuit, num_bits=6, signed=False).num_bits == 6
    with pytest.raises(multipliers.ArgumentError, match=r"^num_bits must be 6, as the circuit says; received 4$"):
        multipliers.import_multiplier(circuit, num_bits=4)
    with pytest.raises(multipliers.ArgumentError, match=r"^signed must be False, as the circuit says; received True$"):
        multipliers.import_multiplier(circuit, signed=True)


def test_an_unknown_class_in_two_interfaces():
    with pytest.raises(ValueError, match=r"^source must be ariths-gen: and one of .*Dadda.*; received 'Dadda'$"):
        multipliers.import_multiplier("ariths-gen:Dadda")
    result = CliRunner().invoke(app, ["multiplier", "import", "ariths-gen:Dadda"])
    assert result.exit_code == 1
    assert result.output.startswith("error: SOURCE must be ariths-gen: and one of ")
    result = CliRunner().invoke(app, ["multiplier", "import", "ariths-gen:UnsignedDaddaMultiplier", "--bits", "9"])
    assert result.output == "error: --bits must be from 2 to 8; received 9\n"
