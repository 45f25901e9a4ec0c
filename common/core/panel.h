// A panel: the codes and features of one block of output pixels, tap by tap, as the kernels read them.
//
//   codes    pixel 0   pixel 1  ...  pixel width-1      features    pixel 0   pixel 1  ...
//   tap 0       .         .               .             quad 0      . . . .   . . . .         of four channels of a
//   tap, tap 1       .         .               .             quad 1      . . . .   . . . .         for each term of the
//   plan
//
// One tap of many pixels is contiguous, so that a kernel fixes a weight and takes a run of activations.
#ifndef TFAPPROX_COMMON_CORE_PANEL_H_
#define TFAPPROX_COMMON_CORE_PANEL_H_

#include "staging.h"

namespace tfapprox {

struct Panel {
  int64_t width;          // stride between taps, at least `pixels` rounded up to kLanes
  int64_t first, pixels;  // lanes beyond are unspecified codes
  uint8_t* codes;         // [taps][width]
  uint8_t* features;      // [terms][quads][width][4]
  int64_t* code_sums;     // [width] sum of the codes of a pixel, of all boxes packed so far
  uint32_t* box_sums;     // [width] of this box
  int32_t* pixel_sums;    // [width] sum of activation[code] over this box, modulo 2^32
  uint8_t* touches_nan;   // [width] 1 if a tap of the pixel is NaN, in all boxes packed so far
  bool any_nan;
  Staging staging;
};

Panel MakePanel(const tfapprox_conv2d& shape, const Program& program, const Division& division, MemoryLayout* layout);

// Reads the taps of `box` of output pixels [first, first + pixels); `is_first` starts the sums over the boxes.
void PackPanel(const tfapprox_conv2d& shape, const Program& program, const Source& source, const Box& box,
               bool is_first, int64_t first, int64_t pixels, Panel* panel);

}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_PANEL_H_
