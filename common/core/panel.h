// A panel: the codes of one block of output pixels, k-major, as the look-up kernels read them.
//
//   codes    pixel 0   pixel 1  ...  pixel width-1
//   tap 0       .         .               .          tap = (ky * filter_width + kx) * in_channels + channel
//   tap 1       .         .               .
//   ...
//
// One tap of many pixels is contiguous, so that a kernel fixes a weight and looks up a run of activations.
#ifndef TFAPPROX_COMMON_CORE_PANEL_H_
#define TFAPPROX_COMMON_CORE_PANEL_H_

#include <algorithm>
#include <cstdint>

#include "tfapprox.h"

namespace tfapprox {

// Pixels of a full panel: 256 keep a column of the table in use, and a panel of 4,608 taps near 1 MiB.
constexpr int64_t kMaxPanelWidth = 256;
constexpr int64_t kMinPanelWidth = 64;
constexpr int64_t kMaxPanelBytes = int64_t{2} << 20;

struct Panel {
  int64_t width;               // stride between taps
  int64_t pixels;              // <= width; lanes beyond are unspecified codes
  uint8_t* codes;              // [taps][width]
  int64_t* input_offsets;      // [width] scratch: where the current tap of each pixel lies, -1 if it is padding
  int64_t* output_offsets;     // [width] where channel 0 of each output pixel lies
  int64_t* code_sums;          // [width] sum of the codes of a pixel
  unsigned char* touches_nan;  // [width] 1 if a tap of the pixel is NaN
};

// The width for a given number of taps: a panel stays within kMaxPanelBytes up to 32,768 taps.
int64_t PanelWidth(int64_t taps);

int64_t PanelBytes(int64_t taps);

// Lays the arrays of a panel out in `memory`, of PanelBytes(taps) bytes.
Panel MakePanel(int64_t taps, void* memory);

// Steps, in elements, between neighbours of a tensor in its layout.
struct Steps {
  int64_t image, row, column, channel;
};

Steps InputSteps(const tfapprox_conv2d& shape);
Steps OutputSteps(const tfapprox_conv2d& shape);

void SetOutputOffsets(const tfapprox_conv2d& shape, int64_t first, Panel* panel);
void SetInputOffsets(const tfapprox_conv2d& shape, int64_t first, int64_t ky, int64_t kx, Panel* panel);

// Reads output pixels [first, first + pixels) of the batch into the panel. `codec(element, &touches_nan)` is the code
// of an element of the input, `padding` that of a tap outside of it, (3.2) and (5.4).
template <typename T, typename Codec>
void PackPanel(const tfapprox_conv2d& shape, const T* input, uint8_t padding, const Codec& codec, int64_t first,
               int64_t pixels, Panel* panel) {
  panel->pixels = pixels;
  SetOutputOffsets(shape, first, panel);
  std::fill_n(panel->code_sums, pixels, 0);
  std::fill_n(panel->touches_nan, pixels, 0);
  const int64_t step = InputSteps(shape).channel;
  uint8_t* codes = panel->codes;
  for (int64_t ky = 0; ky < shape.filter_height; ++ky) {
    for (int64_t kx = 0; kx < shape.filter_width; ++kx) {
      SetInputOffsets(shape, first, ky, kx, panel);
      for (int64_t channel = 0; channel < shape.in_channels; ++channel, codes += panel->width) {
        const T* plane = input + channel * step;
        for (int64_t p = 0; p < pixels; ++p) {
          const int64_t offset = panel->input_offsets[p];
          codes[p] = offset < 0 ? padding : codec(plane[offset], &panel->touches_nan[p]);
          panel->code_sums[p] += codes[p];
        }
      }
    }
  }
}

}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_PANEL_H_
