// The innermost loops of gradients from the table (9.8), compiled once for each CPU path. path_kernels.h explains
// leaves.
#ifndef TFAPPROX_COMMON_CORE_GRADIENT_LOOPS_H_
#define TFAPPROX_COMMON_CORE_GRADIENT_LOOPS_H_

#include <cstdint>

namespace tfapprox {

// Filters that are computed beside each other: 16, or 4 where a group has no more.
constexpr int64_t kGradientLanes = 16, kFewGradientLanes = 4;

// The derivatives of one weight of each filter in lanes, for the activation codes that occur. A row holds the
// numerators minus the zero point for one activation code, as double, which holds these integers exactly.
struct GradientRows {
  const int32_t *activation, *weight;     // [256 activations][256 weights], the numerators (9.2), (9.4)
  const uint8_t* codes;                   // the activation codes that occur
  int64_t count;                          // the number of these codes
  const uint8_t* weights;                 // [lanes], the code of the weight of each filter
  const int32_t* weight_zeros;            // [lanes], the denominator times the zero point of each filter
  int32_t activation_zero;                // the denominator times the zero point of the activations
  double *activation_rows, *weight_rows;  // [256][lanes], the rows that are computed
};

// Pixels in a row of the output whose taps lie in a row of the input.
struct GradientRun {
  const uint8_t* codes;     // the code of the first tap
  int64_t code_step;        // the distance of the codes of two neighbouring pixels
  const float* activation;  // [lanes], the integers g of the first pixel, for the gradient of the activations
  const float* weight;      // [lanes], those for the gradient of the weights; may be equal to `activation`
  int64_t step;             // the distance of the integers of two neighbouring pixels
  int64_t count;            // the number of pixels
  const double *activation_rows, *weight_rows;
  int64_t* activation_sums;  // the sum of the first tap; the sums are as far apart as the codes
  double* weight_sums;       // [lanes]; the caller empties them before they reach 2^52
};

struct GradientLoops {
  void (*rows)(const GradientRows& rows, int64_t lanes);
  void (*run)(const GradientRun& run, int64_t lanes);
};

extern const GradientLoops kGradientLoopsScalar, kGradientLoopsAvx2, kGradientLoopsAvx512Bw, kGradientLoopsAvx512Vbmi,
    kGradientLoopsAvx512Model, kGradientLoopsNeon, kGradientLoopsNeonDot;

}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_GRADIENT_LOOPS_H_
