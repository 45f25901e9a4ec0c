// Look-ups by columns with AVX2, for the leaves avx2 and avx512bw: vpshufb looks up 32 pixels at once in 16 entries of
// a weight's table, one part after the other.
//
// Every name in this file is local to the leaf that includes it (path_kernels.h).
#ifndef TFAPPROX_COMMON_CORE_PART_LOOK_UP_H_
#define TFAPPROX_COMMON_CORE_PART_LOOK_UP_H_

#include <immintrin.h>

#include "column_look_up.h"
#include "path_kernels.h"

namespace tfapprox {
namespace {

// How one lane finds its entry among 16 parts of 16 entries:
//
//   part h     0     1           2           3           ...
//   entries    e0    e1          e2          e3                 entries 16 h to 16 h + 15 of the weight's table
//   stored     e0    e0 ^ e1     e1 ^ e2     e2 ^ e3            what FormatParts writes
//
//   code 37    37    21          5           -11         ...    the index: 16 less after each part
//   vpshufb    e0[5] (e0^e1)[5]  (e1^e2)[5]  0           ...    the xor of all results is e2[5], and 37 = 2 * 16 + 5
//
// vpshufb returns part[index mod 16], and 0 if the top bit of the index is set. The subtraction saturates, so an index
// that has become negative stays negative: a lane collects the stored parts up to the one of its entry, and no other. A
// code above 127 has its top bit set, so parts 0 to 7 give 0. The second half starts again from the code with its top
// bit flipped: then codes above 127 walk through parts 8 to 15, and for codes below 128 these parts give 0.
constexpr int kHalf = 8;

// Loads 16 entries into both halves of a register, because vpshufb looks up each half of 16 lanes by itself.
inline __m256i LoadPart(const uint8_t* part) {
  return _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(part)));
}

// Sums of the bytes of 32 pixels in 16 words. `words` sums up whole words, modulo 2^16, and `odd` their upper bytes,
// which belong to the odd pixels. The sums of the even pixels follow from both (AddPlane), which saves masking each
// word.
struct Sums {
  __m256i words, odd;

  static Sums Zero() { return {_mm256_setzero_si256(), _mm256_setzero_si256()}; }

  void Add(__m256i bytes) {
    words = _mm256_add_epi16(words, bytes);
    odd = _mm256_add_epi16(odd, _mm256_srli_epi16(bytes, 8));
  }
};

// Adds 8 sums of 16 bits, shifted to the left, to 8 sums of 32 bits.
inline void AddWords(__m128i words, int shift, int32_t* sums) {
  auto* target = reinterpret_cast<__m256i*>(sums);
  const __m256i wide = _mm256_slli_epi32(_mm256_cvtepu16_epi32(words), shift);
  _mm256_storeu_si256(target, _mm256_add_epi32(_mm256_loadu_si256(target), wide));
}

// Looks up tables of kEntries entries and kPlanes bytes (column_look_up.h).
template <int kEntries, int kPlanes>
struct PartColumns {
  using Sums = tfapprox::Sums;
  static constexpr int kPixels = 32;

  // With 2 planes and 2 vectors, 8 of the 16 registers hold sums, 2 hold indices, 4 hold the entries so far, and 2 hold
  // parts of the table.
  template <int kVectors>
  static inline __attribute__((always_inline)) void AddTap(const uint8_t* table, const uint8_t* codes,
                                                           Sums (*sums)[kPlanes]) {
    const __m256i sixteen = _mm256_set1_epi8(16), top = _mm256_set1_epi8(-128);
    __m256i index[kVectors], entry[kVectors][kPlanes];
#pragma GCC unroll 2
    for (int h = 0; h < kEntries / 16; ++h) {
      for (int v = 0; v < kVectors; ++v) {
        if (h % kHalf == 0) {
          index[v] = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(codes + 32 * v));
          if (h != 0) index[v] = _mm256_xor_si256(index[v], top);
        } else {
          index[v] = _mm256_subs_epi8(index[v], sixteen);
        }
      }
      for (int i = 0; i < kPlanes; ++i) {
        const __m256i stored = LoadPart(table + 16 * (h * kPlanes + i));
        for (int v = 0; v < kVectors; ++v) {
          const __m256i bytes = _mm256_shuffle_epi8(stored, index[v]);
          entry[v][i] = h == 0 ? bytes : _mm256_xor_si256(entry[v][i], bytes);
        }
      }
    }
    for (int v = 0; v < kVectors; ++v) {
      for (int i = 0; i < kPlanes; ++i) sums[v][i].Add(entry[v][i]);
    }
  }

  // even = words - 256 * odd is exact, because the sum of the even bytes is below 2^16. Unpacking interleaves even and
  // odd pixels within each half of the register, which has 16 pixels.
  static inline void AddPlane(const Sums& plane, int shift, int32_t* target) {
    const __m256i even = _mm256_sub_epi16(plane.words, _mm256_slli_epi16(plane.odd, 8));
    const __m256i first = _mm256_unpacklo_epi16(even, plane.odd), last = _mm256_unpackhi_epi16(even, plane.odd);
    AddWords(_mm256_castsi256_si128(first), shift, target);
    AddWords(_mm256_castsi256_si128(last), shift, target + 8);
    AddWords(_mm256_extracti128_si256(first, 1), shift, target + 16);
    AddWords(_mm256_extracti128_si256(last, 1), shift, target + 24);
  }

  static void LookUp(const LookUpArguments& x) {
    for (int64_t f = 0; f < x.filters; ++f) {
      for (int64_t p = 0; p < x.pixels; p += kLanes) SumTaps<tfapprox::PartColumns, kEntries, kPlanes, 2>(x, f, p);
    }
  }
};

// The tables of this path are [256 weights][entries / 16 parts][planes][16], each part xor the part before it. The
// first part of each half, and so parts 0 and 8, are stored as they are. Plane 0 has the low bytes, plane 1 the high
// bytes.
void FormatParts(const uint16_t* columns, int32_t entries, int32_t planes, uint8_t* tables) {
  for (int32_t w = 0; w < 256; ++w, columns += entries) {
    for (int32_t h = 0; h < entries / 16; ++h) {
      for (int32_t plane = 0; plane < planes; ++plane) {
        for (int32_t i = 16 * h; i < 16 * h + 16; ++i) {
          const int32_t before = h % kHalf == 0 ? 0 : columns[i - 16];
          *tables++ = static_cast<uint8_t>((columns[i] ^ before) >> (8 * plane));
        }
      }
    }
  }
}

}  // namespace
}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_PART_LOOK_UP_H_
