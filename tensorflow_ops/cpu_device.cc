// Runs the parts of an operation on TensorFlow's thread pool.
#include "cpu_device.h"

#include <atomic>
#include <cstring>
#include <functional>

#include "cancellation.h"
#include "tensorflow/core/framework/allocator.h"
#include "tensorflow/core/util/work_sharder.h"

namespace tfapprox {

Status CpuDevice::Clear(tensorflow::OpKernelContext*, void* memory, int64_t bytes) {
  std::memset(memory, 0, static_cast<size_t>(bytes));
  return Status();
}

Status CpuDevice::Run(tensorflow::OpKernelContext* context, const tfapprox_operation& described,
                      const Tensors& tensors) {
  const Cancellation cancellation(context);
  tfapprox_operation operation = described;
  operation.cancelled = cancellation.flag();
  const auto& workers = *context->device()->tensorflow_cpu_worker_threads();
  tfapprox_work work;
  tfapprox_error error;
  TF_RETURN_IF_ERROR(ToStatus(tfapprox_operation_init(&operation, workers.num_threads, &work, &error), error));
  const char *path, *plan;
  tfapprox_program_describe(work.program, &path, &plan);
  VLOG(1) << context->op_kernel().name() << " (" << context->op_kernel().type_string() << "): path " << path
          << ", plan " << plan << (work.lanes == TFAPPROX_LANES_WEIGHT ? ", weights in lanes" : "");

  tensorflow::Tensor memory;
  TF_RETURN_IF_ERROR(
      context->allocate_temp(tensorflow::DT_UINT8, tensorflow::TensorShape({work.prepared_bytes}), &memory));
  void* prepared = Elements(memory);
  tensorflow::Shard(workers.num_threads, workers.workers, work.prepare_parts, work.cycles_per_prepare_part,
                    [&](int64_t begin, int64_t end) {
                      tfapprox_operation_prepare(&operation, &work, tensors.activations, tensors.weights, prepared,
                                                 begin, end);
                    });
  tensorflow::Allocator* allocator = context->device()->GetAllocator(tensorflow::AllocatorAttributes());
  std::atomic<bool> out_of_memory{false};
  tensorflow::Shard(workers.num_threads, workers.workers, work.run_parts, work.cycles_per_run_part,
                    [&](int64_t begin, int64_t end) {
                      void* workspace = allocator->AllocateRaw(64, work.workspace_bytes);
                      if (workspace == nullptr) {
                        out_of_memory = true;
                        return;
                      }
                      tfapprox_operation_run(&operation, &work, tensors.activations, tensors.weights, prepared,
                                             tensors.output, begin, end, workspace);
                      allocator->DeallocateRaw(workspace);
                    });
  TF_RETURN_IF_ERROR(cancellation.Check(context));
  if (!out_of_memory) return Status();
  return tensorflow::errors::ResourceExhausted("out of memory for a workspace of ", work.workspace_bytes,
                                               " bytes per thread");
}

Status CpuDevice::RunGradient(tensorflow::OpKernelContext* context, const tfapprox_table_gradient& described,
                              const GradientTensors& tensors) {
  const Cancellation cancellation(context);
  tfapprox_table_gradient gradient = described;
  gradient.operation.cancelled = cancellation.flag();
  const auto& workers = *context->device()->tensorflow_cpu_worker_threads();
  tfapprox_gradient_work work;
  tfapprox_error error;
  TF_RETURN_IF_ERROR(ToStatus(tfapprox_table_gradient_init(&gradient, workers.num_threads, &work, &error), error));
  tensorflow::Tensor memory;
  TF_RETURN_IF_ERROR(
      context->allocate_temp(tensorflow::DT_UINT8, tensorflow::TensorShape({work.shared_bytes}), &memory));
  void* shared = Elements(memory);
  tfapprox_table_gradient_begin(&gradient, &work, tensors.weights, tensors.upstream, shared);
  const auto shard = [&](int64_t parts, int64_t cycles, const std::function<void(int64_t, int64_t)>& run) {
    tensorflow::Shard(workers.num_threads, workers.workers, parts, cycles, run);
  };
  shard(work.prepare_parts, work.cycles_per_prepare_part, [&](int64_t begin, int64_t end) {
    tfapprox_table_gradient_prepare(&gradient, &work, tensors.activations, tensors.upstream, shared, begin, end);
  });
  tensorflow::Allocator* allocator = context->device()->GetAllocator(tensorflow::AllocatorAttributes());
  std::atomic<bool> out_of_memory{false};
  shard(work.run_parts, work.cycles_per_run_part, [&](int64_t begin, int64_t end) {
    void* workspace = allocator->AllocateRaw(64, work.workspace_bytes);
    if (workspace == nullptr) {
      out_of_memory = true;
      return;
    }
    tfapprox_table_gradient_run(&gradient, &work, shared, tensors.activation_gradient, begin, end, workspace);
    allocator->DeallocateRaw(workspace);
  });
  if (out_of_memory) {
    return tensorflow::errors::ResourceExhausted("out of memory for a workspace of ", work.workspace_bytes,
                                                 " bytes per thread");
  }
  shard(work.finish_parts, work.cycles_per_finish_part, [&](int64_t begin, int64_t end) {
    tfapprox_table_gradient_finish(&gradient, &work, shared, tensors.weight_gradient, begin, end);
  });
  return cancellation.Check(context);
}

}  // namespace tfapprox
