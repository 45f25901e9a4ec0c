// exchange: input and filter in each other's part, where a call has few output pixels and many filters.
//
// The kernels fix a code of the filter and look up many activations beside each other. With few pixels, lanes are
// empty, and tables are loaded for few look-ups. The sum of products is the same if each window of the input is a
// filter, and the filters are the pixels of one row; the table is then transposed.
#ifndef TFAPPROX_COMMON_CORE_EXCHANGE_H_
#define TFAPPROX_COMMON_CORE_EXCHANGE_H_

#include "prepared_filter.h"

namespace tfapprox {

struct Operands {
  Source input, filter;
};

// Sets the shape and the program of exchanged operands in `work`, where that is worth it; `shape` is the call's.
int32_t ExchangeOperands(const tfapprox_table& table, int32_t path, const tfapprox_conv2d& shape,
                         tfapprox_conv2d_work* work, tfapprox_error* error);

// What the tiles pack, many elements at a time: the input, or, where they are exchanged, the filter.
const Source& PackedOperand(const tfapprox_conv2d_work& work, const Operands& operands);

// Prepares some of the other one: the filter, or, where they are exchanged, the windows of the input.
void PrepareOperand(const tfapprox_conv2d& shape, const tfapprox_conv2d_work& work, const Operands& operands,
                    const Division& division, const PreparedFilter& prepared, FilterRange range);

}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_EXCHANGE_H_
