// Where weights and lanes lie, for the kernels of gradients from the table.
#ifndef TFAPPROX_COMMON_CORE_CUDA_GRADIENTS_CUH_
#define TFAPPROX_COMMON_CORE_CUDA_GRADIENTS_CUH_

#include <cmath>

#include "gradients.h"
#include "kernels.h"
#include "quantiser.h"
#include "warp.cuh"

namespace tfapprox {
namespace cuda {

// Launches the kernels before the sums.
cudaError_t LaunchUnits(const GradientArguments& arguments, cudaStream_t stream);

// Elements of `weights` and `weight_sums`.
TFAPPROX_HOST_DEVICE inline int64_t WeightLanes(const GradientArguments& arguments) {
  return int64_t{arguments.taps} * arguments.group_channels * arguments.lanes_of_pixel;
}

// Returns the filter of a lane, or -1 if the lane has none.
__device__ inline int32_t FilterOf(const GradientArguments& arguments, int32_t lane) {
  const int32_t group = lane / arguments.group_lanes, place = lane - group * arguments.group_lanes;
  return place < arguments.group_filters ? group * arguments.group_filters + place : -1;
}

// Returns the place of a weight in the tensor of the filter. `row` is tap * group_channels + channel.
__device__ inline int64_t FilterIndex(const GradientArguments& arguments, int64_t row, int32_t filter) {
  if (!arguments.is_transposed) return row * arguments.filters + filter;
  const int64_t tap = row / arguments.channels, channel = row - tap * arguments.channels;
  return (tap * arguments.filters + filter) * arguments.channels + channel;
}

__device__ inline const tfapprox_quantiser& WeightQuantiser(const GradientArguments& arguments, int32_t filter) {
  return arguments.per_filter != nullptr ? arguments.per_filter[filter] : arguments.weight;
}

}  // namespace cuda
}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_CUDA_GRADIENTS_CUH_
