// What each path's kernels cost, by CPU family. benchmarks/costs.py measures these numbers; docs/cpu_kernels.md says
// how to add the numbers of another family.
#ifndef TFAPPROX_COMMON_CORE_MEASURED_COSTS_H_
#define TFAPPROX_COMMON_CORE_MEASURED_COSTS_H_

#include "cpu.h"
#include "plan.h"

namespace tfapprox {

// What look-ups by columns cost in error planes of small errors with 64 entries, in other error planes, and in classes.
struct LookUpCosts {
  double small_errors_64, error_plane, classes_64, classes_128;
};

// What look-ups by rows cost, in CPU cycles: for each tap and row of filters, the transposition of the row's table, and
// a look-up for each pixel. Both depend on the length of the row.
struct RowCosts {
  double byte_of_words, byte_of_bytes;  // the transposition of a byte of a table, with entries of 2 bytes or of 1
  double look_up, look_up_byte;         // a look-up costs look_up + look_up_byte * bytes of the row
};

// What the preparation of the operands costs, in CPU cycles for each of their elements and each tap that reads it.
struct OperandCosts {
  double lane;         // quantising, staging and packing an element in lanes, as a code or as one feature
  double feature;      // each further feature of the element; each term counts as one
  double broadcast;    // quantising and transposing an element of the broadcast operand
  double coefficient;  // a coefficient of it, for each term
};

// The costs of a path on one CPU family. Only their ratios matter, so that the clock need not be known exactly.
struct MeasuredCosts {
  CpuFamily family;
  double term;            // the cost of a product of bytes, relative to one look-up of the plan look_up by columns
  LookUpCosts look_ups;   // the costs of other look-ups by columns, relative to the same
  double look_up_cycles;  // CPU cycles for one product by the plan look_up, by columns
  RowCosts rows;          // zeros if the path has no look-ups by rows
  OperandCosts operands;
};

// Each array has a line for each measured family. The first line also serves all other families.
struct PathCosts {
  const MeasuredCosts* lines;
  int32_t count;

  // Returns the line of `family`.
  const MeasuredCosts& Of(CpuFamily family) const;
};

extern const PathCosts kAvx512VbmiCosts, kAvx512BwCosts, kAvx2Costs, kNeonDotCosts, kNeonCosts, kScalarCosts;

}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_MEASURED_COSTS_H_
