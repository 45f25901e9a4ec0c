// What is computed from a truth table once and kept beside it: plans, programs of the CPU paths, the transposed table.
//
//   table.h  <--  plan.h  <--  program.h  <--  planned_table.h        (a table knows none of them)
//
// Everything is found on first use and lives as long as the table. Any number of threads may ask at the same time.
#ifndef TFAPPROX_COMMON_CORE_PLANNED_TABLE_H_
#define TFAPPROX_COMMON_CORE_PLANNED_TABLE_H_

#include <vector>

#include "program.h"
#include "table.h"

namespace tfapprox {

// Every plan of a table, at most one of a kind, in the order of PlanKind. Throws std::bad_alloc.
const std::vector<Plan>& Plans(const tfapprox_table& table);

// Gives the program of the plan and the way that cost least on CPU path number `path`, for a problem that `threads`
// threads share.
int32_t FindProgram(const tfapprox_table& table, int32_t path, const tfapprox_problem& problem, int32_t threads,
                    const Program** program, tfapprox_error* error);

// Gives the table of the same circuit with its operands in the other order: transposed[w, a] = table[a, w].
int32_t Transpose(const tfapprox_table& table, const tfapprox_table** transposed, tfapprox_error* error);

}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_PLANNED_TABLE_H_
