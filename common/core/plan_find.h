// Declarations for the files that find plans: plan_find.cc, plan_terms.cc, plan_polynomial.cc and plan_error_plane.cc.
//
// Only plan.cc calls FindPlans; kernels and programs include plan.h.
#ifndef TFAPPROX_COMMON_CORE_PLAN_FIND_H_
#define TFAPPROX_COMMON_CORE_PLAN_FIND_H_

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "plan.h"
#include "table.h"

namespace tfapprox {

// One integer for each code, a function of one operand.
using Codes = std::array<int32_t, 256>;

// A product x * y of integers: one factor is a function of the activation code, the other a function of the weight
// code.
struct Product {
  Codes x, y;
};

// Finds every plan of the table, proves it, and returns those that pass in the order of PlanKind.
std::vector<Plan> FindPlans(const tfapprox_table& table);

// Each of these returns a plan of one kind, or nothing if the table does not have it. FindPlans proves the plan.
std::optional<Plan> FindExact(const tfapprox_table& table);
std::optional<Plan> FindPolynomial(const tfapprox_table& table);
std::optional<Plan> FindErrorPlane(const tfapprox_table& table);
std::optional<Plan> FindClasses(const tfapprox_table& table);
std::optional<Plan> FindLookUp(const tfapprox_table& table);

// Returns a plan of 0 everywhere.
Plan EmptyPlan(PlanKind kind);

// Returns a plan without terms, whose residual will be words of the table: only `weight` is set, to -product_offset().
Plan WordsPlan(PlanKind kind, const tfapprox_table& table);

// Sets the classes of the activation codes of a residual [256 weights][256 activations] of bytes or words. Returns false,
// and sets nothing, if there are more than `max_classes`.
template <typename Entry>
bool SetClasses(const Entry* residual, int32_t codes, size_t max_classes, Plan* plan);

// A member of tfapprox_table that returns the product of two codes: `product` or `exact_product`.
using Products = int32_t (tfapprox_table::*)(int32_t a, int32_t w) const;
// Returns the plan of these terms. `activation` and `weight` are set such that (P1) holds without residual for
// `products`, provided that the terms differ from the products by a function of `a` plus a function of `w`.
Plan TermsPlan(PlanKind kind, std::vector<PlanTerm> terms, const tfapprox_table& table, Products products);

// Returns the number of terms that a product needs, for operands of `codes` codes.
int32_t CountTerms(const Product& product, int32_t codes);

// Returns terms by (P10) and (P11) that sum up to the sum of the products, except for functions of one code. Factor x
// is the activation's if `x_is_activation`, else the weight's.
std::vector<PlanTerm> MakeTerms(const std::vector<Product>& products, bool x_is_activation, int32_t codes);

// Returns the terms of a * w, as MakeTerms does: there is one.
std::vector<PlanTerm> ExactTerms(int32_t codes);

}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_PLAN_FIND_H_
