// Chooses among the plans of a table by cost, and shows them through the C interface.
#include "plan.h"

#include <algorithm>
#include <new>
#include <string>

#include "costs.h"
#include "error.h"
#include "planned_table.h"
#include "settings.h"

namespace tfapprox {
namespace {

constexpr const char* kNames[kPlanKinds] = {"exact", "polynomial", "error_plane", "classes", "look_up"};

// Does what ChoosePlan does, but may throw std::bad_alloc. The error message lists every kind, each with the reason why
// it cannot be forced.
int32_t Choose(const tfapprox_table& table, const PlanCosts& costs, const Plan** chosen, tfapprox_error* error) {
  const std::string forced = CurrentSettings()->plan.value_or("");
  *chosen = nullptr;
  std::string rule;
  for (int32_t kind = 0; kind < kPlanKinds; ++kind) {
    const char* name = kNames[kind];
    const std::vector<Plan>& plans = Plans(table);
    const auto plan =
        std::find_if(plans.begin(), plans.end(), [&](const Plan& plan) { return plan.kind == PlanKind{kind}; });
    const bool of_table = plan != plans.end(), on_path = of_table && PlanCost(*plan, costs) >= 0;
    rule += std::string(kind == 0 ? "" : ", ") + name;
    if (!on_path) rule += of_table ? " (not on this path)" : " (not of this table)";
    if (!on_path || !(forced.empty() || forced == name)) continue;
    if (*chosen == nullptr || PlanCost(*plan, costs) < PlanCost(**chosen, costs)) *chosen = &*plan;
  }
  if (*chosen != nullptr) return TFAPPROX_OK;
  return Fail(error, TFAPPROX_INVALID_ARGUMENT, "TFAPPROX_PLAN must be one of %s; received '%s'", rule.c_str(),
              Printable(forced).c_str());
}

// Calls a function that may have to find the plans of a table, and turns std::bad_alloc into a status.
template <typename Function>
int32_t WithoutException(tfapprox_error* error, Function function) {
  try {
    return function();
  } catch (const std::bad_alloc&) {
    return Fail(error, TFAPPROX_RESOURCE_EXHAUSTED, "out of memory for the plans of a table");
  }
}

}  // namespace

double PlanCost(const Plan& plan, const PlanCosts& costs) {
  const auto count = static_cast<double>(plan.terms.size());
  const bool has_residual = plan.kind >= PlanKind::kErrorPlane;
  const double first_term = has_residual ? costs.term : costs.first_term;  // a residual has codes packed, too
  const double terms = plan.terms.empty() ? 0 : first_term + (count - 1) * costs.term;
  const double few_errors = plan.max_error <= kSmallError ? costs.small_errors_64 : costs.error_plane_64;
  const double residuals[kPlanKinds] = {0, 0, plan.classes != 0 ? few_errors : costs.error_plane,
                                        plan.class_stride == 64 ? costs.classes_64 : costs.classes_128, costs.look_up};
  const double residual = residuals[static_cast<int32_t>(plan.kind)];
  const bool has_terms = plan.kind <= PlanKind::kErrorPlane;
  if ((has_terms && costs.term == 0) || (has_residual && residual == 0)) return -1;
  return terms + residual;
}

const char* PlanName(PlanKind kind) { return kNames[static_cast<int32_t>(kind)]; }

int32_t ChoosePlan(const tfapprox_table& table, const PlanCosts& costs, const Plan** plan, tfapprox_error* error) {
  return WithoutException(error, [&] { return Choose(table, costs, plan, error); });
}

}  // namespace tfapprox

int32_t tfapprox_plan_describe(const tfapprox_table* table, int32_t index, tfapprox_plan* plan, tfapprox_error* error) {
  return tfapprox::WithoutException(error, [&]() -> int32_t {
    const std::vector<tfapprox::Plan>& plans = tfapprox::Plans(*table);
    const auto count = static_cast<int32_t>(plans.size());
    if (index < 0 || index >= count) {
      return tfapprox::Fail(error, TFAPPROX_NOT_FOUND, "index must be from 0 to %d; received %d", count - 1, index);
    }
    const tfapprox::Plan& source = plans[index];
    const bool has_classes = source.kind == tfapprox::PlanKind::kClasses;
    *plan = {tfapprox::PlanName(source.kind),
             source.activation,
             source.weight,
             static_cast<int32_t>(source.terms.size()),
             source.taps_per_flush,
             has_classes ? source.classes : 0,
             has_classes ? source.class_stride : 0,
             source.error.empty() ? nullptr : source.error.data(),
             has_classes ? source.class_of : nullptr,
             has_classes ? source.class_columns.data() : nullptr};
    return TFAPPROX_OK;
  });
}

int32_t tfapprox_plan_term(const tfapprox_table* table, int32_t index, int32_t term, const uint8_t** feature,
                           const int8_t** coefficient, int32_t* shift, tfapprox_error* error) {
  tfapprox_plan plan;
  if (const int32_t status = tfapprox_plan_describe(table, index, &plan, error)) return status;
  if (term < 0 || term >= plan.terms) {
    return tfapprox::Fail(error, TFAPPROX_NOT_FOUND, "term must be less than %d; received %d", plan.terms, term);
  }
  const tfapprox::PlanTerm& source = tfapprox::Plans(*table)[index].terms[term];
  *feature = source.feature;
  *coefficient = source.coefficient;
  *shift = source.shift;
  return TFAPPROX_OK;
}

int32_t tfapprox_plan_choose(const tfapprox_table* table, const tfapprox_plan_costs* costs, int32_t* index,
                             tfapprox_error* error) {
  tfapprox::PlanCosts used;
  if (costs == nullptr) {
    const int32_t path = tfapprox::ChooseCpuPath(error);
    if (path < 0) return TFAPPROX_INVALID_ARGUMENT;
    used = tfapprox::CostsOfManyPixels(tfapprox::CpuPathAt(path));
  } else if (costs->term >= 0 && costs->error_plane >= 0 && costs->classes_64 >= 0 && costs->classes_128 >= 0 &&
             costs->look_up > 0) {
    used = {costs->term,        costs->term,       costs->error_plane, costs->error_plane,
            costs->error_plane, costs->classes_64, costs->classes_128, costs->look_up};
  } else {
    return tfapprox::Fail(error, TFAPPROX_INVALID_ARGUMENT,
                          "costs must be at least 0, and look_up above 0; received term=%g, error_plane=%g, "
                          "classes_64=%g, classes_128=%g, look_up=%g",
                          costs->term, costs->error_plane, costs->classes_64, costs->classes_128, costs->look_up);
  }
  const tfapprox::Plan* plan;
  if (const int32_t status = tfapprox::ChoosePlan(*table, used, &plan, error)) return status;
  *index = static_cast<int32_t>(plan - tfapprox::Plans(*table).data());
  return TFAPPROX_OK;
}
