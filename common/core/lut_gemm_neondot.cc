// lut_gemm with NEON and the dot products of Armv8.2: look-ups as in the path neon, and products by sdot.
//
// lut_gemm.cc lists this path; the file is a leaf (path_kernels.h).
#include <arm_neon.h>

#include "map_bytes.h"
#include "neon_look_up.h"
#include "path_kernels.h"
#include "row_look_up.h"

namespace tfapprox {
namespace {

// Sums up all terms for kFilters filters and 16 pixels. sdot adds the four products of a quad of signed bytes to a
// 32-bit sum. Features are unsigned: with a' = a - 128, which fits a signed byte,
//
//   sum of a * w = sum of a' * w - sum of -128 * w,
//
// and sdot computes both sums; the second one is the same for all pixels. They pass through all terms and are shifted
// between two terms. With 4 filters, 20 of the 32 registers hold sums, 4 hold features and 2 hold coefficients.
template <int kFilters>
void MultiplyBlock(const MultiplyArguments& x, int64_t filter, int64_t pixel) {
  const uint8x16_t top = vdupq_n_u8(128);
  int32x4_t sums[kFilters][4], offsets[kFilters];
  for (int f = 0; f < kFilters; ++f) {
    offsets[f] = vdupq_n_s32(0);
    for (int32x4_t& sum : sums[f]) sum = vdupq_n_s32(0);
  }
  for (int64_t t = 0; t < x.terms; ++t) {
    const int32x4_t raise = vdupq_n_s32(x.raises[t]);
    for (int f = 0; f < kFilters; ++f) {
      offsets[f] = vshlq_s32(offsets[f], raise);
      for (int32x4_t& sum : sums[f]) sum = vshlq_s32(sum, raise);
    }
    const uint8_t* features = x.features + t * x.feature_step + 4 * pixel;
    const int8_t* coefficients = x.coefficients + t * x.coefficient_step + filter * 4 * x.quads;
    for (int64_t q = 0; q < x.quads; ++q, features += 4 * x.width, coefficients += 4) {
      int8x16_t a[4];
      for (int v = 0; v < 4; ++v) a[v] = vreinterpretq_s8_u8(veorq_u8(vld1q_u8(features + 16 * v), top));
      for (int f = 0; f < kFilters; ++f) {
        int32_t four;
        __builtin_memcpy(&four, coefficients + f * 4 * x.quads, 4);
        const int8x16_t w = vreinterpretq_s8_s32(vdupq_n_s32(four));
        offsets[f] = vdotq_s32(offsets[f], vreinterpretq_s8_u8(top), w);
        for (int v = 0; v < 4; ++v) sums[f][v] = vdotq_s32(sums[f][v], a[v], w);
      }
    }
  }
  const int32x4_t raise = vdupq_n_s32(x.raises[x.terms]);
  for (int f = 0; f < kFilters; ++f) {
    for (int v = 0; v < 4; ++v) {
      vst1q_s32(x.sums + (filter + f) * x.width + pixel + 4 * v, vshlq_s32(vsubq_s32(sums[f][v], offsets[f]), raise));
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

}  // namespace

const PathKernels TFAPPROX_PATH_KERNELS = {FormatPlanes, LookUpPlanes<NeonColumns>, LookUpRows<16>, 16, Multiply,
                                           MapBytes};

}  // namespace tfapprox
