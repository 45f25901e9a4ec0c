"""Verilog as netlists: expressions, vectors, gates, instances, and the flat style of EvoApproxLib."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfapprox.common import netlists

# Three partial products of 3x3 bits left out, in the style of EvoApproxLib.
_FLAT = """// a truncated 3x3 multiplier
/* MAE 0.75 */
module mul3u_T (A, B, O);
  input [2:0] A, B;
  output [5:0] O;
  wire sig_6,sig_7,sig_8,sig_9,sig_10,sig_11,sig_12,sig_13,sig_14,sig_15,sig_16,sig_99;
  assign sig_6 = A[2] & B[0];
  assign sig_7 = A[1] & B[1];
  assign sig_8 = A[0] & B[2];
  assign sig_9 = A[2] & B[1];
  assign sig_10 = A[1] & B[2];
  assign sig_11 = A[2] & B[2];
  assign sig_12 = sig_6 ^ sig_7;
  assign sig_13 = (sig_6 & sig_7) | (sig_12 & sig_8);
  assign sig_14 = sig_9 ^ sig_10;
  assign sig_15 = (sig_9 & sig_10) | (sig_14 & sig_13);
  assign sig_16 = sig_11 & sig_15;
  assign O[5] = sig_16;
  assign O[4] = sig_11 ^ sig_15;
  assign O[3] = sig_14 ^ sig_13;
  assign O[2] = sig_12 ^ sig_8;
  assign O[1] = 1'b0;
  assign O[0] = 1'b0;
endmodule
"""


def _read(tmp_path, text, name="m.v", **options):
    path = tmp_path / name
    path.write_text(text)
    return netlists.read_netlist(path, **options)


def _value(tmp_path, body, width, **operands):
    """What `assign y = ...` gives for a[3:0], b[2:0], signed s[2:0] and ascending u[1:4]."""
    header = "input [3:0] a, input [2:0] b, input signed [2:0] s, input [1:4] u"
    netlist = _read(tmp_path, f"module m({header}, output [{width - 1}:0] y);\n{body}\nendmodule\n")
    return int(netlists.evaluate(netlist, {"a": 0, "b": 0, "s": 0, "u": 0, **operands})["y"])


def _flat_array(bits):
    """An exact array multiplier in the style of EvoApproxLib."""
    lines = [f"module mul(A, B, O);\n  input [{bits - 1}:0] A, B;\n  output [{2 * bits - 1}:0] O;"]
    columns = [[] for _ in range(2 * bits + 1)]
    names = []

    def add(expression):
        names.append(f"sig_{16 + len(names)}")
        lines.append(f"  assign {names[-1]} = {expression};")
        return names[-1]

    for a in range(bits):
        for b in range(bits):
            columns[a + b].append(add(f"A[{a}] & B[{b}]"))
    for column in range(2 * bits):
        queue = columns[column]
        while len(queue) > 1:
            x, y, z = queue.pop(0), queue.pop(0), queue.pop(0) if queue else None
            partial = add(f"{x} ^ {y}")
            carry = add(f"{x} & {y}")
            if z:
                queue.append(add(f"{partial} ^ {z}"))
                carry = add(f"{carry} | {add(f'{partial} & {z}')}")
            else:
                queue.append(partial)
            columns[column + 1].append(carry)
        lines.append(f"  assign O[{column}] = {queue[0]};")
    declarations = f"  wire {','.join(names)};"
    return "\n".join([lines[0], declarations, *lines[1:], "endmodule"])


def test_flat_style(tmp_path):
    a, w = np.mgrid[0:8, 0:8]
    left_out = (a & 1) * (w & 1) + 2 * ((a >> 1 & 1) * (w & 1) + (a & 1) * (w >> 1 & 1))
    np.testing.assert_array_equal(netlists.products(_read(tmp_path, _FLAT)), a * w - left_out)


def test_flat_style_is_read_in_half_a_second(tmp_path):
    text = _flat_array(8)
    start = time.process_time()
    table = netlists.products(_read(tmp_path, text))
    assert time.process_time() - start < 0.5
    np.testing.assert_array_equal(table, np.multiply.outer(np.arange(256), np.arange(256)))


@pytest.mark.parametrize(
    ("body", "width", "operands", "expected"),
    [
        ("assign y = ~a;", 8, {"a": 0b0101}, 0b11111010),  # extended first, then inverted
        ("assign y = {~a};", 8, {"a": 0b0101}, 0b1010),
        ("assign y = a & ~b;", 4, {"a": 0b1111, "b": 0b001}, 0b1110),
        ("assign y = s;", 6, {"s": 0b101}, 0b111101),
        ("assign y = s & b;", 6, {"s": 0b101, "b": 0b111}, 0b000101),  # an unsigned operand makes all unsigned
        ("assign y = s ^ s;", 6, {"s": 0b101}, 0),
        ("assign y = ~s;", 6, {"s": 0b101}, 0b000010),
        ("assign y = {s};", 6, {"s": 0b101}, 0b000101),
        ("assign y = a ~^ {1'b0, b};", 4, {"a": 0b0110, "b": 0b011}, 0b1010),
        ("assign y = a ^~ b;", 5, {"a": 0b0110, "b": 0b011}, 0b11010),
        ("assign y = b[0] | a[1] & a[0] ^ b[2];", 1, {"a": 0b11, "b": 0b100}, 0),
        ("assign y = a[0] ? b : a[1] ? 3'd5 : 3'b010;", 3, {"a": 2}, 5),
        ("assign y = a[0] ? a[1] ? 1 : 2 : 4;", 3, {"a": 1}, 2),
        ("assign y = a ? 2'b01 : 2'b10;", 2, {"a": 8}, 1),
        ("assign y = {2{a[1:0], 1'b1}};", 6, {"a": 0b10}, 0b101101),
        ("assign y = {a, {3{b[2]}}};", 7, {"a": 9, "b": 4}, 0b1001111),
        ("assign y = {u[1], u[3:4], u[2 +: 2], u[4 -: 2]};", 7, {"u": 0b1001}, 0b1010001),
        ("assign y = {a[2 -: 2], a[1 +: 3], a[3:3]};", 6, {"a": 0b1010}, 0b011011),
        ("assign y = 8'hA_5 ^ 12'o7 ^ 4'sb1000 ^ 'd1;", 12, {}, 0xA5 ^ 7 ^ 8 ^ 1),
        ("assign y = {&a, |a, ^a, ~&a, ~|a, ~^a, ^~a, !a};", 8, {"a": 0b0111}, 0b01110000),
        ("assign y = {a && b, a || b, !b};", 3, {"a": 4}, 0b011),
        ("assign y[0] = a[3], y[3:1] = b;", 4, {"a": 8, "b": 5}, 0b1011),
        ("assign {y[1:0], y[3], y[2]} = a;", 4, {"a": 0b0111}, 0b1101),
        ("wire [2:0] t = b, v; assign v = t; assign y = v;", 3, {"b": 6}, 6),
        ("supply1 h; supply0 [1:0] l; assign y = {h, l, h};", 4, {}, 9),
        ("and (y[0], a[0], a[1], a[2]); nor n1(y[1], a[0], a[1]), n2(y[2], a[3], a[3]);", 3, {"a": 7}, 0b101),
        ("xnor x(y[0], a[0], a[1], a[2]); nand (y[1], a[0], 1'b1); or o(y[2], 1'b0, a[3]);", 3, {"a": 5}, 0b001),
        ("not (y[0], y[1], a[0]); buf b1(y[2], y[3], a[1]); xor g(y[4], a[0], a[0]);", 5, {"a": 2}, 0b01111),
        ("assign t = a[0] & a[1]; not (n, t); assign y = {t, n};", 2, {"a": 3}, 2),  # implicit wires
        (r"wire \a+b[1] ; assign \a+b[1] = a[2]; assign y = {\a+b[1] , \a [3]};", 2, {"a": 4}, 2),
    ],
)
def test_expressions(body, width, operands, expected, tmp_path):
    assert _value(tmp_path, body, width, **operands) == expected


# A tree is a name, or operator and operands. Widths of names are those below.
_WIDTHS = {"a": 4, "b": 3, "c": 1, "a[2:1]": 2, "b[0]": 1}
_TREES = st.recursive(
    st.sampled_from(sorted(_WIDTHS)),
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["~", "!", "&r", "|r", "^r"]), inner),
        st.tuples(st.sampled_from(["&", "|", "^", "~^", "&&", "||"]), inner, inner),
        st.tuples(st.just("?"), inner, inner, inner),
        st.tuples(st.just("{"), inner, inner),
    ),
    max_leaves=12,
)


def _text(tree):
    if isinstance(tree, str):
        return tree
    operator, *operands = tree
    texts = [operand if isinstance(operand, str) else f"({_text(operand)})" for operand in operands]
    if operator == "?":
        return f"{texts[0]} ? {texts[1]} : {texts[2]}"
    if operator == "{":
        return "{" + ", ".join(texts) + "}"
    if len(texts) == 1:
        return operator.rstrip("r") + texts[0]
    return f" {operator} ".join(texts)


def _width(tree):
    if isinstance(tree, str):
        return _WIDTHS[tree]
    operator, *operands = tree
    widths = [_width(operand) for operand in operands]
    if operator == "{":
        return sum(widths)
    if operator in ("!", "&r", "|r", "^r", "&&", "||"):
        return 1
    return max(widths[operator == "?" :])


def _evaluated(tree, width, operands):
    """The value of a tree in a context of `width` bits, as Verilog defines it."""
    if isinstance(tree, str):
        return operands[tree]
    operator, *parts = tree
    alone = [_evaluated(part, _width(part), operands) for part in parts]
    if operator == "{":
        return alone[0] << _width(parts[1]) | alone[1]
    if operator in ("!", "|r", "&r", "^r", "&&", "||"):
        ones = (1 << _width(parts[0])) - 1
        return {
            "!": lambda: not alone[0],
            "|r": lambda: alone[0] != 0,
            "&r": lambda: alone[0] == ones,
            "^r": lambda: bin(alone[0]).count("1") % 2,
            "&&": lambda: alone[0] != 0 and alone[1] != 0,
            "||": lambda: alone[0] != 0 or alone[1] != 0,
        }[operator]() * 1
    values = [_evaluated(part, width, operands) for part in parts]
    if operator == "?":
        return values[1] if alone[0] else values[2]
    ones = (1 << width) - 1
    if operator == "~":
        return ones & ~values[0]
    return {"&": values[0] & values[1], "|": values[0] | values[1], "^": values[0] ^ values[1]}.get(
        operator, ones & ~(values[0] ^ values[1])
    )


@settings(max_examples=150, deadline=None)
@given(tree=_TREES, width=st.integers(1, 9))
def test_random_expressions(tree, width, tmp_path_factory):
    netlist = _read(
        tmp_path_factory.mktemp("random"),
        f"module m(input [3:0] a, input [2:0] b, input c, output [{width - 1}:0] y);\n"
        f"  assign y = {_text(tree)};\nendmodule\n",
    )
    a, b, c = np.unravel_index(np.arange(256), (16, 8, 2))
    outputs = netlists.evaluate(netlist, {"a": a, "b": b, "c": c})["y"]
    for index in range(256):
        x, y, z = int(a[index]), int(b[index]), int(c[index])
        operands = {"a": x, "b": y, "c": z, "a[2:1]": x >> 1 & 3, "b[0]": y & 1}
        context = max(width, _width(tree))
        assert outputs[index] == _evaluated(tree, context, operands) & ((1 << width) - 1)


def test_instances(tmp_path):
    text = """`timescale 1ns / 1ps
    (* keep_hierarchy = 1 *)
    module full_adder(input x, y, z, output wire s, c);
      assign s = x ^ y ^ z, c = x & y | z & (x ^ y);
    endmodule
    module adder(p, q, r);
      input [1:0] p; input [1:0] q; output [2:0] r; wire [1:0] p;
      wire carry;
      full_adder low(p[0], q[0], 1'b0, r[0], carry), high(.s(r[1]), .c(r[2]), .x(p[1]), .y(q[1]), .z(carry));
    endmodule
    module mul(input [1:0] a, b, output [3:0] y);
      wire [2:0] sum; wire top;
      adder first(.p({1'b0, a[1] & b[0]}), .q({a[1] & b[1], a[0] & b[1]}), .r(sum));
      adder second(.p(sum[1]), .q(), .r());  // nothing depends on it
      assign y = {sum, a[0] & b[0]};
    endmodule"""
    np.testing.assert_array_equal(
        netlists.products(_read(tmp_path, text)), np.multiply.outer(np.arange(4), np.arange(4))
    )
    assert _read(tmp_path, text, top="full_adder").outputs.keys() == {"s", "c"}


def test_cells_of_a_library(tmp_path):
    library = tmp_path / "cells.v"
    library.write_text("""`celldefine
    module AND2(output Z, input A, B); and (Z, A, B); specify (A => Z) = 1; endspecify endmodule
    module DFF(input D, CK, output reg Q); always @(posedge CK) Q <= D; endmodule
    primitive udp(q, d); output q; input d; table 0 : 0; 1 : 1; endtable endprimitive
    `endcelldefine""")
    text = """module m(input [1:0] a, b, output [3:0] y);
      assign y[3:2] = 0;
      AND2 g0(y[0], a[0], b[0]), g1(.A(a[1]), .B(b[1]), .Z(y[1]));
    endmodule"""
    a, w = np.mgrid[0:4, 0:4]
    np.testing.assert_array_equal(netlists.products(_read(tmp_path, text, cells=[library])), a & w)
    with pytest.raises(netlists.NetlistError, match=r"m.v, line 3: the instance g0 must be .* received AND2, which"):
        _read(tmp_path, text)
    flip_flop = text.replace("AND2 g0(y[0], a[0], b[0])", "DFF g0(a[0], b[0], y[0])").replace(", g1", "; AND2 g1")
    with pytest.raises(netlists.NetlistError, match=r"cells.v, line 3: .* received output reg \(write a flattened"):
        _read(tmp_path, flip_flop, cells=[library])


def test_connections_are_extended(tmp_path):
    text = """module inner(input [3:0] i, input signed [3:0] j, output [5:0] o); assign o = {i[3:1], j[3:1]}; endmodule
    module m(input [1:0] a, input signed [1:0] b, output [3:0] y);
      inner u(.i(a), .j(b), .o({y[3:1], y[0]}));
    endmodule"""
    netlist = _read(tmp_path, text)
    assert netlists.evaluate(netlist, {"a": 3, "b": 2})["y"] == 0b1111  # o is 001111, from 0011 and 1110
    assert netlists.evaluate(netlist, {"a": 3, "b": 1})["y"] == 0b1000  # o is 001000, from 0011 and 0001


def test_unequal_and_reversed_operands(tmp_path):
    text = """module m(input [3:0] x, input [0:1] y, output [5:0] p);
      assign p = {2'b00, x & {4{y[1]}}} | {1'b0, x & {4{y[0]}}, 1'b0};
    endmodule"""
    a, w = np.mgrid[0:16, 0:4]
    np.testing.assert_array_equal(netlists.products(_read(tmp_path, text)), (a * (w & 1)) | (2 * a * (w >> 1)))


_REVERSED = [int(f"{code:04b}"[::-1], 2) for code in range(16)]
_A, _S = np.arange(16), np.arange(8) - (np.arange(8) >> 2 << 3)


@pytest.mark.parametrize(
    ("ports", "body", "expected"),
    [
        # The index of the least significant bit is the right bound, in both directions and from any number.
        ("input [0:3] a, output [0:3] y", "assign y = a;", _A),
        (
            "input [0:3] a, output [3:0] y",
            "assign y = {a[3], a[2], a[1], a[0]};",
            _REVERSED,
        ),
        ("input [7:4] a, output [4:7] y", "assign y = {2'b0, a[7:6]} | {a[5 -: 2], 2'b0};", _A >> 2 | (_A & 3) << 2),
        ("input [3:0] a, output [0:5] y", "assign y[4:5] = a[1:0], y[0:3] = a;", _A << 2 | _A & 3),
        # Each side of a choice is extended: by the sign only if both sides are signed.
        ("input signed [2:0] s, output [5:0] y", "assign y = s[0] ? s : 4'sb1000;", np.where(_S & 1, _S, -8) & 63),
        ("input signed [2:0] s, output [5:0] y", "assign y = s[0] ? s : 4'b1000;", np.where(_S & 1, _S & 7, 8)),
        ("input signed [2:0] s, output [5:0] y", "assign y = ~(s[2:0] | 2'b00);", ~(_S & 7) & 63),
        ("input signed [2:0] s, output [5:0] y", "assign y = {2{s}} ^ s;", (_S & 7) * 9 ^ _S & 7),
        # The condition of a choice, and an operand of && or of a reduction, is not extended.
        ("input [3:0] a, output [7:0] y", "assign y = ~a ? 8'd1 : 8'd2;", np.where(_A == 15, 2, 1)),
        (
            "input [3:0] a, output [7:0] y",
            "assign y = {&(~a), (~a) && 1'b1, !(~a)};",
            np.where(_A, 2, 6) - (_A == 15),
        ),
        # Constants and vectors of more than 64 bits keep all bits.
        (
            "input [3:0] a, output [3:0] y",
            "wire [99:0] t = {a, 96'b0} ^ 100'h5_0000_0000_0000_0000_0000_0000; assign y = t[99:96] | {4{|t[95:0]}};",
            _A ^ 5,
        ),
        (
            "input [3:0] a, output [3:0] y",
            "wire [69:0] t = 70'd295147905179352825856; assign y = {4{t[68] & ~|t[67:0]}} & a;",  # it is 2**68
            _A,
        ),
        ("input [3:0] a, output [3:0] y", "wire [79:0] t = {20{a}}; assign y = t[79:76] & t[67:64] & t[3:0];", _A),
        # A port, an escaped name that looks like one of its bits, and an instance of the same name are different.
        (
            "input [3:0] a, output [3:0] y",
            r"wire \a[0] ; assign \a[0] = ~a[0]; assign y = {a[3:1], \a[0] };",
            _A ^ 1,
        ),
        (r"input [3:0] a, output [3:0] \y ", "assign y = a;", _A),
        # An undeclared connection is one wire, and an input that is wider than it gets zeros above.
        (
            "input [3:0] a, output [3:0] y",
            "not n(t, a[0]); inner u(t, y); endmodule module inner(input [3:0] i, output [3:0] o); assign o = i;",
            1 - (_A & 1),
        ),
    ],
)
def test_tables_against_python(ports, body, expected, tmp_path):
    netlist = _read(tmp_path, f"module m({ports});\n{body}\nendmodule\n", top="m")
    ((name, nets),) = netlist.inputs.items()
    y = netlists.evaluate(netlist, {name: np.arange(1 << len(nets))})["y"]
    np.testing.assert_array_equal(y, expected)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("'h1_0000_0000", r"a constant without a size must have at most 32 bits; received 'h1_0000_0000"),
        ("'d4294967296", r"a constant without a size must have at most 32 bits"),
        ("{a, 1}", r"a concatenation must have constants with a size, such as 1'b0; received one without"),
        ("{2{'b1}}", r"a concatenation must have constants with a size"),
        ("a[4]", r"an index of a must be in \[3:0\]; received 4"),
        ("a[3 +: 2]", r"an index of a must be in \[3:0\]; received 4"),
        ("a[0 -: 2]", r"an index of a must be in \[3:0\]; received -1"),
        ("u[4:1]", r"a selection must have the order of the range of u"),
        ("u[0]", r"an index of u must be in \[1:4\]; received 0"),
    ],
)
def test_values_that_verilog_does_not_define(expression, message, tmp_path):
    with pytest.raises(netlists.NetlistError, match=message):
        _value(tmp_path, f"assign y = {expression};", 40)


def test_more_ports_than_numpy_broadcasts_at_once(tmp_path):
    names = [f"a{number}" for number in range(67)]
    ports = ", ".join(names)
    netlist = _read(tmp_path, f"module m(input {ports}, output y);\nassign y = ^{{{ports}}};\nendmodule\n")
    operands = {name: np.array([0, number % 3 == 0], int) for number, name in enumerate(names)}
    assert netlists.evaluate(netlist, operands)["y"].tolist() == [0, 1]
