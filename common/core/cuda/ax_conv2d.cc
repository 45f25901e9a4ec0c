// AxConv2D on a GPU, in terms of the shared convolution.
#include "conv2d.h"

int32_t tfapprox_cuda_ax_conv2d_init(const tfapprox_ax_conv2d* op, const tfapprox_cuda_table* table,
                                     tfapprox_cuda_work* work, tfapprox_error* error) {
  return tfapprox::cuda::DivideWork(op->shape, *table, work, error);
}

int32_t tfapprox_cuda_ax_conv2d_run(const tfapprox_ax_conv2d* op, const tfapprox_cuda_table* table,
                                    const tfapprox_cuda_work* work, const uint8_t* input, const uint8_t* filter,
                                    int32_t* output, void* workspace, void* stream, tfapprox_error* error) {
  tfapprox::cuda::Convolution call = {};
  call.shape = op->shape;
  call.table = table;
  call.work = *work;
  call.input_zero = op->input_offset;
  call.filter_zero = op->filter_offset;
  call.padding = static_cast<uint8_t>(op->input_offset);  // (5.4)
  call.is_integer = true;
  call.input = input;
  call.filter = filter;
  call.output = output;
  call.stream = static_cast<cudaStream_t>(stream);
  return tfapprox::cuda::RunConvolution(call, workspace, error);
}
