// The roles of the two operands: which one lies in vector lanes, and which one is broadcast.
//
//                lanes                              broadcast
//   usually      activations: a pixel per lane      weights: a filter at a time
//   swapped      weights: a filter per lane         activations: a window at a time
//
// A kernel broadcasts one code and looks up many codes of the operand in lanes beside each other. With few pixels and
// many filters, lanes would be empty and tables would be loaded for few look-ups. The sum of products is the same if
// the roles are swapped and the table is transposed: the filters are then the pixels of one row, and each window of the
// input is a filter of one tap.
#ifndef TFAPPROX_COMMON_CORE_ROLES_H_
#define TFAPPROX_COMMON_CORE_ROLES_H_

#include "prepared_filter.h"

namespace tfapprox {

// The two tensors of a call in their roles.
struct Sides {
  Source lanes, broadcast;
  int64_t lanes_zero, broadcast_zero;  // zero points of (3.3) and (5.2)
};

Sides SidesOf(const tfapprox_operation& operation, const tfapprox_work& work, const void* activations,
              const void* weights);

// Swaps the roles in `work`, which then has another problem and program, where that is faster. `path` is the number of
// the CPU path.
int32_t ChooseRoles(const tfapprox_operation& operation, int32_t path, tfapprox_work* work, tfapprox_error* error);

// Prepares elements `range` of the broadcast operand: filters, or windows where the roles are swapped.
void PrepareBroadcast(const tfapprox_operation& operation, const tfapprox_work& work, const Source& broadcast,
                      const Division& division, const PreparedFilter& prepared, FilterRange range);

}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_ROLES_H_
