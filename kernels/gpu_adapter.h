// What TensorFlow 2's GPU kernels share: a table's copy on the GPU, workspace and stream. TensorFlow 1.14 has none.
#ifndef TFAPPROX_KERNELS_GPU_ADAPTER_H_
#define TFAPPROX_KERNELS_GPU_ADAPTER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>

#include "core_adapter.h"
#include "tfapprox_cuda.h"

namespace tfapprox {

// A kernel's table on its GPU. The first call brings it there, because TensorFlow makes a GPU the current one for
// Compute, but not for a kernel's construction.
class GpuTable {
 public:
  Status Get(const tfapprox_table* table, const tfapprox_cuda_table** copy);

 private:
  struct Release {
    void operator()(const tfapprox_cuda_table* copy) const { tfapprox_cuda_table_release(copy); }
  };
  std::mutex mutex_;
  std::unique_ptr<const tfapprox_cuda_table, Release> copy_;
};

// Calls queue(workspace, stream, error), which queues work on TensorFlow's stream and returns a status of the core.
using Queue = std::function<int32_t(void*, void*, tfapprox_error*)>;
Status RunOnStream(tensorflow::OpKernelContext* context, int64_t workspace_bytes, const Queue& queue);

}  // namespace tfapprox

#endif  // TFAPPROX_KERNELS_GPU_ADAPTER_H_
