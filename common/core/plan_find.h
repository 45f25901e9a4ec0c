// What the files that find plans share; not for the kernels.
#ifndef TFAPPROX_COMMON_CORE_PLAN_FIND_H_
#define TFAPPROX_COMMON_CORE_PLAN_FIND_H_

#include <array>
#include <cstdint>
#include <vector>

#include "plan.h"

namespace tfapprox {

// A number for each code.
using Codes = std::array<int32_t, 256>;

// x * y, one of them a function of the activation code, the other of the weight code.
struct Product {
  Codes x, y;
};

// Every plan of the table, proven.
std::vector<Plan> FindPlans(const tfapprox_table& table);

// Terms whose sum differs from the table by a function of `a` plus one of `w`, of the fewest that are known (plans 3).
std::vector<PlanTerm> PolynomialTerms(const tfapprox_table& table);

// The terms that a product of two integers needs, functions of one code left out: one for each pair of byte digits.
int32_t CountTerms(const Product& product, int32_t codes);

// The terms of a sum of products; x belongs to the activation if `x_is_activation`, else to the weight.
std::vector<PlanTerm> MakeTerms(const std::vector<Product>& products, bool x_is_activation, int32_t codes);

}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_PLAN_FIND_H_
