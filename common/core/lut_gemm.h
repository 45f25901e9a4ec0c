// lut_gemm: sums of table products, the inner product of every operation here, and the CPU paths that compute them.
//
// One file per path (lut_gemm_<path>.cc), all with the same result; lut_gemm.cc chooses.
#ifndef TFAPPROX_COMMON_CORE_LUT_GEMM_H_
#define TFAPPROX_COMMON_CORE_LUT_GEMM_H_

#include "kernels.h"
#include "plan.h"

namespace tfapprox {

struct LutGemmPath {
  const char* name;
  bool (*supported)();     // by this CPU
  bool by_default;         // false: only if it is forced
  const LutGemm* kernels;  // null if the compiler could not build them
  const ElementLoops* loops;
  PlanCosts costs;
  double look_up_cycles;  // of one product by the general plan
};

// The number of the path to use: the best supported or the forced one; -1 with `error` set.
int32_t ChooseLutGemm(tfapprox_error* error);
const LutGemmPath& LutGemmPathAt(int32_t number);

}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_LUT_GEMM_H_
