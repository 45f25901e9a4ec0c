// Real numbers to codes, equations (2) of docs/arithmetic.md.
#ifndef TFAPPROX_COMMON_CORE_QUANTISER_H_
#define TFAPPROX_COMMON_CORE_QUANTISER_H_

#include <cmath>

#include "host_device.h"
#include "tfapprox.h"

namespace tfapprox {

// A code as the byte that the kernels know: of a signed table, 128 is added (table.h).
TFAPPROX_HOST_DEVICE inline uint8_t ByteOf(const tfapprox_quantiser& quantiser, int32_t code) {
  return static_cast<uint8_t>(quantiser.min_code < 0 ? code + 128 : code);
}

// (2.4) or (2.7), every step in float32; a NaN step, such as one of a scale 0, is code 0. Marks a NaN input (3.5).
TFAPPROX_HOST_DEVICE inline uint8_t Code(const tfapprox_quantiser& quantiser, float x, unsigned char* touches_nan) {
  *touches_nan |= std::isnan(x);
  const float min_code = static_cast<float>(quantiser.min_code), max_code = static_cast<float>(quantiser.max_code);
  float step = (x - quantiser.nudged_min) * quantiser.inverse_scale;
  step = quantiser.min_code < 0 ? std::rint(step) : std::floor(step + 0.5f);
  if (!(step == step)) step = 0.0f;
  return ByteOf(quantiser, static_cast<int32_t>(step > min_code ? (step < max_code ? step : max_code) : min_code));
}

}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_QUANTISER_H_
