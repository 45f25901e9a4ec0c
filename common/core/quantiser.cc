// The nudging of a range, as TensorFlow's fake quantisation does it.
#include <cmath>

#include "error.h"
#include "float_environment.h"
#include "tfapprox.h"

int32_t tfapprox_quantiser_init(const char* name, float min, float max, int32_t num_bits, tfapprox_quantiser* quantiser,
                                tfapprox_error* error) {
  const tfapprox::FloatEnvironment ieee;
  if (const int32_t status = tfapprox::CheckNumBits(num_bits, error)) return status;
  const float width = max - min;
  if (!std::isfinite(min) || !std::isfinite(max) || !std::isfinite(width)) {
    return tfapprox::Fail(error, TFAPPROX_INVALID_ARGUMENT,
                          "%s_min, %s_max and their difference must be finite; received %s_min=%g, %s_max=%g", name,
                          name, name, min, name, max);
  }
  if (min > max) {
    return tfapprox::Fail(error, TFAPPROX_INVALID_ARGUMENT,
                          "%s_min must not be greater than %s_max; received %s_min=%g, %s_max=%g", name, name, name,
                          min, name, max);
  }
  const int32_t max_code = (1 << num_bits) - 1;
  const float top = static_cast<float>(max_code);
  const float scale = width / top;
  // A scale 0 makes this an infinity or, for min == max == 0, a NaN, which the comparisons below leave at 0.
  const float unclamped = 0.0f - min / scale;
  const float zero_point = unclamped > 0.0f ? (unclamped < top ? std::round(unclamped) : top) : 0.0f;
  quantiser->scale = scale;
  quantiser->inverse_scale = 1.0f / scale;
  quantiser->nudged_min = (0.0f - zero_point) * scale;
  quantiser->zero_point = static_cast<int32_t>(zero_point);
  quantiser->max_code = max_code;
  return TFAPPROX_OK;
}
