// The quantisation of one real number, equations (2.4) and (2.7) of docs/arithmetic.md, for CUDA kernels and host code.
//
// CPUs quantise whole rows with the vectorised loops of element_loops.cc, which give the same codes.
#ifndef TFAPPROX_COMMON_CORE_QUANTISER_H_
#define TFAPPROX_COMMON_CORE_QUANTISER_H_

#include <cmath>

#include "host_device.h"
#include "tfapprox.h"

namespace tfapprox {

// Returns the byte that stands for a code in the kernels: the code itself, or code + 128 if the table is signed
// (table.h). A quantiser for a signed table is known by its negative min_code.
TFAPPROX_HOST_DEVICE inline uint8_t ByteOf(const tfapprox_quantiser& quantiser, int32_t code) {
  return static_cast<uint8_t>(quantiser.min_code < 0 ? code + 128 : code);
}

// Returns the byte of the code of `x` by (2.4) or (2.7), every step in float32. A step that is NaN, as with a scale of
// 0, gives code 0. A NaN input sets `*touches_nan` (3.5).
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
