// lut_gemm: sums of table look-ups, the inner product of every operation here.
//
// One function per CPU path (lut_gemm_<path>.cc), all with the same result; lut_gemm.cc chooses.
#ifndef TFAPPROX_COMMON_CORE_LUT_GEMM_H_
#define TFAPPROX_COMMON_CORE_LUT_GEMM_H_

#include <cstdint>

#include "panel.h"
#include "plan.h"
#include "table.h"

namespace tfapprox {

// 65,536 products of at most 65,535 fit 32 bits without a sign; longer sums are carried in 64 bits.
constexpr int64_t kMaxTapsOf32Bits = 65536;

// sums[p] = sum over taps k of T[codes[k][p], weights[k]] for the pixels of the panel.
using LutGemm = void (*)(const tfapprox_table& table, const Panel& panel, const uint8_t* weights, int64_t taps,
                         int64_t* sums);

struct LutGemmPath {
  const char* name;
  bool (*supported)();
  LutGemm function;
  PlanCosts costs;
};

// The number of the path to use: the best supported or the forced one; -1 with `error` set.
int32_t ChooseLutGemm(tfapprox_error* error);
const LutGemmPath& LutGemmPathAt(int32_t number);

void LutGemmScalar(const tfapprox_table& table, const Panel& panel, const uint8_t* weights, int64_t taps,
                   int64_t* sums);

}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_LUT_GEMM_H_
