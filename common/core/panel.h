// panel: the codes and features of one block of output pixels and one box of taps, as the kernels read them.
//
//   codes [taps][width], one byte each, for look-ups:
//
//              pixel 0   pixel 1   pixel 2   ...   pixel width - 1
//     tap 0       a         a         a                  a         One weight of a filter meets one row: a kernel loads
//     tap 1       a         a         a                  a         the table of the weight once and looks up the codes
//     ...                                                          of many pixels with each instruction.
//
//   features [terms][quads][width][4], one byte each, for products:
//
//              pixel 0   pixel 1   pixel 2   ...   pixel width - 1
//     quad 0   f f f f   f f f f   f f f f             f f f f     4 channels at one row and column of the filter meet
//     quad 1   f f f f   f f f f   f f f f             f f f f     4 coefficients: an instruction adds 4 products to
//     ...                                                          each sum. The next term of the plan follows.
//
// This is the im2col matrix of the block, transposed. Each row of it is copied from the staged planes run by run:
//
//   staged plane of a channel    . . A A A A A . . . B B B B B . .     Runs A and B begin at their sources plus the
//                                                                      offset of the tap in the plane.
//   row of a tap in the panel    A A A A A B B B B B                   They are copied to the lanes of their pixels.
//
// Where all pixels are one row and the filter is 1x1, a block has one run that begins at position 0: codes are staged in
// the panel itself, and nothing is copied.
#ifndef TFAPPROX_COMMON_CORE_PANEL_H_
#define TFAPPROX_COMMON_CORE_PANEL_H_

#include "staging.h"

namespace tfapprox {

struct Panel {
  int64_t width;          // the lanes from one tap to the next, at least `pixels` rounded up to a multiple of kLanes
  int64_t first, pixels;  // the first output pixel of the block, and their number; later lanes have unspecified codes
  uint8_t* codes;         // [taps][width] codes or classes; empty if the program looks nothing up
  uint8_t* features;      // [terms][quads][width][4] features; empty if the program has no terms
  int64_t* code_sums;     // [width] the sum of the codes of each pixel, over all boxes packed so far; empty for one box
  uint32_t* box_sums;     // [width] the sum of the codes of each pixel, over this box
  int32_t* pixel_sums;    // [width] the sum of activation[code] of each pixel over this box, modulo 2^32
  uint8_t* touches_nan;   // [width] 1 if a tap of the pixel is NaN, in one of the boxes packed so far
  bool any_nan;           // false only if no element of `touches_nan` is 1
  Staging staging;        // the staged codes from which the panel is packed
};

// Returns a panel for blocks and boxes of the division's size, with arrays taken from `layout`.
Panel MakePanel(const tfapprox_problem& shape, const Program& program, const Division& division, MemoryLayout* layout);

// Packs the taps of `box` in the channels of convolution group `group` for output pixels [first, first + pixels).
// `is_first` says that this is the block's first box, for which the sums over boxes are set to 0. The tile loop packs
// the boxes in order.
void PackPanel(const tfapprox_problem& shape, const Program& program, const Source& source, const Box& box,
               bool is_first, int64_t group, int64_t first, int64_t pixels, Panel* panel);

}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_PANEL_H_
