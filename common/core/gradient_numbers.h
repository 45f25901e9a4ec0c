// The integers that gradients from the table consist of (9.10), (9.11): digits of derivatives and of the upstream
// gradient, and codes of the weights.
#ifndef TFAPPROX_COMMON_CORE_GRADIENT_NUMBERS_H_
#define TFAPPROX_COMMON_CORE_GRADIENT_NUMBERS_H_

#include <cstdint>

#include "gradient_plan.h"
#include "tfapprox.h"

namespace tfapprox {

// The bits of the lower digit of a derivative, where it has two.
constexpr int32_t kDerivativeDigitBits = 14;

// Writes the digits of the derivatives: two if some derivative does not fit one. Returns the largest
// magnitude of a numerator of the codes that quantisation gives.
int64_t WriteDigits(const tfapprox_table_gradient& gradient, const GradientPlan& plan, const SharedGradient& shared);

// Writes the units of the upstream gradient and the factors that turn it into integers (9.11). `largest` is the largest
// magnitude of a term without its upstream gradient, times the denominator.
void WriteUnits(const tfapprox_table_gradient& gradient, const GradientPlan& plan, int64_t largest,
                const float* upstream, const SharedGradient& shared);

// Writes the codes of the weights in lanes, and empties their sums.
void WriteWeights(const tfapprox_table_gradient& gradient, const GradientPlan& plan, const float* weights,
                  const SharedGradient& shared);

// Writes the digits of the integers (9.11) of the upstream gradient of some pixels, in lanes; lanes without a filter
// are 0.
void WriteUpstream(const GradientPlan& plan, const float* upstream, const double* factors, int64_t pixels, int16_t* to);

}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_GRADIENT_NUMBERS_H_
