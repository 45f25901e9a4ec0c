"""Netlists as values, evaluation, ports of operands, BLIF, genlib, AIGER and CGP."""

import numpy as np
import pytest

from tfapprox.common import netlists
from tfapprox.common.netlists.netlist import AND, BUF, MUX, NAND, NOR, NOT, OR, XNOR, XOR, Netlist

_SIXTEEN = np.arange(16)


def _read(tmp_path, name, content, **options):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return netlists.read_netlist(path, **options)


def _outputs(netlist, **operands):
    return {name: values.tolist() for name, values in netlists.evaluate(netlist, operands).items()}


def test_functions_of_gates():
    functions = [BUF, NOT, AND, OR, XOR, NAND, NOR, XNOR, MUX]
    netlist = Netlist(
        "all", {"a": [2], "b": [3], "c": [4]}, {"y": range(5, 14)}, functions, [[2, 3, 4]] * len(functions)
    )
    a, b, c = np.ogrid[0:2, 0:2, 0:2]
    y = netlists.evaluate(netlist, {"a": a, "b": b, "c": c})["y"]
    expected = [a, 1 - a, a & b, a | b, a ^ b, 1 - (a & b), 1 - (a | b), 1 - (a ^ b), np.where(a, b, c)]
    for bit, values in enumerate(expected):
        np.testing.assert_array_equal(y >> bit & 1, np.broadcast_to(values, y.shape))


def test_many_nets_are_evaluated_in_passes(monkeypatch):
    """A netlist whose nets do not fit the buffer gives the same products in several passes, with progress."""
    from tfapprox.common.netlists import evaluating

    generator = np.random.default_rng(1) if hasattr(np.random, "default_rng") else np.random.RandomState(1)
    inputs = {"a": range(2, 10), "b": range(10, 18)}
    count = 70000
    fan_in = np.floor(generator.uniform(size=(count, 3)) * (18 + np.arange(count))[:, None]).astype(int)
    functions = np.floor(generator.uniform(size=count) * 9).astype(int)
    netlist = Netlist("random", inputs, {"y": range(count - 46, count + 16)}, functions, fan_in)
    reports = []
    operands = {"a": np.arange(3000) % 256, "b": np.arange(3000) * 7 % 256}
    once = netlists.evaluate(netlist, operands)["y"]
    monkeypatch.setattr(evaluating, "_BUFFER", 1 << 20)
    passes = netlists.evaluate(netlist, operands, lambda *report: reports.append(report))["y"]
    np.testing.assert_array_equal(once, passes)
    assert len(set(once.tolist())) > 100
    assert reports[0] == (65536, 3 * count)  # 3000 operands are 47 words, and a pass has 16 of them
    assert reports[-1] == (3 * count, 3 * count)


def test_operands_are_checked():
    netlist = Netlist("m", {"a": [2, 3], "b": [4]}, {"y": [2]}, [], [])
    assert _outputs(netlist, a=[0, 1, 3], b=1) == {"y": [0, 1, 1]}
    with pytest.raises(ValueError, match=r"operands must have the names of the inputs, a, b; received a"):
        netlists.evaluate(netlist, {"a": 0})
    with pytest.raises(ValueError, match=r"operands of a must be from 0 to 3; received 0 to 4"):
        netlists.evaluate(netlist, {"a": [0, 4], "b": 0})
    with pytest.raises(ValueError, match=r"operands must be integers; received dtype float64 for b"):
        netlists.evaluate(netlist, {"a": 0, "b": 0.5})
    with pytest.raises(ValueError, match=r"output y must have at most 62 bits; received 63 bits"):
        netlists.evaluate(netlist.with_outputs({"y": [2] * 63}), {"a": 0, "b": 0})


@pytest.mark.parametrize(
    ("inputs", "outputs", "fan_in", "message"),
    [
        ({"a": [3]}, {}, [], "inputs must number their nets from 2"),
        ({"a": [2]}, {}, [[2, 3, 0]], "fan_in must name nets of smaller numbers"),
        ({"a": [2]}, {"y": [4]}, [[2, 2, 0]], "outputs must name nets from 0 to 3"),
    ],
)
def test_impossible_netlists(inputs, outputs, fan_in, message):
    with pytest.raises(ValueError, match=message):
        Netlist("m", inputs, outputs, [AND] * len(fan_in), fan_in)


def _and(inputs, outputs=None):
    """A netlist whose product is the bitwise and of its two halves of inputs; `inputs` are names and widths."""
    ports, first = {}, 2
    for name, width in inputs:
        ports[name] = range(first, first + width)
        first += width
    half = (first - 2) // 2
    gates = [[2 + bit, 2 + half + bit, 0] for bit in range(half)]
    products = range(first, first + half)
    outputs = {"y": products} if outputs is None else {name: [products[bit]] for bit, name in enumerate(outputs)}
    return Netlist("m", ports, outputs, [AND] * half, gates)


@pytest.mark.parametrize(
    "netlist",
    [
        _and([("A", 4), ("B", 4)]),
        _and([("first", 4), ("second", 4)]),
        _and([("inputs", 8)]),
        _and([(f"{name}{bit}", 1) for name in "ab" for bit in range(4)], ["O0", "O1", "O2", "O3"]),
        _and([(f"{name}[{bit}]", 1) for name in "xy" for bit in range(4)], [f"p[{bit}]" for bit in range(4)]),
        _and([(f"in{name}_{bit}", 1) for name in "12" for bit in range(4)], [f"o<{bit}>" for bit in range(4)]),
    ],
)
def test_usual_ports(netlist):
    np.testing.assert_array_equal(netlists.products(netlist), np.bitwise_and.outer(_SIXTEEN, _SIXTEEN))


def test_named_ports():
    netlist = _and([("w", 4), ("v", 4)])
    table = netlists.products(netlist, "v[1:0]", "w[1:0]", "y[0:1]")
    assert table.tolist() == [[0, 0, 0, 0], [0, 2, 0, 2], [0, 0, 1, 1], [0, 2, 1, 3]]
    signed = netlists.products(netlist, "v", "w", signed=True)
    assert signed[15, 15] == -1
    assert signed[15].tolist() == [*range(8), *range(-8, 0)]


@pytest.mark.parametrize(
    ("netlist", "options", "message"),
    [
        (_and([("a", 4), ("b", 4)]), {"activation_port": "a"}, "weight_port must be given with activation_port"),
        (
            _and([("a", 4), ("b", 4)]),
            {"activation_port": "c", "weight_port": "b"},
            r"activation_port must be one of the inputs a\[4\], b\[4\]; received 'c'",
        ),
        (
            _and([("a", 4), ("b", 4)]),
            {"activation_port": "a", "weight_port": "b[4:1]"},
            r"weight_port must have bits from 0 to 3; received 'b\[4:1\]'",
        ),
        (
            _and([("a", 4), ("b", 4)]),
            {"activation_port": "a[1:0]", "weight_port": "a[2:1]"},
            r"must share no bits; received a\[1:0\] and a\[2:1\]",
        ),
        (_and([("a", 1), ("b", 1)]), {}, r"the activation must have 2 to 8 bits; received 1 \(inputs: a\[1\], b\[1\]"),
        (_and([("a", 9), ("b", 9)]), {}, r"the activation must have 2 to 8 bits; received 9"),
        (
            _and([("a", 4), ("b", 2), ("enable", 2)]),
            {},
            r"must depend on its operands alone; received one that depends on enable \(inputs: a\[4\], b\[2\], enable",
        ),
        (_and([("r", 2), ("s", 2), ("t", 4)]), {}, r"activation_port and weight_port must be given where .* r\[2\], s"),
        (_and([("a", 2), ("b", 2)], ["u", "v"]), {}, r"output_port must be given .*outputs: u\[1\], v\[1\]"),
        (_and([("a0", 1), ("a2", 1), ("b0", 1), ("b1", 1)]), {}, r"must be given where .* a0\[1\], a2\[1\], b\[2\]"),
    ],
)
def test_unclear_ports(netlist, options, message):
    with pytest.raises(ValueError, match=message):
        netlists.products(netlist, **options)


def _blif_of_table(table, reverse):
    """BLIF of a multiplier of 3-bit operands, one table of the six inputs for each bit of the product."""
    names = {port: [f"{port}[{bit}]" for bit in range(width)] for port, width in (("a", 3), ("b", 3), ("y", 6))}
    for port in reverse:
        names[port].reverse()
    lines = [".model m", ".inputs a[0] a[1] a[2] b[0] b[1] b[2]", ".outputs " + " ".join(sorted(names["y"]))]
    for bit, name in enumerate(names["y"]):
        lines.append(f".names {' '.join(names['a'])} {' '.join(names['b'])} {name}")
        for a, b in np.argwhere(table >> bit & 1):
            lines.append(f"{a:03b}"[::-1] + f"{b:03b}"[::-1] + " 1")
    return "\n".join([*lines, ".end", ""])


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("reverse", ["", "a", "b", "y", "ab", "aby"])
def test_mean_errors_tell_readings_apart(signed, reverse, tmp_path):
    codes = np.arange(8)
    values = codes - (codes >> 2 << 3) if signed else codes
    netlist = _read(tmp_path, "m.blif", _blif_of_table(np.multiply.outer(values, values), reverse))
    errors = netlists.mean_errors(netlist)
    reading = netlists.Reading(signed, *(port in reverse for port in "aby"))
    assert errors[reading] == 0
    assert sorted(errors.values())[1] > 0
    assert next(iter(errors)) == reading
    if not reverse:
        table = netlists.products(netlist, signed=signed)
        np.testing.assert_array_equal(table, np.multiply.outer(values, values))


_BLIF = """# a half adder, and more
.model top
.inputs a b \\
 c
.outputs sum carry off one zero mux copy
.names a b sum   # exclusive or
01 1
10 1
.subckt gate_and x=a y=b z=carry
.names a b c off
1-1 0
01- 0
.names one
1
.names zero
.names c a b mux
11- 1
0-1 1
.conn a copy
.end
.model gate_and
.inputs x y
.outputs z
.names x y z
11 1
"""


def test_blif(tmp_path):
    netlist = _read(tmp_path, "m.blif", _BLIF)
    a, b, c = np.unravel_index(np.arange(8), (2, 2, 2))
    outputs = netlists.evaluate(netlist, {"a": a, "b": b, "c": c})
    off = 1 - ((a & c) | ((1 - a) & b))
    expected = {"sum": a ^ b, "carry": a & b, "off": off, "one": 1, "zero": 0, "mux": np.where(c, a, b), "copy": a}
    assert list(outputs) == list(expected)
    for name, values in expected.items():
        np.testing.assert_array_equal(outputs[name], np.broadcast_to(values, 8), name)
    assert _outputs(_read(tmp_path, "m.blif", _BLIF, top="gate_and"), x=1, y=[0, 1]) == {"z": [0, 1]}


def test_every_table_of_two_inputs(tmp_path):
    rows = ["00", "01", "10", "11"]
    for function in range(16):
        cover = "".join(f"{row} 1\n" for bit, row in enumerate(rows) if function >> bit & 1)
        netlist = _read(tmp_path, "t.blif", f".model t\n.inputs a b\n.outputs y\n.names a b y\n{cover}.end\n")
        assert _outputs(netlist, a=[0, 0, 1, 1], b=[0, 1, 0, 1])["y"] == [function >> bit & 1 for bit in range(4)]


_GENLIB = """# cells
GATE "inv" 1 Y=!A; PIN * INV 1 999 0.9 0.3 0.9 0.3
GATE aoi 3 Y = !(A*B + C);
PIN A INV 1 999 1 1 1 1
GATE mix 3 Y=A' (B + !C) + (A & CONST1)';  # operands side by side are a product
GATE one 0 Y=CONST1;
LATCH dff 5 Q=D; PIN D NONINV 1 999 1 1 1 1
"""


def test_genlib(tmp_path):
    library = tmp_path / "cells.genlib"
    library.write_text(_GENLIB)
    text = """.model m
.inputs a b c
.outputs p q r s
.gate inv A=a Y=p
.gate aoi A=a B=b C=c Y=q
.gate mix A=a B=b C=c Y=r
.gate one Y=s
.end
"""
    netlist = _read(tmp_path, "m.blif", text, cells=[library])
    a, b, c = np.unravel_index(np.arange(8), (2, 2, 2))
    outputs = netlists.evaluate(netlist, {"a": a, "b": b, "c": c})
    np.testing.assert_array_equal(outputs["p"], 1 - a)
    np.testing.assert_array_equal(outputs["q"], 1 - (a & b | c))
    np.testing.assert_array_equal(outputs["r"], (1 - a) & (b | 1 - c) | (1 - a))
    np.testing.assert_array_equal(outputs["s"], np.ones(8))
    in_verilog = "module m(input a, b, c, output q); aoi u(.A(a), .B(b), .C(c), .Y(q)); endmodule"
    verilog = _read(tmp_path, "m.v", in_verilog, cells=[library])
    np.testing.assert_array_equal(netlists.evaluate(verilog, {"a": a, "b": b, "c": c})["q"], outputs["q"])
    with pytest.raises(netlists.NetlistError, match=r"cells.genlib, line 7: .*no registers; received dff"):
        _read(tmp_path, "m.blif", text.replace("inv A=a Y=p", "dff D=a Q=p"), cells=[library])


# A half adder: sum = !(!a & !b) & !(a & b), carry = a & b.
_ASCII = "aag 5 2 0 2 3\n2\n4\n8\n6\n6 2 4\n10 3 5\n8 11 7\ni0 x\ni1 y\no0 sum\no1 carry\nc\nany text\n"
_BINARY = b"aig 5 2 0 3 3\n10\n6\n1\n\x02\x02\x03\x02\x01\x02i1 y\n"


def test_aiger(tmp_path):
    bits = {"a": [0, 0, 1, 1], "b": [0, 1, 0, 1]}
    netlist = _read(tmp_path, "m.aag", _ASCII)
    assert _outputs(netlist, x=bits["a"], y=bits["b"]) == {"sum": [0, 1, 1, 0], "carry": [0, 0, 0, 1]}
    netlist = _read(tmp_path, "m.aig", _BINARY)
    assert _outputs(netlist, i0=bits["a"], y=bits["b"]) == {"o0": [0, 1, 1, 0], "o1": [0, 0, 0, 1], "o2": [1] * 4}


def test_cgp(tmp_path):
    functions = range(10)
    nodes = "".join(f"([{4 + number}]2,3,{function})\n" for number, function in enumerate(functions))
    outputs = ",".join(str(number) for number in [0, 1, *range(4, 14)])
    netlist = _read(tmp_path, "m.cgp", f"{{2,12,1,10,2,1,0}}{nodes}({outputs})\n")
    a, b = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    expected = [0, 1, a, 1 - a, a & b, a | b, a ^ b, 1 - (a & b), 1 - (a | b), 1 - (a ^ b), 1, 0]
    y = netlists.evaluate(netlist, {"inputs": a + 2 * b})["outputs"]
    for bit, values in enumerate(expected):
        np.testing.assert_array_equal(y >> bit & 1, np.broadcast_to(values, 4), str(bit))
