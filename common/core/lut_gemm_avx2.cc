// lut_gemm with AVX2: the table of one weight by vpshufb, 16 entries at a time, 32 pixels at once.
//
// Called through the table of paths in lut_gemm.cc; a leaf, see kernels.h.
#include <immintrin.h>

#include "kernels.h"

namespace tfapprox {
namespace {

// A byte plane sums up 256 taps of at most 255 in 16 bits.
constexpr int64_t kFlush = 256;

// The parts of 16 entries of a table: vpshufb gives part[index mod 16], and 0 if the top bit of the index is set.
// Subtracting 16 from the index after each part, saturated, sets it for good once the part of the index is passed, so
// that the lanes of part h have seen parts 0 to h: `Format` stores each part xor the one before. Codes above 127 wait
// with their top bit set while parts 0 to 7 pass, and have it flipped for parts 8 to 15.
constexpr int kHalf = 8;

inline __m256i LoadPart(const uint8_t* part) {
  return _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(part)));
}

struct Sums {
  __m256i words, odd;

  void Add(__m256i bytes) {
    words = _mm256_add_epi16(words, bytes);
    odd = _mm256_add_epi16(odd, _mm256_srli_epi16(bytes, 8));
  }
};

inline void AddWords(__m128i words, int shift, int32_t* sums) {
  auto* target = reinterpret_cast<__m256i*>(sums);
  const __m256i wide = _mm256_slli_epi32(_mm256_cvtepu16_epi32(words), shift);
  _mm256_storeu_si256(target, _mm256_add_epi32(_mm256_loadu_si256(target), wide));
}

// even = words - 256 odd is exact, because it is below 2^16; the words of a 128-bit lane are those of 16 pixels.
inline void AddPlane(const Sums& plane, int shift, int32_t* sums) {
  const __m256i even = _mm256_sub_epi16(plane.words, _mm256_slli_epi16(plane.odd, 8));
  const __m256i first = _mm256_unpacklo_epi16(even, plane.odd), last = _mm256_unpackhi_epi16(even, plane.odd);
  AddWords(_mm256_castsi256_si128(first), shift, sums);
  AddWords(_mm256_castsi256_si128(last), shift, sums + 8);
  AddWords(_mm256_extracti128_si256(first, 1), shift, sums + 16);
  AddWords(_mm256_extracti128_si256(last, 1), shift, sums + 24);
}

// One filter and kVectors * 32 pixels. 2 planes of 2 vectors: 8 registers of sums, 2 of indices, 4 of results, 2 of
// table.
template <int kEntries, int kPlanes, int kVectors>
void SumTaps(const LookUpArguments& x, const uint8_t* weights, int64_t pixel, int32_t* sums) {
  const __m256i sixteen = _mm256_set1_epi8(16), top = _mm256_set1_epi8(-128);
  for (int64_t begin = 0; begin < x.taps; begin += kFlush) {
    const int64_t end = begin + kFlush < x.taps ? begin + kFlush : x.taps;
    Sums part[kVectors][kPlanes];
    for (auto& planes : part) {
      for (Sums& plane : planes) plane = {_mm256_setzero_si256(), _mm256_setzero_si256()};
    }
    for (int64_t k = begin; k < end; ++k) {
      const uint8_t* table = x.tables + weights[k] * (kEntries * kPlanes);
      const uint8_t* codes = x.codes + k * x.width + pixel;
      __m256i index[kVectors], found[kVectors][kPlanes];
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
          const __m256i entries = LoadPart(table + 16 * (h * kPlanes + i));
          for (int v = 0; v < kVectors; ++v) {
            const __m256i bytes = _mm256_shuffle_epi8(entries, index[v]);
            found[v][i] = h == 0 ? bytes : _mm256_xor_si256(found[v][i], bytes);
          }
        }
      }
      for (int v = 0; v < kVectors; ++v) {
        for (int i = 0; i < kPlanes; ++i) part[v][i].Add(found[v][i]);
      }
    }
    for (int v = 0; v < kVectors; ++v) {
      for (int i = 0; i < kPlanes; ++i) AddPlane(part[v][i], 8 * i, sums + 32 * v);
    }
  }
}

template <int kEntries, int kPlanes>
void LookUpAll(const LookUpArguments& x) {
  for (int64_t f = 0; f < x.filters; ++f) {
    for (int64_t p = 0; p < x.pixels; p += kLanes) {
      SumTaps<kEntries, kPlanes, 2>(x, x.weights + f * x.taps, p, x.sums + f * x.width + p);
    }
  }
}

void LookUpPlanes(const LookUpArguments& x) {
  const bool words = x.planes == 2;
  switch (x.entries) {
    case 64:
      return words ? LookUpAll<64, 2>(x) : LookUpAll<64, 1>(x);
    case 128:
      return words ? LookUpAll<128, 2>(x) : LookUpAll<128, 1>(x);
    default:
      return words ? LookUpAll<256, 2>(x) : LookUpAll<256, 1>(x);
  }
}

// Per weight, the parts in order, each of the low bytes, then of the high bytes.
void Format(const uint16_t* columns, int32_t entries, int32_t planes, uint8_t* tables) {
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

// vpmaddubsw would saturate; vpmaddwd on the even and the odd bytes of each quad does not.
inline __m256i EvenBytes(__m256i x) { return _mm256_and_si256(x, _mm256_set1_epi16(255)); }

// kFilters filters and 16 pixels: 8 registers of sums, 4 of features, 2 of coefficients.
template <int kFilters>
void MultiplyBlock(const MultiplyArguments& x, int64_t filter, int64_t pixel) {
  __m256i sums[kFilters][2];
  for (auto& row : sums) {
    for (__m256i& sum : row) sum = _mm256_setzero_si256();
  }
  for (int64_t t = 0; t < x.terms; ++t) {
    for (auto& row : sums) {
      for (__m256i& sum : row) sum = _mm256_sll_epi32(sum, _mm_cvtsi32_si128(x.raises[t]));
    }
    const uint8_t* features = x.features + t * x.feature_step + 4 * pixel;
    const int8_t* coefficients = x.coefficients + t * x.coefficient_step + filter * 4 * x.quads;
    for (int64_t q = 0; q < x.quads; ++q, features += 4 * x.width, coefficients += 4) {
      __m256i even[2], odd[2];
      for (int v = 0; v < 2; ++v) {
        const __m256i a = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(features + 32 * v));
        even[v] = EvenBytes(a);
        odd[v] = _mm256_srli_epi16(a, 8);
      }
      for (int f = 0; f < kFilters; ++f) {
        int32_t four;
        __builtin_memcpy(&four, coefficients + f * 4 * x.quads, 4);
        const __m256i w = _mm256_set1_epi32(four);
        const __m256i even_w = _mm256_srai_epi16(_mm256_slli_epi16(w, 8), 8), odd_w = _mm256_srai_epi16(w, 8);
        for (int v = 0; v < 2; ++v) {
          sums[f][v] = _mm256_add_epi32(sums[f][v], _mm256_madd_epi16(even[v], even_w));
          sums[f][v] = _mm256_add_epi32(sums[f][v], _mm256_madd_epi16(odd[v], odd_w));
        }
      }
    }
  }
  for (int f = 0; f < kFilters; ++f) {
    for (int v = 0; v < 2; ++v) {
      auto* target = reinterpret_cast<__m256i*>(x.sums + (filter + f) * x.width + pixel + 8 * v);
      const __m256i sum = _mm256_sll_epi32(sums[f][v], _mm_cvtsi32_si128(x.raises[x.terms]));
      _mm256_storeu_si256(target, _mm256_add_epi32(_mm256_loadu_si256(target), sum));
    }
  }
}

void Multiply(const MultiplyArguments& x) {
  for (int64_t p = 0; p < x.pixels; p += 16) {
    int64_t f = 0;
    for (; f + 4 <= x.filters; f += 4) MultiplyBlock<4>(x, f, p);
    for (; f < x.filters; ++f) MultiplyBlock<1>(x, f, p);
  }
}

void Map(const uint8_t* table, const uint8_t* from, int64_t count, uint8_t* to) {
  for (int64_t i = 0; i < count; ++i) to[i] = table[from[i]];
}

}  // namespace

const LutGemm TFAPPROX_LUT_GEMM = {Format, LookUpPlanes, Multiply, Map};

}  // namespace tfapprox
