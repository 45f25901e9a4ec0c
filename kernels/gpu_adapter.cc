// A table's copy on the GPU, workspace and stream, in TensorFlow's terms.
#include "gpu_adapter.h"

#include "tensorflow/core/framework/device_base.h"
#include "tensorflow/core/framework/tensor.h"
#include "xla/stream_executor/stream.h"

namespace tfapprox {

Status GpuTable::Get(const tfapprox_table* table, const tfapprox_cuda_table** copy) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (copy_ == nullptr) {
    tfapprox_error error;
    const tfapprox_cuda_table* shared = nullptr;
    TF_RETURN_IF_ERROR(ToStatus(tfapprox_cuda_table_acquire(table, &shared, &error), error));
    copy_.reset(shared);
  }
  *copy = copy_.get();
  return Status();
}

Status RunOnStream(tensorflow::OpKernelContext* context, int64_t workspace_bytes, const Queue& queue) {
  // Freed before the work is done, for whoever comes next on the same stream.
  tensorflow::Tensor workspace;
  TF_RETURN_IF_ERROR(
      context->allocate_temp(tensorflow::DT_UINT8, tensorflow::TensorShape({workspace_bytes}), &workspace));
  void* stream = context->op_device_context()->stream()->platform_specific_handle().stream;
  tfapprox_error error;
  return ToStatus(queue(workspace.data(), stream, &error), error);
}

}  // namespace tfapprox
