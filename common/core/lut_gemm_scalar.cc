// lut_gemm for any CPU: the column of one weight, a run of pixels inside.
//
// Four taps share a pass over the accumulators, which halves its loads and stores; the columns of four weights
// (2 KiB), the accumulators (1 KiB) and four rows of the panel (1 KiB) stay in the first-level cache.
#include <algorithm>

#include "lut_gemm.h"

namespace tfapprox {
namespace {

void AddTaps(const tfapprox_table& table, const Panel& panel, const uint8_t* weights, int64_t begin, int64_t end,
             uint32_t* sums) {
  const int64_t pixels = panel.pixels;
  int64_t k = begin;
  for (; k + 4 <= end; k += 4) {
    const uint8_t *a0 = panel.codes + k * panel.width, *a1 = a0 + panel.width, *a2 = a1 + panel.width,
                  *a3 = a2 + panel.width;
    const uint16_t *t0 = table.column(weights[k]), *t1 = table.column(weights[k + 1]),
                   *t2 = table.column(weights[k + 2]), *t3 = table.column(weights[k + 3]);
    for (int64_t p = 0; p < pixels; ++p) {
      sums[p] += uint32_t{t0[a0[p]]} + t1[a1[p]] + t2[a2[p]] + t3[a3[p]];
    }
  }
  for (; k < end; ++k) {
    const uint8_t* a = panel.codes + k * panel.width;
    const uint16_t* t = table.column(weights[k]);
    for (int64_t p = 0; p < pixels; ++p) sums[p] += t[a[p]];
  }
}

}  // namespace

void LutGemmScalar(const tfapprox_table& table, const Panel& panel, const uint8_t* weights, int64_t taps,
                   int64_t* sums) {
  std::fill_n(sums, panel.pixels, 0);
  for (int64_t begin = 0; begin < taps; begin += kMaxTapsOf32Bits) {
    uint32_t part[kMaxPanelWidth] = {};
    AddTaps(table, panel, weights, begin, std::min(begin + kMaxTapsOf32Bits, taps), part);
    for (int64_t p = 0; p < panel.pixels; ++p) sums[p] += part[p];
  }
}

}  // namespace tfapprox
