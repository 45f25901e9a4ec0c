// lut_gemm: sums of products of a truth table, the inner products of every operation, and the CPU paths for them.
//
//   sums[filter][pixel] = sum over taps k of T[activation code of (pixel, k), weight code of (filter, k)]
//
// Three things meet when a sum is computed:
//
// - A *path* is a set of compiled functions for one instruction set: "avx512vbmi", "avx512bw", "avx2", "neondot",
//   "neon" or "scalar". It depends on the machine only. lut_gemm.cc lists the paths, best first, and ChooseCpuPath
//   takes the first one that this build contains and this CPU supports. The environment variable TFAPPROX_FORCE_PATH
//   names another one.
// - A *way* of a path to look products up is "columns" or "rows" (docs/cpu_kernels.md). It depends on the machine and
//   on the sizes of the call. A path that has both takes the faster one; the list has such a path twice more, with one
//   way each, so that TFAPPROX_FORCE_PATH can name the way, too.
// - A *plan* is a way to write one truth table as a sum of terms, which are products of bytes, and of a residual, which
//   is looked up (plan.h). It depends on the table only: a table has a plan of kind look_up and may have up to four
//   others. All plans of a table give the same sums.
// - A *program* is a plan made ready for a path and a way (program.h): the terms in the order in which the path's
//   kernels take them, and the residual in the byte order that its look-up instruction reads. It depends on all three.
//
//   truth table --FindPlans--> plans ---+
//                                       +--ChoosePlan--> plan ---+
//   path, sizes --CostsOf--> costs -----+                        +--FindProgram--> program --> multiply, look_up
//   path ------ format ------------------------------------------+
//
// Costs decide which plan a path takes (costs.h): each path states what one product of bytes and one look-up of each
// form cost on it, and the plan with the lowest cost per product wins. So an exact table needs no look-up on any path,
// while the same approximate table may take terms on one path and look-ups on another. TFAPPROX_PLAN forces a kind of
// plan. Whatever is chosen, the sums are the same integers, and the tests compare all of them with the numpy reference.
//
// To add a path, write lut_gemm_<path>.cc, which defines a PathKernels, let CMake compile it and element_loops.cc with
// the flags of the instruction set, add a line to kPaths in lut_gemm.cc, and add its costs to measured_costs.cc.
#ifndef TFAPPROX_COMMON_CORE_LUT_GEMM_H_
#define TFAPPROX_COMMON_CORE_LUT_GEMM_H_

#include "gradient_loops.h"
#include "measured_costs.h"
#include "path_kernels.h"
#include "plan.h"

namespace tfapprox {

// A line of the list of paths.
struct CpuPath {
  const char* name;                // the name that TFAPPROX_FORCE_PATH takes
  bool (*supported)();             // whether this CPU can run the path
  bool by_default;                 // whether the path may be chosen without being forced
  const PathKernels* kernels;      // the path's kernels, or null if the compiler could not build them
  const ElementLoops* loops;       // the path's loops around the kernels, null under the same condition
  const GradientLoops* gradients;  // the path's loops of gradients from the table, null under the same condition
  const PathCosts* costs;          // what its kernels cost on each CPU family
  const char* columns_name;        // the name of the line that looks up by columns only, or null if this one never does
  const char* rows_name;           // the name of the line that looks up by rows only, or null if this one never does
};

// Returns the number of the path to use: the forced one, or else the first one that is built and supported. Returns -1
// and sets `error` if the forced path is unknown, not built or not supported.
int32_t ChooseCpuPath(tfapprox_error* error);

// Returns path number `number`, which ChooseCpuPath has returned or which is less than the number of paths.
const CpuPath& CpuPathAt(int32_t number);

}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_LUT_GEMM_H_
