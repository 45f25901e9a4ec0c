// ApproxConv2DWithMinMaxVars: the filter's codes once, then tiles of pixels times filters.
#include <algorithm>
#include <cmath>
#include <limits>

#include "error.h"
#include "float_environment.h"
#include "lut_gemm.h"
#include "panel.h"
#include "quantiser.h"

namespace tfapprox {
namespace {

// Filters of a tile. Tiles of one block of pixels follow each other, and a run packs a block's panel once; a block
// that two runs share is packed twice, at the cost of some 5 of these filters.
constexpr int64_t kTileFilters = 64;

int64_t CeilDivide(int64_t a, int64_t b) { return a / b + (a % b != 0); }

int64_t Taps(const tfapprox_conv2d& shape) { return shape.filter_height * shape.filter_width * shape.in_channels; }

int64_t Pixels(const tfapprox_conv2d& shape) { return shape.batch * shape.out_height * shape.out_width; }

// The filter as the kernels read it; lies in the caller's `prepared` memory.
struct PreparedFilter {
  int64_t* code_sums;          // [out_channels]
  unsigned char* touches_nan;  // [out_channels]
  uint8_t* codes;              // [out_channels][taps]
};

PreparedFilter PreparedAt(const tfapprox_conv2d& shape, void* memory) {
  auto* code_sums = static_cast<int64_t*>(memory);
  auto* touches_nan = reinterpret_cast<unsigned char*>(code_sums + shape.out_channels);
  return {code_sums, touches_nan, touches_nan + shape.out_channels};
}

// Corrects the sums of one filter for the zero points and scales them to real numbers (3.3), (3.4).
void WriteFilter(const tfapprox_approx_conv2d& op, const Panel& panel, const PreparedFilter& filter, int64_t channel,
                 const int64_t* sums, float* output) {
  const tfapprox_conv2d& shape = op.shape;
  const int64_t za = op.input.zero_point, zw = op.filter.zero_point;
  const int64_t constant = Taps(shape) * za * zw - za * filter.code_sums[channel];
  const double scale = double{op.input.scale} * double{op.filter.scale};
  const int64_t step = shape.layout == TFAPPROX_LAYOUT_NHWC ? 1 : shape.out_height * shape.out_width;
  float* plane = output + channel * step;
  for (int64_t p = 0; p < panel.pixels; ++p) {
    const int64_t total = sums[p] - zw * panel.code_sums[p] + constant;
    const bool nan = panel.touches_nan[p] | filter.touches_nan[channel];
    plane[panel.output_offsets[p]] =
        nan ? std::numeric_limits<float>::quiet_NaN() : static_cast<float>(scale * static_cast<double>(total));
  }
}

}  // namespace
}  // namespace tfapprox

int32_t tfapprox_approx_conv2d_init(const tfapprox_conv2d* shape, const tfapprox_quantiser* input,
                                    const tfapprox_quantiser* filter, const tfapprox_table* table,
                                    tfapprox_approx_conv2d* op, tfapprox_error* error) {
  op->path = tfapprox::ChooseLutGemm(error);
  if (op->path < 0) return TFAPPROX_INVALID_ARGUMENT;
  const int64_t taps = tfapprox::Taps(*shape), pixels = tfapprox::Pixels(*shape);
  const int64_t width = tfapprox::PanelWidth(taps);
  const int64_t filters = std::min(tfapprox::kTileFilters, shape->out_channels);
  int64_t filter_bytes;
  if (__builtin_mul_overflow(shape->out_channels, taps + static_cast<int64_t>(sizeof(int64_t)) + 1, &filter_bytes)) {
    return tfapprox::Fail(error, TFAPPROX_INVALID_ARGUMENT, "the filter must have less than 2^63 elements");
  }
  op->shape = *shape;
  op->input = *input;
  op->filter = *filter;
  op->table = table;
  op->tiles = tfapprox::CeilDivide(pixels, width) * tfapprox::CeilDivide(shape->out_channels, tfapprox::kTileFilters);
  op->products_per_tile = taps * width * filters;
  op->filter_bytes = filter_bytes;
  op->workspace_bytes = width * static_cast<int64_t>(sizeof(int64_t)) + tfapprox::PanelBytes(taps);
  return TFAPPROX_OK;
}

void tfapprox_approx_conv2d_prepare(const tfapprox_approx_conv2d* op, const float* filter, void* prepared) {
  const tfapprox::FloatEnvironment ieee;
  const int64_t taps = tfapprox::Taps(op->shape), channels = op->shape.out_channels;
  const tfapprox::PreparedFilter target = tfapprox::PreparedAt(op->shape, prepared);
  std::fill_n(target.code_sums, channels, 0);
  std::fill_n(target.touches_nan, channels, 0);
  for (int64_t k = 0; k < taps; ++k) {
    for (int64_t channel = 0; channel < channels; ++channel) {
      const float weight = filter[k * channels + channel];
      const uint8_t code = tfapprox::Code(op->filter, weight);
      target.codes[channel * taps + k] = code;
      target.code_sums[channel] += code;
      target.touches_nan[channel] |= std::isnan(weight);
    }
  }
}

void tfapprox_approx_conv2d_run(const tfapprox_approx_conv2d* op, const float* input, const void* prepared,
                                float* output, int64_t tile_begin, int64_t tile_end, void* workspace) {
  const tfapprox::FloatEnvironment ieee;
  const tfapprox_conv2d& shape = op->shape;
  const int64_t taps = tfapprox::Taps(shape), pixels = tfapprox::Pixels(shape);
  const int64_t groups = tfapprox::CeilDivide(shape.out_channels, tfapprox::kTileFilters);
  const tfapprox::PreparedFilter filter = tfapprox::PreparedAt(shape, const_cast<void*>(prepared));
  auto* sums = static_cast<int64_t*>(workspace);
  tfapprox::Panel panel = tfapprox::MakePanel(taps, sums + tfapprox::PanelWidth(taps));
  const tfapprox::LutGemm lut_gemm = tfapprox::LutGemmPathAt(op->path).function;

  int64_t packed = -1;
  for (int64_t tile = tile_begin; tile < tile_end; ++tile) {
    const int64_t block = tile / groups, group = tile % groups;
    if (block != packed) {
      const int64_t first = block * panel.width;
      tfapprox::PackPanel(shape, op->input, input, first, std::min(panel.width, pixels - first), &panel);
      packed = block;
    }
    const int64_t end = std::min((group + 1) * tfapprox::kTileFilters, shape.out_channels);
    for (int64_t channel = group * tfapprox::kTileFilters; channel < end; ++channel) {
      lut_gemm(*op->table, panel, filter.codes + channel * taps, taps, sums);
      tfapprox::WriteFilter(*op, panel, filter, channel, sums, output);
    }
  }
}
