// The passes of an operation on a GPU: the workspace, and the kernels in their order.
#ifndef TFAPPROX_COMMON_CORE_CUDA_PASSES_H_
#define TFAPPROX_COMMON_CORE_CUDA_PASSES_H_

#include "device_table.h"

namespace tfapprox {
namespace cuda {

// One call of an operation, with its tensors in device memory.
struct Call {
  tfapprox_operation operation;
  const tfapprox_cuda_table& table;  // the copy of operation.table on this device
  tfapprox_cuda_work work;
  const void* activations;  // float or uint8_t, as the operand says
  const void* weights;      // likewise
  int32_t* output;          // the bits of float or int32_t
  cudaStream_t stream;
};

// Queues all passes.
int32_t RunPasses(const Call& call, void* workspace, tfapprox_error* error);

}  // namespace cuda
}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_CUDA_PASSES_H_
