// What the files that find plans share; not for the kernels.
#ifndef TFAPPROX_COMMON_CORE_PLAN_FIND_H_
#define TFAPPROX_COMMON_CORE_PLAN_FIND_H_

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "plan.h"
#include "table.h"

namespace tfapprox {

// A number for each code.
using Codes = std::array<int32_t, 256>;

// x * y, one of them a function of the activation code, the other of the weight code.
struct Product {
  Codes x, y;
};

// Every plan of the table, proven.
std::vector<Plan> FindPlans(const tfapprox_table& table);

// The plan of one kind, if the table seems to have it; a file each, or plan_find.cc. FindPlans proves it.
std::optional<Plan> FindExact(const tfapprox_table& table);
std::optional<Plan> FindPolynomial(const tfapprox_table& table);
std::optional<Plan> FindErrorPlane(const tfapprox_table& table);
std::optional<Plan> FindClasses(const tfapprox_table& table);
std::optional<Plan> FindLookUp(const tfapprox_table& table);

Plan EmptyPlan(PlanKind kind);

// A plan without terms, whose residual is of words, those of the table.
Plan WordsPlan(PlanKind kind, const tfapprox_table& table);

// The plan of these terms, if they differ from the products by a function of `a` plus one of `w`.
using Products = int32_t (tfapprox_table::*)(int32_t a, int32_t w) const;
Plan TermsPlan(PlanKind kind, std::vector<PlanTerm> terms, const tfapprox_table& table, Products products);

// How many terms a product needs, and the terms of a sum of products up to functions of one code (P10); x belongs to
// the activation if `x_is_activation`, else to the weight.
int32_t CountTerms(const Product& product, int32_t codes);
std::vector<PlanTerm> MakeTerms(const std::vector<Product>& products, bool x_is_activation, int32_t codes);
std::vector<PlanTerm> ExactTerms(int32_t codes);

}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_PLAN_FIND_H_
