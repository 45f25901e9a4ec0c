// The innermost loops of gradients from the table (9.8), compiled once for each CPU path. path_kernels.h explains
// leaves.
//
// All numbers are integers of 16 bits, so that one instruction multiplies many of them and adds up the products of two
// neighbours in 32 bits. An integer g of the upstream gradient (9.11) has 24 bits, and is written as two digits,
// g = 2^12 * high + low. A derivative is written as one digit if all of them fit, and otherwise as two, from which the
// caller adds up the sums one after the other.
#ifndef TFAPPROX_COMMON_CORE_GRADIENT_LOOPS_H_
#define TFAPPROX_COMMON_CORE_GRADIENT_LOOPS_H_

#include <cstdint>

namespace tfapprox {

// Filters whose integers lie beside each other in memory: 16, or 4 where a group has no more. Loops compute one such
// vector at once, or two or four of 16 filters.
constexpr int64_t kGradientLanes = 16, kFewGradientLanes = 4, kManyGradientLanes = 4 * kGradientLanes;

// The bits of the lower digit of g, which is from -2^11 to 2^11 - 1. The magnitude of the higher digit is at most 2^12.
constexpr int32_t kUpstreamDigitBits = 12;

// The activation codes whose rows are transposed together.
constexpr int64_t kGradientBlock = 8;

// Returns the number of products whose sum fits 32 bits: products of a digit of g and a digit of a derivative, whose
// magnitude is at most `largest`. `run` adds up so many for weights, and for activations `lanes` / 2 of them.
constexpr int64_t ProductsThatFit(int64_t largest) { return ((int64_t{1} << 31) - 1) / largest >> kUpstreamDigitBits; }

// The derivatives of one weight of each filter in lanes. A row holds the numerators minus the zero point, modulo 2^16,
// for one activation code.
struct GradientRows {
  const int16_t *activation, *weight;      // [256 weights][256 activations], digits of numerators (9.2), (9.4)
  const uint8_t* blocks;                   // numbers of the blocks of kGradientBlock codes that occur
  int64_t count;                           // the number of these blocks
  const uint8_t* weights;                  // [lanes], the code of the weight of each filter
  const int16_t* weight_zeros;             // [lanes], digits of the denominator times the zero point of each filter
  int16_t activation_zero;                 // that of the zero point of the activations
  int16_t *activation_rows, *weight_rows;  // [256][lanes], the rows that are computed
};

// Pixels of an image whose taps lie in it or in its padding.
struct GradientRun {
  const uint8_t* codes;              // the code of the first tap
  int64_t code_step, code_row_step;  // the distances of the codes of two neighbouring pixels, and of two rows
  // The integers g of the first pixel, for the gradients of activations and of weights; both may be equal. Each vector
  // of filters has its higher digits before its lower ones.
  const int16_t *activation, *weight;
  int64_t step, row_step;  // the distances of the integers of two neighbouring pixels, and of two rows
  int64_t count, rows;     // the number of pixels of a row, and of rows
  const int16_t *activation_rows, *weight_rows;
  int32_t shift;             // the bits to shift the sums to the left, because of the digit of the derivatives
  int64_t limit;             // the pixels whose products for a weight fit 32 bits: a multiple of 4
  int64_t* activation_sums;  // the sum of the first tap; the sums are as far apart as the codes
  int64_t* weight_sums;      // [2 * lanes], in the order that `add_weights` reads
};

struct GradientLoops {
  void (*rows)(const GradientRows& rows, int64_t lanes);
  void (*run)(const GradientRun& run, int64_t lanes);
  // Writes the sum of each filter in lanes, from `weight_sums` of `run`.
  void (*collect)(const int64_t* weight_sums, int64_t lanes, int64_t* sums);
};

extern const GradientLoops kGradientLoopsScalar, kGradientLoopsAvx2, kGradientLoopsAvx512Bw, kGradientLoopsAvx512Vbmi,
    kGradientLoopsAvx512Model, kGradientLoopsNeon, kGradientLoopsNeonDot;

}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_GRADIENT_LOOPS_H_
