// ApproxConv2DWithMinMaxVars on a GPU, in terms of the shared convolution.
#include "conv2d.h"
#include "float_environment.h"
#include "quantiser.h"

int32_t tfapprox_cuda_approx_conv2d_init(const tfapprox_conv2d* shape, const tfapprox_quantiser* input,
                                         const tfapprox_quantiser* filter, const tfapprox_cuda_table* table,
                                         tfapprox_cuda_approx_conv2d* op, tfapprox_error* error) {
  op->shape = *shape;
  op->input = *input;
  op->filter = *filter;
  op->table = table;
  return tfapprox::cuda::DivideWork(*shape, *table, &op->work, error);
}

int32_t tfapprox_cuda_approx_conv2d_run(const tfapprox_cuda_approx_conv2d* op, const float* input, const float* filter,
                                        float* output, void* workspace, void* stream, tfapprox_error* error) {
  const tfapprox::FloatEnvironment ieee;  // a scale may be subnormal
  tfapprox::cuda::Convolution call = {};
  call.shape = op->shape;
  call.table = op->table;
  call.work = op->work;
  call.input_quantiser = op->input;
  call.filter_quantiser = op->filter;
  call.input_zero = op->input.zero_point;
  call.filter_zero = op->filter.zero_point;
  call.padding = tfapprox::ByteOf(op->input, op->input.zero_point);  // (3.2)
  call.scale = double{op->input.scale} * double{op->filter.scale};   // (3.4)
  call.input = input;
  call.filter = filter;
  call.output = reinterpret_cast<int32_t*>(output);
  call.stream = static_cast<cudaStream_t>(stream);
  return tfapprox::cuda::RunConvolution(call, workspace, error);
}
