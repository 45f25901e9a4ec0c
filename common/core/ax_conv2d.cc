// AxConv2D of TensorFlow 1.14 as an operation of the core, bit-compatible with the original: equations (5).
#include <cmath>
#include <limits>

#include "error.h"
#include "float_environment.h"
#include "tfapprox.h"

namespace tfapprox {
namespace {

// Rounds halves away from zero. What does not fit, and NaN, is the least integer, which is what x86 converts it to.
int64_t RoundToInt64(double x) {
  const double rounded = std::round(x);
  if (!(std::abs(rounded) < 9223372036854775808.0)) return std::numeric_limits<int64_t>::min();
  return static_cast<int64_t>(rounded);
}

// The code of the real number 0 (5.1). The subtraction wraps around.
int32_t Offset(float min, float max) {
  const double width = max - min;
  if (width == 0) return 0;
  const double steps = 256.0 / (width * (256.0 / 255.0));
  const uint64_t zero = static_cast<uint64_t>(RoundToInt64(0.0 * steps));
  return static_cast<int32_t>(static_cast<uint32_t>(zero - static_cast<uint64_t>(RoundToInt64(min * steps))));
}

// The padding before the first element (5.3), which is another than that of (4). C++ divides towards zero.
int64_t PadBefore(int32_t padding, int64_t outputs, int64_t stride, int64_t filter, int64_t input) {
  return ((outputs - 1) * stride + filter - input + (padding == TFAPPROX_PADDING_VALID ? 1 : 0)) / 2;
}

tfapprox_operand Codes(float min, float max) {
  tfapprox_operand operand{};
  operand.elements = TFAPPROX_CODES;
  operand.quantiser.zero_point = Offset(min, max);
  return operand;
}

}  // namespace
}  // namespace tfapprox

int32_t tfapprox_ax_conv2d_fill(const tfapprox_problem* problem, float min_input, float max_input, float min_filter,
                                float max_filter, const tfapprox_table* table, tfapprox_operation* operation,
                                float* min_output, float* max_output, tfapprox_error* error) {
  const tfapprox::FloatEnvironment ieee;
  const bool plain = problem->layout == TFAPPROX_LAYOUT_NHWC && problem->padding != TFAPPROX_PADDING_EXPLICIT &&
                     problem->dilation_height == 1 && problem->dilation_width == 1 && problem->groups == 1;
  if (!plain || tfapprox_table_num_bits(table) != TFAPPROX_MAX_BITS) {
    return tfapprox::Fail(error, TFAPPROX_INVALID_ARGUMENT,
                          "AxConv2D must be NHWC, SAME or VALID, with dilations 1, groups 1 and a table of 8 bits; "
                          "received layout %d, padding %d, dilations %lld and %lld, groups %lld, %d bits",
                          problem->layout, problem->padding, static_cast<long long>(problem->dilation_height),
                          static_cast<long long>(problem->dilation_width), static_cast<long long>(problem->groups),
                          tfapprox_table_num_bits(table));
  }
  if (tfapprox_table_is_signed(table)) {
    return tfapprox::Fail(error, TFAPPROX_INVALID_ARGUMENT,
                          "AxConv2D must have an unsigned table; received a signed one");
  }
  *operation = {};
  operation->problem = *problem;
  operation->problem.pad_top = tfapprox::PadBefore(problem->padding, problem->out_height, problem->stride_height,
                                                   problem->filter_height, problem->in_height);
  operation->problem.pad_left = tfapprox::PadBefore(problem->padding, problem->out_width, problem->stride_width,
                                                    problem->filter_width, problem->in_width);
  operation->activation = tfapprox::Codes(min_input, max_input);
  operation->weight = tfapprox::Codes(min_filter, max_filter);
  operation->output = TFAPPROX_OUTPUT_WRAPPED;
  operation->table = table;
  const float input_step = (max_input - min_input) / 255.0f, filter_step = (max_filter - min_filter) / 255.0f;
  *max_output = input_step * filter_step * 2147483648.0f;  // (5.5)
  *min_output = -*max_output;
  return TFAPPROX_OK;
}
