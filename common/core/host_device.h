// TFAPPROX_HOST_DEVICE marks the inline functions that both CPU code and CUDA kernels call.
//
// nvcc compiles a marked function for the host and for the device; for any other compiler the macro is empty.
#ifndef TFAPPROX_COMMON_CORE_HOST_DEVICE_H_
#define TFAPPROX_COMMON_CORE_HOST_DEVICE_H_

#ifdef __CUDACC__
#define TFAPPROX_HOST_DEVICE __host__ __device__
#else
#define TFAPPROX_HOST_DEVICE
#endif

#endif  // TFAPPROX_COMMON_CORE_HOST_DEVICE_H_
