// plan: how the sums of a table's products can be computed with fewer look-ups than one per product.
//
// Any table is written, exactly, as
//
//   T[a, w] = activation[a] + weight[w] + sum over terms of ((feature[a] * coefficient[w]) << shift) + residual[a, w]
//
// so that a sum over taps is one number per pixel, one per filter, an int8 matrix product per term, and look-ups in a
// residual that is empty, of bytes, of few rows, or the whole table (docs/plans.md). Codes and residuals are those of
// table.h, products those of the circuit: what a signed table has added to them is in `weight`. plan_find.cc finds the
// plans of a table and proves each on every pair of codes; plan.cc keeps them and chooses; the kernels carry one out.
#ifndef TFAPPROX_COMMON_CORE_PLAN_H_
#define TFAPPROX_COMMON_CORE_PLAN_H_

#include <cstdint>
#include <vector>

#include "tfapprox.h"

namespace tfapprox {

// In order of preference where the cost is equal.
enum class PlanKind : int32_t {
  kExact = 0,       // the exact product: one term
  kPolynomial = 1,  // terms only: products of the bits of one operand times digits of the other
  kErrorPlane = 2,  // one term, residual in [0, 255] after its bias went to `weight` or `activation`
  kClasses = 3,     // no term; rows that are equal share one: residual[class_of[a], w], at most 128 classes
  kLookUp = 4,      // no term; the table itself
};
constexpr int32_t kPlanKinds = 5;

// A polynomial of more terms is not offered: no path computes that many products faster than it looks one up.
constexpr int32_t kMaxPlanTerms = 256;

// One unsigned-by-signed byte product, what vpdpbusd and the integer tensor cores multiply.
struct PlanTerm {
  alignas(64) uint8_t feature[256];
  alignas(64) int8_t coefficient[256];
  int32_t shift;
};

// Arrays are 0 at codes of 2^num_bits and above, which never occur.
struct Plan {
  PlanKind kind;
  int32_t activation[256];
  int32_t weight[256];
  std::vector<PlanTerm> terms;  // by ascending shift, as few different ones as possible; none if T is a sum or constant

  // All terms of one shift may be summed in one int32, which may wrap around on the way, over at most this many taps;
  // then it is added to 64 bits and only there shifted (P3). At least 65,536 / the number of terms.
  int32_t taps_per_flush;

  // kErrorPlane: [256 weights][256 activations], column w contiguous.
  std::vector<uint8_t> error;

  // kClasses: the number of different rows, which row a code has, and [256 weights][class_stride] with class_stride 64
  // or 128, the unused ones 0.
  int32_t classes;
  int32_t class_stride;
  uint8_t class_of[256];
  std::vector<uint16_t> class_columns;
};

// What a unit of work costs on one path; plan.cc chooses the least sum.
using PlanCosts = tfapprox_plan_costs;

// "exact", "polynomial", "error_plane", "classes" or "look_up".
const char* PlanName(PlanKind kind);

// The plan of the least cost, or the one that TFAPPROX_PLAN names: an error if it is unknown, not one of this table or
// not one of this path. `costs.look_up` is not 0.
int32_t ChoosePlan(const tfapprox_table& table, const PlanCosts& costs, const Plan** plan, tfapprox_error* error);

}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_PLAN_H_
