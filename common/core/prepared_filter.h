// The filter as the kernels read it, made once per call in the caller's memory.
#ifndef TFAPPROX_COMMON_CORE_PREPARED_FILTER_H_
#define TFAPPROX_COMMON_CORE_PREPARED_FILTER_H_

#include "division.h"
#include "memory_layout.h"
#include "staging.h"

namespace tfapprox {

struct PreparedFilter {
  int64_t* code_sums;    // [out_channels] of all taps
  uint8_t* touches_nan;  // [out_channels]
  int32_t* weight_sums;  // [boxes][out_channels] sum of weight[code] over a box, modulo 2^32
  uint8_t* codes;        // for each box [out_channels][taps]
  int8_t* coefficients;  // for each box [terms][out_channels][quads][4], 0 where a quad is filled up
};

// Where the arrays lie in `layout`; those beyond the one of a box begin after it.
PreparedFilter MakePreparedFilter(const tfapprox_problem& shape, const Program& program, const Division& division,
                                  MemoryLayout* layout);

// Of the out_channels. What threads prepare of different ones is disjoint.
struct FilterRange {
  int64_t begin, end;
};

// Fills it from a filter [taps][out_channels].
void PrepareFilter(const tfapprox_problem& shape, const Program& program, const Division& division,
                   const Source& filter, const PreparedFilter& prepared, FilterRange range);

// Fills it from the windows of an input, each of them a filter 1x1 of `shape`: those of `windows`, which is NHWC.
void PrepareWindows(const tfapprox_problem& windows, const tfapprox_problem& shape, const Program& program,
                    const Division& division, const Source& input, const PreparedFilter& prepared, FilterRange range);

}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_PREPARED_FILTER_H_
