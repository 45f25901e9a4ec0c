// Queues an operation on TensorFlow's stream.
#include "gpu_device.h"

#include "cancellation.h"
#include "tensorflow/core/framework/device_base.h"
#include "xla/stream_executor/stream.h"

namespace tfapprox {

Status GpuDevice::CopyOf(const tfapprox_table* table, const tfapprox_cuda_table** copy) {
  const std::lock_guard<std::mutex> lock(mutex_);
  auto& known = copies_[table];
  if (known == nullptr) {
    tfapprox_error error;
    const tfapprox_cuda_table* shared = nullptr;
    TF_RETURN_IF_ERROR(ToStatus(tfapprox_cuda_table_acquire(table, &shared, &error), error));
    known.reset(shared);
  }
  *copy = known.get();
  return Status();
}

Status GpuDevice::Run(tensorflow::OpKernelContext* context, const tfapprox_operation& described,
                      const Tensors& tensors) {
  const Cancellation cancellation(context);
  tfapprox_operation operation = described;
  operation.cancelled = cancellation.flag();
  const tfapprox_cuda_table* table;
  TF_RETURN_IF_ERROR(CopyOf(operation.table, &table));
  tfapprox_cuda_work work;
  tfapprox_error error;
  TF_RETURN_IF_ERROR(ToStatus(tfapprox_cuda_operation_init(&operation, table, &work, &error), error));
  // The memory is given back before the work is done, for work that comes later on the same stream.
  tensorflow::Tensor workspace;
  TF_RETURN_IF_ERROR(
      context->allocate_temp(tensorflow::DT_UINT8, tensorflow::TensorShape({work.workspace_bytes}), &workspace));
  void* stream = context->op_device_context()->stream()->platform_specific_handle().stream;
  TF_RETURN_IF_ERROR(
      ToStatus(tfapprox_cuda_operation_run(&operation, table, &work, tensors.activations, tensors.weights,
                                           tensors.output, workspace.data(), stream, &error),
               error));
  return cancellation.Check(context);
}

}  // namespace tfapprox
