"""The test bench in Verilog that checks a multiplier module against the vectors of a layer."""

from typing import Dict

_TEXT = r"""`timescale 1ns/1ps
// The module under test and its ports; -DMULTIPLIER=NAME chooses another one.
`ifndef MULTIPLIER
`define MULTIPLIER {module}
`endif
`ifndef ACTIVATION
`define ACTIVATION A
`endif
`ifndef WEIGHT
`define WEIGHT B
`endif
`ifndef PRODUCT
`define PRODUCT O
`endif

module test_bench;
  localparam BITS = {bits}, PRODUCT_BITS = {product_bits}, SUM_BITS = {sum_bits}, SIGNED = {signed};
  localparam PAIRS = {pairs}, PIXELS = {pixels}, OUTPUT_PIXELS = {output_pixels};
  localparam GROUPS = {groups}, FILTERS = {filters}, TAPS = {taps};

  reg [2*BITS+PRODUCT_BITS-1:0] pairs [0:PAIRS-1];      // activation, weight, product
  reg [BITS-1:0] windows [0:GROUPS*PIXELS*TAPS-1];      // activations [group][pixel][tap]
  reg [BITS-1:0] weights [0:FILTERS*TAPS-1];            // [filter][tap]
  reg [SUM_BITS-1:0] sums [0:OUTPUT_PIXELS*FILTERS-1];  // [output pixel][filter]
  reg [31:0] pixels [0:PIXELS-1];                       // the output pixels that are checked

  reg [BITS-1:0] activation, weight;
  wire [PRODUCT_BITS-1:0] product;
  reg [PRODUCT_BITS-1:0] expected;
  reg [SUM_BITS-1:0] sum;
  integer i, pixel, filter, tap, window, wrong_pairs, wrong_sums;

  `MULTIPLIER multiplier (.`ACTIVATION(activation), .`WEIGHT(weight), .`PRODUCT(product));

  wire [SUM_BITS-1:0] extended = {{{{(SUM_BITS-PRODUCT_BITS){{SIGNED && product[PRODUCT_BITS-1]}}}}, product}};

  initial begin
    $readmemh("pairs.mem", pairs);
    $readmemh("windows.mem", windows);
    $readmemh("weights.mem", weights);
    $readmemh("sums.mem", sums);
    $readmemh("pixels.mem", pixels);
    wrong_pairs = 0;
    wrong_sums = 0;
    for (i = 0; i < PAIRS; i = i + 1) begin
      {{activation, weight, expected}} = pairs[i];
      #1;
      if (product !== expected) begin
        wrong_pairs = wrong_pairs + 1;
        if (wrong_pairs <= 10)
          $display("pair: activation %h, weight %h: product %h instead of %h", activation, weight, product, expected);
      end
    end
    for (pixel = 0; pixel < PIXELS; pixel = pixel + 1)
      for (filter = 0; filter < FILTERS; filter = filter + 1) begin
        sum = 0;
        window = (filter / (FILTERS / GROUPS)) * PIXELS + pixel;
        for (tap = 0; tap < TAPS; tap = tap + 1) begin
          activation = windows[window*TAPS+tap];
          weight = weights[filter*TAPS+tap];
          #1;
          sum = sum + extended;
        end
        if (sum !== sums[pixels[pixel]*FILTERS+filter]) begin
          wrong_sums = wrong_sums + 1;
          if (wrong_sums <= 10)
            $display("sum: output pixel %0d, filter %0d: %h instead of %h", pixels[pixel], filter, sum,
                     sums[pixels[pixel]*FILTERS+filter]);
        end
      end
    $display("%0d of %0d pairs and %0d of %0d sums are wrong", wrong_pairs, PAIRS, wrong_sums, PIXELS * FILTERS);
    if (wrong_pairs == 0 && wrong_sums == 0) $display("PASS");
    else $display("FAIL");
    $finish;
  end
endmodule
"""


def text(module: str, sizes: Dict[str, int]) -> str:
    """The text of the test bench.

    Args:
        module: name of the module that is tested by default.
        sizes: `bits`, `product_bits` and `sum_bits`, widths of operands, products and sums; `signed`, 0 or 1; `pairs`,
            the number of pairs; `pixels`, the number of output pixels that are checked; `output_pixels`, the number of
            all; `groups`, `filters` and `taps` of the layer.

    Example:
        >>> names = "bits product_bits sum_bits signed pairs pixels output_pixels groups filters taps"
        >>> "`define MULTIPLIER mul8u_X" in text("mul8u_X", dict.fromkeys(names.split(), 1))
        True
    """
    return _TEXT.format(module=module, **sizes)
