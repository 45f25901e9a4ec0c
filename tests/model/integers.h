// The instructions of the model (immintrin.h) that compute integers.
#ifndef TFAPPROX_TESTS_MODEL_INTEGERS_H_
#define TFAPPROX_TESTS_MODEL_INTEGERS_H_

#include "lanes.h"

namespace {

// Vectors of 128 bits.

inline __m128i _mm_loadu_si128(const __m128i* from) { return Load<__m128i>(from); }
inline __m128i _mm_load_si128(const __m128i* from) {
  if (reinterpret_cast<uintptr_t>(from) % 16 != 0) __builtin_trap();  // as the CPU does
  return Load<__m128i>(from);
}
inline __m128i _mm_cvtsi32_si128(int32_t x) {
  return Each<__m128i, int32_t>([=](int i) { return i == 0 ? x : 0; });
}
inline __m128i _mm_avg_epu16(__m128i a, __m128i b) { return AverageWords(a, b); }
inline __m128i _mm_madd_epi16(__m128i a, __m128i b) { return MultiplyWordPairs(a, b); }

// Vectors of 256 bits.

inline __m256i _mm256_loadu_si256(const __m256i* from) { return Load<__m256i>(from); }
inline void _mm256_storeu_si256(__m256i* to, __m256i x) { std::memcpy(to, &x, sizeof x); }
inline __m256i _mm256_setzero_si256() { return __m256i{}; }
inline __m256i _mm256_set1_epi8(char x) {
  return Each<__m256i, char>([=](int) { return x; });
}
inline __m256i _mm256_broadcastsi128_si256(__m128i x) { return WithPart(Widen<__m256i>(x), x, 1); }
inline __m256i _mm256_castsi128_si256(__m128i x) { return Widen<__m256i>(x); }
inline __m128i _mm256_castsi256_si128(__m256i x) { return PartOf<__m128i>(x, 0); }
inline __m128i _mm256_extracti128_si256(__m256i x, int part) { return PartOf<__m128i>(x, part); }
inline __m256i _mm256_inserti128_si256(__m256i x, __m128i part, int number) { return WithPart(x, part, number); }

inline __m256i _mm256_add_epi16(__m256i a, __m256i b) {
  return reinterpret_cast<__m256i>(Lanes<uint16_t>(a) + Lanes<uint16_t>(b));
}
inline __m256i _mm256_add_epi32(__m256i a, __m256i b) {
  return reinterpret_cast<__m256i>(Lanes<uint32_t>(a) + Lanes<uint32_t>(b));
}
inline __m256i _mm256_sub_epi16(__m256i a, __m256i b) {
  return reinterpret_cast<__m256i>(Lanes<uint16_t>(a) - Lanes<uint16_t>(b));
}
inline __m256i _mm256_subs_epi8(__m256i a, __m256i b) {
  const auto first = Lanes<int8_t>(a), second = Lanes<int8_t>(b);
  return Each<__m256i, int8_t>([&](int i) { return Saturated<int8_t>(first[i] - second[i]); });
}
inline __m256i _mm256_xor_si256(__m256i a, __m256i b) { return a ^ b; }
inline __m256i _mm256_slli_epi16(__m256i x, int count) { return ShiftLeft<uint16_t>(x, static_cast<uint8_t>(count)); }
inline __m256i _mm256_slli_epi32(__m256i x, int count) { return ShiftLeft<uint32_t>(x, static_cast<uint8_t>(count)); }
inline __m256i _mm256_srli_epi16(__m256i x, int count) { return ShiftRight<uint16_t>(x, static_cast<uint8_t>(count)); }
inline __m256i _mm256_avg_epu16(__m256i a, __m256i b) { return AverageWords(a, b); }
inline __m256i _mm256_cvtepi32_epi64(__m128i x) {
  return Each<__m256i, int64_t>([&](int i) { return Lanes<int32_t>(x)[i]; });
}
inline __m256i _mm256_madd_epi16(__m256i a, __m256i b) { return MultiplyWordPairs(a, b); }
inline __m256i _mm256_cvtepu16_epi32(__m128i x) { return WidenWords<__m256i>(x); }
inline __m256i _mm256_unpacklo_epi16(__m256i a, __m256i b) { return Unpack(a, b, 0); }
inline __m256i _mm256_unpackhi_epi16(__m256i a, __m256i b) { return Unpack(a, b, 1); }
inline __m256i _mm256_shuffle_epi8(__m256i x, __m256i index) {
  const auto bytes = Lanes<uint8_t>(x), from = Lanes<uint8_t>(index);
  return Each<__m256i, uint8_t>([&](int i) { return from[i] & 128 ? 0 : bytes[i / 16 * 16 + (from[i] & 15)]; });
}

// Vectors of 512 bits.

inline __m512i _mm512_loadu_si512(const void* from) { return Load<__m512i>(from); }
inline void _mm512_storeu_si512(void* to, __m512i x) { std::memcpy(to, &x, sizeof x); }
inline __m512i _mm512_maskz_loadu_epi8(__mmask64 mask, const void* from) {
  return Each<__m512i, uint8_t>([=](int i) { return mask >> i & 1 ? static_cast<const uint8_t*>(from)[i] : 0; });
}
inline void _mm512_mask_storeu_epi8(void* to, __mmask64 mask, __m512i x) {
  const auto bytes = Lanes<uint8_t>(x);
  for (int i = 0; i < 64; ++i) {
    if (mask >> i & 1) static_cast<uint8_t*>(to)[i] = bytes[i];
  }
}

inline __m512i _mm512_setzero_si512() { return __m512i{}; }
inline __m512i _mm512_set1_epi8(char x) {
  return Each<__m512i, char>([=](int) { return x; });
}
inline __m512i _mm512_set1_epi16(int16_t x) {
  return Each<__m512i, int16_t>([=](int) { return x; });
}
inline __m512i _mm512_set1_epi32(int32_t x) {
  return Each<__m512i, int32_t>([=](int) { return x; });
}
template <typename... Words>
inline __m512i _mm512_set_epi16(Words... from_last) {
  static_assert(sizeof...(Words) == 32, "one of each lane");
  const int16_t words[] = {static_cast<int16_t>(from_last)...};
  return Each<__m512i, int16_t>([&](int i) { return words[31 - i]; });
}
template <typename... Words>
inline __m512i _mm512_set_epi32(Words... from_last) {
  static_assert(sizeof...(Words) == 16, "one of each lane");
  const int32_t words[] = {static_cast<int32_t>(from_last)...};
  return Each<__m512i, int32_t>([&](int i) { return words[15 - i]; });
}

inline __m512i _mm512_castsi128_si512(__m128i x) { return Widen<__m512i>(x); }
inline __m256i _mm512_castsi512_si256(__m512i x) { return PartOf<__m256i>(x, 0); }
inline __m256i _mm512_extracti64x4_epi64(__m512i x, int half) { return PartOf<__m256i>(x, half); }
inline __m512i _mm512_inserti32x4(__m512i x, __m128i part, int number) { return WithPart(x, part, number); }

inline __m512i _mm512_add_epi16(__m512i a, __m512i b) {
  return reinterpret_cast<__m512i>(Lanes<uint16_t>(a) + Lanes<uint16_t>(b));
}
inline __m512i _mm512_add_epi32(__m512i a, __m512i b) {
  return reinterpret_cast<__m512i>(Lanes<uint32_t>(a) + Lanes<uint32_t>(b));
}
inline __m512i _mm512_sub_epi16(__m512i a, __m512i b) {
  return reinterpret_cast<__m512i>(Lanes<uint16_t>(a) - Lanes<uint16_t>(b));
}
inline __m512i _mm512_xor_si512(__m512i a, __m512i b) { return a ^ b; }
inline __m512i _mm512_slli_epi16(__m512i x, unsigned count) { return ShiftLeft<uint16_t>(x, count); }
inline __m512i _mm512_slli_epi32(__m512i x, unsigned count) { return ShiftLeft<uint32_t>(x, count); }
inline __m512i _mm512_srli_epi16(__m512i x, unsigned count) { return ShiftRight<uint16_t>(x, count); }
inline __m512i _mm512_sll_epi32(__m512i x, __m128i count) { return ShiftLeft<uint32_t>(x, Lanes<uint64_t>(count)[0]); }
inline __m512i _mm512_avg_epu16(__m512i a, __m512i b) { return AverageWords(a, b); }
inline __m512i _mm512_broadcast_i64x4(__m256i x) {
  return Each<__m512i, int64_t>([&](int i) { return Lanes<int64_t>(x)[i % 4]; });
}
inline __m512i _mm512_madd_epi16(__m512i a, __m512i b) { return MultiplyWordPairs(a, b); }
inline __m512i _mm512_cvtepu16_epi32(__m256i x) { return WidenWords<__m512i>(x); }
inline __m512i _mm512_packs_epi32(__m512i a, __m512i b) { return Pack<int32_t, int16_t>(a, b); }
inline __m512i _mm512_packs_epi16(__m512i a, __m512i b) { return Pack<int16_t, int8_t>(a, b); }
inline __m512i _mm512_packus_epi16(__m512i a, __m512i b) { return Pack<int16_t, uint8_t>(a, b); }

inline __mmask64 _mm512_movepi8_mask(__m512i x) {
  const auto bytes = Lanes<uint8_t>(x);
  __mmask64 mask = 0;
  for (int i = 0; i < 64; ++i) mask |= uint64_t{bytes[i]} >> 7 << i;
  return mask;
}
inline __m512i _mm512_mask_blend_epi8(__mmask64 mask, __m512i a, __m512i b) {
  const auto unset = Lanes<uint8_t>(a), set = Lanes<uint8_t>(b);
  return Each<__m512i, uint8_t>([&](int i) { return mask >> i & 1 ? set[i] : unset[i]; });
}
inline __m512i _mm512_permutexvar_epi8(__m512i index, __m512i x) {
  const auto from = Lanes<uint8_t>(index), bytes = Lanes<uint8_t>(x);
  return Each<__m512i, uint8_t>([&](int i) { return bytes[from[i] & 63]; });
}
inline __m512i _mm512_permutexvar_epi32(__m512i index, __m512i x) {
  const auto from = Lanes<uint32_t>(index), words = Lanes<uint32_t>(x);
  return Each<__m512i, uint32_t>([&](int i) { return words[from[i] & 15]; });
}
inline __m512i _mm512_permutex2var_epi8(__m512i a, __m512i index, __m512i b) {
  const auto first = Lanes<uint8_t>(a), second = Lanes<uint8_t>(b), from = Lanes<uint8_t>(index);
  return Each<__m512i, uint8_t>([&](int i) { return from[i] & 64 ? second[from[i] & 63] : first[from[i] & 63]; });
}
inline __m512i _mm512_permutex2var_epi16(__m512i a, __m512i index, __m512i b) {
  const auto first = Lanes<uint16_t>(a), second = Lanes<uint16_t>(b), from = Lanes<uint16_t>(index);
  return Each<__m512i, uint16_t>([&](int i) { return from[i] & 32 ? second[from[i] & 31] : first[from[i] & 31]; });
}
inline __m512i _mm512_dpbusd_epi32(__m512i sums, __m512i a, __m512i b) {
  const auto totals = Lanes<uint32_t>(sums);
  const auto features = Lanes<uint8_t>(a);
  const auto weights = Lanes<int8_t>(b);
  return Each<__m512i, uint32_t>([&](int i) {
    uint32_t total = totals[i];
    for (int j = 4 * i; j < 4 * i + 4; ++j) total += static_cast<uint32_t>(int32_t{features[j]} * weights[j]);
    return total;
  });
}

}  // namespace

#endif  // TFAPPROX_TESTS_MODEL_INTEGERS_H_
