// Quantisation of whole vectors of real numbers, for the leaves whose path has AVX2 or AVX-512.
//
// Leaves include this file; every name in it is local to the leaf (path_kernels.h).
#ifndef TFAPPROX_COMMON_CORE_QUANTISE_VECTORS_H_
#define TFAPPROX_COMMON_CORE_QUANTISE_VECTORS_H_

#ifdef __AVX2__

#include <immintrin.h>

#include "path_kernels.h"

namespace tfapprox {
namespace {

// The few operations that both instruction sets have under other names:
//
// - Min(a, b) and Max(a, b) are b where an operand is NaN.
// - Truncate and Round give the least int32 where a number has no int32.
// - Ordered(a) is a, and 0 where a is NaN. AnyNan(a, b) tells whether an element of a or b is NaN.
// - Pack saturates the words of two vectors to 16 bits, in each part of 16 bytes by itself. Store saturates the words
//   of two such vectors to bytes, puts the parts in order, and stores bytes xor `flip`.
#ifdef __AVX512BW__
using Reals = __m512;
using Integers = __m512i;
inline Reals Load(const float* x) { return _mm512_loadu_ps(x); }
inline Reals Same(float x) { return _mm512_set1_ps(x); }
inline Reals Add(Reals a, Reals b) { return _mm512_add_ps(a, b); }
inline Reals Subtract(Reals a, Reals b) { return _mm512_sub_ps(a, b); }
inline Reals Multiply(Reals a, Reals b) { return _mm512_mul_ps(a, b); }
inline Reals Min(Reals a, Reals b) { return _mm512_min_ps(a, b); }
inline Reals Max(Reals a, Reals b) { return _mm512_max_ps(a, b); }
inline Reals Ordered(Reals a) { return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(a, a, _CMP_ORD_Q), a); }
inline bool AnyNan(Reals a, Reals b) { return _mm512_cmp_ps_mask(a, b, _CMP_UNORD_Q) != 0; }
inline Integers Truncate(Reals a) { return _mm512_cvttps_epi32(a); }
inline Integers Round(Reals a) { return _mm512_cvtps_epi32(a); }
inline Integers Pack(Integers a, Integers b) { return _mm512_packs_epi32(a, b); }
template <bool kIsSigned>
inline void Store(Integers a, Integers b, uint8_t flip, uint8_t* codes) {
  const Integers order = _mm512_set_epi32(15, 11, 7, 3, 14, 10, 6, 2, 13, 9, 5, 1, 12, 8, 4, 0);
  const Integers bytes = kIsSigned ? _mm512_packs_epi16(a, b) : _mm512_packus_epi16(a, b);
  const Integers flipped = _mm512_xor_si512(bytes, _mm512_set1_epi8(static_cast<char>(flip)));
  _mm512_storeu_si512(codes, _mm512_permutexvar_epi32(order, flipped));
}
#else
using Reals = __m256;
using Integers = __m256i;
inline Reals Load(const float* x) { return _mm256_loadu_ps(x); }
inline Reals Same(float x) { return _mm256_set1_ps(x); }
inline Reals Add(Reals a, Reals b) { return _mm256_add_ps(a, b); }
inline Reals Subtract(Reals a, Reals b) { return _mm256_sub_ps(a, b); }
inline Reals Multiply(Reals a, Reals b) { return _mm256_mul_ps(a, b); }
inline Reals Min(Reals a, Reals b) { return _mm256_min_ps(a, b); }
inline Reals Max(Reals a, Reals b) { return _mm256_max_ps(a, b); }
inline Reals Ordered(Reals a) { return _mm256_and_ps(_mm256_cmp_ps(a, a, _CMP_ORD_Q), a); }
inline bool AnyNan(Reals a, Reals b) { return _mm256_movemask_ps(_mm256_cmp_ps(a, b, _CMP_UNORD_Q)) != 0; }
inline Integers Truncate(Reals a) { return _mm256_cvttps_epi32(a); }
inline Integers Round(Reals a) { return _mm256_cvtps_epi32(a); }
inline Integers Pack(Integers a, Integers b) { return _mm256_packs_epi32(a, b); }
template <bool kIsSigned>
inline void Store(Integers a, Integers b, uint8_t flip, uint8_t* codes) {
  const Integers order = _mm256_set_epi32(7, 3, 6, 2, 5, 1, 4, 0);
  const Integers bytes = kIsSigned ? _mm256_packs_epi16(a, b) : _mm256_packus_epi16(a, b);
  const Integers flipped = _mm256_xor_si256(bytes, _mm256_set1_epi8(static_cast<char>(flip)));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(codes), _mm256_permutevar8x32_epi32(flipped, order));
}
#endif

// The elements that are quantised at a time.
constexpr int64_t kQuantised = sizeof(Reals);

// Codes (2.4). A NaN and a negative number become a negative integer, which Store saturates to 0.
struct NudgedVectors {
  const Reals nudged_min, inverse_scale, half, max_code;
  static constexpr bool kIsSigned = false;

  explicit NudgedVectors(const tfapprox_quantiser& q)
      : nudged_min(Same(q.nudged_min)),
        inverse_scale(Same(q.inverse_scale)),
        half(Same(0.5f)),
        max_code(Same(static_cast<float>(q.max_code))) {}

  Integers operator()(Reals x) const {
    const Reals step = Add(Multiply(Subtract(x, nudged_min), inverse_scale), half);
    return Truncate(Min(max_code, step));
  }
};

// Codes (2.7), which are at least -127. The core rounds to nearest in every call (float_environment.h).
struct SymmetricVectors {
  const Reals inverse_scale, min_code, max_code;
  static constexpr bool kIsSigned = true;

  explicit SymmetricVectors(const tfapprox_quantiser& q)
      : inverse_scale(Same(q.inverse_scale)),
        min_code(Same(static_cast<float>(-q.max_code))),
        max_code(Same(static_cast<float>(q.max_code))) {}

  Integers operator()(Reals x) const {
    return Round(Min(max_code, Max(min_code, Ordered(Multiply(x, inverse_scale)))));
  }
};

// Quantises `length` elements, at least kQuantised, and returns true if one of them is NaN. The last vector overlaps
// the one before it where the length is not a multiple of kQuantised.
template <typename Codes>
bool QuantiseVectors(const float* x, int64_t length, const tfapprox_quantiser& q, uint8_t* codes) {
  constexpr int64_t kReals = kQuantised / 4;
  const Codes code(q);
  bool nan = false;
  for (int64_t i = 0; i < length; i += kQuantised) {
    const int64_t begin = i + kQuantised <= length ? i : length - kQuantised;
    const Reals a = Load(x + begin), b = Load(x + begin + kReals);
    const Reals c = Load(x + begin + 2 * kReals), d = Load(x + begin + 3 * kReals);
    Store<Codes::kIsSigned>(Pack(code(a), code(b)), Pack(code(c), code(d)), Codes::kIsSigned ? 128 : 0, codes + begin);
    nan |= AnyNan(a, b);
    nan |= AnyNan(c, d);
  }
  return nan;
}

}  // namespace
}  // namespace tfapprox

#endif  // __AVX2__

#endif  // TFAPPROX_COMMON_CORE_QUANTISE_VECTORS_H_
