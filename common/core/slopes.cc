// Slopes of a truth table by least squares, one for each code (9.5), and operands that consist of them (9.6).
#include <algorithm>

#include "error.h"
#include "float_environment.h"
#include "gradient_plan.h"
#include "lut_gemm.h"
#include "quantiser.h"
#include "table.h"

namespace tfapprox {
namespace {

constexpr int64_t kChunk = 4096;  // codes at a time, on the stack

// Returns scale * (slope - zero_point), rounded once after each operation on doubles, and then to float.
float Value(const tfapprox_quantiser& quantiser, double slope) {
  return static_cast<float>(static_cast<double>(quantiser.scale) * (slope - quantiser.zero_point));
}

}  // namespace
}  // namespace tfapprox

int32_t tfapprox_table_slopes(const tfapprox_table* table, int32_t half_window, double* activation, double* weight,
                              tfapprox_error* error) {
  const int32_t status = tfapprox::CheckHalfWindow(*table, half_window, error);
  if (status != TFAPPROX_OK) return status;
  const int32_t low = tfapprox::LowestByte(*table), high = tfapprox::HighestByte(*table);
  // The factor of each product in the numerator: the sum over its windows of twice the distance from the middle code.
  int64_t factors[256] = {};
  for (int32_t centre = low + half_window; centre <= high - half_window; ++centre) {
    for (int32_t code = centre - half_window; code <= centre + half_window; ++code) {
      factors[code] += 2 * centre - (low + high);
    }
  }
  const int64_t count = high - low + 1 - 2 * half_window;
  const auto denominator = static_cast<double>((2 * half_window + 1) * (count * (count * count - 1) / 6));
  int64_t sums[256] = {};
  for (int32_t w = 0; w < 256; ++w) {
    int64_t sum = 0;
    for (int32_t a = low; a <= high; ++a) {
      sum += factors[a] * table->product(a, w);
      sums[a] += factors[w] * table->product(a, w);
    }
    activation[w] = static_cast<double>(sum) / denominator;
  }
  for (int32_t a = 0; a < 256; ++a) weight[a] = static_cast<double>(sums[a]) / denominator;
  return TFAPPROX_OK;
}

int32_t tfapprox_slope_values(const tfapprox_quantiser* quantisers, int64_t quantiser_count, int64_t inner,
                              const double* slopes, const float* x, int64_t begin, int64_t end, float* outputs,
                              tfapprox_error* error) {
  const tfapprox::FloatEnvironment ieee;
  if (quantiser_count > 1) {
    unsigned char nan = 0;
    for (int64_t i = begin; i < end; ++i) {
      const tfapprox_quantiser& quantiser = quantisers[i / inner % quantiser_count];
      outputs[i] = tfapprox::Value(quantiser, slopes[tfapprox::Code(quantiser, x[i], &nan)]);
    }
    return TFAPPROX_OK;
  }
  const int32_t path = tfapprox::ChooseCpuPath(error);
  if (path < 0) return TFAPPROX_INVALID_ARGUMENT;
  const tfapprox::ElementLoops& loops = *tfapprox::CpuPathAt(path).loops;
  float values[256];
  for (int32_t code = 0; code < 256; ++code) values[code] = tfapprox::Value(*quantisers, slopes[code]);
  uint8_t codes[tfapprox::kChunk];
  for (int64_t first = begin; first < end; first += tfapprox::kChunk) {
    const int64_t count = std::min(tfapprox::kChunk, end - first);
    loops.quantise(x + first, 1, count, count, *quantisers, codes);
    for (int64_t i = 0; i < count; ++i) outputs[first + i] = values[codes[i]];
  }
  return TFAPPROX_OK;
}
