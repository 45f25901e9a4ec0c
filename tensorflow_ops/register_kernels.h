// The kernels of an operation on real numbers, on the CPU and on GPUs, for every type of its attribute T.
#ifndef TFAPPROX_TENSORFLOW_OPS_REGISTER_KERNELS_H_
#define TFAPPROX_TENSORFLOW_OPS_REGISTER_KERNELS_H_

#include "operation_kernel.h"
#include "table_source.h"

#define TFAPPROX_REGISTER_CPU(NAME, OPERATION, TABLE, TYPE)                                      \
  REGISTER_KERNEL_BUILDER(Name(NAME).Device(::tensorflow::DEVICE_CPU).TypeConstraint<TYPE>("T"), \
                          OperationKernel<OPERATION, TABLE, CpuDevice>);
#ifdef TFAPPROX_GPU
#define TFAPPROX_REGISTER_GPU(NAME, OPERATION, TABLE, TYPE, HOST_MEMORY)                                     \
  REGISTER_KERNEL_BUILDER(Name(NAME).Device(::tensorflow::DEVICE_GPU).TypeConstraint<TYPE>("T") HOST_MEMORY, \
                          OperationKernel<OPERATION, TABLE, GpuDevice>);
#else
#define TFAPPROX_REGISTER_GPU(NAME, OPERATION, TABLE, TYPE, HOST_MEMORY)
#endif
#define TFAPPROX_REGISTER_TYPE(NAME, NAME_WITH_TABLE, OPERATION, TYPE, HOST_MEMORY) \
  TFAPPROX_REGISTER_CPU(NAME, OPERATION, AttributeTable, TYPE)                      \
  TFAPPROX_REGISTER_GPU(NAME, OPERATION, AttributeTable, TYPE, HOST_MEMORY)         \
  TFAPPROX_REGISTER_CPU(NAME_WITH_TABLE, OPERATION, InputTable, TYPE)               \
  TFAPPROX_REGISTER_GPU(NAME_WITH_TABLE, OPERATION, InputTable, TYPE, HOST_MEMORY.HostMemory("table"))
// Registers the kernels of both forms of an operation. HOST_MEMORY is a chain of calls of .HostMemory, for the inputs
// that a GPU's kernel reads on the host. Types other than float are registered so that Read can say what to do instead.
#define TFAPPROX_REGISTER_KERNELS(NAME, NAME_WITH_TABLE, OPERATION, HOST_MEMORY)         \
  TFAPPROX_REGISTER_TYPE(NAME, NAME_WITH_TABLE, OPERATION, float, HOST_MEMORY)           \
  TFAPPROX_REGISTER_TYPE(NAME, NAME_WITH_TABLE, OPERATION, Eigen::half, HOST_MEMORY)     \
  TFAPPROX_REGISTER_TYPE(NAME, NAME_WITH_TABLE, OPERATION, Eigen::bfloat16, HOST_MEMORY) \
  TFAPPROX_REGISTER_TYPE(NAME, NAME_WITH_TABLE, OPERATION, double, HOST_MEMORY)

#endif  // TFAPPROX_TENSORFLOW_OPS_REGISTER_KERNELS_H_
