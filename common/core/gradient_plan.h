// Sizes and memory layouts of a gradient from the table (9.8), which all steps of table_gradients.cc derive alike.
#ifndef TFAPPROX_COMMON_CORE_GRADIENT_PLAN_H_
#define TFAPPROX_COMMON_CORE_GRADIENT_PLAN_H_

#include <algorithm>
#include <cstdint>

#include "gradient_loops.h"
#include "tfapprox.h"

namespace tfapprox {

struct Plane {
  int64_t height, width;
  int64_t Count() const { return height * width; }
};

// The pairs of an activation and an upstream gradient whose products belong to one tap, as positions in one dimension.
// Pairs have the numbers from `begin` to `end` - 1.
struct Pairs {
  int64_t begin, end;
  int64_t activation_step, activation_first;  // positions in the padded activations
  int64_t upstream_step, upstream_first;
  int64_t Activation(int64_t i) const { return i * activation_step + activation_first; }
  int64_t Upstream(int64_t i) const { return i * upstream_step + upstream_first; }
};

// One dimension of a convolution or of a transposed convolution. The activations of a transposed convolution are where
// a convolution has its outputs.
struct Dimension {
  int64_t activations, upstream, filter, stride, dilation, before;
  bool is_transposed;

  // The number of positions before the first activation, and that of the padded activations, which contain every tap.
  int64_t Before() const;
  int64_t Padded() const;
  Pairs PairsOf(int64_t tap) const;
};

class GradientPlan {
 public:
  GradientPlan(const tfapprox_table_gradient& gradient, int32_t threads);

  // The place of filter `f` among the lanes of a pixel. Each group begins a new vector.
  int64_t LaneOf(int64_t f) const { return f / group_filters * group_lanes + f % group_filters; }
  // The most lanes whose sums are computed at once, of those that are left in a group: a power of 2.
  int64_t LanesAtOnce(int64_t left) const {
    int64_t count = lanes;
    while (2 * count <= std::min(left, kManyGradientLanes)) count *= 2;
    return count;
  }
  // The place of the first lane of a tap among the weights in lanes, [taps][group_channels][lanes_of_pixel].
  int64_t WeightIndex(int64_t tap, int64_t channel) const { return (tap * group_channels + channel) * lanes_of_pixel; }
  int64_t WeightCount() const { return WeightIndex(taps, 0); }
  // The place of a weight in the tensor of the filter.
  int64_t FilterIndex(int64_t tap, int64_t channel, int64_t filter) const {
    return is_transposed ? (tap * filters + filter) * channels + channel
                         : (tap * group_channels + channel) * filters + filter;
  }

  bool is_transposed, is_per_filter;
  Dimension rows, columns;
  int64_t images, channels, group_channels, filters, group_filters;
  int64_t filter_width, taps;  // the width of the filter, and its number of positions
  Plane activations, upstream, padded;
  int32_t denominator;  // the denominator of (9.2)
  int64_t lanes, group_lanes, lanes_of_pixel;
  int64_t channels_per_part, channel_blocks, images_per_part, image_blocks;
  int64_t shared_bytes, cycles_per_part;
  int64_t workspace_bytes;  // -1 where the number does not fit 63 bits
};

// What all threads share, in memory of `shared_bytes`.
struct SharedGradient {
  struct Header {
    double activation_unit, weight_unit;  // the units of (9.11)
    int64_t pixels_per_sum;               // the number of pixels whose sums for weights fit 32 bits
    int32_t digits;                       // the number of digits of the derivatives
    int16_t activation_zero[2];           // digits of the denominator times the zero point of the activations
    bool is_finite;                       // whether every element of the upstream gradient is finite
  };

  SharedGradient(const GradientPlan& plan, void* shared);

  Header* header;
  int32_t *activation_table, *weight_table;     // [256 weights][256 activations], the numerators (9.2), (9.4)
  int16_t *activation_digits, *weight_digits;   // [2 digits][256 weights][256 activations], of the numerators
  double *activation_factors, *weight_factors;  // [filters], the factors of the upstream gradient (9.11)
  uint8_t* weights;                             // [taps][group_channels][lanes_of_pixel], the codes of the weights
  int64_t* weight_sums;                         // [taps][group_channels][lanes_of_pixel]
  int16_t* weight_zeros;                        // [2 digits][lanes_of_pixel], the denominator times the zero points
  uint8_t* codes;                               // [images][height][width][channels], the codes of the activations
  int16_t *for_activation, *for_weight;         // [images][height][width][2 * lanes_of_pixel], the integers (9.11)
  int64_t bytes;
};

// The memory of one thread, of `workspace_bytes`.
struct OwnGradient {
  OwnGradient(const GradientPlan& plan, void* workspace);

  int16_t *activation_rows, *weight_rows;  // [256][lanes], of at most kManyGradientLanes
  uint8_t* codes;                          // [images_per_part][padded height][padded width], codes of one channel
  int64_t* sums;                           // [channels_per_part][images_per_part][padded height][padded width]
  int64_t bytes;
};

// Writes the numerators (9.2) and (9.4) of every pair of codes, as bytes (table.h), [weight][activation].
void WriteNumerators(const tfapprox_table& table, int32_t half_window, int32_t* activation, int32_t* weight);

// Fails unless a half window leaves a table enough codes for (9.2).
int32_t CheckHalfWindow(const tfapprox_table& table, int32_t half_window, tfapprox_error* error);

// Return the lowest and the highest byte of a code that quantisation gives.
int32_t LowestByte(const tfapprox_table& table);
int32_t HighestByte(const tfapprox_table& table);

}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_GRADIENT_PLAN_H_
