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

std::string Printable(const std::string& text) {
  // The control characters U+0080 to U+009F are the byte 0xC2 and one of these bytes in UTF-8.
  const auto is_second_of_control = [](unsigned char byte) { return byte >= 0x80 && byte < 0xA0; };
  std::string printable;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const unsigned char before = i == 0 ? '\0' : text[i - 1], after = i + 1 < text.size() ? text[i + 1] : '\0';
    const bool is_control = byte < 0x20 || byte == 0x7F || (byte == 0xC2 && is_second_of_control(after)) ||
                            (before == 0xC2 && is_second_of_control(byte));
    if (!is_control) {
      printable += text[i];
      continue;
    }
    char escaped[5];
    std::snprintf(escaped, sizeof escaped, "\\x%02x", byte);
    printable += escaped;
  }
  return printable;
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
