// What a call costs on a CPU path: the measured cycles of each unit of work, for the sizes of the call.
//
// Which plan and which way are fastest depends on how many pixels share a table: the tables of a filter that are loaded
// into registers, or the transposed tables of a row of filters.
#ifndef TFAPPROX_COMMON_CORE_COSTS_H_
#define TFAPPROX_COMMON_CORE_COSTS_H_

#include "division.h"

namespace tfapprox {

// The form of a residual: its entries for each weight, the bytes of an entry, and the cost of a look-up by columns
// relative to that of the plan look_up.
struct ResidualForm {
  int32_t entries, planes;
  double relative_cost;
};

// Returns the form of the residual of a plan of kind kErrorPlane, kClasses or kLookUp.
ResidualForm FormOf(const CpuPath& path, const Plan& plan);

// Returns the CPU cycles of all look-ups of one tap, for all pixels and filters of the problem, in the faster way that
// the path has. Sets `*by_rows` to whether that way is by rows.
double LookUpCycles(const CpuPath& path, const ResidualForm& form, const tfapprox_problem& problem, int32_t threads,
                    bool* by_rows);

// Returns the costs of (P12) in CPU cycles for each product of the problem. They include what grows with the number of
// terms: features are packed once for each pixel and tap, and coefficients are made once for each filter and tap.
PlanCosts CostsOf(const CpuPath& path, const tfapprox_problem& problem, int32_t threads);

// The CPU cycles of a call, all threads together: of the preparation of the broadcast operand, and of all that follows.
struct CallCycles {
  double prepare, run;

  double total() const { return prepare + run; }
};

// Returns the CPU cycles of a call by `program`.
CallCycles CyclesOf(const Program& program, const tfapprox_problem& problem, int32_t threads);

// Returns the costs for a convolution of 4,096 pixels, 64 filters and 576 taps.
PlanCosts CostsOfManyPixels(const CpuPath& path);

}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_COSTS_H_
