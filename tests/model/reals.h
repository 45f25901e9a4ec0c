// The instructions of the model (immintrin.h) that compute or convert real numbers.
#ifndef TFAPPROX_TESTS_MODEL_REALS_H_
#define TFAPPROX_TESTS_MODEL_REALS_H_

#include "lanes.h"

enum Comparison { _CMP_UNORD_Q = 3, _CMP_ORD_Q = 7 };

namespace {

inline __m128 _mm_loadu_ps(const float* from) { return Load<__m128>(from); }
inline __m256d _mm256_cvtps_pd(__m128 x) {
  return Each<__m256d, double>([&](int i) { return x[i]; });
}

inline __m512 _mm512_loadu_ps(const float* from) { return Load<__m512>(from); }
inline __m512 _mm512_set1_ps(float x) {
  return Each<__m512, float>([=](int) { return x; });
}
inline __m512 _mm512_add_ps(__m512 a, __m512 b) { return a + b; }
inline __m512 _mm512_sub_ps(__m512 a, __m512 b) { return a - b; }
inline __m512 _mm512_mul_ps(__m512 a, __m512 b) { return a * b; }

// A minimum and a maximum are the second operand where one of them is NaN.
inline __m512 _mm512_min_ps(__m512 a, __m512 b) {
  return Each<__m512, float>([&](int i) { return a[i] < b[i] ? a[i] : b[i]; });
}
inline __m512 _mm512_max_ps(__m512 a, __m512 b) {
  return Each<__m512, float>([&](int i) { return a[i] > b[i] ? a[i] : b[i]; });
}

inline __mmask16 _mm512_cmp_ps_mask(__m512 a, __m512 b, Comparison comparison) {
  uint32_t mask = 0;
  for (int i = 0; i < 16; ++i) {
    const bool ordered = a[i] == a[i] && b[i] == b[i];
    mask |= static_cast<uint32_t>(ordered == (comparison == _CMP_ORD_Q)) << i;
  }
  return static_cast<__mmask16>(mask);
}
inline __m512 _mm512_maskz_mov_ps(__mmask16 mask, __m512 x) {
  return Each<__m512, float>([&](int i) { return mask >> i & 1 ? x[i] : 0.0f; });
}

// Returns the integer, or the minimum of int32 for NaN and a number that has no int32.
inline int32_t ToInteger(float x) { return x >= -0x1p31f && x < 0x1p31f ? static_cast<int32_t>(x) : INT32_MIN; }

inline __m512i _mm512_cvttps_epi32(__m512 x) {
  return Each<__m512i, int32_t>([&](int i) { return ToInteger(x[i]); });
}
// Rounds as the thread does, which is to nearest in the core.
inline __m512i _mm512_cvtps_epi32(__m512 x) {
  return Each<__m512i, int32_t>([&](int i) { return ToInteger(__builtin_nearbyintf(x[i])); });
}

}  // namespace

#endif  // TFAPPROX_TESTS_MODEL_REALS_H_
