// How a function of the core reports a failure: it writes a message for its caller and returns a status code.
#ifndef TFAPPROX_COMMON_CORE_ERROR_H_
#define TFAPPROX_COMMON_CORE_ERROR_H_

#include <string>

#include "tfapprox.h"

namespace tfapprox {

// Formats a message as printf does, writes it to `error` unless that is null, and returns `status`.
__attribute__((format(printf, 3, 4))) int32_t Fail(tfapprox_error* error, int32_t status, const char* format, ...);

// Returns TFAPPROX_OK if truth tables may have operands of `num_bits` bits, and fails otherwise.
int32_t CheckNumBits(int32_t num_bits, tfapprox_error* error);

// Returns a text with its control characters written as \xNN, so that a terminal that shows it does not obey them.
std::string Printable(const std::string& text);

}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_ERROR_H_
