// When operands are exchanged, and as which convolution.
#include "exchange.h"

#include "table.h"

namespace tfapprox {
namespace {

// The time of a tap with one fixed code and `count` of the other one, in look-ups of a vector: each block of a row
// loads the tables of the code, as measured on a Zen 5 (docs/cpu_kernels.md).
double TapTime(int64_t count) {
  return 2.5 * static_cast<double>(CeilDivide(count, kMaxWidth)) + static_cast<double>(CeilDivide(count, kLanes));
}

// Preparation and packing cost somewhat more than of operands that are not exchanged.
constexpr double kLeastGain = 1.15;

bool IsWorthIt(int64_t pixels, int64_t filters) {
  return TapTime(pixels) * static_cast<double>(filters) > kLeastGain * TapTime(filters) * static_cast<double>(pixels);
}

// One image of one row, a pixel for each filter; channels are the taps, as a filter HWIO lies. Its output, planes of
// pixels, is the call's: pixels of channels.
tfapprox_conv2d Exchanged(const tfapprox_conv2d& shape) {
  tfapprox_conv2d exchanged{};
  exchanged.batch = exchanged.in_height = exchanged.out_height = 1;
  exchanged.in_width = exchanged.out_width = shape.out_channels;
  exchanged.in_channels = Taps(shape);
  exchanged.filter_height = exchanged.filter_width = 1;
  exchanged.out_channels = Pixels(shape);
  exchanged.stride_height = exchanged.stride_width = exchanged.dilation_height = exchanged.dilation_width = 1;
  exchanged.layout = TFAPPROX_LAYOUT_NCHW;
  return exchanged;
}

}  // namespace

int32_t ExchangeOperands(const tfapprox_table& table, int32_t path, const tfapprox_conv2d& shape,
                         tfapprox_conv2d_work* work, tfapprox_error* error) {
  const Program& program = *work->program;
  if (program.planes == 0 || shape.layout != TFAPPROX_LAYOUT_NHWC) return TFAPPROX_OK;
  if (!IsWorthIt(Pixels(shape), shape.out_channels)) return TFAPPROX_OK;
  const tfapprox_table* transposed;
  const Program* exchanged;
  if (const int32_t status = Transpose(table, &transposed, error)) return status;
  tfapprox_error no_such_plan;  // TFAPPROX_PLAN may name one that only the table itself has
  if (FindProgram(*transposed, path, &exchanged, &no_such_plan) != TFAPPROX_OK) return TFAPPROX_OK;
  if (exchanged->plan->kind != program.plan->kind || exchanged->entries != program.entries) return TFAPPROX_OK;
  work->program = exchanged;
  work->shape = Exchanged(shape);
  work->is_exchanged = 1;
  return TFAPPROX_OK;
}

const Source& PackedOperand(const tfapprox_conv2d_work& work, const Operands& operands) {
  return work.is_exchanged ? operands.filter : operands.input;
}

void PrepareOperand(const tfapprox_conv2d& shape, const tfapprox_conv2d_work& work, const Operands& operands,
                    const Division& division, const PreparedFilter& prepared, FilterRange range) {
  if (work.is_exchanged) {
    PrepareWindows(shape, work.shape, *work.program, division, operands.input, prepared, range);
  } else {
    PrepareFilter(work.shape, *work.program, division, operands.filter, prepared, range);
  }
}

}  // namespace tfapprox
