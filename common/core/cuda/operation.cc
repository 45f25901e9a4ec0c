// An operation on a GPU: the two functions of the C interface.
#include "error.h"
#include "float_environment.h"
#include "passes.h"
#include "workspace.h"

int32_t tfapprox_cuda_operation_init(const tfapprox_operation* operation, const tfapprox_cuda_table* table,
                                     tfapprox_cuda_work* work, tfapprox_error* error) {
  if (const int32_t status = tfapprox_operation_check(operation, error)) return status;
  return tfapprox::cuda::DivideWork(*operation, *table, work, error);
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
