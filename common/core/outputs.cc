// Both kinds of outputs: real numbers and wrapped integers.
#include "outputs.h"

#include <limits>

namespace tfapprox {
namespace {

int32_t Wrap(uint64_t x) { return static_cast<int32_t>(static_cast<uint32_t>(x)); }

}  // namespace

RealOutputs::RealOutputs(const Sides& sides, const Call& call)
    : call_(call),
      lanes_(*sides.lanes.quantiser),
      broadcast_(*sides.broadcast.quantiser),
      per_filter_(sides.broadcast.per_filter) {}

void RealOutputs::Correct(const Panel& panel, int64_t broadcast_zero) {
  corrected_zero_ = broadcast_zero;
  if (call_.division.boxes > 1) return;
  const auto slope = static_cast<uint32_t>(-broadcast_zero);
  call_.program.path->loops->affine(panel.box_sums + pixels_.first, slope, 0, pixels_.count, corrections_);
}

void RealOutputs::Begin(const Panel& panel, PixelRange pixels) {
  pixels_ = pixels;
  Correct(panel, per_filter_ == nullptr ? broadcast_.zero_point : per_filter_[0].zero_point);
}

// All but the scale are integers below 2^53, which double holds exactly.
void RealOutputs::Convert(const Panel& panel, int64_t channel, const FilterSums& sums, void* outputs) {
  auto* real = static_cast<float*>(outputs);
  const tfapprox_quantiser& quantiser = per_filter_ == nullptr ? broadcast_ : per_filter_[channel];
  const int64_t lanes_zero = lanes_.zero_point, broadcast_zero = quantiser.zero_point;
  if (broadcast_zero != corrected_zero_) Correct(panel, broadcast_zero);
  const double scale = double{lanes_.scale} * double{quantiser.scale};  // (3.4)
  const auto constant = static_cast<double>(Taps(call_.problem) * lanes_zero * broadcast_zero -
                                            lanes_zero * call_.filter.code_sums[channel]);
  if (sums.carried == nullptr) {
    call_.program.path->loops->scale(sums.sums, sums.pixel_sums, sums.filter_sum, corrections_, constant, scale,
                                     pixels_.count, real);
  } else {
    for (int64_t p = 0; p < pixels_.count; ++p) {
      const double correction = constant - static_cast<double>(broadcast_zero * panel.code_sums[pixels_.first + p]);
      real[p] = static_cast<float>(scale * (static_cast<double>(sums.carried[p]) + correction));
    }
  }
  const bool filter_nan = call_.filter.touches_nan[channel] != 0;
  if (!panel.any_nan && !filter_nan) return;
  for (int64_t p = 0; p < pixels_.count; ++p) {
    if (filter_nan || panel.touches_nan[pixels_.first + p] != 0) real[p] = std::numeric_limits<float>::quiet_NaN();
  }
}

WrappedOutputs::WrappedOutputs(const Sides& sides, const Call& call)
    : call_(call),
      lanes_zero_(static_cast<uint64_t>(sides.lanes_zero)),
      broadcast_zero_(static_cast<uint64_t>(sides.broadcast_zero)) {}

void WrappedOutputs::Begin(const Panel& panel, PixelRange pixels) {
  pixels_ = pixels;
  if (call_.division.boxes == 1) {
    const auto slope = static_cast<uint32_t>(0 - broadcast_zero_);
    call_.program.path->loops->affine(panel.box_sums + pixels.first, slope, 0, pixels.count, corrections_);
    for (int64_t p = 0; p < pixels.count; ++p) {
      corrections_[p] = Wrap(static_cast<uint64_t>(int64_t{corrections_[p]} + panel.pixel_sums[pixels.first + p]));
    }
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
