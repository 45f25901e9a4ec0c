// When the roles of the operands are swapped, and which convolution is computed then.
#include "roles.h"

#include "costs.h"
#include "planned_table.h"
#include "quantiser.h"

namespace tfapprox {
namespace {

// The convolution with swapped roles: one image of one row, with a pixel for each filter. The taps are its channels, in
// the order in which a filter HWIO has them. Its output, planes of pixels, is the output of the call: pixels of
// channels.
tfapprox_problem Swapped(const tfapprox_problem& problem) {
  tfapprox_problem swapped{};
  swapped.batch = swapped.in_height = swapped.out_height = 1;
  swapped.in_width = swapped.out_width = problem.out_channels;
  swapped.in_channels = Taps(problem);
  swapped.filter_height = swapped.filter_width = swapped.groups = 1;
  swapped.out_channels = Pixels(problem);
  swapped.stride_height = swapped.stride_width = swapped.dilation_height = swapped.dilation_width = 1;
  swapped.out_stride_height = swapped.out_stride_width = 1;
  swapped.layout = TFAPPROX_LAYOUT_NCHW;
  return swapped;
}

Source SourceOf(const tfapprox_operand& operand, const void* elements) {
  const bool is_real = operand.elements == TFAPPROX_REALS;
  return {is_real ? static_cast<const float*>(elements) : nullptr,
          is_real ? nullptr : static_cast<const uint8_t*>(elements), &operand.quantiser, operand.per_filter,
          ByteOf(operand.quantiser, operand.quantiser.zero_point)};  // (3.2), (5.4)
}

}  // namespace

Sides SidesOf(const tfapprox_operation& operation, const tfapprox_work& work, const void* activations,
              const void* weights) {
  const Source activation = SourceOf(operation.activation, activations), weight = SourceOf(operation.weight, weights);
  const int64_t activation_zero = operation.activation.quantiser.zero_point;
  const int64_t weight_zero = operation.weight.quantiser.zero_point;
  if (work.lanes == TFAPPROX_LANES_ACTIVATION) return {activation, weight, activation_zero, weight_zero};
  return {weight, activation, weight_zero, activation_zero};
}

int32_t ChooseRoles(const tfapprox_operation& operation, int32_t path, tfapprox_work* work, tfapprox_error* error) {
  const tfapprox_problem& problem = operation.problem;
  if (problem.layout != TFAPPROX_LAYOUT_NHWC || problem.groups != 1) return TFAPPROX_OK;
  if (operation.weight.per_filter != nullptr) return TFAPPROX_OK;  // lanes have one zero point
  if (HasSteps(operation) || IsStrided(problem)) return TFAPPROX_OK;
  // Of the operands, the one with more elements fills lanes better; its table need not be transposed to know this.
  if (Pixels(problem) == 0 || Pixels(problem) >= problem.out_channels) return TFAPPROX_OK;
  const tfapprox_problem swapped_problem = Swapped(problem);
  const tfapprox_table* transposed;
  const Program* swapped;
  if (const int32_t status = Transpose(*operation.table, &transposed, error)) return status;
  tfapprox_error no_such_plan;  // TFAPPROX_PLAN may name a plan that the transposed table does not have
  if (FindProgram(*transposed, path, swapped_problem, work->threads, &swapped, &no_such_plan) != TFAPPROX_OK) {
    return TFAPPROX_OK;
  }
  // Each way round has a plan of its own, the best one of its table.
  const auto cycles = [&](const Program& program, const tfapprox_problem& shape) {
    return CyclesOf(program, shape, work->threads).total();
  };
  if (cycles(*swapped, swapped_problem) >= cycles(*work->program, problem)) return TFAPPROX_OK;
  work->program = swapped;
  work->problem = swapped_problem;
  work->lanes = TFAPPROX_LANES_WEIGHT;
  return TFAPPROX_OK;
}

void PrepareBroadcast(const tfapprox_operation& operation, const tfapprox_work& work, const Source& broadcast,
                      const Division& division, const PreparedFilter& prepared, FilterRange range) {
  if (work.lanes == TFAPPROX_LANES_WEIGHT) {
    PrepareWindows(operation.problem, work.problem, *work.program, division, broadcast, prepared, range);
  } else {
    tfapprox_operation simplified = operation;
    simplified.problem = work.problem;
    PrepareFilter(work.problem, FilterSteps(simplified), *work.program, division, broadcast, prepared, range);
  }
}

}  // namespace tfapprox
