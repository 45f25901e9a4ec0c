// Makes programs from plans; planned_table.cc keeps them beside their table.
#include "program.h"

#include <algorithm>

#include "table.h"

namespace tfapprox {
namespace {

// Returns the residual of a plan as [256 weights][entries], the form that PathKernels::format takes.
std::vector<uint16_t> Columns(const tfapprox_table& table, const Plan& plan) {
  if (plan.classes != 0) return plan.class_columns;
  if (plan.kind == PlanKind::kErrorPlane) return {plan.error.begin(), plan.error.end()};
  return {table.column(0), table.column(0) + 65536};
}

// Makes the memory of a program's tables, and returns it.
uint8_t* MakeTables(Program* program) {
  size_t bytes = size_t{256} * program->entries * program->planes, space = bytes + 63;
  program->memory.reset(new uint8_t[space]);
  void* aligned = program->memory.get();
  return static_cast<uint8_t*>(std::align(64, bytes, aligned, space));
}

// Returns the residual as look-ups by rows take it, [256 weights][entries] elements of one or two bytes.
const uint8_t* TablesOfRows(const tfapprox_table& table, const Plan& plan, Program* program) {
  if (plan.kind == PlanKind::kLookUp) return reinterpret_cast<const uint8_t*>(table.column(0));
  if (plan.kind == PlanKind::kClasses) return reinterpret_cast<const uint8_t*>(plan.class_columns.data());
  if (plan.classes == 0) return plan.error.data();
  uint8_t* tables = MakeTables(program);
  std::copy(plan.class_columns.begin(), plan.class_columns.end(), tables);
  return tables;
}

// Writes the look-up tables in the form of the path, if the plan has a residual.
void SetLookUps(const tfapprox_table& table, Program* program) {
  const Plan& plan = *program->plan;
  if (plan.kind < PlanKind::kErrorPlane) return;
  const std::vector<uint16_t> columns = Columns(table, plan);
  program->planes = plan.kind == PlanKind::kErrorPlane ? 1 : 2;
  program->entries = plan.classes != 0 ? plan.class_stride : 256;
  program->class_of = plan.classes != 0 ? plan.class_of : nullptr;
  program->max_entry = *std::max_element(columns.begin(), columns.end());
  if (program->by_rows) {
    program->tables = TablesOfRows(table, plan, program);
    return;
  }
  uint8_t* tables = MakeTables(program);
  program->path->kernels->format(columns.data(), program->entries, program->planes, tables);
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

// Tests on every code whether a function is affine.
AffineCodes Affine(const tfapprox_table& table, const int32_t* function) {
  const auto at = [&](int32_t code) { return static_cast<uint32_t>(function[code]); };
  AffineCodes affine = {true, at(1) - at(0), at(0)};
  for (int32_t code = 0; code < 1 << table.num_bits; ++code) {
    affine.holds &= at(code) == affine.intercept + affine.slope * static_cast<uint32_t>(code);
  }
  return affine;
}

}  // namespace

std::unique_ptr<Program> MakeProgram(const tfapprox_table& table, const Plan& plan, const CpuPath& path, bool by_rows) {
  std::unique_ptr<Program> program(new Program{});
  program->path = &path;
  program->by_rows = by_rows;
  program->plan = &plan;
  program->activation = Affine(table, plan.activation);
  program->weight = Affine(table, plan.weight);
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
