// The arguments of the CUDA kernels of gradients from the table (9.8), (9.10) to (9.12), and the function that launches
// them on a stream.
//
//   table    ---Numerators---> activation_table, weight_table [256 weights][256], largest
//   upstream ---Magnitudes---> magnitudes ---Units---> units, factors
//   upstream ---Integers-----> for_activation, for_weight [pixels][lanes_of_pixel]
//   activations, filter ---ActivationCodes, WeightCodes---> codes, weights
//   ActivationGradient: codes, weights, for_activation, activation_table ---> activation_gradient
//   WeightSums:         codes, weights, for_weight, weight_table         ---> weight_sums
//   FinishWeights:      weight_sums                                      ---> weight_gradient
//
// All sums are sums of integers in 64 bits, so that blocks may add in any order. A pixel of the upstream gradient has
// lanes, one for each filter. Each convolution group begins a new vector of 16 lanes, or of 4 where it has no more than
// 4 filters; lanes without a filter are 0.
#ifndef TFAPPROX_COMMON_CORE_CUDA_GRADIENTS_H_
#define TFAPPROX_COMMON_CORE_CUDA_GRADIENTS_H_

#include <cuda_runtime.h>

#include <cstdint>

#include "tfapprox.h"

namespace tfapprox {
namespace cuda {

// One dimension of the convolution. Output o and tap t multiply activation o * stride + t * dilation - before, or, in a
// transposed convolution, the activation i with o = i * stride + t * dilation - before, if there is one (3.9).
struct GradientDimension {
  int32_t activations, upstream, stride, dilation, before, is_transposed;
};

// What the kernels compute before the sums; 0 before the first kernel.
struct GradientHeader {
  uint32_t largest;  // of the magnitudes of the numerators
  int32_t is_finite;
  double activation_unit, weight_unit;  // (9.11)
};

struct GradientArguments {
  GradientDimension rows, columns;
  int32_t filter_width, taps;  // positions of the filter
  int32_t channels, group_channels, filters, group_filters;
  int32_t lanes, group_lanes, lanes_of_pixel;  // 16 or 4; of a group; of all groups
  int32_t is_transposed;
  int32_t magnitude_parts;           // threads that look for the magnitude of one filter
  int32_t activation_count, pixels;  // positions of the activations and of the upstream gradient, in all images
  int64_t terms;                     // n of (9.11)
  int32_t half_window, denominator;
  int32_t low, high, code_offset;  // the bytes that quantisation gives, and the byte of code 0 (table.h)
  int32_t zero_byte;               // of the zero point of the activations
  tfapprox_quantiser activation, weight;
  const tfapprox_quantiser* per_filter;          // null, or [filters] in place of `weight`
  const uint16_t* table;                         // [256 weights][256]
  const float *activations, *filter, *upstream;  // the tensors
  GradientHeader* header;                        // 0 before
  uint32_t* magnitudes;                          // [filters] bits of float; 0 before
  int64_t* weight_sums;                          // [taps][group_channels][lanes_of_pixel]; 0 before
  double *activation_factors, *weight_factors;   // [filters], by which (9.11) multiplies
  int32_t *activation_table, *weight_table;      // [256 weights][256], the numerators (9.2), (9.4)
  uint8_t *weights, *codes;                      // as weight_sums; [images][height][width][channels]
  int32_t *for_activation, *for_weight;          // (9.11); one array if filters have no ranges
  float *activation_gradient, *weight_gradient;  // of the shapes of the tensors
};

constexpr int32_t kPixelsOfBlock = 4096;  // of a block of WeightSums
cudaError_t LaunchGradients(const GradientArguments& arguments, cudaStream_t stream);

}  // namespace cuda
}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_CUDA_GRADIENTS_H_
