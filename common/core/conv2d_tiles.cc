// How a convolution is divided in tiles, and the memory that they need.
#include "conv2d_tiles.h"

namespace tfapprox {

int32_t InitWork(const tfapprox_conv2d& shape, tfapprox_conv2d_work* work, tfapprox_error* error) {
  work->path = ChooseLutGemm(error);
  if (work->path < 0) return TFAPPROX_INVALID_ARGUMENT;
  const int64_t taps = Taps(shape), width = PanelWidth(taps);
  const int64_t bytes = taps + static_cast<int64_t>(sizeof(int64_t)) + 1;  // of a filter, see PreparedFilter
  if (__builtin_mul_overflow(shape.out_channels, bytes, &work->filter_bytes)) {
    return Fail(error, TFAPPROX_INVALID_ARGUMENT, "the filter must have less than 2^63 elements");
  }
  work->tiles = CeilDivide(Pixels(shape), width) * CeilDivide(shape.out_channels, kTileFilters);
  work->products_per_tile = taps * width * std::min(kTileFilters, shape.out_channels);
  work->workspace_bytes = width * static_cast<int64_t>(sizeof(int64_t)) + PanelBytes(taps);
  return TFAPPROX_OK;
}

}  // namespace tfapprox
