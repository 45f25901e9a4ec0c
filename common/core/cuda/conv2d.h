// What both operations share on a GPU: the workspace, and the kernels in their order.
#ifndef TFAPPROX_COMMON_CORE_CUDA_CONV2D_H_
#define TFAPPROX_COMMON_CORE_CUDA_CONV2D_H_

#include "device_table.h"

namespace tfapprox {
namespace cuda {

// One call of an operation.
struct Convolution {
  tfapprox_conv2d shape;
  const tfapprox_cuda_table* table;
  tfapprox_cuda_work work;
  tfapprox_quantiser input_quantiser, filter_quantiser;  // of real numbers
  int64_t input_zero, filter_zero;
  uint8_t padding;  // the code of a tap outside of the input
  double scale;     // of real numbers
  bool is_integer;  // codes in, int32 out
  const void *input, *filter;
  int32_t* output;
  cudaStream_t stream;
};

// Divides a call in passes; an error if one image is too large.
int32_t DivideWork(const tfapprox_conv2d& shape, const tfapprox_cuda_table& table, tfapprox_cuda_work* work,
                   tfapprox_error* error);

int32_t RunConvolution(const Convolution& call, void* workspace, tfapprox_error* error);

}  // namespace cuda
}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_CUDA_CONV2D_H_
