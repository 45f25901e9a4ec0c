// The corrections of filters that may have ranges of their own, for the two kernels that finish such outputs.
#ifndef TFAPPROX_COMMON_CORE_CUDA_RANGES_CUH_
#define TFAPPROX_COMMON_CORE_CUDA_RANGES_CUH_

#include "epilogue.cuh"

namespace tfapprox {
namespace cuda {

// What all outputs of a filter have in common.
struct FilterOutput {
  double scale;    // the product of both scales (3.4)
  uint64_t total;  // the part of (3.3) that depends on the filter only; its sums may wrap around (5.2)
  bool nan;        // whether a weight is NaN
};

// Returns the quantiser of a filter.
__device__ inline const tfapprox_quantiser& WeightOf(const Ranges& ranges, int32_t filter) {
  return ranges.per_filter != nullptr ? ranges.per_filter[filter] : ranges.weight;
}

__device__ inline FilterOutput FilterOutputOf(const Ranges& ranges, const int64_t* filter_sums, int32_t filter) {
  const tfapprox_quantiser& weight = WeightOf(ranges, filter);
  const int64_t sum = filter_sums[filter];
  const auto zeros = static_cast<uint64_t>(int64_t{weight.zero_point} * ranges.activation.zero_point);
  return {double{ranges.activation.scale} * double{weight.scale},
          static_cast<uint64_t>(sum >> 1) + static_cast<uint64_t>(ranges.taps) * zeros, (sum & 1) != 0};
}

// Returns the bits of an output, where `total` has the part of (3.3) that depends on the window.
__device__ inline int32_t OutputBits(const Epilogue& e, const FilterOutput& filter, uint64_t total, bool nan) {
  return OutputBits(e.is_integer, filter.scale, static_cast<int64_t>(total + filter.total), nan || filter.nan);
}

}  // namespace cuda
}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_CUDA_RANGES_CUH_
