// The last step of both GEMM kernels: it adds the sums of earlier passes, corrects for zero points, scales, and writes.
#ifndef TFAPPROX_COMMON_CORE_CUDA_EPILOGUE_CUH_
#define TFAPPROX_COMMON_CORE_CUDA_EPILOGUE_CUH_

#include "kernels.h"
#include "warp.cuh"

namespace tfapprox {
namespace cuda {

// What all outputs of one output pixel have in common.
struct OutputPixel {
  // `element` is the index of the pixel's output of filter 0, `sum` the pixel's number of Epilogue::window_sums.
  int64_t element, sum;
};

__device__ inline OutputPixel OutputPixelAt(const Geometry& g, const Epilogue& e, int32_t pixel) {
  return {OutputElementOf(g, pixel), e.window_sums[pixel]};
}

// Returns the bits of an output: a float32 by (3.4) and (3.5), or an int32 by (5.2), modulo 2^32.
__device__ inline int32_t OutputBits(int32_t is_integer, double scale, int64_t total, bool nan) {
  if (is_integer) return static_cast<int32_t>(static_cast<uint32_t>(total));
  if (nan) return 0x7fc00000;
  return __float_as_int(static_cast<float>(scale * static_cast<double>(total)));
}

// Finishes the sum of the products of one pixel and one filter: the last pass of an output writes the output, any other
// pass writes the sum so far.
__device__ inline void Finish(const Geometry& g, const Epilogue& e, const OutputPixel& pixel, int32_t channel,
                              int64_t sum) {
  const int64_t index = pixel.element + channel * OutputStep(g);
  if (!e.first) sum += e.wide_sums != nullptr ? e.wide_sums[index] : e.output[index];
  if (e.last) {
    const int64_t filter = e.filter_sums[channel];
    // The corrections of (3.3) and (5.2). The numbers are unsigned, because the sums of AxConv2D may wrap around.
    const uint64_t total = static_cast<uint64_t>(sum) + static_cast<uint64_t>(pixel.sum >> 1) +
                           static_cast<uint64_t>(filter >> 1) + static_cast<uint64_t>(e.constant);
    e.output[index] = OutputBits(e.is_integer, e.scale, static_cast<int64_t>(total), (pixel.sum | filter) & 1);
  } else if (e.wide_sums != nullptr) {
    e.wide_sums[index] = sum;
  } else {
    e.output[index] = static_cast<int32_t>(sum);
  }
}

}  // namespace cuda
}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_CUDA_EPILOGUE_CUH_
