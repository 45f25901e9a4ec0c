// lut_gemm with AVX-512 BW, without VBMI and VNNI: look-ups by columns with 256 bits (part_look_up.h) and by rows with 512
// bits (row_look_up.h), and products by vpmaddwd.
//
// lut_gemm.cc lists this path; the file is a leaf (path_kernels.h).
#include <immintrin.h>

#include "part_look_up.h"
#include "path_kernels.h"
#include "row_look_up.h"

namespace tfapprox {
namespace {

// Returns bytes 0 and 2 of each quad as words. vpmaddubsw multiplies bytes directly but saturates its sums at 16 bits,
// so the even and the odd bytes are widened and multiplied by vpmaddwd, whose sums have 32 bits.
inline __m512i EvenBytes(__m512i x) { return _mm512_and_si512(x, _mm512_set1_epi16(255)); }

// Sums up all terms for kFilters filters and 32 pixels. With 8 filters, 16 of the 32 registers hold sums, 4 hold
// features and 2 hold coefficients.
template <int kFilters>
void MultiplyBlock(const MultiplyArguments& x, int64_t filter, int64_t pixel) {
  __m512i sums[kFilters][2];
  for (auto& row : sums) {
    for (__m512i& sum : row) sum = _mm512_setzero_si512();
  }
  for (int64_t t = 0; t < x.terms; ++t) {
    for (auto& row : sums) {
      for (__m512i& sum : row) sum = _mm512_sll_epi32(sum, _mm_cvtsi32_si128(x.raises[t]));
    }
    const uint8_t* features = x.features + t * x.feature_step + 4 * pixel;
    const int8_t* coefficients = x.coefficients + t * x.coefficient_step + filter * 4 * x.quads;
    for (int64_t q = 0; q < x.quads; ++q, features += 4 * x.width, coefficients += 4) {
      __m512i even[2], odd[2];
      for (int v = 0; v < 2; ++v) {
        const __m512i a = _mm512_loadu_si512(features + 64 * v);
        even[v] = EvenBytes(a);
        odd[v] = _mm512_srli_epi16(a, 8);
      }
      for (int f = 0; f < kFilters; ++f) {
        int32_t four;
        __builtin_memcpy(&four, coefficients + f * 4 * x.quads, 4);
        const __m512i w = _mm512_set1_epi32(four);
        const __m512i even_w = _mm512_srai_epi16(_mm512_slli_epi16(w, 8), 8), odd_w = _mm512_srai_epi16(w, 8);
        for (int v = 0; v < 2; ++v) {
          sums[f][v] = _mm512_add_epi32(sums[f][v], _mm512_madd_epi16(even[v], even_w));
          sums[f][v] = _mm512_add_epi32(sums[f][v], _mm512_madd_epi16(odd[v], odd_w));
        }
      }
    }
  }
  for (int f = 0; f < kFilters; ++f) {
    for (int v = 0; v < 2; ++v) {
      int32_t* target = x.sums + (filter + f) * x.width + pixel + 16 * v;
      const __m512i sum = _mm512_sll_epi32(sums[f][v], _mm_cvtsi32_si128(x.raises[x.terms]));
      _mm512_storeu_si512(target, _mm512_add_epi32(_mm512_loadu_si512(target), sum));
    }
  }
}

void Multiply(const MultiplyArguments& x) {
  for (int64_t p = 0; p < x.pixels; p += 32) {
    int64_t f = 0;
    for (; f + 8 <= x.filters; f += 8) MultiplyBlock<8>(x, f, p);
    for (; f + 4 <= x.filters; f += 4) MultiplyBlock<4>(x, f, p);
    for (; f < x.filters; ++f) MultiplyBlock<1>(x, f, p);
  }
}

void Map(const uint8_t* table, const uint8_t* from, int64_t count, uint8_t* to) {
  for (int64_t i = 0; i < count; ++i) to[i] = table[from[i]];
}

}  // namespace

const PathKernels TFAPPROX_PATH_KERNELS = {Format, LookUpPlanes, LookUpRows<64>, 64, Multiply, Map};

}  // namespace tfapprox
