// The kernels of an operation on real numbers, on the CPU and on GPUs, for every type of its attribute T.
#ifndef TFAPPROX_TENSORFLOW_OPS_REGISTER_KERNELS_H_
#define TFAPPROX_TENSORFLOW_OPS_REGISTER_KERNELS_H_

#include "operation_kernel.h"

#define TFAPPROX_REGISTER_CPU(NAME, OPERATION, TYPE)                                             \
  REGISTER_KERNEL_BUILDER(Name(NAME).Device(::tensorflow::DEVICE_CPU).TypeConstraint<TYPE>("T"), \
                          OperationKernel<OPERATION, CpuDevice>);
#ifdef TFAPPROX_GPU
#define TFAPPROX_REGISTER_GPU(NAME, OPERATION, TYPE, HOST_MEMORY)                                            \
  REGISTER_KERNEL_BUILDER(Name(NAME).Device(::tensorflow::DEVICE_GPU).TypeConstraint<TYPE>("T") HOST_MEMORY, \
                          OperationKernel<OPERATION, GpuDevice>);
#else
#define TFAPPROX_REGISTER_GPU(NAME, OPERATION, TYPE, HOST_MEMORY)
#endif
#define TFAPPROX_REGISTER_TYPE(NAME, OPERATION, TYPE, HOST_MEMORY) \
  TFAPPROX_REGISTER_CPU(NAME, OPERATION, TYPE) TFAPPROX_REGISTER_GPU(NAME, OPERATION, TYPE, HOST_MEMORY)
// HOST_MEMORY is a chain of calls of .HostMemory, for the inputs that a GPU's kernel reads on the host. Types other than
// float are registered so that Read can say what to do instead.
#define TFAPPROX_REGISTER_KERNELS(NAME, OPERATION, HOST_MEMORY)         \
  TFAPPROX_REGISTER_TYPE(NAME, OPERATION, float, HOST_MEMORY)           \
  TFAPPROX_REGISTER_TYPE(NAME, OPERATION, Eigen::half, HOST_MEMORY)     \
  TFAPPROX_REGISTER_TYPE(NAME, OPERATION, Eigen::bfloat16, HOST_MEMORY) \
  TFAPPROX_REGISTER_TYPE(NAME, OPERATION, double, HOST_MEMORY)

#endif  // TFAPPROX_TENSORFLOW_OPS_REGISTER_KERNELS_H_
