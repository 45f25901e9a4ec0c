// Real numbers to codes, equations (2) of docs/arithmetic.md.
#ifndef TFAPPROX_COMMON_CORE_QUANTISER_H_
#define TFAPPROX_COMMON_CORE_QUANTISER_H_

#include <cmath>

#include "host_device.h"
#include "tfapprox.h"

namespace tfapprox {

// (2.4), every step in float32; a NaN step, such as one of a scale 0, is code 0. Marks a NaN input (3.5).
TFAPPROX_HOST_DEVICE inline uint8_t Code(const tfapprox_quantiser& quantiser, float x, unsigned char* touches_nan) {
  *touches_nan |= std::isnan(x);
  const float step = std::floor((x - quantiser.nudged_min) * quantiser.inverse_scale + 0.5f);
  const float max_code = static_cast<float>(quantiser.max_code);
  return static_cast<uint8_t>(step > 0.0f ? (step < max_code ? step : max_code) : 0.0f);
}

}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_QUANTISER_H_
