// A model of the AVX-512 instructions that common/core/lut_gemm_avx512vbmi.cc uses, in plain C++.
//
// With this folder before the compiler's own headers, CMake builds the same source as the path avx512vbmi_model
// (TFAPPROX_AVX512_MODEL), which checks it bit for bit on CPUs without these instructions. Semantics after Intel's
// Intrinsics Guide: lanes in order, masks from bit 0.
#ifndef TFAPPROX_TESTS_MODEL_IMMINTRIN_H_
#define TFAPPROX_TESTS_MODEL_IMMINTRIN_H_

#include <cstdint>
#include <cstring>

using __mmask64 = uint64_t;

struct __m128i {
  uint8_t bytes[16];
};
struct __m256i {
  uint8_t bytes[32];
};
struct __m512i {
  uint8_t bytes[64];

  template <typename T>
  T Get(int lane) const {
    T value;
    std::memcpy(&value, bytes + lane * sizeof(T), sizeof(T));
    return value;
  }
  template <typename T>
  void Set(int lane, T value) {
    std::memcpy(bytes + lane * sizeof(T), &value, sizeof(T));
  }
};

namespace {

// A vector whose lanes of type T are function(lane).
template <typename T, typename Function>
__m512i Lanes(Function function) {
  __m512i result;
  for (int i = 0; i < static_cast<int>(64 / sizeof(T)); ++i) result.Set<T>(i, static_cast<T>(function(i)));
  return result;
}

__m512i _mm512_loadu_si512(const void* from) {
  __m512i result;
  std::memcpy(result.bytes, from, 64);
  return result;
}
void _mm512_storeu_si512(void* to, __m512i x) { std::memcpy(to, x.bytes, 64); }
__m512i _mm512_maskz_loadu_epi8(__mmask64 mask, const void* from) {
  return Lanes<uint8_t>([=](int i) { return mask >> i & 1 ? static_cast<const uint8_t*>(from)[i] : 0; });
}
void _mm512_mask_storeu_epi8(void* to, __mmask64 mask, __m512i x) {
  for (int i = 0; i < 64; ++i) {
    if (mask >> i & 1) static_cast<uint8_t*>(to)[i] = x.bytes[i];
  }
}

__m512i _mm512_setzero_si512() { return {}; }
__m512i _mm512_set1_epi16(int16_t x) {
  return Lanes<int16_t>([=](int) { return x; });
}
__m512i _mm512_set1_epi32(int32_t x) {
  return Lanes<int32_t>([=](int) { return x; });
}
template <typename... Words>
__m512i _mm512_set_epi16(Words... from_last) {
  static_assert(sizeof...(Words) == 32, "one of each lane");
  const int16_t words[] = {static_cast<int16_t>(from_last)...};
  return Lanes<int16_t>([&](int i) { return words[31 - i]; });
}

__m512i _mm512_add_epi16(__m512i a, __m512i b) {
  return Lanes<uint16_t>([&](int i) { return a.Get<uint16_t>(i) + b.Get<uint16_t>(i); });
}
__m512i _mm512_sub_epi16(__m512i a, __m512i b) {
  return Lanes<uint16_t>([&](int i) { return a.Get<uint16_t>(i) - b.Get<uint16_t>(i); });
}
__m512i _mm512_add_epi32(__m512i a, __m512i b) {
  return Lanes<uint32_t>([&](int i) { return a.Get<uint32_t>(i) + b.Get<uint32_t>(i); });
}
__m512i _mm512_slli_epi16(__m512i a, unsigned count) {
  return Lanes<uint16_t>([&](int i) { return count > 15 ? 0 : a.Get<uint16_t>(i) << count; });
}
__m512i _mm512_srli_epi16(__m512i a, unsigned count) {
  return Lanes<uint16_t>([&](int i) { return count > 15 ? 0 : a.Get<uint16_t>(i) >> count; });
}
__m512i _mm512_slli_epi32(__m512i a, unsigned count) {
  return Lanes<uint32_t>([&](int i) { return count > 31 ? 0 : a.Get<uint32_t>(i) << count; });
}
__m128i _mm_cvtsi32_si128(int32_t x) {
  __m128i result = {};
  std::memcpy(result.bytes, &x, sizeof x);
  return result;
}
__m512i _mm512_sll_epi32(__m512i a, __m128i count) {
  uint64_t bits;
  std::memcpy(&bits, count.bytes, sizeof bits);
  return _mm512_slli_epi32(a, bits > 31 ? 32 : static_cast<unsigned>(bits));
}

__mmask64 _mm512_movepi8_mask(__m512i a) {
  __mmask64 mask = 0;
  for (int i = 0; i < 64; ++i) mask |= uint64_t{a.bytes[i]} >> 7 << i;
  return mask;
}

__m512i _mm512_permutexvar_epi8(__m512i index, __m512i a) {
  return Lanes<uint8_t>([&](int i) { return a.bytes[index.bytes[i] & 63]; });
}
__m512i _mm512_permutex2var_epi8(__m512i a, __m512i index, __m512i b) {
  return Lanes<uint8_t>([&](int i) { return (index.bytes[i] & 64 ? b : a).bytes[index.bytes[i] & 63]; });
}
__m512i _mm512_mask_blend_epi8(__mmask64 mask, __m512i a, __m512i b) {
  return Lanes<uint8_t>([&](int i) { return (mask >> i & 1 ? b : a).bytes[i]; });
}
__m512i _mm512_permutex2var_epi16(__m512i a, __m512i index, __m512i b) {
  return Lanes<uint16_t>([&](int i) {
    const int from = index.Get<uint16_t>(i);
    return (from & 32 ? b : a).Get<uint16_t>(from & 31);
  });
}

__m256i _mm512_extracti64x4_epi64(__m512i a, int half) {
  __m256i result;
  std::memcpy(result.bytes, a.bytes + 32 * half, 32);
  return result;
}
__m256i _mm512_castsi512_si256(__m512i a) { return _mm512_extracti64x4_epi64(a, 0); }
__m512i _mm512_cvtepu16_epi32(__m256i a) {
  return Lanes<uint32_t>([&](int i) {
    uint16_t word;
    std::memcpy(&word, a.bytes + 2 * i, sizeof word);
    return word;
  });
}

__m512i _mm512_dpbusd_epi32(__m512i sum, __m512i a, __m512i b) {
  return Lanes<uint32_t>([&](int i) {
    uint32_t total = sum.Get<uint32_t>(i);
    for (int j = 4 * i; j < 4 * i + 4; ++j) {
      total += static_cast<uint32_t>(int32_t{a.bytes[j]} * static_cast<int8_t>(b.bytes[j]));
    }
    return total;
  });
}

}  // namespace

#endif  // TFAPPROX_TESTS_MODEL_IMMINTRIN_H_
