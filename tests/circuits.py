"""C sources that the tests of imports share: small circuits of our own in the forms that libraries use."""

import re

# The form is that of EvoApproxLib. The first parameter is called B, and loses its low bit.
EVEN = """
// MAE% = 0.10 %
// MAE = 63.75
// WCE = 255
// EP% = 49.80 %
// MRE% = 2.37 %
// PDK45_PWR = 0.300 mW
// PDK45_AREA = 500.5 um2
// PDK45_DELAY = 1.40 ns
#include <stdint.h>
uint64_t mul8u_EVEN(const uint64_t B, const uint64_t A) { return (B & 0xfe) * A; }
"""

# The form is that of EvoApprox8b.
OLD = """
/***
* distributed under The MIT License.
* When used, please cite the following article(s): A. Author, "A title", 2017
***/
#include <stdint.h>
/// Approximate function mul8_007
///  Area   (180) = 6715
///  Area   (45) = 508
///  Delay  (45) = 0.890
///  Power  (180) = 2548.20
///  Power  (45) = 218.30
///  MAE = 127.50000
///  MRE = 5.50 %
///  WCRE = 100 %
///  EP = 49.8 %
uint16_t mul8_007(uint8_t a, uint8_t b)
{
  uint16_t c = 0;
  c |= (uint16_t)(a * (b & 0xfe));
  return c;
}
"""

SIGNED = """
#include <stdint.h>
static int16_t low(int16_t x) { return x & ~1; }
int16_t mul8s_LOW(int8_t A, int8_t B) { return low(A) * B; }
"""

# The parameters are bytes, as in some circuits of EvoApproxLib.
SIGNED_BYTES = """
#include <stdint.h>
uint16_t mul8s_BYTES(uint8_t A, uint8_t B) { return (uint16_t)(((int8_t)A & ~1) * (int8_t)B); }
"""

TWO = """
#include <stdint.h>
uint16_t one(uint8_t a, uint8_t b) { return a * b; }
uint16_t other(uint8_t a, uint8_t b) { return a * (b & 0xf0); }
"""


def verilog_even(name="mul8u_EVEN"):
    """Verilog, flat and of gates only, of the product without the lowest bit of the activation."""
    lines = [f"module {name} (A, B, O);", "  input [7:0] A, B;", "  output [15:0] O;"]

    def wire(expression):
        lines.append(f"  wire n{len(lines)}; assign n{len(lines)} = {expression};")
        return f"n{len(lines) - 1}"

    sums = ["1'b0"] * 16
    for a in range(1, 8):
        carry = "1'b0"
        for b in range(8):
            product = wire(f"A[{a}] & B[{b}]")
            half = wire(f"{sums[a + b]} ^ {product}")
            carry, sums[a + b] = (
                wire(f"({sums[a + b]} & {product}) | ({half} & {carry})"),
                wire(f"{half} ^ {carry}"),
            )
        sums[a + 8] = carry
    lines += [f"  assign O[{bit}] = {net};" for bit, net in enumerate(sums)]
    return "\n".join([*lines, "endmodule", ""])


ZERO = "1'b0"


def verilog_signed(name="mul", lost=0):
    """Flat Verilog of the signed product by Baugh and Wooley, without the lowest `lost` columns of partial products."""
    lines = [f"module {name} (A, B, O);", "  input [7:0] A, B;", "  output [15:0] O;"]
    columns = [[] for _ in range(17)]

    def wire(expression):
        lines.append(f"  wire n{len(lines)}; assign n{len(lines)} = {expression};")
        return f"n{len(lines) - 1}"

    for a in range(8):
        for b in range(8):
            if a + b >= lost:
                product = f"A[{a}] & B[{b}]"
                columns[a + b].append(wire(f"~({product})" if (a == 7) != (b == 7) else product))
    columns[8].append("1'b1")
    columns[15].append("1'b1")
    for column in range(16):
        nets = columns[column]
        while len(nets) > 1:
            x, y, z = [*nets[:3], "1'b0"][:3]
            nets[: min(3, len(nets))] = [wire(f"{x} ^ {y} ^ {z}")]
            columns[column + 1].append(wire(f"({x} & {y}) | ({x} & {z}) | ({y} & {z})"))
        lines.append(f"  assign O[{column}] = {(nets or [ZERO])[0]};")
    return "\n".join([*lines, "endmodule", ""])


def reversed_bits(verilog, *ports):
    """A flat Verilog source with the bits of ports in the reverse order."""

    def reversed_bit(match):
        port, bit = match.groups()
        return f"{port}[{(15 if port == 'O' else 7) - int(bit)}]" if port in ports else match.group()

    return re.sub(r"\b([ABO])\[(\d+)\]", reversed_bit, verilog)


def blif(products, bits, out_bits, is_reversed=False):
    """BLIF of an unsigned multiplier by its products; reversed ports have their most significant bit at number 0."""
    inputs = [f"{port}{bit}" for port in "ab" for bit in range(bits)]
    lines = [".model mul", f".inputs {' '.join(inputs)}", f".outputs {' '.join(f'o{bit}' for bit in range(out_bits))}"]

    def place(bit, width):
        return width - 1 - bit if is_reversed else bit

    for bit in range(out_bits):
        lines.append(f".names {' '.join(inputs)} o{bit}")
        for a in range(1 << bits):
            for b in range(1 << bits):
                if products[a][b] >> place(bit, out_bits) & 1:
                    row = [str(operand >> place(i, bits) & 1) for operand in (a, b) for i in range(bits)]
                    lines.append("".join(row) + " 1")
    return "\n".join([*lines, ".end", ""])
