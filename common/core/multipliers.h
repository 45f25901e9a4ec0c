// The multipliers that the project generates itself, by name: mul<bits>u_<construction>, or mul8s_<construction>.
#ifndef TFAPPROX_COMMON_CORE_MULTIPLIERS_H_
#define TFAPPROX_COMMON_CORE_MULTIPLIERS_H_

#include <cstdint>

namespace tfapprox {

// Writes the 4^num_bits entries of the multiplier `name` if there is one with operands of num_bits.
// Returns the width that the name states, 0 if it names no construction; writes only if that is num_bits.
int32_t GenerateMultiplier(const char* name, int32_t num_bits, uint16_t* entries);

}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_MULTIPLIERS_H_
