// Makes quantisers from ranges of real numbers, which agree with TensorFlow's: nudged, or symmetric for signed tables.
#include <algorithm>
#include <cmath>

#include "error.h"
#include "float_environment.h"
#include "table.h"

namespace tfapprox {
namespace {

// Returns the quantiser of (2.1) to (2.3), for unsigned tables.
tfapprox_quantiser Nudged(float min, float max, int32_t num_bits) {
  const int32_t max_code = (1 << num_bits) - 1;
  const float top = static_cast<float>(max_code);
  const float scale = (max - min) / top;
  // A scale of 0 makes this an infinity, or a NaN if min == max == 0; the comparisons below turn a NaN into 0.
  const float unclamped = 0.0f - min / scale;
  const float zero_point = unclamped > 0.0f ? (unclamped < top ? std::round(unclamped) : top) : 0.0f;
  return {scale, 1.0f / scale, (0.0f - zero_point) * scale, static_cast<int32_t>(zero_point), 0, max_code};
}

// Returns the quantiser of (2.5) and (2.6), for signed tables.
tfapprox_quantiser Symmetric(float min, float max, int32_t num_bits) {
  const int32_t max_code = (1 << (num_bits - 1)) - 1;
  const float top = static_cast<float>(max_code), limit = std::max(std::abs(min), std::abs(max));
  return {limit / top, top / limit, 0.0f, 0, -max_code, max_code};
}

}  // namespace
}  // namespace tfapprox

int32_t tfapprox_quantiser_init(const char* name, float min, float max, const tfapprox_table* table,
                                tfapprox_quantiser* quantiser, tfapprox_error* error) {
  const tfapprox::FloatEnvironment ieee;
  if (!std::isfinite(min) || !std::isfinite(max) || !std::isfinite(max - min)) {
    return tfapprox::Fail(error, TFAPPROX_INVALID_ARGUMENT,
                          "%s_min, %s_max and their difference must be finite; received %s_min=%g, %s_max=%g", name,
                          name, name, min, name, max);
  }
  if (min > max) {
    return tfapprox::Fail(error, TFAPPROX_INVALID_ARGUMENT,
                          "%s_min must not be greater than %s_max; received %s_min=%g, %s_max=%g", name, name, name,
                          min, name, max);
  }
  *quantiser = (table->is_signed ? tfapprox::Symmetric : tfapprox::Nudged)(min, max, table->num_bits);
  return TFAPPROX_OK;
}
