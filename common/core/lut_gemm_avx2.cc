// lut_gemm with AVX2: look-ups by columns (part_look_up.h) and by rows (row_look_up.h), and products by vpmaddwd.
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
inline __m256i EvenBytes(__m256i x) { return _mm256_and_si256(x, _mm256_set1_epi16(255)); }

// Sums up all terms for kFilters filters and 16 pixels. With 4 filters, 8 of the 16 registers hold sums, 4 hold
// features and 2 hold coefficients.
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

const PathKernels TFAPPROX_PATH_KERNELS = {Format, LookUpPlanes, LookUpRows<32>, 32, Multiply, Map};

}  // namespace tfapprox
