// The part of CUDA that the kernels use, on the host: the test-suite compiles the .cu files with g++ against this.
//
// The threads of a block are fibers of one thread of the host (block.h). Each runs until it waits at a barrier or a
// collective of its warp, so that what a missing barrier lets through is seen: the threads that have not run yet have
// written nothing, and shared memory begins as garbage. Launches are queued until something waits for the device, so
// that what they read must still be there.
#ifndef TFAPPROX_TESTS_HOST_CUDA_CUDA_RUNTIME_H_
#define TFAPPROX_TESTS_HOST_CUDA_CUDA_RUNTIME_H_

#include <malloc.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "block.h"

#define __global__
#define __device__
#define __host__
#define __launch_bounds__(...)
#define CUDART_VERSION 13000

using std::max;
using std::min;

struct uint2 {
  unsigned x, y;
};
struct alignas(16) uint4 {
  unsigned x, y, z, w;
};
struct alignas(16) int4 {
  int x, y, z, w;
};

#define threadIdx (::host_cuda::CurrentThread())
#define blockIdx (::host_cuda::CurrentBlock())

inline void __syncthreads() { host_cuda::Barrier(); }

inline unsigned __byte_perm(unsigned x, unsigned y, unsigned selector) {
  const uint64_t bytes = uint64_t{y} << 32 | x;
  unsigned result = 0;
  for (int i = 0; i < 4; ++i) result |= (bytes >> (8 * (selector >> (4 * i) & 7)) & 255) << (8 * i);
  return result;
}

inline unsigned __dp2a_lo(unsigned words, unsigned bytes, unsigned sum) {
  return sum + (words & 65535) * (bytes & 255) + (words >> 16) * (bytes >> 8 & 255);
}

inline unsigned __dp4a(unsigned x, unsigned y, unsigned sum) {
  for (int i = 0; i < 4; ++i) sum += (x >> (8 * i) & 255) * (y >> (8 * i) & 255);
  return sum;
}

inline int __float_as_int(float x) {
  int bits;
  std::memcpy(&bits, &x, sizeof bits);
  return bits;
}

inline float __int_as_float(int bits) {
  float x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

inline void atomicMax(unsigned* target, unsigned value) { *target = max(*target, value); }
inline void atomicAdd(unsigned long long* target, unsigned long long value) { *target += value; }
inline void atomicOr(unsigned long long* target, unsigned long long value) { *target |= value; }

// ---- Runtime: one device, whose memory is the host's; `TFAPPROX_HOST_CUDA` makes it fail. ----

enum cudaError_t {
  cudaSuccess = 0,
  cudaErrorMemoryAllocation = 2,
  cudaErrorInitializationError = 3,
  cudaErrorInsufficientDriver = 35,
  cudaErrorInvalidDeviceFunction = 98,
  cudaErrorNoDevice = 100,
  cudaErrorNoKernelImageForDevice = 209,
  cudaErrorUnsupportedPtxVersion = 222,
  cudaErrorLaunchFailure = 719,
};
enum cudaMemcpyKind { cudaMemcpyHostToDevice, cudaMemcpyDeviceToHost };
enum cudaFuncAttribute { cudaFuncAttributeMaxDynamicSharedMemorySize };
struct cudaFuncAttributes {};
struct cudaDeviceProp {
  char name[256];
  int major, minor, multiProcessorCount;
};
using cudaStream_t = struct HostStream*;

struct dim3 {
  unsigned x;
  dim3(unsigned size = 1) : x(size) {}
};
struct cudaLaunchConfig_t {
  dim3 gridDim, blockDim;
  size_t dynamicSmemBytes;
  cudaStream_t stream;
};

inline bool HostCudaFails(const char* how) {
  const char* wanted = std::getenv("TFAPPROX_HOST_CUDA");
  return wanted != nullptr && std::strcmp(wanted, how) == 0;
}

inline const char* cudaGetErrorString(cudaError_t) { return "as the host's model of CUDA was told"; }
inline cudaError_t cudaGetLastError() { return cudaSuccess; }
inline cudaError_t cudaDeviceSynchronize() { return host_cuda::Synchronize() ? cudaSuccess : cudaErrorLaunchFailure; }
inline cudaError_t cudaStreamSynchronize(cudaStream_t) { return cudaDeviceSynchronize(); }
inline cudaError_t cudaSetDevice(int) { return cudaSuccess; }

inline cudaError_t cudaGetDevice(int* device) {
  *device = HostCudaFails("other device");
  return HostCudaFails("no driver") ? cudaErrorInsufficientDriver : cudaSuccess;
}

inline cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int) {
  *properties = {"a host's model of a GPU", 6, 1, 2};
  return cudaSuccess;
}

inline cudaError_t cudaFuncGetAttributes(cudaFuncAttributes*, void (*)()) {
  return HostCudaFails("no kernel") ? cudaErrorNoKernelImageForDevice : cudaSuccess;
}

template <typename Kernel>
cudaError_t cudaFuncSetAttribute(Kernel*, cudaFuncAttribute, int) {
  return cudaSuccess;
}

// Device memory begins as garbage.
inline cudaError_t cudaMalloc(void** memory, size_t bytes) {
  if (HostCudaFails("no memory") || bytes > size_t{1} << 40) return cudaErrorMemoryAllocation;
  *memory = std::aligned_alloc(256, (bytes + 256) / 256 * 256);
  if (*memory == nullptr) return cudaErrorMemoryAllocation;
  std::memset(*memory, 0xa5, bytes);
  return cudaSuccess;
}

// What is freed too early is garbage at once.
inline cudaError_t cudaFree(void* memory) {
  if (memory != nullptr) std::memset(memory, 0xa5, malloc_usable_size(memory));
  std::free(memory);
  return cudaSuccess;
}

inline cudaError_t cudaMemcpy(void* target, const void* source, size_t bytes, cudaMemcpyKind) {
  const cudaError_t status = cudaDeviceSynchronize();
  if (bytes != 0) std::memcpy(target, source, bytes);
  return status;
}

inline cudaError_t cudaMemsetAsync(void* memory, int value, size_t bytes, cudaStream_t) {
  host_cuda::Queue([=] { return std::memset(memory, value, bytes) != nullptr; });
  return cudaSuccess;
}

template <typename... Parameters, typename... Arguments>
cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t* config, void (*kernel)(Parameters...),
                               const Arguments&... arguments) {
  host_cuda::Queue([launch = *config, kernel, arguments...] {
    const auto run = [&] { kernel(arguments...); };
    return host_cuda::RunGrid(launch.gridDim.x, launch.blockDim.x, launch.dynamicSmemBytes, run);
  });
  return cudaSuccess;
}

#endif  // TFAPPROX_TESTS_HOST_CUDA_CUDA_RUNTIME_H_
