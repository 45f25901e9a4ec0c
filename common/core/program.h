// program: a plan made ready for one CPU path, with the tables in the form that its kernels read.
//
// Made once per table, path and plan, by program.cc, and kept with the table.
#ifndef TFAPPROX_COMMON_CORE_PROGRAM_H_
#define TFAPPROX_COMMON_CORE_PROGRAM_H_

#include <memory>
#include <vector>

#include "kernels.h"
#include "lut_gemm.h"
#include "plan.h"

// What a program does with codes, in the order of the equation in plan.h. Opaque in the C interface.
struct tfapprox_program {
  const tfapprox::LutGemmPath* path;
  const tfapprox::Plan* plan;

  // Sums of activation[a] are slope * (sum of a) + intercept * taps if `affine`, which most are.
  bool affine;
  int32_t slope, intercept;

  // By descending shift: kernels add a term to the sum of the former ones, raised by raises[term], at last by one more.
  std::vector<const tfapprox::PlanTerm*> terms;
  std::vector<int32_t> raises;

  // Look-ups: none if `planes` is 0.
  int32_t entries, planes;
  const uint8_t* class_of;  // null: the codes themselves are looked up
  std::unique_ptr<uint8_t[]> memory;
  const uint8_t* tables;  // in it, aligned to 64
};

namespace tfapprox {

using Program = tfapprox_program;

// Makes the program of a plan of `table`, both of which must outlive it. Throws std::bad_alloc.
std::unique_ptr<Program> MakeProgram(const tfapprox_table& table, const Plan& plan, const LutGemmPath& path);

// Whether the feature is the code itself.
bool IsIdentity(const PlanTerm& term);

}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_PROGRAM_H_
