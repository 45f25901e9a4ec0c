// The parts of ApproxConv2DTransposeWithMinMaxVars (3.9): a convolution of stride 1 for each remainder of an output.
//
// In each dimension, output o = first + j s of a part has the taps k = k0 + t step, which read input
// (o + before - k d) / s = j + (first + before - k0 d) / s - t (step d / s). The convolution of the part counts its taps
// the other way round, because it reads inputs in ascending order.
#include <algorithm>
#include <numeric>

#include "error.h"
#include "problem.h"

namespace tfapprox {
namespace {

// One dimension of a part.
struct Part {
  int64_t first, outputs;         // the first output and the number of outputs, which are a stride apart
  int64_t first_tap, taps, step;  // the first filter position and the number of positions, which are `step` apart
  int64_t dilation;               // distance of the inputs of two taps
  int64_t pad_before;             // may be negative
};

// The part whose first output is `first`, below the stride; `size` is that of the output.
Part PartOf(int64_t first, int64_t size, int64_t filter, int64_t stride, int64_t dilation, int64_t before) {
  const int64_t divisor = std::gcd(stride, dilation);
  Part part = {first, first < size ? CeilDivide(size - first, stride) : 0, 0, 0, stride / divisor, dilation / divisor,
               0};
  const int64_t end = std::min(part.step, filter);
  while (part.first_tap < end && (first + before - part.first_tap * dilation) % stride != 0) ++part.first_tap;
  if (part.first_tap < end) part.taps = CeilDivide(filter - part.first_tap, part.step);
  part.pad_before = (part.taps - 1) * part.dilation - (first + before - part.first_tap * dilation) / stride;
  return part;
}

// The filter position of the last tap.
int64_t LastTap(const Part& part) { return part.first_tap + std::max<int64_t>(0, part.taps - 1) * part.step; }

}  // namespace
}  // namespace tfapprox

int32_t tfapprox_conv2d_transpose_fill(const tfapprox_problem* convolution, int64_t in_height, int64_t in_width,
                                       int64_t index, tfapprox_operation* operation, tfapprox_error* error) {
  const tfapprox_problem& forward = *convolution;
  if (forward.groups != 1 || forward.out_height != in_height || forward.out_width != in_width) {
    return tfapprox::Fail(error, TFAPPROX_INVALID_ARGUMENT,
                          "output_shape must be one whose convolution has the input's height and width; received "
                          "output size %lldx%lld, convolved %lldx%lld, input size %lldx%lld",
                          static_cast<long long>(forward.in_height), static_cast<long long>(forward.in_width),
                          static_cast<long long>(forward.out_height), static_cast<long long>(forward.out_width),
                          static_cast<long long>(in_height), static_cast<long long>(in_width));
  }
  // A remainder that no output has is no part.
  const int64_t rows = std::min(forward.stride_height, forward.in_height);
  const int64_t columns = std::min(forward.stride_width, forward.in_width);
  if (index >= rows * columns) return TFAPPROX_NOT_FOUND;
  const tfapprox::Part y = tfapprox::PartOf(index / columns, forward.in_height, forward.filter_height,
                                            forward.stride_height, forward.dilation_height, forward.pad_top);
  const tfapprox::Part x = tfapprox::PartOf(index % columns, forward.in_width, forward.filter_width,
                                            forward.stride_width, forward.dilation_width, forward.pad_left);
  tfapprox_problem& part = operation->problem;
  part = {};
  part.batch = forward.batch;
  part.in_height = in_height;
  part.in_width = in_width;
  part.in_channels = forward.out_channels;
  part.out_channels = forward.in_channels;
  part.filter_height = y.taps;
  part.filter_width = x.taps;
  part.groups = part.stride_height = part.stride_width = 1;
  part.dilation_height = y.dilation;
  part.dilation_width = x.dilation;
  part.out_stride_height = forward.stride_height;
  part.out_stride_width = forward.stride_width;
  part.out_first_row = y.first;
  part.out_first_column = x.first;
  part.out_tensor_height = forward.in_height;
  part.out_tensor_width = forward.in_width;
  part.padding = TFAPPROX_PADDING_EXPLICIT;
  part.layout = forward.layout;
  part.pad_top = y.pad_before;
  part.pad_left = x.pad_before;
  part.out_height = y.taps * x.taps == 0 ? 0 : y.outputs;
  part.out_width = x.outputs;
  part.pad_bottom = y.outputs + (y.taps - 1) * y.dilation - in_height - y.pad_before;
  part.pad_right = x.outputs + (x.taps - 1) * x.dilation - in_width - x.pad_before;
  // The filter is [filter_height][filter_width][out_channels][in_channels], and its taps are counted backwards. A step
  // that leads to no further tap may be too large for the filter, and its product for 63 bits.
  const int64_t column = part.out_channels * part.in_channels, row = forward.filter_width * column;
  operation->filter_steps = {y.taps > 1 ? -y.step * row : 0, x.taps > 1 ? -x.step * column : 0, 1, part.in_channels,
                             tfapprox::LastTap(y) * row + tfapprox::LastTap(x) * column};
  if (tfapprox::Taps(part) > INT32_MAX) {
    return tfapprox::Fail(error, TFAPPROX_INVALID_ARGUMENT,
                          "the number of taps (filter height * filter width * input channels) must be below 2^31; "
                          "received %lld",
                          static_cast<long long>(tfapprox::Taps(part)));
  }
  return TFAPPROX_OK;
}
