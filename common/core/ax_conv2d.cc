// AxConv2D of TensorFlow 1.14: codes in, int32 sums out, bit-compatible with the original (5).
#include <cmath>
#include <limits>
#include <utility>

#include "conv2d_tiles.h"
#include "error.h"
#include "exchange.h"
#include "float_environment.h"

namespace tfapprox {
namespace {

// Halves away from zero; what does not fit, and NaN, is the least integer, as x86 converts it.
int64_t RoundToInt64(double x) {
  const double rounded = std::round(x);
  if (!(std::abs(rounded) < 9223372036854775808.0)) return std::numeric_limits<int64_t>::min();
  return static_cast<int64_t>(rounded);
}

int32_t Wrap(uint64_t x) { return static_cast<int32_t>(static_cast<uint32_t>(x)); }

// (5.1), with the wrap-around of the subtraction defined.
int32_t Offset(float min, float max) {
  const double width = max - min;
  if (width == 0) return 0;
  const double steps = 256.0 / (width * (256.0 / 255.0));
  return Wrap(static_cast<uint64_t>(RoundToInt64(0.0 * steps)) - static_cast<uint64_t>(RoundToInt64(min * steps)));
}

// (5.3), in place of what resolve has set; C++ divides towards zero.
int64_t PadBefore(int32_t padding, int64_t outputs, int64_t stride, int64_t filter, int64_t input) {
  return ((outputs - 1) * stride + filter - input + (padding == TFAPPROX_PADDING_VALID ? 1 : 0)) / 2;
}

// (5.2), all of it modulo 2^32.
class WrappedOutputs : public Outputs {
 public:
  WrappedOutputs(const tfapprox_ax_conv2d& op, const Conv2DCall& call)
      : call_(call),
        io_(static_cast<uint64_t>(int64_t{op.input_offset})),
        fo_(static_cast<uint64_t>(int64_t{op.filter_offset})) {
    if (op.work.is_exchanged) std::swap(io_, fo_);
  }

  void Begin(const Panel& panel) override {
    for (int64_t p = 0; p < panel.pixels; ++p) {
      const uint64_t sum = call_.division.boxes == 1 ? static_cast<uint64_t>(int64_t{panel.pixel_sums[p]}) : 0;
      corrections_[p] = Wrap(sum - static_cast<uint64_t>(panel.code_sums[p]) * fo_);
    }
  }

  void Convert(const Panel& panel, int64_t channel, const FilterSums& sums, void* outputs) override {
    auto* wrapped = static_cast<int32_t*>(outputs);
    const uint64_t constant = static_cast<uint64_t>(Taps(call_.shape)) * io_ * fo_ -
                              static_cast<uint64_t>(call_.filter.code_sums[channel]) * io_;
    if (sums.carried == nullptr) {
      const int32_t filter_sum = Wrap(constant + static_cast<uint64_t>(int64_t{sums.filter_sum}));
      call_.program.path->loops->wrap(sums.sums, corrections_, filter_sum, panel.pixels, wrapped);
      return;
    }
    for (int64_t p = 0; p < panel.pixels; ++p) {
      wrapped[p] =
          Wrap(static_cast<uint64_t>(sums.carried[p]) + static_cast<uint64_t>(int64_t{corrections_[p]}) + constant);
    }
  }

 private:
  const Conv2DCall& call_;
  uint64_t io_, fo_;                // of the operands in the parts that they have
  int32_t corrections_[kMaxWidth];  // of each pixel: the part of its sums and of (5.2) that all filters share
};

}  // namespace
}  // namespace tfapprox

int32_t tfapprox_ax_conv2d_init(const tfapprox_conv2d* shape, float min_input, float max_input, float min_filter,
                                float max_filter, const tfapprox_table* table, tfapprox_ax_conv2d* op,
                                tfapprox_error* error) {
  const tfapprox::FloatEnvironment ieee;
  const bool plain = shape->layout == TFAPPROX_LAYOUT_NHWC && shape->padding != TFAPPROX_PADDING_EXPLICIT &&
                     shape->dilation_height == 1 && shape->dilation_width == 1;
  if (!plain || tfapprox_table_num_bits(table) != TFAPPROX_MAX_BITS) {
    return tfapprox::Fail(error, TFAPPROX_INVALID_ARGUMENT,
                          "AxConv2D must be NHWC, SAME or VALID, with dilations 1 and a table of 8 bits; received "
                          "layout %d, padding %d, dilations %lld and %lld, %d bits",
                          shape->layout, shape->padding, static_cast<long long>(shape->dilation_height),
                          static_cast<long long>(shape->dilation_width), tfapprox_table_num_bits(table));
  }
  if (tfapprox_table_is_signed(table)) {
    return tfapprox::Fail(error, TFAPPROX_INVALID_ARGUMENT,
                          "AxConv2D must have an unsigned table; received a signed one");
  }
  op->shape = *shape;
  op->shape.pad_top = tfapprox::PadBefore(shape->padding, shape->out_height, shape->stride_height, shape->filter_height,
                                          shape->in_height);
  op->shape.pad_left =
      tfapprox::PadBefore(shape->padding, shape->out_width, shape->stride_width, shape->filter_width, shape->in_width);
  op->input_offset = tfapprox::Offset(min_input, max_input);
  op->filter_offset = tfapprox::Offset(min_filter, max_filter);
  const float input_step = (max_input - min_input) / 255.0f, filter_step = (max_filter - min_filter) / 255.0f;
  op->max_output = input_step * filter_step * 2147483648.0f;  // (5.5)
  op->min_output = -op->max_output;
  op->table = table;
  return tfapprox::InitWork(*table, op->shape, &op->work, error);
}

namespace {

tfapprox::Operands OperandsOf(const tfapprox_ax_conv2d& op, const uint8_t* input, const uint8_t* filter) {
  return {{nullptr, input, nullptr, static_cast<uint8_t>(op.input_offset)}, {nullptr, filter, nullptr, 0}};  // (5.4)
}

}  // namespace

void tfapprox_ax_conv2d_prepare(const tfapprox_ax_conv2d* op, const uint8_t* input, const uint8_t* filter,
                                void* prepared, int64_t filter_begin, int64_t filter_end) {
  if (op->work.tiles == 0 || filter_begin == filter_end) return;
  const tfapprox::Conv2DCall call = tfapprox::MakeCall(op->work, prepared);
  tfapprox::PrepareOperand(op->shape, op->work, OperandsOf(*op, input, filter), call.division, call.filter,
                           {filter_begin, filter_end});
}

void tfapprox_ax_conv2d_run(const tfapprox_ax_conv2d* op, const uint8_t* input, const uint8_t* filter,
                            const void* prepared, int32_t* output, int64_t tile_begin, int64_t tile_end,
                            void* workspace) {
  if (tile_begin == tile_end) return;
  const tfapprox::Conv2DCall call = tfapprox::MakeCall(op->work, const_cast<void*>(prepared));
  const tfapprox::Operands operands = OperandsOf(*op, input, filter);
  tfapprox::WrappedOutputs outputs(*op, call);
  tfapprox::RunTiles(call, tfapprox::PackedOperand(op->work, operands), &outputs, output, tile_begin, tile_end,
                     workspace);
}
