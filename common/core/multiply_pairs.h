// Products of words, added up in pairs, for the leaves of several paths.
//
// Leaves include this file; every name in it is local to the leaf (path_kernels.h).
#ifndef TFAPPROX_COMMON_CORE_MULTIPLY_PAIRS_H_
#define TFAPPROX_COMMON_CORE_MULTIPLY_PAIRS_H_

#include "vectors.h"

#if defined(__SSE2__) && !defined(__AVX2__)
#include <emmintrin.h>
#endif

namespace tfapprox {
namespace {

// Returns the sums of the products of two neighbouring words, which are exact modulo 2^32.
inline Vector<uint32_t, 16> MultiplyPairs(Vector<int16_t, 16> a, Vector<int16_t, 16> w) {
#if defined(__SSE2__) || defined(__AVX2__)
  return reinterpret_cast<Vector<uint32_t, 16>>(
      _mm_madd_epi16(reinterpret_cast<__m128i>(a), reinterpret_cast<__m128i>(w)));
#elif defined(__ARM_NEON)
  const auto words = reinterpret_cast<int16x8_t>(a), weights = reinterpret_cast<int16x8_t>(w);
  const int32x4_t low = vmull_s16(vget_low_s16(words), vget_low_s16(weights));
  return reinterpret_cast<Vector<uint32_t, 16>>(vpaddq_s32(low, vmull_high_s16(words, weights)));
#else
  Vector<uint32_t, 16> sums;
  for (int i = 0; i < 4; ++i) sums[i] = static_cast<uint32_t>(a[2 * i] * w[2 * i]) + a[2 * i + 1] * w[2 * i + 1];
  return sums;
#endif
}
#if defined(__AVX2__)
inline Vector<uint32_t, 32> MultiplyPairs(Vector<int16_t, 32> a, Vector<int16_t, 32> w) {
  return reinterpret_cast<Vector<uint32_t, 32>>(
      _mm256_madd_epi16(reinterpret_cast<__m256i>(a), reinterpret_cast<__m256i>(w)));
}
#endif
#if defined(__AVX512BW__)
inline Vector<uint32_t, 64> MultiplyPairs(Vector<int16_t, 64> a, Vector<int16_t, 64> w) {
  return reinterpret_cast<Vector<uint32_t, 64>>(
      _mm512_madd_epi16(reinterpret_cast<__m512i>(a), reinterpret_cast<__m512i>(w)));
}
#endif

// Returns `sums` plus MultiplyPairs(a, w).
template <typename Sums, typename Words>
inline Sums AddPairs(Sums sums, Words a, Words w) {
#if defined(__AVX512VNNI__)
  if constexpr (sizeof(Sums) == 64) {
    return reinterpret_cast<Sums>(_mm512_dpwssd_epi32(reinterpret_cast<__m512i>(sums), reinterpret_cast<__m512i>(a),
                                                      reinterpret_cast<__m512i>(w)));
  }
#endif
  return sums + MultiplyPairs(a, w);
}

}  // namespace
}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_MULTIPLY_PAIRS_H_
