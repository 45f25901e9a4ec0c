// A truth table as the kernels read it.
#ifndef TFAPPROX_COMMON_CORE_TABLE_H_
#define TFAPPROX_COMMON_CORE_TABLE_H_

#include <cstdint>
#include <mutex>
#include <vector>

#include "plan.h"

// Transposed: column w, the 256 products of one weight code, is contiguous, because the kernels fix a weight and
// look up many activations. Always 256 x 256, whatever num_bits, so that any byte is a valid index.
struct tfapprox_table {
  alignas(64) uint16_t columns[256][256];
  int32_t num_bits;

  // Found on first use; see Plans().
  mutable std::mutex plans_mutex;
  mutable std::vector<tfapprox::Plan> plans;

  const uint16_t* column(uint8_t w) const { return columns[w]; }
};

#endif  // TFAPPROX_COMMON_CORE_TABLE_H_
