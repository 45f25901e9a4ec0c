// What both operations do to an element: real numbers to codes, or codes as they are.
#ifndef TFAPPROX_COMMON_CORE_CUDA_CODES_CUH_
#define TFAPPROX_COMMON_CORE_CUDA_CODES_CUH_

#include "geometry.h"
#include "quantiser.h"
#include "warp.cuh"

namespace tfapprox {
namespace cuda {

__device__ inline uint8_t CodeOf(const tfapprox_quantiser& quantiser, float x, unsigned char* nan) {
  return Code(quantiser, x, nan);
}

__device__ inline uint8_t CodeOf(const tfapprox_quantiser&, uint8_t code, unsigned char*) { return code; }

// Sixteen codes as one store of 16 bytes.
struct alignas(16) CodeChunk {
  uint8_t codes[kChunk];
};

// Adds to a sum that carries a NaN.
__device__ inline void AddToSum(int64_t* sum, int64_t value, bool nan) {
  auto* bits = reinterpret_cast<unsigned long long*>(sum);
  atomicAdd(bits, static_cast<unsigned long long>(value) << 1);
  if (nan) atomicOr(bits, 1ull);
}

}  // namespace cuda
}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_CUDA_CODES_CUH_
