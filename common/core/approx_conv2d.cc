// ApproxConv2DWithMinMaxVars: real numbers to codes, tiles of look-ups, corrected and scaled back to real numbers.
#include <limits>
#include <utility>

#include "conv2d_tiles.h"
#include "exchange.h"
#include "float_environment.h"
#include "quantiser.h"

namespace tfapprox {
namespace {

// Corrects sums for the zero points and scales them to real numbers (3.3), (3.4), (3.5).
class RealOutputs : public Outputs {
 public:
  RealOutputs(const tfapprox_approx_conv2d& op, const Conv2DCall& call)
      : call_(call),
        za_(op.input.zero_point),
        zw_(op.filter.zero_point),
        scale_(double{op.input.scale} * double{op.filter.scale}) {
    if (op.work.is_exchanged) std::swap(za_, zw_);
  }

  void Begin(const Panel& panel) override {
    const auto zw = static_cast<double>(zw_);
    for (int64_t p = 0; p < panel.pixels; ++p) corrections_[p] = -zw * static_cast<double>(panel.code_sums[p]);
  }

  // All but the scale are integers below 2^53, which double holds exactly.
  void Convert(const Panel& panel, int64_t channel, const FilterSums& sums, void* outputs) override {
    auto* real = static_cast<float*>(outputs);
    const auto constant = static_cast<double>(Taps(call_.shape) * za_ * zw_ - za_ * call_.filter.code_sums[channel]);
    if (sums.carried == nullptr) {
      call_.program.path->loops->scale(sums.sums, sums.pixel_sums, sums.filter_sum, corrections_, constant, scale_,
                                       panel.pixels, real);
    } else {
      for (int64_t p = 0; p < panel.pixels; ++p) {
        const double total = static_cast<double>(sums.carried[p]) + (corrections_[p] + constant);
        real[p] = static_cast<float>(scale_ * total);
      }
    }
    const bool filter_nan = call_.filter.touches_nan[channel] != 0;
    if (!panel.any_nan && !filter_nan) return;
    for (int64_t p = 0; p < panel.pixels; ++p) {
      if (filter_nan || panel.touches_nan[p] != 0) real[p] = std::numeric_limits<float>::quiet_NaN();
    }
  }

 private:
  const Conv2DCall& call_;
  int64_t za_, zw_;  // of the operands in the parts that they have
  const double scale_;
  double corrections_[kMaxWidth];  // of each pixel, those of (3.3) that depend on its codes
};

}  // namespace
}  // namespace tfapprox

int32_t tfapprox_approx_conv2d_init(const tfapprox_conv2d* shape, const tfapprox_quantiser* input,
                                    const tfapprox_quantiser* filter, const tfapprox_table* table,
                                    tfapprox_approx_conv2d* op, tfapprox_error* error) {
  op->shape = *shape;
  op->input = *input;
  op->filter = *filter;
  op->table = table;
  return tfapprox::InitWork(*table, op->shape, &op->work, error);
}

namespace {

tfapprox::Operands OperandsOf(const tfapprox_approx_conv2d& op, const float* input, const float* filter) {
  const uint8_t padding = tfapprox::ByteOf(op.input, op.input.zero_point);  // (3.2)
  return {{input, nullptr, &op.input, padding}, {filter, nullptr, &op.filter, 0}};
}

}  // namespace

void tfapprox_approx_conv2d_prepare(const tfapprox_approx_conv2d* op, const float* input, const float* filter,
                                    void* prepared, int64_t filter_begin, int64_t filter_end) {
  if (op->work.tiles == 0 || filter_begin == filter_end) return;
  const tfapprox::FloatEnvironment ieee;
  const tfapprox::Conv2DCall call = tfapprox::MakeCall(op->work, prepared);
  tfapprox::PrepareOperand(op->shape, op->work, OperandsOf(*op, input, filter), call.division, call.filter,
                           {filter_begin, filter_end});
}

void tfapprox_approx_conv2d_run(const tfapprox_approx_conv2d* op, const float* input, const float* filter,
                                const void* prepared, float* output, int64_t tile_begin, int64_t tile_end,
                                void* workspace) {
  if (tile_begin == tile_end) return;
  const tfapprox::FloatEnvironment ieee;
  const tfapprox::Conv2DCall call = tfapprox::MakeCall(op->work, const_cast<void*>(prepared));
  const tfapprox::Operands operands = OperandsOf(*op, input, filter);
  tfapprox::RealOutputs outputs(*op, call);
  tfapprox::RunTiles(call, tfapprox::PackedOperand(op->work, operands), &outputs, output, tile_begin, tile_end,
                     workspace);
}
