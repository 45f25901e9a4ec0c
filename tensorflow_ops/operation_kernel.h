// The TensorFlow kernel of every operation, on every device.
//
// Operation is a class of one operation, with
//   Status Read(OpKernelConstruction*)                              reads attributes
//   Status Fill(OpKernelContext*, tfapprox_operation*, Tensors*)    describes a call that has its table, allocates its
//                                                                   outputs
// Table is a class that knows where the truth table of the operation comes from (table_source.h), with
//   Status Read(OpKernelConstruction*)                              reads attributes
//   Status Find(OpKernelContext*, TableHandle*)                     gives the table of a call
// Device is CpuDevice or GpuDevice. One kernel serves any number of threads.
#ifndef TFAPPROX_TENSORFLOW_OPS_OPERATION_KERNEL_H_
#define TFAPPROX_TENSORFLOW_OPS_OPERATION_KERNEL_H_

#include <algorithm>

#include "core_adapter.h"
#include "cpu_device.h"
#ifdef TFAPPROX_GPU
#include "gpu_device.h"
#endif

namespace tfapprox {

template <typename Operation, typename Table, typename Device>
class OperationKernel : public tensorflow::OpKernel {
 public:
  explicit OperationKernel(tensorflow::OpKernelConstruction* context) : OpKernel(context) {
    OP_REQUIRES_OK(context, operation_.Read(context));
    OP_REQUIRES_OK(context, table_.Read(context));
  }

  void Compute(tensorflow::OpKernelContext* context) override {
    TableHandle table;
    OP_REQUIRES_OK(context, table_.Find(context, &table));
    tfapprox_operation call = {};
    call.table = table.get();
    Tensors tensors;
    OP_REQUIRES_OK(context, operation_.Fill(context, &call, &tensors));
    if (context->mutable_output(0)->NumElements() == 0) return;
    if (tensors.parts.empty()) {
      OP_REQUIRES_OK(context, device_.Run(context, call, tensors));
    } else {
      OP_REQUIRES_OK(context, RunParts(context, call, tensors));
    }
  }

 private:
  // Runs the parts of a transposed convolution one after the other. Outputs without a tap are 0 (3.10).
  Status RunParts(tensorflow::OpKernelContext* context, tfapprox_operation call, const Tensors& tensors) {
    const auto is_empty = [](const tfapprox_operation& part) { return part.problem.out_height == 0; };
    if (std::any_of(tensors.parts.begin(), tensors.parts.end(), is_empty)) {
      TF_RETURN_IF_ERROR(device_.Clear(context, tensors.output, context->mutable_output(0)->TotalBytes()));
    }
    for (const tfapprox_operation& part : tensors.parts) {
      if (is_empty(part)) continue;
      call.problem = part.problem;
      call.filter_steps = part.filter_steps;
      TF_RETURN_IF_ERROR(device_.Run(context, call, tensors));
    }
    return Status();
  }

  Operation operation_;
  Table table_;
  Device device_;
};

}  // namespace tfapprox

#endif  // TFAPPROX_TENSORFLOW_OPS_OPERATION_KERNEL_H_
