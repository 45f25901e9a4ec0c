// The built-in multipliers: truth tables that the project generates from a name.
//
// A name is mul<bits>u_<construction> for unsigned operands or mul8s_<construction> for signed ones. table_load.cc
// calls this before it looks for a file.
#ifndef TFAPPROX_COMMON_CORE_MULTIPLIERS_H_
#define TFAPPROX_COMMON_CORE_MULTIPLIERS_H_

#include <cstdint>

namespace tfapprox {

// Returns the number of operand bits that `name` states, or 0 if it names no construction. If that number is
// `num_bits`, the 4^num_bits products are written to `entries` in the order of (1.2).
int32_t GenerateMultiplier(const char* name, int32_t num_bits, uint16_t* entries);

}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_MULTIPLIERS_H_
