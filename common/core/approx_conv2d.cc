// ApproxConv2DWithMinMaxVars: real numbers to codes, tiles of look-ups, corrected and scaled back to real numbers.
#include <cmath>
#include <limits>

#include "conv2d_tiles.h"
#include "float_environment.h"
#include "quantiser.h"

namespace tfapprox {
namespace {

struct FloatCodec {
  const tfapprox_quantiser& quantiser;
  uint8_t operator()(float x, unsigned char* touches_nan) const { return Code(quantiser, x, touches_nan); }
};

// Corrects the sums of one filter for the zero points and scales them to real numbers (3.3), (3.4), (3.5).
void WriteFilter(const tfapprox_approx_conv2d& op, const Panel& panel, const PreparedFilter& filter, int64_t channel,
                 const int64_t* sums, float* output) {
  const int64_t za = op.input.zero_point, zw = op.filter.zero_point;
  const int64_t constant = Taps(op.shape) * za * zw - za * filter.code_sums[channel];
  const double scale = double{op.input.scale} * double{op.filter.scale};
  float* plane = output + channel * OutputSteps(op.shape).channel;
  for (int64_t p = 0; p < panel.pixels; ++p) {
    const int64_t total = sums[p] - zw * panel.code_sums[p] + constant;
    const bool nan = panel.touches_nan[p] | filter.touches_nan[channel];
    plane[panel.output_offsets[p]] =
        nan ? std::numeric_limits<float>::quiet_NaN() : static_cast<float>(scale * static_cast<double>(total));
  }
}

}  // namespace
}  // namespace tfapprox

int32_t tfapprox_approx_conv2d_init(const tfapprox_conv2d* shape, const tfapprox_quantiser* input,
                                    const tfapprox_quantiser* filter, const tfapprox_table* table,
                                    tfapprox_approx_conv2d* op, tfapprox_error* error) {
  op->shape = *shape;
  op->input = *input;
  op->filter = *filter;
  op->table = table;
  return tfapprox::InitWork(*shape, &op->work, error);
}

void tfapprox_approx_conv2d_prepare(const tfapprox_approx_conv2d* op, const float* filter, void* prepared) {
  const tfapprox::FloatEnvironment ieee;
  tfapprox::PrepareFilter(op->shape, filter, tfapprox::FloatCodec{op->filter}, prepared);
}

void tfapprox_approx_conv2d_run(const tfapprox_approx_conv2d* op, const float* input, const void* prepared,
                                float* output, int64_t tile_begin, int64_t tile_end, void* workspace) {
  const tfapprox::FloatEnvironment ieee;
  const tfapprox::PreparedFilter filter = tfapprox::PreparedAt(op->shape, const_cast<void*>(prepared));
  const tfapprox::FloatCodec codec{op->input};
  const auto padding = static_cast<uint8_t>(op->input.zero_point);
  const auto pack = [&](int64_t first, int64_t pixels, tfapprox::Panel* panel) {
    tfapprox::PackPanel(op->shape, input, padding, codec, first, pixels, panel);
  };
  const auto write = [&](const tfapprox::Panel& panel, int64_t channel, const int64_t* sums) {
    tfapprox::WriteFilter(*op, panel, filter, channel, sums, output);
  };
  tfapprox::RunTiles(op->shape, op->work, *op->table, filter.codes, tile_begin, tile_end, workspace, pack, write);
}
