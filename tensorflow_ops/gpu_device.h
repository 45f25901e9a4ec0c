// An operation of the core on TensorFlow 2's GPU: its allocator and its stream. TensorFlow 1.14 has no such kernels.
#ifndef TFAPPROX_TENSORFLOW_OPS_GPU_DEVICE_H_
#define TFAPPROX_TENSORFLOW_OPS_GPU_DEVICE_H_

#include <memory>
#include <mutex>

#include "core_adapter.h"
#include "tfapprox_cuda.h"

namespace tfapprox {

// Keeps the copy of the table that one kernel used last; the core keeps some that kernels used before. A table is copied
// by the first call that uses it, because TensorFlow makes a GPU the current one for Compute, but not for the
// construction of a kernel.
class GpuDevice {
 public:
  Status Clear(tensorflow::OpKernelContext* context, void* memory, int64_t bytes);
  Status Run(tensorflow::OpKernelContext* context, const tfapprox_operation& operation, const Tensors& tensors);
  Status RunGradient(tensorflow::OpKernelContext* context, const tfapprox_table_gradient& gradient,
                     const GradientTensors& tensors);

 private:
  using CopyHandle = std::shared_ptr<const tfapprox_cuda_table>;

  Status CopyOf(const tfapprox_table* table, CopyHandle* copy);

  std::mutex mutex_;
  const tfapprox_table* table_ = nullptr;  // that of the last call, which its copy keeps in memory
  CopyHandle copy_;
};

}  // namespace tfapprox

#endif  // TFAPPROX_TENSORFLOW_OPS_GPU_DEVICE_H_
