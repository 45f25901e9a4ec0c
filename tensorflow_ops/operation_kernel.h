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
    OP_REQUIRES_OK(context, device_.Run(context, call, tensors));
  }

 private:
  Operation operation_;
  Table table_;
  Device device_;
};

}  // namespace tfapprox

#endif  // TFAPPROX_TENSORFLOW_OPS_OPERATION_KERNEL_H_
