// plan: a way to compute the sums of a table's products with fewer look-ups than one per product.
//
// Every table can be written exactly as
//
//   T[a, w] = activation[a] + weight[w] + sum over terms of ((feature[a] * coefficient[w]) << shift) + residual[a, w]
//
// Its sum over the taps of an output therefore consists of
//
//   sum of activation[a]      one number per output pixel, the same for every filter     computed by panel.cc
//   sum of weight[w]          one number per filter, the same for every pixel            part of the prepared filter
//   sums of terms             one int8 matrix product per term                           PathKernels::multiply
//   sum of residual[a, w]     one look-up per tap                                        PathKernels::look_up
//
// The residual may be empty, bytes, a table of few rows, or the whole table (docs/plans.md). Codes are bytes and
// residuals unsigned words as in table.h, also for a signed table; `weight` takes the offset of such words back, so
// that T is the product that the circuit gives. plan_find.cc finds the plans of a table and proves each on every pair
// of codes; plan.cc chooses one; the kernels carry it out.
#ifndef TFAPPROX_COMMON_CORE_PLAN_H_
#define TFAPPROX_COMMON_CORE_PLAN_H_

#include <cstdint>
#include <vector>

#include "tfapprox.h"

namespace tfapprox {

// The kinds of plans. Where two plans cost the same, the kind with the lower number is preferred.
enum class PlanKind : int32_t {
  kExact = 0,       // (P4): one term, no residual; T is the exact product
  kPolynomial = 1,  // (P8): terms only; T is a polynomial in the bits of one operand
  kErrorPlane = 2,  // (P5): one term, and a residual of bytes; `weight` and `activation` have the offsets of the errors
  kClasses = 3,     // (P6): no term; the residual is class_columns[w][class_of[a]], at most 128 different rows of T
  kLookUp = 4,      // (P7): no term; the residual is the table itself
};
constexpr int32_t kPlanKinds = 5;

// A polynomial with more terms is not offered, because no path computes so many products faster than one look-up.
constexpr int32_t kMaxPlanTerms = 256;

// The sum of two errors up to this one fits a byte.
constexpr int32_t kSmallError = 127;

// A product of an unsigned byte and a signed byte, which is what vpdpbusd and the integer tensor cores multiply.
struct PlanTerm {
  alignas(64) uint8_t feature[256];     // the factor of each activation code
  alignas(64) int8_t coefficient[256];  // the factor of each weight code
  int32_t shift;                        // the bits by which the product is shifted to the left
};

// One way to write a table. Arrays over codes are 0 at codes of 2^num_bits and above, which never occur.
struct Plan {
  PlanKind kind;                // which of the fields below have a meaning
  int32_t activation[256];      // the part of T that depends on the activation code only
  int32_t weight[256];          // the part of T that depends on the weight code only
  std::vector<PlanTerm> terms;  // ascending shifts, as few different ones as possible; none if activation + weight is T

  // The number of taps over which the terms of one shift, all together, have a sum that fits int32, even if it wraps
  // around on the way (P3). It is at least 65,536 divided by the number of terms. The kernels of the core bound whole
  // sums of products instead (division.h); this number is for other implementations of a plan.
  int32_t taps_per_flush;

  // The residual of kErrorPlane, [256 weights][256 activations]; otherwise empty.
  std::vector<uint8_t> error;
  int32_t max_error;  // the maximum of `error`

  // The classes of activation codes whose rows of the residual are equal: 1 to 128 of kClasses, 1 to 64 of kErrorPlane;
  // 0 if an error plane has more different rows, and for other kinds.
  int32_t classes;
  int32_t class_stride;                 // 64 if there are at most 64 classes, else 128
  uint8_t class_of[256];                // the class of each activation code
  std::vector<uint16_t> class_columns;  // [256 weights][class_stride] the residual, 0 where there is no class
};

// The cost of each unit of work on one path (P12). It has the costs of tfapprox_plan_costs and three more: the first term
// of a plan without residual may cost less than its other terms, and so may an error plane of at most 64 classes, most of
// all if its errors are at most kSmallError.
struct PlanCosts {
  double first_term, term, small_errors_64, error_plane_64, error_plane, classes_64, classes_128, look_up;
};

// Returns "exact", "polynomial", "error_plane", "classes" or "look_up".
const char* PlanName(PlanKind kind);

// Returns the cost of one product by (P12), or -1 if the path cannot carry out the plan.
double PlanCost(const Plan& plan, const PlanCosts& costs);

// Sets `*plan` to the plan with the lowest cost, or to the kind that TFAPPROX_PLAN names. It is an error if that kind
// is unknown, if the table has no such plan, or if its cost says that the path cannot carry it out. `costs.look_up` is
// not 0.
int32_t ChoosePlan(const tfapprox_table& table, const PlanCosts& costs, const Plan** plan, tfapprox_error* error);

}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_PLAN_H_
