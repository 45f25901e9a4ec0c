// A truth table as the kernels read it.
#ifndef TFAPPROX_COMMON_CORE_TABLE_H_
#define TFAPPROX_COMMON_CORE_TABLE_H_

#include <cstdint>
#include <memory>

#include "tfapprox.h"

namespace tfapprox {

// What planned_table.cc computes from a table and keeps as long as the table lives.
struct TableCompanion {
  virtual ~TableCompanion() = default;
};

}  // namespace tfapprox

// The table is stored column by column: column w, the 256 products of one weight code, is contiguous, because the
// kernels broadcast a weight and look up many activations. It is always 256 x 256, whatever num_bits, so that any
// byte is a valid index.
// A signed table (1.3) consists of bytes and words here, too: 128 is added to codes and 32,768 to products.
struct tfapprox_table {
  alignas(64) uint16_t columns[256][256];  // [weight][activation]
  int32_t num_bits;                        // width of both operands
  bool is_signed;                          // whether operands and products are two's complement numbers
  uint64_t hash;                           // FNV-1a of the content, which tfapprox_table_hash computes

  // Null until a module above needs it; CompanionMutexOf protects it.
  mutable std::unique_ptr<tfapprox::TableCompanion> companion;

  const uint16_t* column(uint8_t w) const { return columns[w]; }
  int32_t code_offset() const { return is_signed ? 128 : 0; }
  int32_t product_offset() const { return is_signed ? 32768 : 0; }

  // Return the product that the circuit gives, and the exact product.
  int32_t product(int32_t a, int32_t w) const { return columns[w][a] - product_offset(); }
  int32_t exact_product(int32_t a, int32_t w) const { return (a - code_offset()) * (w - code_offset()); }
};

namespace tfapprox {

// Returns the table with this hash, width and sign, and counts one more user of it. Returns null if none is in memory.
const tfapprox_table* AcquireByHash(uint64_t hash, int32_t num_bits, bool is_signed);

// Writes the 4^num_bits entries of a table of unsigned products, activation code first.
void CopyEntries(const tfapprox_table& table, uint16_t* entries);

}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_TABLE_H_
