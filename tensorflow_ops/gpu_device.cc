// Queues an operation on TensorFlow's stream.
#include "gpu_device.h"

#include "cancellation.h"
#include "tensorflow/core/framework/device_base.h"
#include "xla/stream_executor/stream.h"

namespace tfapprox {
namespace {

void* StreamOf(tensorflow::OpKernelContext* context) {
  return context->op_device_context()->stream()->platform_specific_handle().stream;
}

}  // namespace

Status GpuDevice::CopyOf(const tfapprox_table* table, CopyHandle* copy) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (table_ == table) {
      *copy = copy_;
      return Status();
    }
  }
  tfapprox_error error;
  const tfapprox_cuda_table* shared = nullptr;
  TF_RETURN_IF_ERROR(ToStatus(tfapprox_cuda_table_acquire(table, &shared, &error), error));
  *copy = CopyHandle(shared, tfapprox_cuda_table_release);
  CopyHandle previous;  // released without the lock, because that may wait for the device
  const std::lock_guard<std::mutex> lock(mutex_);
  previous = std::move(copy_);
  copy_ = *copy;
  table_ = table;
  return Status();
}

Status GpuDevice::Clear(tensorflow::OpKernelContext* context, void* memory, int64_t bytes) {
  tfapprox_error error;
  return ToStatus(tfapprox_cuda_clear(memory, bytes, StreamOf(context), &error), error);
}

Status GpuDevice::Run(tensorflow::OpKernelContext* context, const tfapprox_operation& described,
                      const Tensors& tensors) {
  const Cancellation cancellation(context);
  tfapprox_operation operation = described;
  operation.cancelled = cancellation.flag();
  CopyHandle copy;
  TF_RETURN_IF_ERROR(CopyOf(operation.table, &copy));
  const tfapprox_cuda_table* table = copy.get();
  tfapprox_cuda_work work;
  tfapprox_error error;
  TF_RETURN_IF_ERROR(ToStatus(tfapprox_cuda_operation_init(&operation, table, &work, &error), error));
  // The memory is given back before the work is done, for work that comes later on the same stream.
  tensorflow::Tensor workspace;
  TF_RETURN_IF_ERROR(
      context->allocate_temp(tensorflow::DT_UINT8, tensorflow::TensorShape({work.workspace_bytes}), &workspace));
  TF_RETURN_IF_ERROR(
      ToStatus(tfapprox_cuda_operation_run(&operation, table, &work, tensors.activations, tensors.weights,
                                           tensors.output, workspace.data(), StreamOf(context), &error),
               error));
  return cancellation.Check(context);
}

Status GpuDevice::RunGradient(tensorflow::OpKernelContext* context, const tfapprox_table_gradient& gradient,
                              const GradientTensors& tensors) {
  CopyHandle copy;
  TF_RETURN_IF_ERROR(CopyOf(gradient.operation.table, &copy));
  int64_t bytes = 0;
  tfapprox_error error;
  TF_RETURN_IF_ERROR(ToStatus(tfapprox_cuda_table_gradient_init(&gradient, &bytes, &error), error));
  tensorflow::Tensor workspace;
  TF_RETURN_IF_ERROR(context->allocate_temp(tensorflow::DT_UINT8, tensorflow::TensorShape({bytes}), &workspace));
  return ToStatus(
      tfapprox_cuda_table_gradient_run(&gradient, copy.get(), tensors.activations, tensors.weights, tensors.upstream,
                                       tensors.activation_gradient, tensors.weight_gradient, workspace.data(),
                                       StreamOf(context), &error),
      error);
}

}  // namespace tfapprox
