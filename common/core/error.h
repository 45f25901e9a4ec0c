// How functions of the core report a failure: format the message, return the status.
#ifndef TFAPPROX_COMMON_CORE_ERROR_H_
#define TFAPPROX_COMMON_CORE_ERROR_H_

#include "tfapprox.h"

namespace tfapprox {

// Writes the message, if `error` is not null, and returns `status`.
__attribute__((format(printf, 3, 4))) int32_t Fail(tfapprox_error* error, int32_t status, const char* format, ...);

// TFAPPROX_OK if there are tables of this width.
int32_t CheckNumBits(int32_t num_bits, tfapprox_error* error);

}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_ERROR_H_
