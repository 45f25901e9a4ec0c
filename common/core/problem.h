// The sizes of a convolution that everything else is computed from, for the CPU and the GPU.
#ifndef TFAPPROX_COMMON_CORE_PROBLEM_H_
#define TFAPPROX_COMMON_CORE_PROBLEM_H_

#include "tfapprox.h"

namespace tfapprox {

inline int64_t CeilDivide(int64_t a, int64_t b) { return a / b + (a % b != 0); }
inline int64_t RoundUp(int64_t a, int64_t b) { return CeilDivide(a, b) * b; }

// Return the number of input channels that one filter sees, and the number of filters that see the same channels.
inline int64_t GroupInputs(const tfapprox_problem& problem) { return problem.in_channels / problem.groups; }
inline int64_t GroupFilters(const tfapprox_problem& problem) { return problem.out_channels / problem.groups; }

// Returns the number of products of one output, taps in the padding included: the K of (3.3) and (5.2).
inline int64_t Taps(const tfapprox_problem& problem) {
  return problem.filter_height * problem.filter_width * GroupInputs(problem);
}

// Returns the number of positions of the output, each of which has out_channels outputs.
inline int64_t Pixels(const tfapprox_problem& problem) {
  return problem.batch * problem.out_height * problem.out_width;
}

// Returns whether the outputs are only some of the elements of the output tensor.
inline bool IsStrided(const tfapprox_problem& problem) {
  return problem.out_stride_height != 1 || problem.out_stride_width != 1;
}

// Return the numbers of rows and columns of the output tensor.
inline int64_t TensorHeight(const tfapprox_problem& problem) {
  return IsStrided(problem) ? problem.out_tensor_height : problem.out_height;
}
inline int64_t TensorWidth(const tfapprox_problem& problem) {
  return IsStrided(problem) ? problem.out_tensor_width : problem.out_width;
}

// Returns whether the filter has another order of elements than
// [filter_height][filter_width][in_channels / groups][out_channels].
inline bool HasSteps(const tfapprox_operation& operation) {
  return operation.filter_steps.channel != 0 || operation.filter_steps.filter != 0;
}

// Returns where the elements of the filter lie.
inline tfapprox_filter_steps FilterSteps(const tfapprox_operation& operation) {
  if (HasSteps(operation)) return operation.filter_steps;
  const tfapprox_problem& problem = operation.problem;
  const int64_t column = GroupInputs(problem) * problem.out_channels;
  return {problem.filter_width * column, column, problem.out_channels, 1, 0};
}

// Returns the address of an element of an operand's tensor.
inline const void* ElementAt(const tfapprox_operand& operand, const void* tensor, int64_t index) {
  const int64_t bytes = operand.elements == TFAPPROX_CODES ? sizeof(uint8_t) : sizeof(float);
  return static_cast<const uint8_t*>(tensor) + index * bytes;
}

// Returns which tensor of an operand an item reads; `items` is activation_items or weight_items of the operation.
inline int64_t TensorOf(const tfapprox_operation& operation, const int64_t* items, int64_t item) {
  return operation.items == 0 ? 0 : items[item];
}

// Return the address of the input, and that of the filter, with the number `number`.
inline const void* InputAt(const tfapprox_operation& operation, const void* inputs, int64_t number) {
  const tfapprox_problem& problem = operation.problem;
  const int64_t size = problem.batch * problem.in_height * problem.in_width * problem.in_channels;
  return ElementAt(operation.activation, inputs, number * size);
}
inline const void* FilterAt(const tfapprox_operation& operation, const void* filters, int64_t number) {
  return ElementAt(operation.weight, filters, number * Taps(operation.problem) * operation.problem.out_channels);
}

}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_PROBLEM_H_
