// A truth table as the kernels read it.
#ifndef TFAPPROX_COMMON_CORE_TABLE_H_
#define TFAPPROX_COMMON_CORE_TABLE_H_

#include <cstdint>

// Transposed: column w, the 256 products of one weight code, is contiguous, because the kernels fix a weight and
// look up many activations. Always 256 x 256, whatever num_bits, so that any byte is a valid index.
struct tfapprox_table {
  alignas(64) uint16_t columns[256][256];
  int32_t num_bits;

  const uint16_t* column(uint8_t w) const { return columns[w]; }
};

#endif  // TFAPPROX_COMMON_CORE_TABLE_H_
