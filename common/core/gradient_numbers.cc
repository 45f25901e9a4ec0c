// Writes the integers of gradients from the table, from real numbers and from the table.
#include "gradient_numbers.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "quantiser.h"
#include "table.h"

namespace tfapprox {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
// Adding this number, 1.5 * 2^52, rounds a double below 2^51 to an integer, halves to even.
constexpr double kRounder = 6755399441055744.0;

const tfapprox_quantiser& WeightQuantiser(const tfapprox_table_gradient& gradient, int64_t filter) {
  const tfapprox_operand& weight = gradient.operation.weight;
  return weight.per_filter == nullptr ? weight.quantiser : weight.per_filter[filter];
}

int32_t BinaryDigits(int64_t number) {
  int32_t digits = 0;
  for (; number > 0; number /= 2) ++digits;
  return digits;
}

// The smallest and the largest numerator of the codes that quantisation gives.
struct Extremes {
  int32_t smallest, largest;

  Extremes(const tfapprox_table& table, const int32_t* numerators) : smallest(numerators[LowestByte(table) * 257]) {
    largest = smallest;
    for (int32_t w = LowestByte(table); w <= HighestByte(table); ++w) {
      const auto row = numerators + w * 256;
      const auto ends = std::minmax_element(row + LowestByte(table), row + HighestByte(table) + 1);
      smallest = std::min(smallest, *ends.first);
      largest = std::max(largest, *ends.second);
    }
  }

  // The largest magnitude of a numerator minus a number from `low` to `high`.
  int64_t Magnitude(int64_t low, int64_t high) const { return std::max(largest - low, high - smallest); }
};

// Returns one of two digits of a number.
int16_t Digit(int32_t number, int32_t digit) {
  const int32_t high = (number + (1 << (kDerivativeDigitBits - 1))) >> kDerivativeDigitBits;
  return static_cast<int16_t>(digit == 0 ? number - high * (1 << kDerivativeDigitBits) : high);
}

// Writes the largest magnitude of the upstream gradient of each filter; infinity if an element is not finite.
void WriteMagnitudes(const float* upstream, int64_t pixels, int64_t filters, double* magnitudes) {
  std::fill(magnitudes, magnitudes + filters, 0.0);
  for (int64_t p = 0; p < pixels; ++p) {
    for (int64_t f = 0; f < filters; ++f) {
      const double x = std::fabs(static_cast<double>(upstream[p * filters + f]));
      magnitudes[f] = x < kInfinity ? std::max(magnitudes[f], x) : kInfinity;  // NaN is not less
    }
  }
}

// Returns 2^e of (9.11).
double Unit(double magnitude, int32_t bits) {
  int exponent = 0;
  if (magnitude > 0.0) std::frexp(magnitude, &exponent);
  return std::ldexp(1.0, exponent - bits);
}

}  // namespace

int64_t WriteDigits(const tfapprox_table_gradient& gradient, const GradientPlan& plan, const SharedGradient& shared) {
  const tfapprox_table& table = *gradient.operation.table;
  const Extremes activation(table, shared.activation_table), weight(table, shared.weight_table);
  int32_t lowest = WeightQuantiser(gradient, 0).zero_point, highest = lowest;
  for (int64_t f = 0; f < plan.filters; ++f) {
    lowest = std::min(lowest, WeightQuantiser(gradient, f).zero_point);
    highest = std::max(highest, WeightQuantiser(gradient, f).zero_point);
  }
  const int64_t zero = plan.denominator * gradient.operation.activation.quantiser.zero_point;
  const int64_t for_activation = activation.Magnitude(plan.denominator * lowest, plan.denominator * highest);
  int64_t for_weight = weight.Magnitude(zero, zero);
  const bool fits = std::max(for_activation, for_weight) < 1 << 15 &&
                    ProductsThatFit(std::max<int64_t>(1, for_activation)) >= plan.LanesAtOnce(plan.group_lanes) / 2;
  shared.header->digits = fits ? 1 : 2;
  if (!fits) for_weight = int64_t{1} << kDerivativeDigitBits;
  shared.header->pixels_per_sum = ProductsThatFit(std::max<int64_t>(1, for_weight)) / 4 * 4;
  for (int32_t digit = 0; digit < shared.header->digits; ++digit) {
    const auto write = [&](int32_t number) {
      return shared.header->digits == 1 ? static_cast<int16_t>(number) : Digit(number, digit);
    };
    for (const auto& [numbers, digits] : {std::make_pair(shared.activation_table, shared.activation_digits),
                                          std::make_pair(shared.weight_table, shared.weight_digits)}) {
      int16_t* to = digits + digit * 256 * 256;
      if (shared.header->digits == 1) {
        std::copy_n(numbers, 256 * 256, to);
      } else {
        std::transform(numbers, numbers + 256 * 256, to, write);
      }
    }
    int16_t* zeros = shared.weight_zeros + digit * plan.lanes_of_pixel;
    std::fill_n(zeros, plan.lanes_of_pixel, int16_t{0});
    for (int64_t f = 0; f < plan.filters; ++f) {
      zeros[plan.LaneOf(f)] = write(plan.denominator * WeightQuantiser(gradient, f).zero_point);
    }
    shared.header->activation_zero[digit] = write(static_cast<int32_t>(zero));
  }
  return std::max(activation.Magnitude(0, 0), weight.Magnitude(0, 0));
}

void WriteUnits(const tfapprox_table_gradient& gradient, const GradientPlan& plan, int64_t largest,
                const float* upstream, const SharedGradient& shared) {
  const int64_t pixels = plan.images * plan.upstream.Count();
  const int64_t terms = std::max(plan.taps * plan.group_filters, pixels);
  const int32_t bits = std::min(24, 62 - BinaryDigits(largest) - BinaryDigits(terms));
  double *magnitudes = shared.weight_factors, activation = 0.0, weight = 0.0;
  WriteMagnitudes(upstream, pixels, plan.filters, magnitudes);
  for (int64_t f = 0; f < plan.filters; ++f) {
    weight = std::max(weight, magnitudes[f]);
    shared.activation_factors[f] = plan.is_per_filter ? WeightQuantiser(gradient, f).scale : 1.0;
  }
  const bool is_finite = weight < kInfinity;
  for (int64_t f = 0; f < plan.filters && is_finite; ++f) {
    activation = std::max(activation, magnitudes[f] * shared.activation_factors[f]);
  }
  shared.header->activation_unit = Unit(activation, bits);
  shared.header->weight_unit = Unit(is_finite ? weight : 0.0, bits);
  shared.header->is_finite = is_finite;
  for (int64_t f = 0; f < plan.filters; ++f) {
    shared.activation_factors[f] /= shared.header->activation_unit;
    shared.weight_factors[f] = 1.0 / shared.header->weight_unit;
  }
}

void WriteWeights(const tfapprox_table_gradient& gradient, const GradientPlan& plan, const float* weights,
                  const SharedGradient& shared) {
  std::memset(shared.weights, 0, plan.WeightCount());
  std::memset(shared.weight_sums, 0, plan.WeightCount() * sizeof *shared.weight_sums);
  unsigned char nan = 0;
  for (int64_t tap = 0; tap < plan.taps; ++tap) {
    for (int64_t c = 0; c < plan.group_channels; ++c) {
      uint8_t* codes = shared.weights + plan.WeightIndex(tap, c);
      for (int64_t f = 0; f < plan.filters; ++f) {
        codes[plan.LaneOf(f)] = Code(WeightQuantiser(gradient, f), weights[plan.FilterIndex(tap, c, f)], &nan);
      }
    }
  }
}

void WriteUpstream(const GradientPlan& plan, const float* upstream, const double* factors, int64_t pixels,
                   int16_t* to) {
  std::memset(to, 0, pixels * 2 * plan.lanes_of_pixel * sizeof *to);
  for (int64_t p = 0; p < pixels; ++p, upstream += plan.filters, to += 2 * plan.lanes_of_pixel) {
    for (int64_t first = 0; first < plan.filters;) {
      const int64_t lane = plan.LaneOf(first), left = plan.group_filters - first % plan.group_filters;
      const int64_t count = std::min(plan.lanes, left);
      int16_t *high = to + 2 * lane, *low = high + plan.lanes;
      for (int64_t i = 0; i < count; ++i) {
        const double scaled = static_cast<double>(upstream[first + i]) * factors[first + i];
        const auto integer = static_cast<int32_t>((scaled + kRounder) - kRounder);
        const int32_t digit = (integer + (1 << (kUpstreamDigitBits - 1))) >> kUpstreamDigitBits;
        high[i] = static_cast<int16_t>(digit);
        low[i] = static_cast<int16_t>(integer - digit * (1 << kUpstreamDigitBits));
      }
      first += count;
    }
  }
}

}  // namespace tfapprox
