// An operation of the core on TensorFlow 2's GPU: its allocator and its stream. TensorFlow 1.14 has no such kernels.
#ifndef TFAPPROX_TENSORFLOW_OPS_GPU_DEVICE_H_
#define TFAPPROX_TENSORFLOW_OPS_GPU_DEVICE_H_

#include <map>
#include <memory>
#include <mutex>

#include "core_adapter.h"
#include "tfapprox_cuda.h"

namespace tfapprox {

// Keeps the copies of the tables that one kernel has used. A table is copied by the first call that uses it, because
// TensorFlow makes a GPU the current one for Compute, but not for the construction of a kernel. The tables must outlive
// the device.
class GpuDevice {
 public:
  Status Clear(tensorflow::OpKernelContext* context, void* memory, int64_t bytes);
  Status Run(tensorflow::OpKernelContext* context, const tfapprox_operation& operation, const Tensors& tensors);

 private:
  struct Release {
    void operator()(const tfapprox_cuda_table* copy) const { tfapprox_cuda_table_release(copy); }
  };

  Status CopyOf(const tfapprox_table* table, const tfapprox_cuda_table** copy);

  std::mutex mutex_;
  std::map<const tfapprox_table*, std::unique_ptr<const tfapprox_cuda_table, Release>> copies_;
};

}  // namespace tfapprox

#endif  // TFAPPROX_TENSORFLOW_OPS_GPU_DEVICE_H_
