// Finds the plans of a table, and proves each on every pair of codes before a kernel can see it; plan.cc calls this.
#include "plan_find.h"

#include <algorithm>
#include <cstdlib>
#include <limits>

namespace tfapprox {
namespace {

// Returns true if equation (P1) holds on every pair of codes, and sets the bound taps_per_flush (P3).
bool Prove(const tfapprox_table& table, Plan* proven) {
  Plan& plan = *proven;
  const bool has_error_classes = plan.kind == PlanKind::kErrorPlane && plan.classes != 0;
  int32_t max_sum = 1;  // M of (P3)
  const int32_t codes = 1 << table.num_bits;
  for (int32_t w = 0; w < codes; ++w) {
    int64_t products[256];  // what the plan gives for each activation code
    for (int32_t a = 0; a < codes; ++a) {
      products[a] = int64_t{plan.activation[a]} + plan.weight[w];
      if (plan.kind == PlanKind::kErrorPlane) products[a] += plan.error[w * 256 + a];
      if (has_error_classes &&
          plan.class_columns[w * plan.class_stride + plan.class_of[a]] != plan.error[w * 256 + a]) {
        return false;
      }
      if (plan.kind == PlanKind::kClasses) products[a] += plan.class_columns[w * plan.class_stride + plan.class_of[a]];
      if (plan.kind == PlanKind::kLookUp) products[a] += table.columns[w][a];
    }
    int32_t sums[256] = {};  // the sums of the terms of one shift, at most kMaxPlanTerms * 2^15 = 2^23
    for (size_t i = 0; i < plan.terms.size(); ++i) {
      const PlanTerm& term = plan.terms[i];
      const int16_t coefficient = term.coefficient[w];
      for (int32_t a = 0; a < codes; ++a) sums[a] += static_cast<int16_t>(term.feature[a] * coefficient);
      if (i + 1 < plan.terms.size() && plan.terms[i + 1].shift == term.shift) continue;
      for (int32_t a = 0; a < codes; ++a) {
        products[a] += int64_t{sums[a]} * (int64_t{1} << term.shift);
        max_sum = std::max(max_sum, std::abs(sums[a]));
        sums[a] = 0;
      }
    }
    for (int32_t a = 0; a < codes; ++a) {
      if (products[a] != table.product(a, w)) return false;
    }
  }
  plan.taps_per_flush = std::numeric_limits<int32_t>::max() / max_sum;
  return true;
}

}  // namespace

template <typename Entry>
bool SetClasses(const Entry* residual, int32_t codes, size_t max_classes, Plan* plan) {
  const auto entry = [&](int32_t w, int32_t a) { return residual[w * 256 + a]; };
  std::vector<int32_t> first;  // the first code of each class
  uint8_t class_of[256] = {};
  for (int32_t a = 0; a < codes; ++a) {
    const auto match = std::find_if(first.begin(), first.end(), [&](int32_t b) {
      int32_t w = 0;
      while (w < codes && entry(w, a) == entry(w, b)) ++w;
      return w == codes;
    });
    class_of[a] = static_cast<uint8_t>(match - first.begin());
    if (match != first.end()) continue;
    if (first.size() == max_classes) return false;
    first.push_back(a);
  }
  std::copy(class_of, class_of + 256, plan->class_of);
  plan->classes = static_cast<int32_t>(first.size());
  plan->class_stride = plan->classes <= 64 ? 64 : 128;
  plan->class_columns.resize(256 * plan->class_stride);
  for (int32_t w = 0; w < codes; ++w) {
    for (int32_t i = 0; i < plan->classes; ++i) plan->class_columns[w * plan->class_stride + i] = entry(w, first[i]);
  }
  return true;
}

template bool SetClasses(const uint8_t* residual, int32_t codes, size_t max_classes, Plan* plan);
template bool SetClasses(const uint16_t* residual, int32_t codes, size_t max_classes, Plan* plan);

Plan EmptyPlan(PlanKind kind) {
  Plan plan = {};
  plan.kind = kind;
  return plan;
}

Plan WordsPlan(PlanKind kind, const tfapprox_table& table) {
  Plan plan = EmptyPlan(kind);
  std::fill_n(plan.weight, 1 << table.num_bits, -table.product_offset());
  return plan;
}

Plan TermsPlan(PlanKind kind, std::vector<PlanTerm> terms, const tfapprox_table& table, Products products) {
  Plan plan = EmptyPlan(kind);
  // Returns what the terms leave of a product.
  const auto rest = [&](int32_t a, int32_t w) {
    int64_t product = (table.*products)(a, w);
    for (const PlanTerm& term : terms) {
      product -= term.feature[a] * term.coefficient[w] * (int64_t{1} << term.shift);
    }
    return product;
  };
  for (int32_t i = 0; i < 1 << table.num_bits; ++i) {
    plan.activation[i] = static_cast<int32_t>(rest(i, 0));
    plan.weight[i] = static_cast<int32_t>(rest(0, i) - rest(0, 0));
  }
  plan.terms = std::move(terms);
  return plan;
}

std::optional<Plan> FindExact(const tfapprox_table& table) {
  const int32_t codes = 1 << table.num_bits;
  for (int32_t w = 0; w < codes; ++w) {
    for (int32_t a = 0; a < codes; ++a) {
      if (table.product(a, w) != table.exact_product(a, w)) return std::nullopt;
    }
  }
  return TermsPlan(PlanKind::kExact, ExactTerms(codes), table, &tfapprox_table::product);
}

// Activation codes whose products are equal for every weight code form a class (P6).
std::optional<Plan> FindClasses(const tfapprox_table& table) {
  Plan plan = WordsPlan(PlanKind::kClasses, table);
  if (!SetClasses(table.column(0), 1 << table.num_bits, /*max_classes=*/128, &plan)) return std::nullopt;
  return plan;
}

std::optional<Plan> FindLookUp(const tfapprox_table& table) { return WordsPlan(PlanKind::kLookUp, table); }

std::vector<Plan> FindPlans(const tfapprox_table& table) {
  std::vector<Plan> plans;
  for (const auto find : {FindExact, FindPolynomial, FindErrorPlane, FindClasses, FindLookUp}) {
    std::optional<Plan> plan = find(table);
    if (plan && Prove(table, &*plan)) plans.push_back(std::move(*plan));
  }
  return plans;
}

}  // namespace tfapprox
