// program: a plan made ready for one CPU path, with its terms and look-up tables in the form that the kernels read.
//
// FindProgram makes a program once per table, path and plan, and keeps it. lut_gemm.h explains paths, plans and
// programs.
#ifndef TFAPPROX_COMMON_CORE_PROGRAM_H_
#define TFAPPROX_COMMON_CORE_PROGRAM_H_

#include <memory>
#include <vector>

#include "lut_gemm.h"
#include "path_kernels.h"
#include "plan.h"

namespace tfapprox {

// Whether a function of codes is slope * code + intercept modulo 2^32, as in most plans, so that its sum over some codes
// is slope * (sum of the codes) + intercept * (number of codes).
struct AffineCodes {
  bool holds;
  uint32_t slope, intercept;
};

}  // namespace tfapprox

// What a path does with codes, in the order of the equation in plan.h. The type is opaque in the C interface.
struct tfapprox_program {
  const tfapprox::CpuPath* path;  // the path whose kernels and loops run the program
  bool by_rows;                   // whether look-ups are by rows; false if there are none
  const tfapprox::Plan* plan;     // the plan whose equation the program carries out

  // `activation` and `weight` of the plan. Where `holds` is false, each code is looked up.
  tfapprox::AffineCodes activation, weight;

  // The terms by descending shift, for Horner's rule: for each t in turn, acc = (acc << raises[t]) + term t; finally,
  // acc = acc << raises[terms]. `raises` has one number more than `terms`.
  std::vector<const tfapprox::PlanTerm*> terms;
  std::vector<int32_t> raises;

  // The residual has `entries` entries (64, 128 or 256) for each weight code, of `planes` bytes each (1 or 2). Where
  // `planes` is 0, there is no residual, and nothing is looked up.
  int32_t entries, planes;
  int32_t max_entry;                  // the maximum of the entries
  const uint8_t* class_of;            // [256] the index of each code in the residual; null if codes are the indices
  std::unique_ptr<uint8_t[]> memory;  // owns `tables` that do not lie in the plan or in the truth table
  // A table for each of the 256 weight codes. For look-ups by columns, PathKernels::format has written the tables into
  // `memory`, aligned to 64 bytes. For look-ups by rows, they lie in the plan, in the truth table, or in `memory`.
  const uint8_t* tables;
};

namespace tfapprox {

using Program = tfapprox_program;

// Returns the program of a plan of `table`, both of which must outlive it. Throws std::bad_alloc.
std::unique_ptr<Program> MakeProgram(const tfapprox_table& table, const Plan& plan, const CpuPath& path, bool by_rows);

// Returns true if the feature of each code is the code itself, so that staged codes serve as features.
bool IsIdentity(const PlanTerm& term);

}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_PROGRAM_H_
