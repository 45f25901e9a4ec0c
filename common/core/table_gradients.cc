// Gradients from the table for each pair of codes (9.8), (9.10) to (9.12), of convolutions and transposed convolutions.
//
//   begin:   table -> numerators; weights -> codes; upstream gradient -> its units
//   prepare: activations -> codes; upstream gradient -> integers
//   run:     a few channels of a few images -> their gradient, and their part in the sums of the weights
//   finish:  sums of the weights -> their gradient
//
// Threads add to the sums of the weights by atomic operations. They are integers, so the order does not matter.
#include <algorithm>
#include <cinttypes>
#include <cmath>
#include <cstring>
#include <limits>

#include "cancelled.h"
#include "error.h"
#include "float_environment.h"
#include "gradient_numbers.h"
#include "gradient_plan.h"
#include "lut_gemm.h"
#include "problem.h"
#include "quantiser.h"
#include "table.h"

namespace tfapprox {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

// The channels and images of one part of `run`.
struct Part {
  int64_t first_channel, channels, first_image, images;
};

Part PartAt(const GradientPlan& plan, int64_t part) {
  const int64_t channel = part % plan.channel_blocks * plan.channels_per_part;
  const int64_t image = part / plan.channel_blocks * plan.images_per_part;
  return {channel, std::min(plan.channels_per_part, plan.channels - channel), image,
          std::min(plan.images_per_part, plan.images - image)};
}

// Sums over taps and filters, for the channels of one part after the other.
class ChannelSums {
 public:
  ChannelSums(const tfapprox_table_gradient& gradient, const GradientPlan& plan, const GradientLoops& loops,
              const SharedGradient& shared, const OwnGradient& own)
      : operation_(gradient.operation),
        plan_(plan),
        loops_(loops),
        shared_(shared),
        own_(own),
        zero_point_(gradient.operation.activation.quantiser.zero_point),
        zero_code_(ByteOf(gradient.operation.activation.quantiser, zero_point_)) {}

  // Writes the sums for the activations of a channel, [images][padded height][padded width], to `sums`, and adds the sums
  // for the weights of the channel to the memory that all threads share.
  void Add(const Part& part, int64_t channel, int64_t* sums) {
    Pad(part, channel);
    std::memset(sums, 0, part.images * plan_.padded.Count() * sizeof *sums);
    const int64_t first = channel / plan_.group_channels * plan_.group_lanes;
    const int64_t end = first + plan_.group_lanes;
    for (int64_t lane = first, lanes = 0; lane < end; lane += lanes) {
      lanes = plan_.LanesAtOnce(end - lane);
      for (int64_t tap = 0; tap < plan_.taps && !IsCancelled(operation_); ++tap) {
        for (int32_t digit = 0; digit < shared_.header->digits; ++digit) {
          AddTap(part, channel, tap, lane, lanes, digit, sums);
        }
      }
    }
  }

 private:
  // Copies the codes of a channel, with the zero point around them, and lists the blocks of codes that occur.
  void Pad(const Part& part, int64_t channel) {
    const Plane &padded = plan_.padded, &input = plan_.activations;
    const int64_t top = plan_.rows.Before(), left = plan_.columns.Before();
    std::memset(own_.codes, zero_code_, part.images * padded.Count());
    bool occurs[256 / kGradientBlock] = {};
    occurs[zero_code_ / kGradientBlock] = true;
    for (int64_t image = 0; image < part.images; ++image) {
      const uint8_t* from = shared_.codes + (part.first_image + image) * input.Count() * plan_.channels + channel;
      uint8_t* to = own_.codes + image * padded.Count() + top * padded.width + left;
      for (int64_t y = 0; y < input.height; ++y) {
        for (int64_t x = 0; x < input.width; ++x, from += plan_.channels) {
          to[y * padded.width + x] = *from;
          occurs[*from / kGradientBlock] = true;
        }
      }
    }
    count_ = 0;
    for (int block = 0; block < 256 / kGradientBlock; ++block) {
      if (occurs[block]) blocks_[count_++] = static_cast<uint8_t>(block);
    }
  }

  // Adds the products of one digit of the derivatives of some lanes at one tap.
  void AddTap(const Part& part, int64_t channel, int64_t tap, int64_t lane, int64_t lanes, int32_t digit,
              int64_t* sums) {
    const int64_t weights = plan_.WeightIndex(tap, channel % plan_.group_channels) + lane;
    const int64_t table = int64_t{digit} * 256 * 256;
    loops_.rows({shared_.activation_digits + table, shared_.weight_digits + table, blocks_, count_,
                 shared_.weights + weights, shared_.weight_zeros + digit * plan_.lanes_of_pixel + lane,
                 shared_.header->activation_zero[digit], own_.activation_rows, own_.weight_rows},
                lanes);
    const Pairs rows = plan_.rows.PairsOf(tap / plan_.filter_width);
    const Pairs columns = plan_.columns.PairsOf(tap % plan_.filter_width);
    const int64_t pixel_step = 2 * plan_.lanes_of_pixel;
    int64_t weight_sums[2 * kManyGradientLanes] = {};
    for (int64_t image = 0; image < part.images; ++image) {
      const int64_t pixels = (part.first_image + image) * plan_.upstream.Count();
      const int64_t at = image * plan_.padded.Count() + rows.Activation(rows.begin) * plan_.padded.width +
                         columns.Activation(columns.begin);
      const int64_t pixel = pixels + rows.Upstream(rows.begin) * plan_.upstream.width + columns.Upstream(columns.begin);
      const int64_t g = 2 * (pixel * plan_.lanes_of_pixel + lane);
      loops_.run({own_.codes + at, columns.activation_step, rows.activation_step * plan_.padded.width,
                  shared_.for_activation + g, shared_.for_weight + g, columns.upstream_step * pixel_step,
                  rows.upstream_step * plan_.upstream.width * pixel_step, columns.end - columns.begin,
                  rows.end - rows.begin, own_.activation_rows, own_.weight_rows, digit * kDerivativeDigitBits,
                  shared_.header->pixels_per_sum, sums + at, weight_sums},
                 lanes);
    }
    int64_t collected[kManyGradientLanes];
    loops_.collect(weight_sums, lanes, collected);
    for (int64_t i = 0; i < lanes; ++i) {
      __atomic_fetch_add(shared_.weight_sums + weights + i, collected[i], __ATOMIC_RELAXED);
    }
  }

  const tfapprox_operation& operation_;
  const GradientPlan& plan_;
  const GradientLoops& loops_;
  const SharedGradient& shared_;
  const OwnGradient& own_;
  const int32_t zero_point_;
  const uint8_t zero_code_;
  uint8_t blocks_[256 / kGradientBlock];  // the blocks of activation codes that occur in the channel
  int64_t count_ = 0;
};

// The gradients of the channels of a part, for an upstream gradient that is not finite.
void FillWithNan(const GradientPlan& plan, const Part& part, float* gradients) {
  const int64_t size = plan.activations.Count();
  for (int64_t i = part.first_image * size; i < (part.first_image + part.images) * size; ++i) {
    std::fill_n(gradients + i * plan.channels + part.first_channel, part.channels, kNan);
  }
}

// Writes the gradients of the channels of a part (9.12).
void WriteActivations(const tfapprox_table_gradient& gradient, const GradientPlan& plan, const SharedGradient& shared,
                      const Part& part, const int64_t* sums, float* gradients) {
  const Plane &padded = plan.padded, &input = plan.activations;
  const double unit = shared.header->activation_unit, denominator = plan.denominator;
  const double scale = plan.is_per_filter ? 1.0 : gradient.operation.weight.quantiser.scale;
  const int64_t channel_step = part.images * padded.Count();
  for (int64_t image = 0; image < part.images; ++image) {
    for (int64_t y = 0; y < input.height; ++y) {
      const int64_t row = (part.first_image + image) * input.Count() + y * input.width;
      const int64_t* from = sums + image * padded.Count() + (y + plan.rows.Before()) * padded.width;
      for (int64_t x = 0; x < input.width; ++x) {
        float* to = gradients + (row + x) * plan.channels + part.first_channel;
        for (int64_t c = 0; c < part.channels; ++c) {
          const auto sum = static_cast<double>(from[c * channel_step + x + plan.columns.Before()]);
          to[c] = static_cast<float>(sum * unit / denominator * scale);
        }
      }
    }
  }
}

}  // namespace
}  // namespace tfapprox

int32_t tfapprox_table_gradient_init(const tfapprox_table_gradient* gradient, int32_t threads,
                                     tfapprox_gradient_work* work, tfapprox_error* error) {
  const int32_t path = tfapprox::ChooseCpuPath(error);
  if (path < 0) return TFAPPROX_INVALID_ARGUMENT;
  const int32_t status = tfapprox::CheckHalfWindow(*gradient->operation.table, gradient->half_window, error);
  if (status != TFAPPROX_OK) return status;
  const tfapprox::GradientPlan plan(*gradient, threads);
  if (plan.workspace_bytes < 0) {
    return tfapprox::Fail(error, TFAPPROX_INVALID_ARGUMENT,
                          "input with its padding must be small enough for its gradient to fit the memory; received "
                          "height %" PRId64 " and width %" PRId64,
                          plan.padded.height, plan.padded.width);
  }
  const int64_t elements = plan.activations.Count() * plan.channels + plan.upstream.Count() * plan.lanes_of_pixel;
  *work = {path,
           threads,
           plan.shared_bytes,
           plan.workspace_bytes,
           plan.images,
           plan.channel_blocks * plan.image_blocks,
           plan.taps,
           elements,
           plan.cycles_per_part,
           plan.WeightIndex(1, 0) * 4};
  return TFAPPROX_OK;
}

void tfapprox_table_gradient_begin(const tfapprox_table_gradient* gradient, const tfapprox_gradient_work* work,
                                   const float* weights, const float* upstream, void* shared) {
  const tfapprox::FloatEnvironment ieee;
  const tfapprox::GradientPlan plan(*gradient, work->threads);
  const tfapprox::SharedGradient to(plan, shared);
  const tfapprox_table& table = *gradient->operation.table;
  tfapprox::WriteNumerators(table, gradient->half_window, to.activation_table, to.weight_table);
  tfapprox::WriteWeights(*gradient, plan, weights, to);
  const int32_t highest = tfapprox::HighestByte(table) - table.code_offset();
  const int64_t largest = tfapprox::WriteDigits(*gradient, plan, to) + int64_t{plan.denominator} * highest;
  tfapprox::WriteUnits(*gradient, plan, largest, upstream, to);
}

void tfapprox_table_gradient_prepare(const tfapprox_table_gradient* gradient, const tfapprox_gradient_work* work,
                                     const float* activations, const float* upstream, void* shared, int64_t begin,
                                     int64_t end) {
  const tfapprox::FloatEnvironment ieee;
  const tfapprox::GradientPlan plan(*gradient, work->threads);
  const tfapprox::SharedGradient to(plan, shared);
  if (!to.header->is_finite) return;
  const int64_t size = plan.activations.Count() * plan.channels, pixels = plan.upstream.Count();
  const tfapprox::ElementLoops& loops = *tfapprox::CpuPathAt(work->path).loops;
  for (int64_t image = begin; image < end && !tfapprox::IsCancelled(gradient->operation); ++image) {
    const int64_t lanes = 2 * image * pixels * plan.lanes_of_pixel;
    const float* of_image = upstream + image * pixels * plan.filters;
    loops.quantise(activations + image * size, 1, size, size, gradient->operation.activation.quantiser,
                   to.codes + image * size);
    tfapprox::WriteUpstream(plan, of_image, to.activation_factors, pixels, to.for_activation + lanes);
    if (!plan.is_per_filter) continue;
    tfapprox::WriteUpstream(plan, of_image, to.weight_factors, pixels, to.for_weight + lanes);
  }
}

void tfapprox_table_gradient_run(const tfapprox_table_gradient* gradient, const tfapprox_gradient_work* work,
                                 void* shared, float* activation_gradient, int64_t begin, int64_t end,
                                 void* workspace) {
  const tfapprox::FloatEnvironment ieee;
  const tfapprox::GradientPlan plan(*gradient, work->threads);
  const tfapprox::SharedGradient all(plan, shared);
  const tfapprox::OwnGradient own(plan, workspace);
  tfapprox::ChannelSums sums(*gradient, plan, *tfapprox::CpuPathAt(work->path).gradients, all, own);
  for (int64_t i = begin; i < end && !tfapprox::IsCancelled(gradient->operation); ++i) {
    const tfapprox::Part part = tfapprox::PartAt(plan, i);
    if (!all.header->is_finite) {
      tfapprox::FillWithNan(plan, part, activation_gradient);
      continue;
    }
    const int64_t size = part.images * plan.padded.Count();
    for (int64_t c = 0; c < part.channels; ++c) sums.Add(part, part.first_channel + c, own.sums + c * size);
    tfapprox::WriteActivations(*gradient, plan, all, part, own.sums, activation_gradient);
  }
}

void tfapprox_table_gradient_finish(const tfapprox_table_gradient* gradient, const tfapprox_gradient_work* work,
                                    const void* shared, float* weight_gradient, int64_t begin, int64_t end) {
  const tfapprox::FloatEnvironment ieee;
  const tfapprox::GradientPlan plan(*gradient, work->threads);
  const tfapprox::SharedGradient all(plan, const_cast<void*>(shared));
  const double unit = all.header->weight_unit, denominator = plan.denominator;
  const double scale = gradient->operation.activation.quantiser.scale;
  for (int64_t tap = begin; tap < end; ++tap) {
    for (int64_t c = 0; c < plan.group_channels; ++c) {
      const int64_t* sums = all.weight_sums + plan.WeightIndex(tap, c);
      for (int64_t f = 0; f < plan.filters; ++f) {
        const auto sum = static_cast<double>(sums[plan.LaneOf(f)]);
        weight_gradient[plan.FilterIndex(tap, c, f)] =
            all.header->is_finite ? static_cast<float>(sum * unit / denominator * scale) : tfapprox::kNan;
      }
    }
  }
}
