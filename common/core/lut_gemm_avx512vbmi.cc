// lut_gemm with AVX-512 VBMI and VNNI: registers hold the whole table of one weight and look up 64 pixels at once.
//
//   table of one weight, 256 entries of 2 bytes, in 8 registers of 64 bytes:
//
//                    part[0]         part[1]          part[2]           part[3]
//     low bytes      entries 0-63    entries 64-127   entries 128-191   entries 192-255
//     high bytes     entries 0-63    entries 64-127   entries 128-191   entries 192-255
//
//   look-up of 64 codes in one of the planes:
//
//     low  = vpermi2b(part[0], codes, part[1])        entry [code mod 128] of the lower half, in every lane
//     high = vpermi2b(part[2], codes, part[3])        entry 128 + [code mod 128] of the upper half
//     lane = code < 128 ? low : high                  a blend by the top bits of the codes
//
// A table of 128 entries needs one vpermi2b and no blend, a table of 64 entries one vpermb. lut_gemm.cc lists this
// path; the file is a leaf (path_kernels.h). docs/cpu_kernels.md has the budgets of registers and caches.
#include <immintrin.h>

#include "column_look_up.h"
#include "path_kernels.h"
#include "row_look_up.h"

namespace tfapprox {
namespace {

// The low or the high bytes of the table of one weight.
template <int kEntries>
struct Plane {
  __m512i part[kEntries / 64];  // 64 entries each

  void Load(const uint8_t* bytes) {
    for (int i = 0; i < kEntries / 64; ++i) part[i] = _mm512_loadu_si512(bytes + 64 * i);
  }
};

// Looks up 64 codes `a`, each below the number of entries. `high` has the top bits of the codes; only the table of 256
// entries needs them.
inline __m512i LookUp(const Plane<64>& t, __m512i a, __mmask64) { return _mm512_permutexvar_epi8(a, t.part[0]); }

inline __m512i LookUp(const Plane<128>& t, __m512i a, __mmask64) {
  return _mm512_permutex2var_epi8(t.part[0], a, t.part[1]);
}

// Looks up both halves of the table, by the low 7 bits of the codes, and blends the results. Merge masks would make the
// blend unnecessary, but they need a second mask and one more index register, for which there is no room beside the
// sums.
inline __m512i LookUp(const Plane<256>& t, __m512i a, __mmask64 high) {
  return _mm512_mask_blend_epi8(high, _mm512_permutex2var_epi8(t.part[0], a, t.part[1]),
                                _mm512_permutex2var_epi8(t.part[2], a, t.part[3]));
}

// Sums of the bytes of 64 pixels in 32 words:
//
//   bytes that are added    b0 b1   b2 b3   ...  b62 b63         one byte for each pixel
//   words                   sum of b0 + 256 * b1, modulo 2^16, in word 0, and so on
//   odd                     sum of b1 in word 0, and so on
//
// The sums of the even pixels follow from both (Split), which saves masking each word.
struct Sums {
  __m512i words, odd;

  static Sums Zero() { return {_mm512_setzero_si512(), _mm512_setzero_si512()}; }

  void Add(__m512i bytes) {
    words = _mm512_add_epi16(words, bytes);
    odd = _mm512_add_epi16(odd, _mm512_srli_epi16(bytes, 8));
  }

  // Writes the 16-bit sums of pixels 0 to 31 and of pixels 32 to 63. even = words - 256 * odd is exact, because the sum
  // of the even bytes is below 2^16. The index interleaves both: word i of `even`, then word i of `odd`, which has
  // number 32 + i.
  void Split(__m512i* first, __m512i* last) const {
    const __m512i even = _mm512_sub_epi16(words, _mm512_slli_epi16(odd, 8));
    const __m512i index = _mm512_set_epi16(47, 15, 46, 14, 45, 13, 44, 12, 43, 11, 42, 10, 41, 9, 40, 8, 39, 7, 38, 6,
                                           37, 5, 36, 4, 35, 3, 34, 2, 33, 1, 32, 0);
    const __m512i upper = _mm512_add_epi16(index, _mm512_set1_epi16(16));
    *first = _mm512_permutex2var_epi16(even, index, odd);
    *last = _mm512_permutex2var_epi16(even, upper, odd);
  }
};

// Adds 16 sums of 16 bits, shifted to the left, to 16 sums of 32 bits.
inline void AddWords(__m256i words, int shift, int32_t* sums) {
  const __m512i wide = _mm512_slli_epi32(_mm512_cvtepu16_epi32(words), shift);
  _mm512_storeu_si512(sums, _mm512_add_epi32(_mm512_loadu_si512(sums), wide));
}

// Adds the sums of one plane, shifted to the left, to the 32-bit sums of 64 pixels.
inline void AddPlane(const Sums& plane, int shift, int32_t* target) {
  __m512i half[2];
  plane.Split(&half[0], &half[1]);
  for (int i = 0; i < 2; ++i) {
    AddWords(_mm512_castsi512_si256(half[i]), shift, target + 32 * i);
    AddWords(_mm512_extracti64x4_epi64(half[i], 1), shift, target + 32 * i + 16);
  }
}

// Below this number of taps for a byte, adding up bytes first saves nothing.
constexpr int64_t kMinTapsPerByte = 2;

// Sums up the look-ups of kFilters filters for kVectors vectors of 64 pixels in tables of 64 bytes. The sum of
// taps_per_byte entries fits a byte, so that bytes are added up before words are. The sums of 256 such bytes fit 16 bits.
//
//   tables[f], 64 bytes   codes of 64 pixels at a tap
//         \                /
//          one look-up of 64 bytes  -->  bytes[f][v]   of at most taps_per_byte taps
//                                            |
//                                        sums[f][v]    words, of at most 256 such sums
//                                            |
//                                         x.sums       32 bits
//
// Adding words adds both of their bytes, because no byte carries into the other.
template <int kFilters, int kVectors>
void SumSmallBytes(const LookUpArguments& x, int64_t filter, int64_t pixel) {
  const uint8_t* weights = x.weights + filter * x.taps;
  for (int64_t k = 0; k < x.taps;) {
    Sums sums[kFilters][kVectors];
    for (auto& row : sums) {
      for (Sums& sum : row) sum = Sums::Zero();
    }
    for (int64_t i = 0; i < kFlush && k < x.taps; ++i) {
      const int64_t end = k + x.taps_per_byte < x.taps ? k + x.taps_per_byte : x.taps;
      __m512i bytes[kFilters][kVectors];
      for (auto& row : bytes) {
        for (__m512i& byte : row) byte = _mm512_setzero_si512();
      }
      for (; k < end; ++k) {
        __m512i tables[kFilters];
        for (int f = 0; f < kFilters; ++f) tables[f] = _mm512_loadu_si512(x.tables + 64 * weights[f * x.taps + k]);
        for (int v = 0; v < kVectors; ++v) {
          const __m512i codes = _mm512_loadu_si512(x.codes + k * x.width + pixel + 64 * v);
          for (int f = 0; f < kFilters; ++f) {
            bytes[f][v] = _mm512_add_epi16(bytes[f][v], _mm512_permutexvar_epi8(codes, tables[f]));
          }
        }
      }
      for (int f = 0; f < kFilters; ++f) {
        for (int v = 0; v < kVectors; ++v) sums[f][v].Add(bytes[f][v]);
      }
    }
    for (int f = 0; f < kFilters; ++f) {
      for (int v = 0; v < kVectors; ++v) AddPlane(sums[f][v], 0, x.sums + (filter + f) * x.width + pixel + 64 * v);
    }
  }
}

// Looks up all filters, of which two share the loads of codes.
void LookUpSmallBytes(const LookUpArguments& x) {
  for (int64_t p = 0; p < x.pixels; p += 4 * kLanes) {
    const int64_t left = x.pixels - p;
    const auto pick = [&](auto four, auto three, auto two, auto one) {
      return left > 3 * kLanes ? four : left > 2 * kLanes ? three : left > kLanes ? two : one;
    };
    const auto sum_two = pick(SumSmallBytes<2, 4>, SumSmallBytes<2, 3>, SumSmallBytes<2, 2>, SumSmallBytes<2, 1>);
    const auto sum_one = pick(SumSmallBytes<1, 4>, SumSmallBytes<1, 3>, SumSmallBytes<1, 2>, SumSmallBytes<1, 1>);
    for (int64_t f = 0; f < x.filters; f += 2) (f + 1 < x.filters ? sum_two : sum_one)(x, f, p);
  }
}

// Looks up tables of kEntries entries and kPlanes bytes (column_look_up.h).
template <int kEntries, int kPlanes>
struct RegisterColumns {
  using Sums = tfapprox::Sums;
  static constexpr int kPixels = 64;

  // With 2 planes and 4 vectors, 8 of the 32 registers hold the table, 16 hold sums, and 4 hold codes and results.
  template <int kVectors>
  static inline __attribute__((always_inline)) void AddTap(const uint8_t* table, const uint8_t* codes,
                                                           Sums (*sums)[kPlanes]) {
    Plane<kEntries> planes[kPlanes];
    for (int i = 0; i < kPlanes; ++i) planes[i].Load(table + i * kEntries);
    for (int v = 0; v < kVectors; ++v) {
      const __m512i a = _mm512_loadu_si512(codes + 64 * v);
      const __mmask64 high = kEntries == 256 ? _mm512_movepi8_mask(a) : 0;
      for (int i = 0; i < kPlanes; ++i) sums[v][i].Add(tfapprox::LookUp(planes[i], a, high));
    }
  }

  static inline void AddPlane(const Sums& plane, int shift, int32_t* target) {
    tfapprox::AddPlane(plane, shift, target);
  }

  // Takes 4 vectors of pixels at a time while there are as many, so that a table is loaded for 256 look-ups.
  static void LookUp(const LookUpArguments& x) {
    if (kEntries == 64 && kPlanes == 1 && x.taps_per_byte >= kMinTapsPerByte) return LookUpSmallBytes(x);
    for (int64_t f = 0; f < x.filters; ++f) {
      for (int64_t p = 0; p < x.pixels; p += 4 * kLanes) {
        const int64_t left = x.pixels - p;
        const auto sum = left > 3 * kLanes   ? SumTaps<tfapprox::RegisterColumns, kEntries, kPlanes, 4>
                         : left > 2 * kLanes ? SumTaps<tfapprox::RegisterColumns, kEntries, kPlanes, 3>
                         : left > kLanes     ? SumTaps<tfapprox::RegisterColumns, kEntries, kPlanes, 2>
                                             : SumTaps<tfapprox::RegisterColumns, kEntries, kPlanes, 1>;
        sum(x, f, p);
      }
    }
  }
};

// Sums up all terms for kFilters filters and kVectors vectors of 16 pixels. vpdpbusd adds the four products of a quad to
// a 32-bit sum:
//
//   features, 4 registers          16 pixels each, 4 bytes of one quad for each pixel
//   coefficients, 1 register       the 4 bytes of this quad for one filter, repeated 16 times
//   sums, 4 registers a filter     16 pixels each
//
// With 6 filters and 4 vectors, 24 of the 32 registers hold sums. They pass through all terms and are shifted between
// two terms. All loops over them are unrolled: if one was not, the sums would be in memory before and after the loop
// over quads.
template <int kFilters, int kVectors>
void MultiplyBlock(const MultiplyArguments& x, int64_t filter, int64_t pixel) {
  __m512i sums[kFilters][kVectors];
#pragma GCC unroll 6
  for (auto& row : sums) {
    for (__m512i& sum : row) sum = _mm512_setzero_si512();
  }
  for (int64_t t = 0; t < x.terms; ++t) {
    if (x.raises[t] != 0) {
#pragma GCC unroll 6
      for (auto& row : sums) {
        for (__m512i& sum : row) sum = _mm512_sll_epi32(sum, _mm_cvtsi32_si128(x.raises[t]));
      }
    }
    const uint8_t* features = x.features + t * x.feature_step + 4 * pixel;
    const int8_t* coefficients = x.coefficients + t * x.coefficient_step + filter * 4 * x.quads;
    for (int64_t q = 0; q < x.quads; ++q, features += 4 * x.width, coefficients += 4) {
      __m512i a[kVectors];
      for (int v = 0; v < kVectors; ++v) a[v] = _mm512_loadu_si512(features + 64 * v);
      for (int f = 0; f < kFilters; ++f) {
        int32_t four;
        __builtin_memcpy(&four, coefficients + f * 4 * x.quads, 4);
        const __m512i w = _mm512_set1_epi32(four);
        for (int v = 0; v < kVectors; ++v) sums[f][v] = _mm512_dpbusd_epi32(sums[f][v], a[v], w);
      }
    }
  }
#pragma GCC unroll 6
  for (int f = 0; f < kFilters; ++f) {
    for (int v = 0; v < kVectors; ++v) {
      _mm512_storeu_si512(x.sums + (filter + f) * x.width + pixel + 16 * v,
                          _mm512_sll_epi32(sums[f][v], _mm_cvtsi32_si128(x.raises[x.terms])));
    }
  }
}

// Sums up all terms for all filters and kVectors vectors of pixels. The filters are divided into as few blocks of at
// most 6 as possible, whose sizes differ by 1 at most.
template <int kVectors>
void MultiplyVectors(const MultiplyArguments& x, int64_t pixel) {
  constexpr void (*kBlocks[])(const MultiplyArguments&, int64_t, int64_t) = {
      MultiplyBlock<1, kVectors>, MultiplyBlock<2, kVectors>, MultiplyBlock<3, kVectors>,
      MultiplyBlock<4, kVectors>, MultiplyBlock<5, kVectors>, MultiplyBlock<6, kVectors>};
  const int64_t blocks = (x.filters + 5) / 6;
  for (int64_t block = 0, f = 0; block < blocks; ++block) {
    const int64_t end = x.filters * (block + 1) / blocks;
    kBlocks[end - f - 1](x, f, pixel);
    f = end;
  }
}

// Takes 4 vectors of pixels at a time, and then those that are left over.
void Multiply(const MultiplyArguments& x) {
  for (int64_t p = 0; p < x.pixels; p += kLanes) {
    const int64_t left = x.pixels - p;
    (left > 48   ? MultiplyVectors<4>
     : left > 32 ? MultiplyVectors<3>
     : left > 16 ? MultiplyVectors<2>
                 : MultiplyVectors<1>)(x, p);
  }
}

// Looks up 64 bytes at a time; a mask limits the last load and the last store to the bytes that exist.
void Map(const uint8_t* table, const uint8_t* from, int64_t count, uint8_t* to) {
  Plane<256> plane;
  plane.Load(table);
  for (int64_t i = 0; i < count; i += 64) {
    const __mmask64 valid = count - i < 64 ? (__mmask64{1} << (count - i)) - 1 : ~__mmask64{0};
    const __m512i a = _mm512_maskz_loadu_epi8(valid, from + i);
    _mm512_mask_storeu_epi8(to + i, valid, LookUp(plane, a, _mm512_movepi8_mask(a)));
  }
}

}  // namespace

const PathKernels TFAPPROX_PATH_KERNELS = {FormatPlanes, LookUpPlanes<RegisterColumns>, LookUpRows<64>, 64, Multiply,
                                           Map};

}  // namespace tfapprox
