// The loop that every convolution shares: blocks of pixels times groups of filters, by table look-ups.
//
// An operation brings two functions: one packs a block of pixels into the panel, one turns the sums of one filter into
// outputs.
#ifndef TFAPPROX_COMMON_CORE_CONV2D_TILES_H_
#define TFAPPROX_COMMON_CORE_CONV2D_TILES_H_

#include <algorithm>

#include "error.h"
#include "lut_gemm.h"
#include "panel.h"
#include "tfapprox.h"

namespace tfapprox {

// Filters of a tile. Tiles of one block of pixels follow each other, and a run packs a block's panel once; a block
// that two runs share is packed twice, at the cost of some 5 of these filters.
constexpr int64_t kTileFilters = 64;

inline int64_t CeilDivide(int64_t a, int64_t b) { return a / b + (a % b != 0); }

inline int64_t Taps(const tfapprox_conv2d& shape) {
  return shape.filter_height * shape.filter_width * shape.in_channels;
}

inline int64_t Pixels(const tfapprox_conv2d& shape) { return shape.batch * shape.out_height * shape.out_width; }

// The filter as the kernels read it; lies in the caller's `prepared` memory.
struct PreparedFilter {
  int64_t* code_sums;          // [out_channels]
  unsigned char* touches_nan;  // [out_channels]
  uint8_t* codes;              // [out_channels][taps]
};

inline PreparedFilter PreparedAt(const tfapprox_conv2d& shape, void* memory) {
  auto* code_sums = static_cast<int64_t*>(memory);
  auto* touches_nan = reinterpret_cast<unsigned char*>(code_sums + shape.out_channels);
  return {code_sums, touches_nan, touches_nan + shape.out_channels};
}

// Transposes a filter [taps][out_channels] into its codes, as `codec` of PackPanel gives them.
template <typename T, typename Codec>
void PrepareFilter(const tfapprox_conv2d& shape, const T* filter, const Codec& codec, void* prepared) {
  const int64_t taps = Taps(shape), channels = shape.out_channels;
  const PreparedFilter target = PreparedAt(shape, prepared);
  std::fill_n(target.code_sums, channels, 0);
  std::fill_n(target.touches_nan, channels, 0);
  for (int64_t k = 0; k < taps; ++k) {
    for (int64_t channel = 0; channel < channels; ++channel) {
      const uint8_t code = codec(filter[k * channels + channel], &target.touches_nan[channel]);
      target.codes[channel * taps + k] = code;
      target.code_sums[channel] += code;
    }
  }
}

// Sizes of the work and of the memory, and the CPU path.
int32_t InitWork(const tfapprox_conv2d& shape, tfapprox_conv2d_work* work, tfapprox_error* error);

// Runs tiles [begin, end): pack(first pixel, number of pixels, &panel), then write(panel, channel, sums) per filter.
template <typename Pack, typename Write>
void RunTiles(const tfapprox_conv2d& shape, const tfapprox_conv2d_work& work, const tfapprox_table& table,
              const uint8_t* weights, int64_t begin, int64_t end, void* workspace, Pack pack, Write write) {
  const int64_t taps = Taps(shape), pixels = Pixels(shape);
  const int64_t groups = CeilDivide(shape.out_channels, kTileFilters);
  auto* sums = static_cast<int64_t*>(workspace);
  Panel panel = MakePanel(taps, sums + PanelWidth(taps));
  const LutGemm lut_gemm = LutGemmPathAt(work.path).function;
  int64_t packed = -1;
  for (int64_t tile = begin; tile < end; ++tile) {
    const int64_t block = tile / groups, group = tile % groups;
    if (block != packed) {
      const int64_t first = block * panel.width;
      pack(first, std::min(panel.width, pixels - first), &panel);
      packed = block;
    }
    const int64_t last = std::min((group + 1) * kTileFilters, shape.out_channels);
    for (int64_t channel = group * kTileFilters; channel < last; ++channel) {
      lut_gemm(table, panel, weights + channel * taps, taps, sums);
      write(panel, channel, sums);
    }
  }
}

}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_CONV2D_TILES_H_
