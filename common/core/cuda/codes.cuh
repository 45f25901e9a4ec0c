// How an element of a tensor becomes a code, for the two kernels that read tensors: quantise.cu and prepare.cu.
#ifndef TFAPPROX_COMMON_CORE_CUDA_CODES_CUH_
#define TFAPPROX_COMMON_CORE_CUDA_CODES_CUH_

#include "geometry.h"
#include "quantiser.h"
#include "warp.cuh"

namespace tfapprox {
namespace cuda {

// Returns the byte of the code of an element: a real number is quantised and marks a NaN, a code is returned as it is.
__device__ inline uint8_t CodeOf(const tfapprox_quantiser& quantiser, float x, unsigned char* nan) {
  return Code(quantiser, x, nan);
}

__device__ inline uint8_t CodeOf(const tfapprox_quantiser&, uint8_t code, unsigned char*) { return code; }

// The codes, or bytes made from them, of the 16 channels of a chunk, which are stored at once.
struct alignas(16) CodeChunk {
  uint8_t codes[kChunk];
};

// Adds `value` to a sum that several threads add to. The lowest bit of such a sum is its NaN mark, and the rest is
// twice the sum (kernels.h).
__device__ inline void AddToSum(int64_t* sum, int64_t value, bool nan) {
  auto* bits = reinterpret_cast<unsigned long long*>(sum);
  atomicAdd(bits, static_cast<unsigned long long>(value) << 1);
  if (nan) atomicOr(bits, 1ull);
}

}  // namespace cuda
}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_CUDA_CODES_CUH_
