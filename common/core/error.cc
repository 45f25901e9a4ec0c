// Formats the error messages of the core, and names the status codes of the C interface.
#include "error.h"

#include <cstdarg>
#include <cstdio>

namespace tfapprox {

int32_t Fail(tfapprox_error* error, int32_t status, const char* format, ...) {
  if (error != nullptr) {
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
  }
  return status;
}

int32_t CheckNumBits(int32_t num_bits, tfapprox_error* error) {
  if (num_bits >= TFAPPROX_MIN_BITS && num_bits <= TFAPPROX_MAX_BITS) return TFAPPROX_OK;
  return Fail(error, TFAPPROX_INVALID_ARGUMENT, "num_bits must be from %d to %d; received %d", TFAPPROX_MIN_BITS,
              TFAPPROX_MAX_BITS, num_bits);
}

}  // namespace tfapprox

const char* tfapprox_status_string(int32_t status) {
  switch (status) {
    case TFAPPROX_OK:
      return "OK";
    case TFAPPROX_INVALID_ARGUMENT:
      return "invalid argument";
    case TFAPPROX_NOT_FOUND:
      return "not found";
    case TFAPPROX_RESOURCE_EXHAUSTED:
      return "resource exhausted";
    case TFAPPROX_UNAVAILABLE:
      return "unavailable";
    case TFAPPROX_INTERNAL:
      return "internal error";
  }
  return "unknown status";
}
