// PathKernels::map in plain C++, for the leaves whose path has no instruction that looks up 256 bytes.
//
// Leaves include this file; every name in it is local to the leaf (path_kernels.h).
#ifndef TFAPPROX_COMMON_CORE_MAP_BYTES_H_
#define TFAPPROX_COMMON_CORE_MAP_BYTES_H_

#include <cstdint>

namespace tfapprox {
namespace {

void MapBytes(const uint8_t* table, const uint8_t* from, int64_t count, uint8_t* to) {
  for (int64_t i = 0; i < count; ++i) to[i] = table[from[i]];
}

}  // namespace
}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_MAP_BYTES_H_
