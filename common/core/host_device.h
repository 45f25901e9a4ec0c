// Marks functions that CUDA kernels call, too; the host's compiler sees nothing of it.
#ifndef TFAPPROX_COMMON_CORE_HOST_DEVICE_H_
#define TFAPPROX_COMMON_CORE_HOST_DEVICE_H_

#ifdef __CUDACC__
#define TFAPPROX_HOST_DEVICE __host__ __device__
#else
#define TFAPPROX_HOST_DEVICE
#endif

#endif  // TFAPPROX_COMMON_CORE_HOST_DEVICE_H_
