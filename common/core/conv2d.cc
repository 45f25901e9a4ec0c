// Output size and padding of a 2-D convolution, equations (4) of docs/arithmetic.md.
#include <algorithm>
#include <cinttypes>

#include "error.h"
#include "tfapprox.h"

namespace tfapprox {
namespace {

// Below this, every sum of two sizes and every product of a position and a stride fits 63 bits.
constexpr int64_t kMaxSize = INT32_MAX;

struct Size {
  const char* name;
  int64_t value;
  int64_t least;
};

int32_t CheckSizes(const tfapprox_conv2d& shape, tfapprox_error* error) {
  const bool is_explicit = shape.padding == TFAPPROX_PADDING_EXPLICIT;
  const Size sizes[] = {
      {"input batch", shape.batch, 0},
      {"input height", shape.in_height, 0},
      {"input width", shape.in_width, 0},
      {"input channels", shape.in_channels, 1},
      {"filter height", shape.filter_height, 1},
      {"filter width", shape.filter_width, 1},
      {"filter output channels", shape.out_channels, 1},
      {"strides height", shape.stride_height, 1},
      {"strides width", shape.stride_width, 1},
      {"dilations height", shape.dilation_height, 1},
      {"dilations width", shape.dilation_width, 1},
      {"explicit_paddings top", is_explicit ? shape.pad_top : 0, 0},
      {"explicit_paddings bottom", is_explicit ? shape.pad_bottom : 0, 0},
      {"explicit_paddings left", is_explicit ? shape.pad_left : 0, 0},
      {"explicit_paddings right", is_explicit ? shape.pad_right : 0, 0},
  };
  for (const Size& size : sizes) {
    if (size.value < size.least || size.value > kMaxSize) {
      return Fail(error, TFAPPROX_INVALID_ARGUMENT, "%s must be from %" PRId64 " to %" PRId64 "; received %" PRId64,
                  size.name, size.least, kMaxSize, size.value);
    }
  }
  return TFAPPROX_OK;
}

struct Dimension {
  const char* name;
  int64_t input, filter, stride, dilation;
  int64_t pad_before, pad_after;
  int64_t output;
};

int32_t Resolve(int32_t padding, Dimension* dimension, tfapprox_error* error) {
  Dimension& d = *dimension;
  const int64_t window = (d.filter - 1) * d.dilation + 1;
  if (padding == TFAPPROX_PADDING_SAME) {
    d.output = (d.input + d.stride - 1) / d.stride;
    const int64_t total = std::max<int64_t>(0, (d.output - 1) * d.stride + window - d.input);
    d.pad_before = total / 2;
    d.pad_after = total - d.pad_before;
    return TFAPPROX_OK;
  }
  if (padding == TFAPPROX_PADDING_VALID) d.pad_before = d.pad_after = 0;
  const int64_t padded = d.input + d.pad_before + d.pad_after;
  d.output = (padded - window + d.stride) / d.stride;
  if (d.output < 0) {
    return Fail(
        error, TFAPPROX_INVALID_ARGUMENT,
        "input %s with its padding must not be smaller than the dilated filter by more than the stride; received "
        "%s %" PRId64 " (padding included), dilated filter %" PRId64 ", stride %" PRId64,
        d.name, d.name, padded, window, d.stride);
  }
  return TFAPPROX_OK;
}

// Whether the sizes of a tensor, those that are 0 left out, multiply to at most 63 bits: TensorFlow aborts the process
// where the product of the first few does not, even if a later one is 0.
bool Fits(std::initializer_list<int64_t> sizes) {
  int64_t product = 1;
  return std::none_of(sizes.begin(), sizes.end(),
                      [&](int64_t size) { return size != 0 && __builtin_mul_overflow(product, size, &product); });
}

int32_t CheckElements(const tfapprox_conv2d& shape, tfapprox_error* error) {
  const bool taps_fit = Fits({shape.filter_height, shape.filter_width, shape.in_channels});
  if (!taps_fit || shape.filter_height * shape.filter_width * shape.in_channels > kMaxSize ||
      !Fits({shape.batch, shape.in_height, shape.in_width, shape.in_channels}) ||
      !Fits({shape.batch, shape.out_height, shape.out_width, shape.out_channels})) {
    return Fail(error, TFAPPROX_INVALID_ARGUMENT,
                "the number of taps (filter height * filter width * input channels) must not exceed %" PRId64
                ", that of input and output elements 2^63 - 1; received filter %" PRId64 "x%" PRId64 "x%" PRId64
                ", input %" PRId64 "x%" PRId64 "x%" PRId64 " and output %" PRId64 "x%" PRId64
                " per image, batch %" PRId64,
                kMaxSize, shape.filter_height, shape.filter_width, shape.in_channels, shape.in_height, shape.in_width,
                shape.in_channels, shape.out_height, shape.out_width, shape.batch);
  }
  return TFAPPROX_OK;
}

}  // namespace
}  // namespace tfapprox

int32_t tfapprox_conv2d_resolve(tfapprox_conv2d* shape, tfapprox_error* error) {
  if (const int32_t status = tfapprox::CheckSizes(*shape, error)) return status;
  tfapprox::Dimension height = {"height",
                                shape->in_height,
                                shape->filter_height,
                                shape->stride_height,
                                shape->dilation_height,
                                shape->pad_top,
                                shape->pad_bottom,
                                0};
  tfapprox::Dimension width = {"width",
                               shape->in_width,
                               shape->filter_width,
                               shape->stride_width,
                               shape->dilation_width,
                               shape->pad_left,
                               shape->pad_right,
                               0};
  if (const int32_t status = tfapprox::Resolve(shape->padding, &height, error)) return status;
  if (const int32_t status = tfapprox::Resolve(shape->padding, &width, error)) return status;
  shape->pad_top = height.pad_before;
  shape->pad_bottom = height.pad_after;
  shape->pad_left = width.pad_before;
  shape->pad_right = width.pad_after;
  shape->out_height = height.output;
  shape->out_width = width.output;
  return tfapprox::CheckElements(*shape, error);
}
