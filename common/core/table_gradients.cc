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

#include "error.h"
#include "float_environment.h"
#include "gradient_plan.h"
#include "lut_gemm.h"
#include "problem.h"
#include "quantiser.h"
#include "table.h"

namespace tfapprox {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
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

// Returns the largest magnitude of a term without its upstream gradient, times the denominator (9.10).
int64_t LargestNumerator(const tfapprox_table_gradient& gradient, const GradientPlan& plan,
                         const SharedGradient& shared) {
  const tfapprox_table& table = *gradient.operation.table;
  const int32_t low = LowestByte(table), high = HighestByte(table);
  int64_t largest = 0;
  for (int32_t a = low; a <= high; ++a) {
    for (int32_t w = low; w <= high; ++w) {
      const int32_t x = shared.activation_table[a * 256 + w], y = shared.weight_table[a * 256 + w];
      largest = std::max<int64_t>({largest, x, -x, y, -y});
    }
  }
  return largest + int64_t{plan.denominator} * (high - table.code_offset());
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

// Writes the units of the upstream gradient and the factors that turn it into integers (9.11).
void WriteUnits(const tfapprox_table_gradient& gradient, const GradientPlan& plan, const float* upstream,
                const SharedGradient& shared) {
  const int64_t pixels = plan.images * plan.upstream.Count();
  const int64_t terms = std::max(plan.taps * plan.group_filters, pixels);
  const int32_t digits = BinaryDigits(LargestNumerator(gradient, plan, shared));
  const int32_t bits = std::min(24, 62 - digits - BinaryDigits(terms));
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
  *shared.header = {Unit(activation, bits), Unit(is_finite ? weight : 0.0, bits), int64_t{1} << (52 - digits - bits),
                    is_finite};
  for (int64_t f = 0; f < plan.filters; ++f) {
    shared.activation_factors[f] /= shared.header->activation_unit;
    shared.weight_factors[f] = 1.0 / shared.header->weight_unit;
  }
}

void WriteWeights(const tfapprox_table_gradient& gradient, const GradientPlan& plan, const float* weights,
                  const SharedGradient& shared) {
  std::memset(shared.weights, 0, plan.WeightCount());
  std::memset(shared.weight_sums, 0, plan.WeightCount() * sizeof *shared.weight_sums);
  std::memset(shared.weight_zeros, 0, plan.lanes_of_pixel * sizeof *shared.weight_zeros);
  unsigned char nan = 0;
  for (int64_t f = 0; f < plan.filters; ++f) {
    const tfapprox_quantiser& quantiser = WeightQuantiser(gradient, f);
    shared.weight_zeros[plan.LaneOf(f)] = plan.denominator * quantiser.zero_point;
  }
  for (int64_t tap = 0; tap < plan.taps; ++tap) {
    for (int64_t c = 0; c < plan.group_channels; ++c) {
      uint8_t* codes = shared.weights + plan.WeightIndex(tap, c);
      for (int64_t f = 0; f < plan.filters; ++f) {
        codes[plan.LaneOf(f)] = Code(WeightQuantiser(gradient, f), weights[plan.FilterIndex(tap, c, f)], &nan);
      }
    }
  }
}

// Writes the integers (9.11) of the upstream gradient of some pixels, in lanes; lanes without a filter are 0.
void WriteUpstream(const GradientPlan& plan, const float* upstream, const double* factors, int64_t pixels, float* to) {
  for (int64_t p = 0; p < pixels; ++p, to += plan.lanes_of_pixel) {
    for (int64_t first = 0; first < plan.filters; first += plan.group_filters) {
      float* lanes = to + plan.LaneOf(first);
      for (int64_t i = 0; i < plan.group_filters; ++i, ++upstream) {
        lanes[i] = static_cast<float>((static_cast<double>(*upstream) * factors[first + i] + kRounder) - kRounder);
      }
      std::fill(lanes + plan.group_filters, lanes + plan.group_lanes, 0.0f);
    }
  }
}

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
      : plan_(plan),
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
    for (int64_t lane = first; lane < first + plan_.group_lanes; lane += plan_.lanes) {
      for (int64_t tap = 0; tap < plan_.taps; ++tap) AddTap(part, channel, tap, lane, sums);
    }
  }

 private:
  // Copies the codes of a channel, with the zero point around them, and lists the codes that occur.
  void Pad(const Part& part, int64_t channel) {
    const Plane &padded = plan_.padded, &input = plan_.activations;
    const int64_t top = plan_.rows.Before(), left = plan_.columns.Before();
    std::memset(own_.codes, zero_code_, part.images * padded.Count());
    bool occurs[256] = {};
    occurs[zero_code_] = true;
    for (int64_t image = 0; image < part.images; ++image) {
      const uint8_t* from = shared_.codes + (part.first_image + image) * input.Count() * plan_.channels + channel;
      uint8_t* to = own_.codes + image * padded.Count() + top * padded.width + left;
      for (int64_t y = 0; y < input.height; ++y) {
        for (int64_t x = 0; x < input.width; ++x, from += plan_.channels) {
          to[y * padded.width + x] = *from;
          occurs[*from] = true;
        }
      }
    }
    count_ = 0;
    for (int code = 0; code < 256; ++code) {
      if (occurs[code]) present_[count_++] = static_cast<uint8_t>(code);
    }
  }

  void AddTap(const Part& part, int64_t channel, int64_t tap, int64_t lane, int64_t* sums) {
    const int64_t weights = plan_.WeightIndex(tap, channel % plan_.group_channels) + lane;
    loops_.rows({shared_.activation_table, shared_.weight_table, present_, count_, shared_.weights + weights,
                 shared_.weight_zeros + lane, plan_.denominator * zero_point_, own_.activation_rows, own_.weight_rows},
                plan_.lanes);
    const Pairs rows = plan_.rows.PairsOf(tap / plan_.filter_width);
    const Pairs columns = plan_.columns.PairsOf(tap % plan_.filter_width);
    const int64_t limit = shared_.header->terms_per_flush;
    double weight_sums[kGradientLanes] = {};
    int64_t terms = 0;
    for (int64_t image = 0; image < part.images; ++image) {
      const int64_t pixels = (part.first_image + image) * plan_.upstream.Count();
      for (int64_t i = rows.begin; i < rows.end; ++i) {
        const int64_t codes = image * plan_.padded.Count() + rows.Activation(i) * plan_.padded.width;
        const int64_t upstream = pixels + rows.Upstream(i) * plan_.upstream.width;
        for (int64_t first = columns.begin; first < columns.end; first += limit) {
          const int64_t count = std::min(columns.end - first, limit), at = codes + columns.Activation(first);
          if (terms + count > limit) {
            Flush(weights, weight_sums);
            terms = 0;
          }
          terms += count;
          const int64_t g = (upstream + columns.Upstream(first)) * plan_.lanes_of_pixel + lane;
          loops_.run({own_.codes + at, columns.activation_step, shared_.for_activation + g, shared_.for_weight + g,
                      columns.upstream_step * plan_.lanes_of_pixel, count, own_.activation_rows, own_.weight_rows,
                      sums + at, weight_sums},
                     plan_.lanes);
        }
      }
    }
    Flush(weights, weight_sums);
  }

  void Flush(int64_t weights, double* sums) {
    for (int64_t i = 0; i < plan_.lanes; ++i) {
      __atomic_fetch_add(shared_.weight_sums + weights + i, static_cast<int64_t>(sums[i]), __ATOMIC_RELAXED);
      sums[i] = 0.0;
    }
  }

  const GradientPlan& plan_;
  const GradientLoops& loops_;
  const SharedGradient& shared_;
  const OwnGradient& own_;
  const int32_t zero_point_;
  const uint8_t zero_code_;
  uint8_t present_[256];  // the activation codes that occur in the channel
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
  tfapprox::WriteNumerators(*gradient->operation.table, gradient->half_window, to.activation_table, to.weight_table);
  tfapprox::WriteWeights(*gradient, plan, weights, to);
  tfapprox::WriteUnits(*gradient, plan, upstream, to);
}

void tfapprox_table_gradient_prepare(const tfapprox_table_gradient* gradient, const tfapprox_gradient_work* work,
                                     const float* activations, const float* upstream, void* shared, int64_t begin,
                                     int64_t end) {
  const tfapprox::FloatEnvironment ieee;
  const tfapprox::GradientPlan plan(*gradient, work->threads);
  const tfapprox::SharedGradient to(plan, shared);
  if (!to.header->is_finite) return;
  const int64_t size = plan.activations.Count() * plan.channels, first = begin * plan.upstream.Count();
  const int64_t pixels = (end - begin) * plan.upstream.Count(), lanes = first * plan.lanes_of_pixel;
  tfapprox::CpuPathAt(work->path)
      .loops->quantise(activations + begin * size, end - begin, size, size, gradient->operation.activation.quantiser,
                       to.codes + begin * size);
  upstream += first * plan.filters;
  tfapprox::WriteUpstream(plan, upstream, to.activation_factors, pixels, to.for_activation + lanes);
  if (!plan.is_per_filter) return;
  tfapprox::WriteUpstream(plan, upstream, to.weight_factors, pixels, to.for_weight + lanes);
}

void tfapprox_table_gradient_run(const tfapprox_table_gradient* gradient, const tfapprox_gradient_work* work,
                                 void* shared, float* activation_gradient, int64_t begin, int64_t end,
                                 void* workspace) {
  const tfapprox::FloatEnvironment ieee;
  const tfapprox::GradientPlan plan(*gradient, work->threads);
  const tfapprox::SharedGradient all(plan, shared);
  const tfapprox::OwnGradient own(plan, workspace);
  tfapprox::ChannelSums sums(*gradient, plan, *tfapprox::CpuPathAt(work->path).gradients, all, own);
  for (int64_t i = begin; i < end; ++i) {
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
