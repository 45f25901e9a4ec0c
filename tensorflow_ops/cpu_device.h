// An operation of the core on TensorFlow's CPU: its allocator and its thread pool.
#ifndef TFAPPROX_TENSORFLOW_OPS_CPU_DEVICE_H_
#define TFAPPROX_TENSORFLOW_OPS_CPU_DEVICE_H_

#include "core_adapter.h"

namespace tfapprox {

class CpuDevice {
 public:
  Status Clear(tensorflow::OpKernelContext* context, void* memory, int64_t bytes);
  Status Run(tensorflow::OpKernelContext* context, const tfapprox_operation& operation, const Tensors& tensors);
  Status RunGradient(tensorflow::OpKernelContext* context, const tfapprox_table_gradient& gradient,
                     const GradientTensors& tensors);
};

}  // namespace tfapprox

#endif  // TFAPPROX_TENSORFLOW_OPS_CPU_DEVICE_H_
