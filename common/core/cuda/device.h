// The current device: CUDA's errors as statuses of the core, and a scope that changes the device.
#ifndef TFAPPROX_COMMON_CORE_CUDA_DEVICE_H_
#define TFAPPROX_COMMON_CORE_CUDA_DEVICE_H_

#include <cuda_runtime.h>

#include "tfapprox_cuda.h"

namespace tfapprox {
namespace cuda {

// Returns TFAPPROX_OK, or the core's status for an error of CUDA. `what`, such as "a table", is the part of the message
// that says what failed.
int32_t Check(cudaError_t status, const char* what, tfapprox_error* error);

// Describes the current device, and returns TFAPPROX_OK if kernels of this build run on it.
int32_t CheckDevice(tfapprox_cuda_device* device, tfapprox_error* error);

// Makes a device the current one of this thread for a scope; the destructor restores the one before.
class CurrentDevice {
 public:
  explicit CurrentDevice(int device) {
    if (cudaGetDevice(&before_) != cudaSuccess) before_ = device;
    cudaSetDevice(device);
  }
  ~CurrentDevice() { cudaSetDevice(before_); }
  CurrentDevice(const CurrentDevice&) = delete;
  CurrentDevice& operator=(const CurrentDevice&) = delete;

 private:
  int before_;
};

}  // namespace cuda
}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_CUDA_DEVICE_H_
