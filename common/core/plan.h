// plan: how the sums of a table's products can be computed with fewer look-ups than one per product.
//
// Any table is written, exactly, as
//
//   T[a, w] = activation[a] + weight[w] + sum over terms of ((feature[a] * coefficient[w]) << shift) + residual[a, w]
//
// so that a sum over taps is one number per pixel, one per filter, an int8 matrix product per term, and look-ups in a
// residual that is empty, of bytes, of few rows, or the whole table. plan.cc finds the plans of a table and proves each
// on every pair of codes; the kernels carry one out; both read only this header.
#ifndef TFAPPROX_COMMON_CORE_PLAN_H_
#define TFAPPROX_COMMON_CORE_PLAN_H_

#include <cstdint>
#include <vector>

#include "tfapprox.h"

namespace tfapprox {

// In order of preference where the cost is equal.
enum class PlanKind : int32_t {
  kExact = 0,       // T = a * w: one term
  kPolynomial = 1,  // terms only: products of the bits of one operand times digits of the other
  kErrorPlane = 2,  // one term, residual in [0, 255] after its bias went to `weight` or `activation`
  kClasses = 3,     // no term; rows that are equal share one: residual[class_of[a], w], at most 128 classes
  kLookUp = 4,      // no term; the table itself
};
constexpr int32_t kPlanKinds = 5;

// One unsigned-by-signed byte product, what vpdpbusd and the integer tensor cores multiply.
struct PlanTerm {
  alignas(64) uint8_t feature[256];
  alignas(64) int8_t coefficient[256];
  int32_t shift;
};

struct Plan {
  PlanKind kind;
  int32_t activation[256];
  int32_t weight[256];
  std::vector<PlanTerm> terms;

  // kErrorPlane: [256 weights][256 activations], column w contiguous.
  std::vector<uint8_t> error;

  // kClasses: the number of different rows, which row a code has, and [256 weights][class_stride] with class_stride 64
  // or 128, the unused ones 0.
  int32_t classes;
  int32_t class_stride;
  uint8_t class_of[256];
  std::vector<uint16_t> class_columns;
};

// What a unit of work costs on one path, in look-ups of the general plan; plan.cc chooses the least sum. A cost of 0
// says that the path cannot carry the plan out.
struct PlanCosts {
  double term;         // one int8 product
  double error_plane;  // one look-up in a plane of bytes
  double classes_64;   // one look-up of a word among 64 classes
  double classes_128;
  double look_up;
};

}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_PLAN_H_
