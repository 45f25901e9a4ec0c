// Keeps plans, programs and the transposed table beside each shared table.
#include "planned_table.h"

#include <memory>
#include <new>

#include "costs.h"
#include "error.h"
#include "locks.h"
#include "plan_find.h"

namespace tfapprox {
namespace {

struct Planned : TableCompanion {
  std::vector<Plan> plans;                         // empty until they are found; a table has at least one
  std::vector<std::unique_ptr<Program>> programs;  // one for each path, plan and way that was asked for
  std::unique_ptr<tfapprox_table> transposed;      // null until it is made
};

// The caller has the lock of the table's companion.
Planned& PlannedOf(const tfapprox_table& table) {
  if (table.companion == nullptr) table.companion.reset(new Planned);
  return static_cast<Planned&>(*table.companion);
}

}  // namespace

const std::vector<Plan>& Plans(const tfapprox_table& table) {
  const std::lock_guard<std::mutex> lock(CompanionMutexOf(table));
  Planned& planned = PlannedOf(table);
  if (planned.plans.empty()) planned.plans = FindPlans(table);
  return planned.plans;
}

int32_t FindProgram(const tfapprox_table& table, int32_t path, const tfapprox_problem& problem, int32_t threads,
                    const Program** program, tfapprox_error* error) {
  const CpuPath& kernels = CpuPathAt(path);
  const Plan* plan;
  if (const int32_t status = ChoosePlan(table, CostsOf(kernels, problem, threads), &plan, error)) return status;
  bool by_rows = false;
  if (plan->kind >= PlanKind::kErrorPlane) LookUpCycles(kernels, FormOf(kernels, *plan), problem, threads, &by_rows);
  try {
    const std::lock_guard<std::mutex> lock(CompanionMutexOf(table));
    Planned& planned = PlannedOf(table);
    for (const auto& known : planned.programs) {
      if (known->path == &kernels && known->plan == plan && known->by_rows == by_rows) {
        *program = known.get();
        return TFAPPROX_OK;
      }
    }
    planned.programs.push_back(MakeProgram(table, *plan, kernels, by_rows));
    *program = planned.programs.back().get();
  } catch (const std::bad_alloc&) {
    return Fail(error, TFAPPROX_RESOURCE_EXHAUSTED, "out of memory for the tables of the path %s", kernels.name);
  }
  return TFAPPROX_OK;
}

int32_t Transpose(const tfapprox_table& table, const tfapprox_table** transposed, tfapprox_error* error) {
  try {
    const std::lock_guard<std::mutex> lock(CompanionMutexOf(table));
    Planned& planned = PlannedOf(table);
    if (planned.transposed == nullptr) {
      std::unique_ptr<tfapprox_table> made(new tfapprox_table{});
      made->num_bits = table.num_bits;
      made->is_signed = table.is_signed;
      for (int32_t a = 0; a < 256; ++a) {
        for (int32_t w = 0; w < 256; ++w) made->columns[a][w] = table.columns[w][a];
      }
      planned.transposed = std::move(made);
    }
    *transposed = planned.transposed.get();
  } catch (const std::bad_alloc&) {
    return Fail(error, TFAPPROX_RESOURCE_EXHAUSTED, "out of memory for a transposed table");
  }
  return TFAPPROX_OK;
}

}  // namespace tfapprox
