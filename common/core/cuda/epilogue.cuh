// The last step of both GEMMs: adds what other passes have summed, corrects for the zero points, scales, writes.
#ifndef TFAPPROX_COMMON_CORE_CUDA_EPILOGUE_CUH_
#define TFAPPROX_COMMON_CORE_CUDA_EPILOGUE_CUH_

#include "kernels.h"
#include "warp.cuh"

namespace tfapprox {
namespace cuda {

// What a pixel brings to all of its outputs.
struct OutputPixel {
  int64_t element, sum;
};

__device__ inline OutputPixel OutputPixelAt(const Geometry& g, const Epilogue& e, int32_t pixel) {
  return {ElementOf(g, pixel, g.out_height * g.out_width, g.out_channels), e.window_sums[pixel]};
}

// (3.4) and (3.5), or (5.2) modulo 2^32.
__device__ inline int32_t OutputBits(const Epilogue& e, int64_t total, bool nan) {
  if (e.is_integer) return static_cast<int32_t>(static_cast<uint32_t>(total));
  if (nan) return 0x7fc00000;
  return __float_as_int(static_cast<float>(e.scale * static_cast<double>(total)));
}

__device__ inline void Finish(const Geometry& g, const Epilogue& e, const OutputPixel& pixel, int32_t channel,
                              int64_t sum) {
  const int64_t step = g.nchw ? int64_t{g.out_height} * g.out_width : 1, index = pixel.element + channel * step;
  if (!e.first) sum += e.wide_sums != nullptr ? e.wide_sums[index] : e.output[index];
  if (e.last) {
    const int64_t filter = e.filter_sums[channel];
    // (3.3): unsigned, because AxConv2D may wrap around.
    const uint64_t total = static_cast<uint64_t>(sum) + static_cast<uint64_t>(pixel.sum >> 1) +
                           static_cast<uint64_t>(filter >> 1) + static_cast<uint64_t>(e.constant);
    e.output[index] = OutputBits(e, static_cast<int64_t>(total), (pixel.sum | filter) & 1);
  } else if (e.wide_sums != nullptr) {
    e.wide_sums[index] = sum;
  } else {
    e.output[index] = static_cast<int32_t>(sum);
  }
}

}  // namespace cuda
}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_CUDA_EPILOGUE_CUH_
