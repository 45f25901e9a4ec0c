// An operation on a GPU: the two functions of the C interface.
#include "error.h"
#include "float_environment.h"
#include "passes.h"

int32_t tfapprox_cuda_operation_init(const tfapprox_operation* operation, const tfapprox_cuda_table* table,
                                     tfapprox_cuda_work* work, tfapprox_error* error) {
  if (const int32_t status = tfapprox_operation_check(operation, error)) return status;
  if (operation->problem.groups != 1 || operation->weight.per_filter != nullptr) {
    return tfapprox::Fail(error, TFAPPROX_INVALID_ARGUMENT,
                          "groups must be 1, and weights must have one range, on a GPU; received %lld groups%s",
                          static_cast<long long>(operation->problem.groups),
                          operation->weight.per_filter != nullptr ? ", a range for each filter" : "");
  }
  return tfapprox::cuda::DivideWork(operation->problem, *table, work, error);
}

int32_t tfapprox_cuda_operation_run(const tfapprox_operation* operation, const tfapprox_cuda_table* table,
                                    const tfapprox_cuda_work* work, const void* activations, const void* weights,
                                    void* output, void* workspace, void* stream, tfapprox_error* error) {
  const tfapprox::FloatEnvironment ieee;  // a scale may be subnormal
  const tfapprox::cuda::Call call = {*operation,
                                     *table,
                                     *work,
                                     activations,
                                     weights,
                                     static_cast<int32_t*>(output),
                                     static_cast<cudaStream_t>(stream)};
  return tfapprox::cuda::RunPasses(call, workspace, error);
}
