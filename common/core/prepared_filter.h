// The broadcast operand as the kernels read it, made once per call in the caller's memory.
#ifndef TFAPPROX_COMMON_CORE_PREPARED_FILTER_H_
#define TFAPPROX_COMMON_CORE_PREPARED_FILTER_H_

#include "division.h"
#include "memory_layout.h"
#include "staging.h"

namespace tfapprox {

struct PreparedFilter {
  int64_t* code_sums;    // [out_channels] sum of the codes of all taps
  uint8_t* touches_nan;  // [out_channels] 1 if a tap is NaN
  int32_t* weight_sums;  // [boxes][out_channels] sum of weight[code] of the plan over a box, modulo 2^32
  uint8_t* codes;        // for each box [out_channels][taps]
  int8_t* coefficients;  // for each box [terms][out_channels][quads][4], 0 where a quad is filled up
};

// Takes the arrays from `layout`. In `codes` and `coefficients`, the part of a box begins where the box before it ends.
PreparedFilter MakePreparedFilter(const tfapprox_problem& shape, const Program& program, const Division& division,
                                  MemoryLayout* layout);

// Fills filters `range` from a filter whose elements lie as `steps` says. Threads may prepare different filters at the
// same time.
void PrepareFilter(const tfapprox_problem& shape, const tfapprox_filter_steps& steps, const Program& program,
                   const Division& division, const Source& filter, const PreparedFilter& prepared, FilterRange range);

// Swapped roles: fills filters `range` from the windows of an input. Each window of the NHWC convolution `windows` is
// one filter 1x1 of `shape`.
void PrepareWindows(const tfapprox_problem& windows, const tfapprox_problem& shape, const Program& program,
                    const Division& division, const Source& input, const PreparedFilter& prepared, FilterRange range);

}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_PREPARED_FILTER_H_
