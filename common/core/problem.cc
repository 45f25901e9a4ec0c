// Output size and padding of a 2-D convolution, equations (4) of docs/arithmetic.md.
#include "problem.h"

#include <algorithm>
#include <cinttypes>
#include <initializer_list>

#include "error.h"

namespace tfapprox {
namespace {

// With sizes up to this, every sum of two sizes and every product of a position and a stride fits 63 bits.
constexpr int64_t kMaxSize = INT32_MAX;

struct Size {
  const char* name;
  int64_t value;
  int64_t min;
};

int32_t CheckSizes(const tfapprox_problem& problem, tfapprox_error* error) {
  const bool is_explicit = problem.padding == TFAPPROX_PADDING_EXPLICIT;
  const Size sizes[] = {
      {"input batch", problem.batch, 0},
      {"input height", problem.in_height, 0},
      {"input width", problem.in_width, 0},
      {"input channels", problem.in_channels, 1},
      {"filter height", problem.filter_height, 1},
      {"filter width", problem.filter_width, 1},
      {"filter output channels", problem.out_channels, 1},
      {"groups", problem.groups, 1},
      {"strides height", problem.stride_height, 1},
      {"strides width", problem.stride_width, 1},
      {"dilations height", problem.dilation_height, 1},
      {"dilations width", problem.dilation_width, 1},
      {"explicit_paddings top", is_explicit ? problem.pad_top : 0, 0},
      {"explicit_paddings bottom", is_explicit ? problem.pad_bottom : 0, 0},
      {"explicit_paddings left", is_explicit ? problem.pad_left : 0, 0},
      {"explicit_paddings right", is_explicit ? problem.pad_right : 0, 0},
  };
  for (const Size& size : sizes) {
    if (size.value < size.min || size.value > kMaxSize) {
      return Fail(error, TFAPPROX_INVALID_ARGUMENT, "%s must be from %" PRId64 " to %" PRId64 "; received %" PRId64,
                  size.name, size.min, kMaxSize, size.value);
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

// Whether the product of the sizes of a tensor fits 63 bits, sizes of 0 left out. TensorFlow aborts the process where
// the product of the first few sizes does not fit, even if a later size is 0.
bool Fits(std::initializer_list<int64_t> sizes) {
  int64_t product = 1;
  return std::none_of(sizes.begin(), sizes.end(),
                      [&](int64_t size) { return size != 0 && __builtin_mul_overflow(product, size, &product); });
}

int32_t CheckGroups(const tfapprox_problem& problem, tfapprox_error* error) {
  if (problem.in_channels % problem.groups == 0 && problem.out_channels % problem.groups == 0) return TFAPPROX_OK;
  return Fail(error, TFAPPROX_INVALID_ARGUMENT,
              "groups must divide input channels and filter output channels; received %" PRId64 " groups, %" PRId64
              " input channels, %" PRId64 " output channels",
              problem.groups, problem.in_channels, problem.out_channels);
}

int32_t CheckElements(const tfapprox_problem& problem, tfapprox_error* error) {
  const bool taps_fit = Fits({problem.filter_height, problem.filter_width, problem.in_channels});
  if (!taps_fit || Taps(problem) > kMaxSize ||
      !Fits({problem.batch, problem.in_height, problem.in_width, problem.in_channels}) ||
      !Fits({problem.batch, problem.out_height, problem.out_width, problem.out_channels})) {
    return Fail(error, TFAPPROX_INVALID_ARGUMENT,
                "the number of taps (filter height * filter width * input channels) must not exceed %" PRId64
                ", that of input and output elements 2^63 - 1; received filter %" PRId64 "x%" PRId64 "x%" PRId64
                ", input %" PRId64 "x%" PRId64 "x%" PRId64 " and output %" PRId64 "x%" PRId64
                " per image, batch %" PRId64,
                kMaxSize, problem.filter_height, problem.filter_width, problem.in_channels, problem.in_height,
                problem.in_width, problem.in_channels, problem.out_height, problem.out_width, problem.batch);
  }
  return TFAPPROX_OK;
}

}  // namespace
}  // namespace tfapprox

int32_t tfapprox_problem_resolve(tfapprox_problem* problem, tfapprox_error* error) {
  if (const int32_t status = tfapprox::CheckSizes(*problem, error)) return status;
  if (const int32_t status = tfapprox::CheckGroups(*problem, error)) return status;
  tfapprox::Dimension height = {"height",
                                problem->in_height,
                                problem->filter_height,
                                problem->stride_height,
                                problem->dilation_height,
                                problem->pad_top,
                                problem->pad_bottom,
                                0};
  tfapprox::Dimension width = {"width",
                               problem->in_width,
                               problem->filter_width,
                               problem->stride_width,
                               problem->dilation_width,
                               problem->pad_left,
                               problem->pad_right,
                               0};
  if (const int32_t status = tfapprox::Resolve(problem->padding, &height, error)) return status;
  if (const int32_t status = tfapprox::Resolve(problem->padding, &width, error)) return status;
  problem->pad_top = height.pad_before;
  problem->pad_bottom = height.pad_after;
  problem->pad_left = width.pad_before;
  problem->pad_right = width.pad_after;
  problem->out_height = height.output;
  problem->out_width = width.output;
  return tfapprox::CheckElements(*problem, error);
}
