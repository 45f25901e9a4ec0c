// The plans of a table but for the terms of the polynomial (plans 2 to 5), each with its proof; called by plan.cc.
#include "plan_find.h"

#include <algorithm>

#include "table.h"

namespace tfapprox {
namespace {

// residual[w * codes + a]
using Residual = std::vector<int64_t>;

// T - the terms, in integers that cannot overflow: a term is less than 2^15 << shift.
Residual SubtractTerms(const tfapprox_table& table, const std::vector<PlanTerm>& terms) {
  const int32_t codes = 1 << table.num_bits;
  Residual residual(codes * codes);
  for (int32_t w = 0; w < codes; ++w) {
    int64_t* column = residual.data() + w * codes;
    std::copy(table.columns[w], table.columns[w] + codes, column);
    for (const PlanTerm& term : terms) {
      const int64_t coefficient = int64_t{term.coefficient[w]} << term.shift;
      if (coefficient == 0) continue;
      for (int32_t a = 0; a < codes; ++a) column[a] -= term.feature[a] * coefficient;
    }
  }
  return residual;
}

Plan EmptyPlan(PlanKind kind) {
  Plan plan = {};
  plan.kind = kind;
  return plan;
}

// Offers the plan T = activation + weight + terms if that is so on every pair.
void OfferTerms(const tfapprox_table& table, PlanKind kind, const std::vector<PlanTerm>& terms,
                std::vector<Plan>* plans) {
  const int32_t codes = 1 << table.num_bits;
  const Residual residual = SubtractTerms(table, terms);
  Plan plan = EmptyPlan(kind);
  for (int32_t i = 0; i < codes; ++i) {
    plan.activation[i] = static_cast<int32_t>(residual[i]);
    plan.weight[i] = static_cast<int32_t>(residual[i * codes] - residual[0]);
  }
  for (int32_t w = 0; w < codes; ++w) {
    for (int32_t a = 0; a < codes; ++a) {
      if (residual[w * codes + a] != int64_t{plan.activation[a]} + plan.weight[w]) return;
    }
  }
  plan.terms = terms;
  plans->push_back(std::move(plan));
}

std::vector<PlanTerm> ExactTerms(int32_t codes) {
  Product product = {};
  for (int32_t i = 0; i < codes; ++i) product.x[i] = product.y[i] = i;
  return MakeTerms({product}, true, codes);
}

// T - a * w fits a byte once each weight has an offset.
void OfferErrorPlane(const tfapprox_table& table, std::vector<Plan>* plans) {
  const int32_t codes = 1 << table.num_bits;
  Plan plan = EmptyPlan(PlanKind::kErrorPlane);
  plan.terms = ExactTerms(codes);
  const Residual residual = SubtractTerms(table, plan.terms);
  // residual = error + activation, where activation[a] is what the offset of the coefficient leaves.
  plan.error.resize(256 * 256);
  for (int32_t a = 0; a < codes; ++a) plan.activation[a] = static_cast<int32_t>(residual[a] - table.columns[0][a]);
  for (int32_t w = 0; w < codes; ++w) {
    const int64_t* column = residual.data() + w * codes;
    int64_t least = column[0] - plan.activation[0];
    for (int32_t a = 0; a < codes; ++a) least = std::min(least, column[a] - plan.activation[a]);
    plan.weight[w] = static_cast<int32_t>(least);
    for (int32_t a = 0; a < codes; ++a) {
      const int64_t error = column[a] - plan.activation[a] - plan.weight[w];
      if (error < 0 || error > 255) return;
      plan.error[w * 256 + a] = static_cast<uint8_t>(error);
    }
  }
  plans->push_back(std::move(plan));
}

// Rows that are equal for every weight.
void OfferClasses(const tfapprox_table& table, std::vector<Plan>* plans) {
  const int32_t codes = 1 << table.num_bits;
  Plan plan = EmptyPlan(PlanKind::kClasses);
  std::vector<int32_t> first;  // code of each class
  for (int32_t a = 0; a < codes; ++a) {
    const auto same_row = [&](int32_t b) {
      for (int32_t w = 0; w < codes; ++w) {
        if (table.columns[w][a] != table.columns[w][b]) return false;
      }
      return true;
    };
    const auto found = std::find_if(first.begin(), first.end(), same_row);
    plan.class_of[a] = static_cast<uint8_t>(found - first.begin());
    if (found != first.end()) continue;
    if (first.size() == 128) return;
    first.push_back(a);
  }
  plan.classes = static_cast<int32_t>(first.size());
  plan.class_stride = plan.classes <= 64 ? 64 : 128;
  plan.class_columns.resize(256 * plan.class_stride);
  for (int32_t w = 0; w < codes; ++w) {
    uint16_t* column = plan.class_columns.data() + w * plan.class_stride;
    for (int32_t i = 0; i < plan.classes; ++i) column[i] = table.columns[w][first[i]];
    for (int32_t a = 0; a < codes; ++a) {
      if (column[plan.class_of[a]] != table.columns[w][a]) return;
    }
  }
  plans->push_back(std::move(plan));
}

bool IsExact(const tfapprox_table& table) {
  for (int32_t w = 0; w < 1 << table.num_bits; ++w) {
    for (int32_t a = 0; a < 1 << table.num_bits; ++a) {
      if (table.columns[w][a] != a * w) return false;
    }
  }
  return true;
}

}  // namespace

std::vector<Plan> FindPlans(const tfapprox_table& table) {
  std::vector<Plan> plans;
  if (IsExact(table)) OfferTerms(table, PlanKind::kExact, ExactTerms(1 << table.num_bits), &plans);
  OfferTerms(table, PlanKind::kPolynomial, PolynomialTerms(table), &plans);
  OfferErrorPlane(table, &plans);
  OfferClasses(table, &plans);
  plans.push_back(EmptyPlan(PlanKind::kLookUp));
  return plans;
}

}  // namespace tfapprox
