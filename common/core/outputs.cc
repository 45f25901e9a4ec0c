// Both kinds of outputs: real numbers and wrapped integers.
#include "outputs.h"

#include <limits>

namespace tfapprox {
namespace {

int32_t Wrap(uint64_t x) { return static_cast<int32_t>(static_cast<uint32_t>(x)); }

// Sets results[p] = pixel_sums[p] - broadcast_zero * box_sums[p], modulo 2^32, for some pixels of a panel that has all
// taps.
void CorrectPixels(const Call& call, const Panel& panel, PixelRange pixels, uint64_t broadcast_zero, int32_t* results) {
  const auto slope = static_cast<uint32_t>(0 - broadcast_zero);
  call.program.path->loops->correct(panel.box_sums + pixels.first, slope, panel.pixel_sums + pixels.first, pixels.count,
                                    results);
}

}  // namespace

RealOutputs::RealOutputs(const Sides& sides, const Call& call)
    : call_(call),
      lanes_(*sides.lanes.quantiser),
      broadcast_(*sides.broadcast.quantiser),
      per_filter_(sides.broadcast.per_filter) {}

void RealOutputs::Correct(const Panel& panel, int64_t broadcast_zero) {
  corrected_zero_ = broadcast_zero;
  if (call_.division.boxes > 1) return;
  CorrectPixels(call_, panel, pixels_, static_cast<uint64_t>(broadcast_zero), corrections_);
}

void RealOutputs::Begin(const Panel& panel, PixelRange pixels) {
  pixels_ = pixels;
  Correct(panel, per_filter_ == nullptr ? broadcast_.zero_point : per_filter_[0].zero_point);
}

const tfapprox_quantiser& RealOutputs::FilterQuantiser(int64_t channel) const {
  return per_filter_ == nullptr ? broadcast_ : per_filter_[channel];
}

double RealOutputs::ScaleOf(int64_t channel) const {
  return double{lanes_.scale} * double{FilterQuantiser(channel).scale};
}

int64_t RealOutputs::ConstantOf(int64_t channel) const {
  const int64_t lanes_zero = lanes_.zero_point, broadcast_zero = FilterQuantiser(channel).zero_point;
  return Taps(call_.problem) * lanes_zero * broadcast_zero - lanes_zero * call_.filter.code_sums[channel];
}

// The corrected total (3.3) of one box fits int32, so that it may be added up modulo 2^32. A tap adds T[a, w] and
// (za - a) * (zw - w) - a * w, where za and zw are the zero points. The latter has a magnitude of at most 255 * 255,
// which it takes at the ends of the ranges of its 4 variables; T[a, w] is from 0 to 65,535, or from -32,768 to 32,767;
// and 16,384 * (65,535 + 65,025) < 2^31. The total of several boxes is an integer below 2^53. So double holds every
// total exactly.
void RealOutputs::Convert(const Panel& panel, int64_t channel, const FilterSums& sums, void* outputs) {
  auto* real = static_cast<float*>(outputs);
  const int64_t broadcast_zero = FilterQuantiser(channel).zero_point, constant = ConstantOf(channel);
  if (broadcast_zero != corrected_zero_) Correct(panel, broadcast_zero);
  const double scale = ScaleOf(channel);
  if (sums.carried == nullptr) {
    const int32_t filter_sum = Wrap(static_cast<uint64_t>(constant + sums.filter_sum));
    call_.program.path->loops->scale(sums.sums, corrections_, filter_sum, scale, pixels_.count, real);
  } else {
    for (int64_t p = 0; p < pixels_.count; ++p) {
      const auto correction = static_cast<double>(constant - broadcast_zero * panel.code_sums[pixels_.first + p]);
      real[p] = static_cast<float>(scale * (static_cast<double>(sums.carried[p]) + correction));
    }
  }
  const bool filter_nan = call_.filter.touches_nan[channel] != 0;
  if (!panel.any_nan && !filter_nan) return;
  for (int64_t p = 0; p < pixels_.count; ++p) {
    if (filter_nan || panel.touches_nan[pixels_.first + p] != 0) real[p] = std::numeric_limits<float>::quiet_NaN();
  }
}

void RealOutputs::ConvertPixels(const Panel& panel, int64_t channel, int64_t count, const int32_t* sums,
                                int64_t sum_step, void* outputs) {
  auto* real = static_cast<float*>(outputs);
  const int64_t step = call_.problem.out_channels;
  int32_t filter_sums[kMaxRowFilters];
  uint32_t zeros[kMaxRowFilters];
  double scales[kMaxRowFilters];
  for (int64_t f = 0; f < count; ++f) {
    filter_sums[f] = Wrap(static_cast<uint64_t>(ConstantOf(channel + f) + call_.filter.weight_sums[channel + f]));
    zeros[f] = static_cast<uint32_t>(FilterQuantiser(channel + f).zero_point);
    scales[f] = ScaleOf(channel + f);
  }
  call_.program.path->loops->scale_pixels(
      {sums, panel.pixel_sums, panel.box_sums, filter_sums, zeros, scales, real, panel.pixels, count, sum_step, step});
  for (int64_t f = 0; f < count; ++f) {
    const bool filter_nan = call_.filter.touches_nan[channel + f] != 0;
    for (int64_t p = 0; (panel.any_nan || filter_nan) && p < panel.pixels; ++p) {
      if (filter_nan || panel.touches_nan[p] != 0) real[p * step + f] = std::numeric_limits<float>::quiet_NaN();
    }
  }
}

WrappedOutputs::WrappedOutputs(const Sides& sides, const Call& call)
    : call_(call),
      lanes_zero_(static_cast<uint64_t>(sides.lanes_zero)),
      broadcast_zero_(static_cast<uint64_t>(sides.broadcast_zero)) {}

void WrappedOutputs::Begin(const Panel& panel, PixelRange pixels) {
  pixels_ = pixels;
  if (call_.division.boxes == 1) {
    CorrectPixels(call_, panel, pixels, broadcast_zero_, corrections_);
    return;
  }
  for (int64_t p = 0; p < pixels.count; ++p) {
    corrections_[p] = Wrap(0 - static_cast<uint64_t>(panel.code_sums[pixels.first + p]) * broadcast_zero_);
  }
}

void WrappedOutputs::Convert(const Panel&, int64_t channel, const FilterSums& sums, void* outputs) {
  auto* wrapped = static_cast<int32_t*>(outputs);
  const uint64_t constant = static_cast<uint64_t>(Taps(call_.problem)) * lanes_zero_ * broadcast_zero_ -
                            static_cast<uint64_t>(call_.filter.code_sums[channel]) * lanes_zero_;
  if (sums.carried == nullptr) {
    const int32_t filter_sum = Wrap(constant + static_cast<uint64_t>(int64_t{sums.filter_sum}));
    call_.program.path->loops->wrap(sums.sums, corrections_, filter_sum, pixels_.count, wrapped);
    return;
  }
  for (int64_t p = 0; p < pixels_.count; ++p) {
    wrapped[p] =
        Wrap(static_cast<uint64_t>(sums.carried[p]) + static_cast<uint64_t>(int64_t{corrections_[p]}) + constant);
  }
}

}  // namespace tfapprox
