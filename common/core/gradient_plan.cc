// Derives sizes and memory layouts of gradients from the table.
#include "gradient_plan.h"

#include <algorithm>

#include "error.h"
#include "problem.h"
#include "table.h"

namespace tfapprox {
namespace {

// The pixels of a part, about: so many that the derivatives in lanes are used often, and their upstream gradient fits
// the second-level cache.
constexpr int64_t kPixelsOfPart = 8192;
// The padded positions of a part, at most, unless an image has more: of an input much larger than its output. They take
// 9 bytes for one channel and 33 for four.
constexpr int64_t kPositionsOfPart = 1 << 20;
constexpr int64_t kChannelsOfPart = 4;  // whose gradients lie beside each other in memory
constexpr int64_t kAlignment = 64;

// Gives out pieces of a memory, each aligned.
class Pieces {
 public:
  explicit Pieces(void* memory) : memory_(static_cast<char*>(memory)) {}

  template <typename T>
  void Take(int64_t count, T** piece) {
    *piece = reinterpret_cast<T*>(memory_ + bytes_);
    bytes_ += RoundUp(count * static_cast<int64_t>(sizeof(T)), kAlignment);
  }
  int64_t bytes() const { return bytes_; }

 private:
  char* memory_;
  int64_t bytes_ = 0;
};

Dimension DimensionOf(int64_t in, int64_t out, int64_t filter, int64_t stride, int64_t dilation, int64_t before,
                      bool is_transposed) {
  if (is_transposed) return {out, in, filter, stride, dilation, before, true};
  return {in, out, filter, stride, dilation, before, false};
}

}  // namespace

int64_t Dimension::Before() const { return is_transposed ? (filter - 1) * dilation / stride + 1 : before; }

int64_t Dimension::Padded() const {
  if (is_transposed) return activations + 2 * Before();
  return std::max((upstream - 1) * stride + (filter - 1) * dilation + 1, before + activations);
}

Pairs Dimension::PairsOf(int64_t tap) const {
  if (!is_transposed) return {0, upstream, stride, tap * dilation, 1, 0};
  // Activation i and output o = i stride - before + tap dilation (3.9); i counts from the first padded one.
  const int64_t first = tap * dilation - before - Before() * stride;
  const int64_t begin = first >= 0 ? 0 : CeilDivide(-first, stride);
  const int64_t end = first >= upstream ? begin : (upstream - 1 - first) / stride + 1;
  return {begin, std::max(begin, std::min(end, Padded())), 1, 0, stride, first};
}

GradientPlan::GradientPlan(const tfapprox_table_gradient& gradient, int32_t threads) {
  const tfapprox_problem& p = gradient.operation.problem;
  is_transposed = gradient.is_transposed != 0;
  is_per_filter = gradient.operation.weight.per_filter != nullptr;
  rows = DimensionOf(p.in_height, p.out_height, p.filter_height, p.stride_height, p.dilation_height, p.pad_top,
                     is_transposed);
  columns =
      DimensionOf(p.in_width, p.out_width, p.filter_width, p.stride_width, p.dilation_width, p.pad_left, is_transposed);
  if (rows.filter == 1 && columns.filter == 1 && rows.stride == 1 && columns.stride == 1 && !is_transposed &&
      rows.activations == rows.upstream && columns.activations == columns.upstream && p.pad_top == 0 &&
      p.pad_left == 0) {  // a product of matrices, which is one row
    columns.activations = columns.upstream = rows.activations * columns.activations;
    rows.activations = rows.upstream = 1;
  }
  images = p.batch;
  channels = is_transposed ? p.out_channels : p.in_channels;
  filters = is_transposed ? p.in_channels : p.out_channels;
  group_channels = channels / p.groups;
  group_filters = filters / p.groups;
  filter_width = p.filter_width;
  taps = p.filter_height * p.filter_width;
  activations = {rows.activations, columns.activations};
  upstream = {rows.upstream, columns.upstream};
  padded = {rows.Padded(), columns.Padded()};
  denominator = 2 * (2 * gradient.half_window + 1);
  lanes = group_filters > kFewGradientLanes ? kGradientLanes : kFewGradientLanes;
  group_lanes = RoundUp(group_filters, lanes);
  lanes_of_pixel = group_lanes * p.groups;
  // Padded sizes may be so large that their product overflows; such a call is refused below.
  const double positions = static_cast<double>(padded.height) * static_cast<double>(padded.width);
  const int64_t by_pixels = kPixelsOfPart / std::max<int64_t>(1, upstream.Count());
  const auto by_positions = static_cast<int64_t>(kPositionsOfPart / std::max(positions, 1.0));
  images_per_part = std::min(images, std::max<int64_t>(1, std::min(by_pixels, by_positions)));
  image_blocks = CeilDivide(images, images_per_part);
  channels_per_part = channels * image_blocks >= 2 * kChannelsOfPart * threads ? kChannelsOfPart : 1;
  channel_blocks = CeilDivide(channels, channels_per_part);
  cycles_per_part = images_per_part * upstream.Count() * channels_per_part * taps * group_lanes / 2 + 10000;
  shared_bytes = SharedGradient(*this, nullptr).bytes;
  int64_t least = 0;  // bytes, of the positions
  const bool fits = !__builtin_mul_overflow(padded.height, padded.width, &least) &&
                    !__builtin_mul_overflow(least, images_per_part * (1 + 8 * channels_per_part), &least) &&
                    least < int64_t{1} << 62;
  workspace_bytes = fits ? OwnGradient(*this, nullptr).bytes : -1;
}

SharedGradient::SharedGradient(const GradientPlan& plan, void* shared) {
  Pieces pieces(shared);
  const int64_t pixels = plan.images * plan.upstream.Count() * plan.lanes_of_pixel;
  pieces.Take(1, &header);
  pieces.Take(256 * 256, &activation_table);
  pieces.Take(256 * 256, &weight_table);
  pieces.Take(2 * 256 * 256, &activation_digits);
  pieces.Take(2 * 256 * 256, &weight_digits);
  pieces.Take(plan.filters, &activation_factors);
  pieces.Take(plan.filters, &weight_factors);
  pieces.Take(plan.WeightCount(), &weights);
  pieces.Take(plan.WeightCount(), &weight_sums);
  pieces.Take(2 * plan.lanes_of_pixel, &weight_zeros);
  pieces.Take(plan.images * plan.activations.Count() * plan.channels, &codes);
  pieces.Take(2 * pixels, &for_activation);
  for_weight = for_activation;  // scales of filters are factors of the integers for activations only
  if (plan.is_per_filter) pieces.Take(2 * pixels, &for_weight);
  bytes = pieces.bytes();
}

OwnGradient::OwnGradient(const GradientPlan& plan, void* workspace) {
  Pieces pieces(workspace);
  const int64_t positions = plan.images_per_part * plan.padded.Count();
  pieces.Take(256 * kManyGradientLanes, &activation_rows);
  pieces.Take(256 * kManyGradientLanes, &weight_rows);
  pieces.Take(positions, &codes);
  pieces.Take(positions * plan.channels_per_part, &sums);
  bytes = pieces.bytes();
}

int32_t LowestByte(const tfapprox_table& table) { return table.is_signed ? 1 : 0; }

int32_t HighestByte(const tfapprox_table& table) { return table.is_signed ? 255 : (1 << table.num_bits) - 1; }

int32_t CheckHalfWindow(const tfapprox_table& table, int32_t half_window, tfapprox_error* error) {
  const int32_t limit = (HighestByte(table) - LowestByte(table) - 2) / 2;
  if (half_window >= 0 && half_window <= limit) return TFAPPROX_OK;
  return Fail(error, TFAPPROX_INVALID_ARGUMENT, "half_window must be from 0 to %d; received %d", limit, half_window);
}

void WriteNumerators(const tfapprox_table& table, int32_t half_window, int32_t* activation, int32_t* weight) {
  const int32_t low = LowestByte(table) + half_window + 1, high = HighestByte(table) - half_window - 1;
  for (int32_t w = 0; w < 256; ++w) {
    const int32_t middle_w = std::min(std::max(w, low), high);
    for (int32_t a = 0; a < 256; ++a) {
      const int32_t middle_a = std::min(std::max(a, low), high);  // (9.3)
      activation[w * 256 + a] = table.product(middle_a + half_window + 1, w) +
                                table.product(middle_a + half_window, w) - table.product(middle_a - half_window, w) -
                                table.product(middle_a - half_window - 1, w);
      weight[w * 256 + a] = table.product(a, middle_w + half_window + 1) + table.product(a, middle_w + half_window) -
                            table.product(a, middle_w - half_window) - table.product(a, middle_w - half_window - 1);
    }
  }
}

}  // namespace tfapprox
