// Vectors of any length, for the leaves of several paths. They are extensions of the compiler, which maps them to the
// registers of the path.
//
// Leaves include this file; every name in it is local to the leaf (path_kernels.h).
#ifndef TFAPPROX_COMMON_CORE_VECTORS_H_
#define TFAPPROX_COMMON_CORE_VECTORS_H_

#include <cstdint>

#if defined(__AVX2__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

namespace tfapprox {
namespace {

// A vector of kBytes bytes.
template <typename Element, int kBytes>
struct VectorOf {
  typedef Element Type __attribute__((vector_size(kBytes)));
};
template <typename Element, int kBytes>
using Vector = typename VectorOf<Element, kBytes>::Type;

// Returns (a + b + 1) >> 1 of each element, without overflow.
template <typename Row>
inline Row Average(Row a, Row b) {
#if defined(__AVX2__)
  if constexpr (sizeof(Row) == 16) {
    return reinterpret_cast<Row>(_mm_avg_epu16(reinterpret_cast<__m128i>(a), reinterpret_cast<__m128i>(b)));
  }
  if constexpr (sizeof(Row) == 32) {
    return reinterpret_cast<Row>(_mm256_avg_epu16(reinterpret_cast<__m256i>(a), reinterpret_cast<__m256i>(b)));
  }
#if defined(__AVX512BW__)
  if constexpr (sizeof(Row) == 64) {
    return reinterpret_cast<Row>(_mm512_avg_epu16(reinterpret_cast<__m512i>(a), reinterpret_cast<__m512i>(b)));
  }
#endif
#elif defined(__ARM_NEON)
  if constexpr (sizeof(Row) == 16) {
    return reinterpret_cast<Row>(vrhaddq_u16(reinterpret_cast<uint16x8_t>(a), reinterpret_cast<uint16x8_t>(b)));
  }
#endif
  return (a | b) - ((a ^ b) >> 1);
}

}  // namespace
}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_VECTORS_H_
