// Makes programs from plans; planned_table.cc keeps them beside their table.
#include "program.h"

#include <algorithm>

#include "table.h"

namespace tfapprox {
namespace {

// Returns the residual of a plan as [256 weights][entries], elements of one or two bytes.
const void* Residual(const tfapprox_table& table, const Plan& plan) {
  if (plan.kind == PlanKind::kErrorPlane) return plan.error.data();
  if (plan.kind == PlanKind::kClasses) return plan.class_columns.data();
  return table.column(0);
}

// Returns the residual of a plan as [256 weights][entries], the form that PathKernels::format takes.
std::vector<uint16_t> Columns(const tfapprox_table& table, const Plan& plan) {
  if (plan.kind == PlanKind::kErrorPlane) return {plan.error.begin(), plan.error.end()};
  if (plan.kind == PlanKind::kClasses) return plan.class_columns;
  return {table.column(0), table.column(0) + 65536};
}

// Writes the look-up tables in the form of the path, if the plan has a residual.
void SetLookUps(const tfapprox_table& table, Program* program) {
  const Plan& plan = *program->plan;
  if (plan.kind < PlanKind::kErrorPlane) return;
  program->planes = plan.kind == PlanKind::kErrorPlane ? 1 : 2;
  program->entries = plan.kind == PlanKind::kClasses ? plan.class_stride : 256;
  program->class_of = plan.kind == PlanKind::kClasses ? plan.class_of : nullptr;
  if (program->by_rows) {
    program->tables = static_cast<const uint8_t*>(Residual(table, plan));
    return;
  }
  size_t bytes = size_t{256} * program->entries * program->planes, space = bytes + 63;
  program->memory.reset(new uint8_t[space]);
  void* aligned = program->memory.get();
  auto* tables = static_cast<uint8_t*>(std::align(64, bytes, aligned, space));
  program->path->kernels->format(Columns(table, plan).data(), program->entries, program->planes, tables);
  program->tables = tables;
}

// Sorts the terms by descending shift, and sets raises[t] to the difference from the shift before; the last raise is
// the shift that is left over.
void SetTerms(Program* program) {
  for (const PlanTerm& term : program->plan->terms) program->terms.push_back(&term);
  std::stable_sort(program->terms.begin(), program->terms.end(),
                   [](const PlanTerm* a, const PlanTerm* b) { return a->shift > b->shift; });
  int32_t shift = program->terms.empty() ? 0 : program->terms.front()->shift;
  for (const PlanTerm* term : program->terms) {
    program->raises.push_back(shift - term->shift);
    shift = term->shift;
  }
  program->raises.push_back(shift);
}

// Tests on every code whether activation[a] is slope * a + intercept, modulo 2^32.
void SetActivation(const tfapprox_table& table, Program* program) {
  const int32_t* activation = program->plan->activation;
  const auto at = [&](int32_t a) { return static_cast<uint32_t>(activation[a]); };
  const uint32_t slope = at(1) - at(0);
  program->affine = true;
  for (int32_t a = 0; a < 1 << table.num_bits; ++a)
    program->affine &= at(a) == at(0) + slope * static_cast<uint32_t>(a);
  program->slope = static_cast<int32_t>(slope);
  program->intercept = activation[0];
}

}  // namespace

std::unique_ptr<Program> MakeProgram(const tfapprox_table& table, const Plan& plan, const CpuPath& path, bool by_rows) {
  std::unique_ptr<Program> program(new Program{});
  program->path = &path;
  program->by_rows = by_rows;
  program->plan = &plan;
  SetActivation(table, program.get());
  SetTerms(program.get());
  SetLookUps(table, program.get());
  return program;
}

bool IsIdentity(const PlanTerm& term) {
  for (int32_t a = 0; a < 256; ++a) {
    if (term.feature[a] != a) return false;
  }
  return true;
}

}  // namespace tfapprox

void tfapprox_program_describe(const tfapprox_program* program, const char** path, const char** plan) {
  const tfapprox::CpuPath& used = *program->path;
  *path = program->planes == 0 ? used.name : program->by_rows ? used.rows_name : used.columns_name;
  *plan = tfapprox::PlanName(program->plan->kind);
}
