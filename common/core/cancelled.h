// Tells whether the caller has cancelled a call, which then ends early.
#ifndef TFAPPROX_COMMON_CORE_CANCELLED_H_
#define TFAPPROX_COMMON_CORE_CANCELLED_H_

#include "tfapprox.h"

namespace tfapprox {

inline bool IsCancelled(const tfapprox_operation& operation) {
  return operation.cancelled != nullptr && __atomic_load_n(operation.cancelled, __ATOMIC_RELAXED) != 0;
}

}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_CANCELLED_H_
