"""Sources that are no netlists: each ends in an error that names file, line and construct, and none takes long."""

import os

import numpy as np
import pytest

from tfapprox.common import netlists
from tfapprox.common.netlists import module, source, verilog_precedence
from tfapprox.common.netlists.verilog_keywords import BOTH_WAYS

_PORTS = "module m(input [1:0] a, b, output [3:0] y);"
_END = "endmodule\n"


def _read(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode("latin-1"))
    return netlists.read_netlist(path)


def _verilog(body):
    return f"{_PORTS}\n{body}\n{_END}"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            "reg x;",
            r"m\.v, line 2: Verilog must consist of .*; received `reg` \(write a flattened netlist with yosys -p ",
        ),
        ("always @(*) y = a;", r"line 2: .*received `always` .*read_verilog m.v; synth -flatten; write_blif m.blif'"),
        ("parameter N = 2;", r"received `parameter`"),
        ("genvar i;", r"received `genvar`"),
        ("initial begin end", r"received `initial`"),
        ("assign y = a * b;", r"received the operator \*"),
        ("assign y = a + b;", r"received the operator \+"),
        ("assign y = -a;", r"received the operator -"),
        ("assign y = a == b;", r"received the operator =="),
        ("assign y = a << 1;", r"received the operator <<"),
        ("assign y = $signed(a);", r"received a system function"),
        ("assign y = f(a);", r"must be declared before it is used; received f"),
        ("assign y = a[b];", r"received an index of a that is not a decimal number, 'b'"),
        ("assign y = a[2];", r"an index of a must be in \[1:0\]; received 2"),
        ("assign y = a[0:1];", r"a selection must have the order of the range of a"),
        ("wire c; assign y = c[0];", r"a selection must be of a vector; received one of c"),
        ("assign y = {a}[0];", r"received a selection from an expression"),
        ("assign y = 2'b1x;", r"a constant must have no x or z digits; received 'b1x"),
        ("assign y = 4'b12;", r"a constant must have digits of its base; received 'b12"),
        ("assign y = 0'b1;", r"a constant must have 1 to 65536 bits; received 0"),
        ("assign y = {0{a}};", r"a replication must be of 1 to 65536 copies; received 0"),
        ("assign y = {a{b}};", r"a replication must be \{NUMBER\{...\}\}"),
        ("assign y = {65536{a}};", r"an expression must have at most 65536 bits; received 131072"),
        ("assign y = c;", r"a net must be declared before it is used; received c"),
        ("assign y = (a;", r"\( must be closed; received ';'"),
        ("assign y = a ? b;", r"\? must be closed; received ';'"),
        ("assign y = a : b;", r"':' must follow '\?'"),
        ("assign y = a b;", r"Verilog must have ';' here; received 'b'"),
        ("assign y = ;", r"an expression must have an operand here; received ';'"),
        ("assign ~y = a;", r"the left side of = must consist of nets"),
        ("assign 1'b0 = a;", r"the left side of = must consist of nets"),
        ("assign #1 y = a;", r"received a delay or parameters, #"),
        ("wire [3:0] t [0:3];", r"received an array of nets, t"),
        ("wire [70000:0] t;", r"a vector must have at most 65536 bits"),
        ("wire a;", r"a port must have one range; received two of a"),
        ("wire t; wire t;", r"a name must be declared once; received t twice"),
        ("input t; output t;", r"a name must be declared once; received t twice"),
        (f"{BOTH_WAYS} t;", f"received `{BOTH_WAYS}`"),
        ("and g(y[0], a);", r"a terminal of g must have 1 bit; received 2"),
        ("and g(y[0]);", r"a gate must have outputs and inputs; received 1 terminals of g"),
        ("and g(~y[0], a[0]);", r"an output of g must be a net"),
        (
            "other u(a);",
            r"line 2: the instance u must be of a module of the file or of a library .* received other",
        ),
        ("other #(2) u(a);", r"received a delay or parameters, #"),
        ("other u[1:0](a);", r"received an array of instances, u"),
        ("m u(a, b, y);", r"must have no instance in another one or in itself; received m, which all have"),
        ("assign y = `WIDTH;", r"Verilog must have no directives that change it; received `WIDTH"),
        ("assign y = a \x80;", r"line 2: Verilog must have no other characters; received '\\x80'"),
        ("assign y = a; /* ", r"/\* must be closed"),
        ("assign y = a; (* ", r"\(\* must be closed"),
        ("assign y = a[9999999999];", r"an index of a that is not a decimal number below 2\*\*31"),
        (f"assign y = {'9' * 2000};", r"names and numbers must have at most 1024 characters; received 2000"),
        (
            "assign y[3:0] = a; assign a[0] = b[0];",
            r"a gate must not drive an input or a constant; received input a\[0\]",
        ),
        ("assign y[2:0] = a;", r"bit 3 of output y must depend on driven nets; received y\[3\], which nothing drives"),
        (
            "wire t; assign y = a & t;",
            r"bit 0 of output y must depend on driven nets; received t, which nothing drives",
        ),
        (
            "wire p, q, r; assign p = q & a[0]; assign q = ~r; assign r = p | b[0]; assign y = r;",
            r"bit 0 of output y must not depend on a loop of gates; received one through r, p, q",
        ),
    ],
)
def test_verilog(body, message, tmp_path):
    with pytest.raises(netlists.NetlistError, match=message):
        _read(tmp_path, "m.v", _verilog(body))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"m\.v: a netlist must have a module; received none"),
        ("assign y = a;", r"line 1: Verilog must consist of .* received 'assign'"),
        ("module m(a);\nassign a = 1;", r"line 2: module m must end with endmodule; received the end of the file"),
        ("module m(a); endmodule", r"each port of m must have one name and one direction; received a without"),
        ("module m(); input a; endmodule", r"each port of m must have one name and one direction; received a"),
        ("module m(.x(a)); endmodule", r"received a port that is an expression"),
        ("module m #(parameter N = 1) (a); endmodule", r"received parameters"),
        ("module m(output reg y); endmodule", r"received output reg"),
        ("module m(output y); endmodule module m(output y); endmodule", r"different names; received m twice"),
        ("module m(output y); endmodule module n(output y); endmodule", r"top must be given .* received m, n"),
        (
            "module m(); n u(); endmodule module n(); m u(); endmodule",
            r"in another one or in itself; received m, n, which all",
        ),
        (
            "module m(output y); n u(y); endmodule\nmodule n(output x); n u(x); endmodule",
            r"line 2: a module must not contain itself; received n",
        ),
        (f"module m({BOTH_WAYS} y); endmodule", r"received a port of both directions"),
        ("module m(output y); n u(y, y); endmodule module n(output x); assign x = 1; endmodule", r"at most 1 connect"),
        ("module m(output y); n u(.z(y)); endmodule module n(output x); assign x = 1; endmodule", r"received z, and"),
        ("module m(output y); n u(.x(y), .x(y)); endmodule module n(output x); endmodule", r"received two of x"),
        ("module m(output y); n u(1'b0); endmodule module n(output x); endmodule", r"nets at its output x; received"),
        ("module m(output [1:0] y); n u(y); endmodule module n(output x); endmodule", r"1 bits at x; received 2"),
        ("module m(output y); n u(~y); endmodule module n(input [1:0] x); endmodule", r"2 bits at x; received 1"),
        ("module m(output y); n u(.*); endmodule", r"received connections \.\*"),
        ("module m(output y); n u(y); endmodule primitive n(x, z); table endtable endprimitive", r"the primitive n"),
        ("module m(output y)\0; endmodule", r"line 1: a netlist must be text; received a NUL byte"),
        (
            "module k(output y); n u(y); endmodule\nmodule n(output x); assign x = 1; endmodule\n"
            "module o(output y); n u(y);\nalways @* y = 1; endmodule",
            r"line 4: .* received `always`",
        ),
        ("package p; endpackage", r"received 'package'"),
    ],
)
def test_modules(text, message, tmp_path):
    with pytest.raises(netlists.NetlistError, match=message):
        _read(tmp_path, "m.v", text)


def test_systemverilog_has_its_own_hint(tmp_path):
    with pytest.raises(netlists.NetlistError, match=r"read_verilog -sv m\.sv;"):
        _read(tmp_path, "m.sv", "module m(output logic y); always_comb y = 1; endmodule")


def test_two_drivers_must_agree(tmp_path):
    agreeing = _read(tmp_path, "m.v", _verilog("assign y = a & b; assign y[0] = b[0] & a[0] & y[0];"))
    np.testing.assert_array_equal(netlists.products(agreeing), np.bitwise_and.outer(np.arange(4), np.arange(4)))
    differing = _read(tmp_path, "m.v", _verilog("assign y = a & b;\nassign y[0] = a[0] | b[1];"))
    message = r"m\.v, line 3: drivers of one net must agree; received y\[0\], which .* in line 2 too; .* a = 0, b = 2"
    with pytest.raises(ValueError, match=message):
        netlists.products(differing)


_MODEL = ".model m\n.inputs a b\n.outputs y\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"m\.blif: a netlist must have a module; received none"),
        ("hello\n", r"line 1: a BLIF file must begin with \.model; received 'hello'"),
        (f"{_MODEL}.latch a state re clk 0\n.end", r"line 4: a netlist must have no registers; received \.latch state"),
        (f"{_MODEL}11 1\n", r"line 4: rows of a table must follow \.names; received '11 1'"),
        (f"{_MODEL}.names a b y\n1 1\n", r"line 5: a row must have 2 of 0, 1, - and then 0 or 1; received '1 1'"),
        (f"{_MODEL}.names a b y\n1x 1\n", r"received '1x 1'"),
        (f"{_MODEL}.names a b y\n11 1\n00 0\n", r"line 6: rows of one table must have one output value"),
        (f"{_MODEL}.exdc\n", r"line 4: a model must consist of .*; received '\.exdc'"),
        (f"{_MODEL}.names\n", r"received '\.names'"),
        (f"{_MODEL}.subckt n a\n", r"an instance must have connections PORT=NET; received 'a'"),
        (f"{_MODEL}.subckt n x=a\n", r"line 4: the instance n:4 must be of a module .* received n"),
        (f"{_MODEL}.subckt m a=a b=b y=y\n", r"a module must not contain itself; received m"),
        (f"{_MODEL}.inputs a\n", r"ports must have different names; received a twice"),
        (f"{_MODEL}.end\n{_MODEL}", r"models must have different names; received m twice"),
        (f"{_MODEL}.names a z\n1 1\n", r"must depend on driven nets; received y, which nothing drives"),
        (f"{_MODEL}.names $undef\n.names $undef y\n1 1\n", r"received \$undef, which nothing drives"),
        (f"{_MODEL}.names a y y\n11 1\n", r"must not depend on a loop of gates; received one through y"),
        (f"{_MODEL}{'a' * (2 << 20)}", r"a line must have at most 1048576 characters"),
    ],
)
def test_blif(text, message, tmp_path):
    with pytest.raises(netlists.NetlistError, match=message):
        _read(tmp_path, "m.blif", text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hello", r"line 1: a genlib file must begin with GATE or LATCH; received 'hello'"),
        ("GATE g 1 O=;", r"a gate must be NAME AREA OUTPUT=EXPRESSION"),
        ("GATE g 1 O=a*;", r"must have an operand on each side of \* and \+; received its end"),
        ("GATE g 1 O=(a*b;", r"received its end"),
        ("GATE g 1 O=a)+b;", r"received \)"),
        ("GATE g 1 O=a^b;", r"received '\^'"),
        ("GATE g 1 O=" + "(" * 70000, r"a line must have at most 65536 characters; received 70011"),
        ("GATE g 1 O=a" + "\n*a" * 40000 + ";", r"a gate must have at most 65536 words; received more"),
        ("GATE g 1 O=a;\nGATE g 1 O=a;", r"line 2: cells must have different names; received g twice"),
    ],
)
def test_genlib(text, message, tmp_path):
    (tmp_path / "c.genlib").write_text(text)
    (tmp_path / "m.blif").write_text(f"{_MODEL}.gate g a=a O=y\n.end\n")
    with pytest.raises(netlists.NetlistError, match=message):
        netlists.read_netlist(tmp_path / "m.blif", cells=[tmp_path / "c.genlib"])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"must begin with aag or aig and M I L O A; received ''"),
        (b"aag 1 1 0 1\n", r"must begin with aag or aig"),
        (b"aag 3 1 1 1 0\n2\n4 2\n4\n", r"must have no latches, .*; received 1 latches"),
        (b"aag 1 1 0 1 0 0 1\n2\n2\n", r"must have no properties"),
        (b"aag 999999999 999999999 0 0 0\n", r"at most 4096 inputs and outputs"),
        (b"aig 999999 2 0 1 999997\n", r"and the gates it says"),
        (b"aag 1 1 0 1 0\n3\n2\n", r"define each variable once, by an even literal; received 3"),
        (b"aag 2 2 0 1 0\n2\n2\n2\n", r"define each variable once"),
        (b"aag 1 1 0 1 0\n2\nx\n", r"line 3: an AIGER file must have 1 number for an output; received 'x'"),
        (b"aag 1 1 0 1 0\n2\n\xb2\n", r"1 number for an output"),
        (b"aag 1 1 0 1 0\n2\n9\n", r"have literals up to 3; received 9"),
        (b"aag 3 1 0 1 1\n2\n6\n6 2 4\n", r"received variable 2, which nothing drives"),
        (b"aag 3 1 0 1 2\n2\n6\n6 4 2\n4 6 2\n", r"a loop of gates; received one through"),
        (b"aag 1 1 0 1 0\n2\n2\ni7 name\n", r"end with symbols such as 'i0 a\[0\]'"),
        (b"aag 2 2 0 1 0\n2\n4\n2\ni0 a\ni1 a\n", r"have different names of its ports; received 'a'"),
        (b"aig 3 2 0 1 1\n6\n\x02", r"have the gates that its header says; received the end of the file"),
        (b"aig 3 2 0 1 1\n6\n\x7f\x02", r"read literals of smaller numbers"),
        (b"aig 3 2 0 1 1\n6\n\xff\xff\xff\xff\xff\xff\x02", r"differences of at most 5 bytes"),
    ],
)
def test_aiger(content, message, tmp_path):
    with pytest.raises(netlists.NetlistError, match=message):
        _read(tmp_path, "m.aig", content)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"must begin with \{inputs,outputs"),
        ("{2,1,1,1,2,1}([4]2,3,2)(4)", r"must begin with \{inputs,outputs"),
        ("{2,1,1,1,3,1,0}([4]2,3,2)(4)", r"nodes of 2 operands and 1 result"),
        ("{2,1,1,1,2,1,0}([2]0,1,2)(2)", r"must number its nodes from 4 in steps of 1; received '\(\[2\]0,1,2\)"),
        ("{2,1,1,1,2,1,0}([4]2,4,2)(4)", r"nodes that read nets of smaller numbers"),
        ("{2,1,1,1,2,1,0}([4]2,3,10)(4)", r"functions from 0 to 9"),
        ("{2,1,1,2,2,1,0}([4]2,3,2)(4)", r"the 2 nodes that its header says, not 1"),
        ("{2,1,1,1,2,1,0}([4]2,3,2)(5)", r"outputs from 0 to 4"),
        ("{2,2,1,1,2,1,0}([4]2,3,2)(4)", r"end with \(output,output,...\), 2 of them"),
        ("{2,1,1,1,2,1,0}([4]2,3,2)(4)x", r"end with"),
        ("{99999999999,1,1,1,2,1,0}", r"must begin with"),
    ],
)
def test_cgp(text, message, tmp_path):
    with pytest.raises(netlists.NetlistError, match=message):
        _read(tmp_path, "m.cgp", text)


def test_files(tmp_path):
    with pytest.raises(netlists.NetlistError, match=r"path must be a file \.v, .*; received suffix '\.vhd'"):
        _read(tmp_path, "m.vhd", "")
    with pytest.raises(FileNotFoundError):
        netlists.read_netlist(tmp_path / "none.v")
    large = tmp_path / "large.v"
    with open(large, "wb") as file:
        file.truncate(source.MAX_BYTES + 1)  # no byte of it is written
    with pytest.raises(netlists.NetlistError, match=r"must have at most 67108864 bytes; received 67108865 bytes"):
        netlists.read_netlist(large)
    os.mkfifo(str(tmp_path / "pipe.v"))
    with pytest.raises(netlists.NetlistError, match=r"a netlist must be a regular file"):
        netlists.read_netlist(tmp_path / "pipe.v")


@pytest.mark.parametrize(
    "expression",
    [
        "(" * 100000 + "a" + ")" * 100000,
        "~" * 20001 + "a",
        "{" * 20000 + "a" + "}" * 20000,
        " & ".join(["a"] * 20000),
        "a ? b : " * 20000 + "a",
    ],
    ids=["parentheses", "inversions", "concatenations", "operators", "choices"],
)
def test_deep_expressions_are_read(expression, tmp_path):
    netlist = _read(tmp_path, "m.v", _verilog(f"assign y = {expression};"))
    a, b = np.mgrid[0:4, 0:4]
    expected = {"~": 15 - a, "a ?": np.where(a, b, a)}.get(expression[: 3 if "?" in expression else 1], a)
    np.testing.assert_array_equal(netlists.evaluate(netlist, {"a": a, "b": b})["y"], expected)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("assign y = " + "(" * 200000, r"an expression must be nested at most 131072 deep"),
        ("assign y = a" + " & a" * 2000 + ";", r"an expression must have at most 2000 operands and operators"),
        ("n u(" + "{65536{1'b1}}, " * 2000 + "a);", r"a file must take at most 67108864 steps to read"),
        ("wire [65535:0] t;\n" + "assign t = a & a & b;\n" * 100, r"a module must have at most 1000000 gates"),
        ("wire [65535:0] " + ", ".join(f"t{number}" for number in range(100)) + ";", r"at most 1000000 nets"),
    ],
    ids=["parentheses", "operators", "replications", "gates", "wires"],
)
def test_greed_ends_in_an_error(body, message, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_NETS", 1000000)
    monkeypatch.setattr(verilog_precedence, "_MAX_NODES", 2000)
    with pytest.raises(netlists.NetlistError, match=message):
        _read(tmp_path, "m.v", _verilog(body))


def test_a_tower_of_instances_ends_in_an_error(tmp_path):
    """Thirty levels of two instances each would be 2**30 gates. They are counted before any is made."""
    levels = "".join(
        f"module m{level}(input a, output y); wire t; m{level + 1} p(a, t), q(t, y); endmodule\n" for level in range(30)
    )
    with pytest.raises(netlists.NetlistError, match=r"at most 4000000 nets when all instances are replaced"):
        _read(tmp_path, "m.v", levels + "module m30(input a, output y); assign y = ~a; endmodule\n")


def test_instances_without_nets_end_in_an_error(tmp_path):
    levels = "".join(f"module m{level}(); m{level + 1} p(), q(); endmodule\n" for level in range(30))
    with pytest.raises(netlists.NetlistError, match=r"nets when all instances are replaced"):
        _read(tmp_path, "m.v", levels + "module m30(); endmodule\n")


def test_a_test_bench_in_the_file_is_not_read(tmp_path):
    multiplier = _verilog("assign y = a & b;").replace("module m", "module mul2u_X")
    bench = "module tb; reg [1:0] a, b; wire [3:0] y; mul2u_X m(a, b, y); initial begin a = 0; end endmodule\n"
    for text in (multiplier + bench, bench + multiplier, multiplier + bench.replace("reg", "wire")):
        assert netlists.products(_read(tmp_path, "mul2u_X.v", text)).tolist()[3] == [0, 1, 2, 3]
    with pytest.raises(netlists.NetlistError, match="received `reg`"):
        _read(tmp_path, "other.v", multiplier + bench)


def test_marks_at_the_beginning_of_a_file(tmp_path):
    text = _verilog("assign y = a & b;")
    assert netlists.products(_read(tmp_path, "m.v", b"\xef\xbb\xbf" + text.encode())).tolist()[3] == [0, 1, 2, 3]
    for encoding in ("utf-16-le", "utf-16-be"):
        with pytest.raises(netlists.NetlistError, match=r"line 1: .* must be text in ASCII or UTF-8; received UTF-16"):
            _read(tmp_path, "m.v", ("\ufeff" + text).encode(encoding))


def test_long_chains_are_read(tmp_path):
    """Five thousand levels of hierarchy, and twenty thousand gates one after another, in reverse order."""
    chain = "".join(f"module m{level}(input a, output y); m{level + 1} u(a, y); endmodule\n" for level in range(5000))
    netlist = _read(tmp_path, "m.v", chain + "module m5000(input a, output y); assign y = ~a; endmodule\n")
    assert netlists.evaluate(netlist, {"a": [0, 1]})["y"].tolist() == [1, 0]
    gates = "".join(f"assign t[{number}] = ~t[{number - 1}];\n" for number in range(20000, 0, -1))
    body = f"wire [20000:0] t;\n{gates}assign t[0] = a, y = t[20000];"
    assert netlists.evaluate(_read(tmp_path, "m.v", _verilog(body)), {"a": [0, 1], "b": 0})["y"].tolist() == [0, 1]
