// A truth table as the kernels read it.
#ifndef TFAPPROX_COMMON_CORE_TABLE_H_
#define TFAPPROX_COMMON_CORE_TABLE_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "plan.h"
#include "program.h"

// Transposed: column w, the 256 products of one weight code, is contiguous, because the kernels fix a weight and
// look up many activations. Always 256 x 256, whatever num_bits, so that any byte is a valid index. A signed table
// (1.3) is one of bytes and words here, too: codes have 128 added to them, products 32,768.
struct tfapprox_table {
  alignas(64) uint16_t columns[256][256];
  int32_t num_bits;
  bool is_signed;

  // Found on first use; see Plans() and FindProgram().
  mutable std::mutex plans_mutex;
  mutable std::vector<tfapprox::Plan> plans;
  mutable std::vector<std::unique_ptr<tfapprox::Program>> programs;
  mutable std::unique_ptr<tfapprox_table> transposed;  // see Transpose()

  const uint16_t* column(uint8_t w) const { return columns[w]; }
  int32_t code_offset() const { return is_signed ? 128 : 0; }
  int32_t product_offset() const { return is_signed ? 32768 : 0; }

  // What the circuit answers, and what an exact one does.
  int32_t product(int32_t a, int32_t w) const { return columns[w][a] - product_offset(); }
  int32_t exact_product(int32_t a, int32_t w) const { return (a - code_offset()) * (w - code_offset()); }
};

namespace tfapprox {

// The table of the operands in the other order, made on first use and kept with the table.
int32_t Transpose(const tfapprox_table& table, const tfapprox_table** transposed, tfapprox_error* error);

}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_TABLE_H_
