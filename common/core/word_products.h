// Products of the terms of a plan by words, for the leaves of several paths.
//
// Instructions that multiply bytes saturate their sums (vpmaddubsw) or are missing on older CPUs (vpdpbusd, sdot). So
// the even and the odd bytes of a quad are widened to words. MultiplyPairs multiplies words and adds up the products of
// two neighbours in 32 bits:
//
//   features a       a0 a1 a2 a3     of one pixel, in each lane of 32 bits
//   even, odd words  a0 a2, a1 a3
//   sums             += a0 * w0 + a2 * w2, then += a1 * w1 + a3 * w3
//
// Leaves include this file; every name in it is local to the leaf (path_kernels.h).
#ifndef TFAPPROX_COMMON_CORE_WORD_PRODUCTS_H_
#define TFAPPROX_COMMON_CORE_WORD_PRODUCTS_H_

#include "multiply_pairs.h"
#include "path_kernels.h"

namespace tfapprox {
namespace {

// Sums up all terms for kFilters filters and two vectors of kBytes bytes, which have kBytes / 4 pixels each.
template <int kBytes, int kFilters>
void MultiplyBlock(const MultiplyArguments& x, int64_t filter, int64_t pixel) {
  using Sum = Vector<uint32_t, kBytes>;
  using Words = Vector<int16_t, kBytes>;
  Sum sums[kFilters][2];
  for (auto& row : sums) row[0] = row[1] = Sum{};
  for (int64_t t = 0; t < x.terms; ++t) {
    for (auto& row : sums) {
      for (Sum& sum : row) sum <<= x.raises[t];
    }
    const uint8_t* features = x.features + t * x.feature_step + 4 * pixel;
    const int8_t* coefficients = x.coefficients + t * x.coefficient_step + filter * 4 * x.quads;
    for (int64_t q = 0; q < x.quads; ++q, features += 4 * x.width, coefficients += 4) {
      Words even[2], odd[2];
      for (int v = 0; v < 2; ++v) {
        Vector<uint16_t, kBytes> a;
        __builtin_memcpy(&a, features + kBytes * v, kBytes);
        even[v] = reinterpret_cast<Words>(a & 255);
        odd[v] = reinterpret_cast<Words>(a >> 8);
      }
      for (int f = 0; f < kFilters; ++f) {
        uint32_t four;
        __builtin_memcpy(&four, coefficients + f * 4 * x.quads, 4);
        const auto w = reinterpret_cast<Vector<uint16_t, kBytes>>(Sum{} + four);
        const Words even_w = reinterpret_cast<Words>(w << 8) >> 8, odd_w = reinterpret_cast<Words>(w) >> 8;
        for (int v = 0; v < 2; ++v) {
          sums[f][v] += MultiplyPairs(even[v], even_w);
          sums[f][v] += MultiplyPairs(odd[v], odd_w);
        }
      }
    }
  }
  for (int f = 0; f < kFilters; ++f) {
    for (int v = 0; v < 2; ++v) {
      int32_t* target = x.sums + (filter + f) * x.width + pixel + kBytes / 4 * v;
      const Sum sum = sums[f][v] << x.raises[x.terms];
      __builtin_memcpy(target, &sum, kBytes);
    }
  }
}

// PathKernels::multiply with vectors of kBytes bytes. A block has up to kFilters filters, 4 or 8: two vectors of sums
// for each, and 6 more vectors, fit the registers.
template <int kBytes, int kFilters>
void MultiplyWords(const MultiplyArguments& x) {
  for (int64_t p = 0; p < x.pixels; p += kBytes / 2) {
    int64_t f = 0;
    for (; f + kFilters <= x.filters; f += kFilters) MultiplyBlock<kBytes, kFilters>(x, f, p);
    for (; f + 4 <= x.filters; f += 4) MultiplyBlock<kBytes, 4>(x, f, p);
    for (; f < x.filters; ++f) MultiplyBlock<kBytes, 1>(x, f, p);
  }
}

}  // namespace
}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_WORD_PRODUCTS_H_
