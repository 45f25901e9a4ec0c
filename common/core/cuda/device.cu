// The current device: tests whether this build runs on it, copies memory, and translates CUDA's errors.
#include <cstdio>

#include "device.h"
#include "error.h"

namespace tfapprox {
namespace cuda {
namespace {

// An empty kernel: asking for its attributes tells whether this build has code for the device.
__global__ void ProbeKernel() {}

}  // namespace

int32_t Check(cudaError_t status, const char* what, tfapprox_error* error) {
  if (status == cudaSuccess) return TFAPPROX_OK;
  cudaGetLastError();  // clears the error, which the next call would report again
  const char* text = cudaGetErrorString(status);
  if (status == cudaErrorMemoryAllocation) {
    return Fail(error, TFAPPROX_RESOURCE_EXHAUSTED, "the GPU's memory is exhausted: no room for %s", what);
  }
  if (status == cudaErrorNoDevice || status == cudaErrorInsufficientDriver || status == cudaErrorInitializationError) {
    return Fail(error, TFAPPROX_UNAVAILABLE, "no NVIDIA GPU with a driver for CUDA %d or later was found: %s",
                CUDART_VERSION / 1000, text);
  }
  return Fail(error, TFAPPROX_INTERNAL, "CUDA failed at %s: %s", what, text);
}

int32_t CheckDevice(tfapprox_cuda_device* device, tfapprox_error* error) {
  int number;
  cudaDeviceProp properties;
  if (const int32_t status = Check(cudaGetDevice(&number), "the current device", error)) return status;
  if (const int32_t status = Check(cudaGetDeviceProperties(&properties, number), "the current device", error)) {
    return status;
  }
  std::snprintf(device->name, sizeof device->name, "%s", properties.name);
  device->major = properties.major;
  device->minor = properties.minor;
  device->multiprocessors = properties.multiProcessorCount;
  cudaFuncAttributes attributes;
  const cudaError_t status = cudaFuncGetAttributes(&attributes, ProbeKernel);
  if (status == cudaErrorNoKernelImageForDevice || status == cudaErrorInvalidDeviceFunction ||
      status == cudaErrorUnsupportedPtxVersion) {
    cudaGetLastError();
    return Fail(error, TFAPPROX_UNAVAILABLE,
                "no kernel for this GPU: %s has compute capability %d.%d, and this build has kernels for %s. Rebuild "
                "with -C cmake.define.TFAPPROX_CUDA_ARCHS=%d.%d",
                device->name, device->major, device->minor, TFAPPROX_CUDA_ARCHS, device->major, device->minor);
  }
  return Check(status, "the kernels of this build", error);
}

}  // namespace cuda
}  // namespace tfapprox

using tfapprox::cuda::Check;

int32_t tfapprox_cuda_device_describe(tfapprox_cuda_device* device, tfapprox_error* error) {
  return tfapprox::cuda::CheckDevice(device, error);
}

int32_t tfapprox_cuda_allocate(int64_t bytes, void** memory, tfapprox_error* error) {
  char what[64];
  std::snprintf(what, sizeof what, "%lld bytes", static_cast<long long>(bytes));
  return Check(cudaMalloc(memory, static_cast<size_t>(bytes)), what, error);
}

void tfapprox_cuda_free(void* memory) {
  cudaDeviceSynchronize();
  cudaFree(memory);
}

int32_t tfapprox_cuda_upload(void* device, const void* host, int64_t bytes, tfapprox_error* error) {
  const cudaError_t status = cudaMemcpy(device, host, static_cast<size_t>(bytes), cudaMemcpyHostToDevice);
  // A copy from pageable memory may return before the data is on the device, and kernels on other streams do not wait
  // for it.
  return Check(status == cudaSuccess ? cudaStreamSynchronize(nullptr) : status, "a copy to the GPU", error);
}

int32_t tfapprox_cuda_download(void* host, const void* device, int64_t bytes, tfapprox_error* error) {
  return Check(cudaMemcpy(host, device, static_cast<size_t>(bytes), cudaMemcpyDeviceToHost), "a copy from the GPU",
               error);
}

int32_t tfapprox_cuda_clear(void* device, int64_t bytes, void* stream, tfapprox_error* error) {
  return Check(cudaMemsetAsync(device, 0, static_cast<size_t>(bytes), static_cast<cudaStream_t>(stream)),
               "clearing memory of the GPU", error);
}

int32_t tfapprox_cuda_synchronize(tfapprox_error* error) {
  return Check(cudaDeviceSynchronize(), "the work of the GPU", error);
}
