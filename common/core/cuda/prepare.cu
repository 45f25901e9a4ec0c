// Weights on CUDA: codes and coefficients in the order in which the GEMM kernels read them, and the sum of each filter.
//
//   filter, with any steps       --->  weights [groups of 16 filters][taps][16]                    for lut_gemm.cu
//                                      matrices [terms][padded_filters][padded_chunks][16]         for term_gemm.cu
//                                      filter_sums [out_channels]
#include "codes.cuh"
#include "kernels.h"

namespace tfapprox {
namespace cuda {
namespace {

constexpr int32_t kThreads = 128;

// Returns the quantiser of a filter.
template <bool kPerFilter>
__device__ tfapprox_quantiser QuantiserOf(const PrepareArguments& arguments, int32_t filter) {
  return kPerFilter ? arguments.per_filter[filter] : arguments.quantiser;
}

// A thread has one chunk of one filter, which may exist only as padding. Neighbouring threads have neighbouring
// filters, so that they read neighbouring elements.
template <bool kPerFilter, typename T>
__global__ void __launch_bounds__(kThreads) PrepareKernel(PrepareArguments arguments) {
  const Geometry& g = arguments.geometry;
  const int64_t item = int64_t{blockIdx.x} * kThreads + threadIdx.x;
  const auto filter = static_cast<int32_t>(item % arguments.padded_filters);
  const auto number = static_cast<int32_t>(item / arguments.padded_filters);
  if (number >= arguments.padded_chunks) return;
  const int32_t tap = number / g.chunks, channel = number % g.chunks * kChunk;
  const int32_t taps = g.filter_height * g.filter_width * g.in_channels, first = tap * g.in_channels + channel;
  const int32_t count = tap < g.filter_height * g.filter_width ? min(kChunk, g.in_channels - channel) : 0;

  CodeChunk codes = {};
  int64_t sum = 0, code_sum = 0;
  unsigned char nan = 0;
  if (filter < g.out_channels) {
    const tfapprox_quantiser quantiser = QuantiserOf<kPerFilter>(arguments, filter);
    const tfapprox_filter_steps& steps = arguments.steps;
    const T* source = static_cast<const T*>(arguments.filter) + tap / g.filter_width * steps.row +
                      tap % g.filter_width * steps.column + channel * steps.channel + filter * steps.filter;
#pragma unroll
    for (int32_t i = 0; i < kChunk; ++i) {
      if (i >= count) continue;
      codes.codes[i] = CodeOf(quantiser, source[i * steps.channel], &nan);
      sum += arguments.weight[codes.codes[i]];
      code_sum += codes.codes[i];
    }
    const uint64_t zeros = static_cast<uint64_t>(arguments.zero) * static_cast<uint64_t>(code_sum);
    AddToSum(arguments.filter_sums + filter, static_cast<int64_t>(static_cast<uint64_t>(sum) - zeros), nan);
  }
  if (arguments.weights != nullptr) {
    uint8_t* target = arguments.weights + (int64_t{filter / 16} * taps + first) * 16 + filter % 16;
    for (int32_t i = 0; i < kChunk; ++i) {
      if (i < count) target[16 * i] = codes.codes[i];
    }
  }
  for (int32_t term = 0; term < arguments.terms; ++term) {
    CodeChunk bytes = {};
    for (int32_t i = 0; i < kChunk; ++i) {
      if (i >= count || filter >= g.out_channels) continue;
      bytes.codes[i] = static_cast<uint8_t>(arguments.coefficients[term * 256 + codes.codes[i]]);
    }
    const int64_t row = int64_t{term} * arguments.padded_filters + filter;
    reinterpret_cast<CodeChunk*>(arguments.matrices)[row * arguments.padded_chunks + number] = bytes;
  }
}

}  // namespace

template <typename T>
cudaError_t PrepareFilter(const PrepareArguments& arguments, cudaStream_t stream) {
  const int64_t items = int64_t{arguments.padded_filters} * arguments.padded_chunks;
  const auto kernel = arguments.per_filter != nullptr ? PrepareKernel<true, T> : PrepareKernel<false, T>;
  return Launch(kernel, (items + kThreads - 1) / kThreads, kThreads, 0, stream, arguments);
}
template cudaError_t PrepareFilter<float>(const PrepareArguments& arguments, cudaStream_t stream);
template cudaError_t PrepareFilter<uint8_t>(const PrepareArguments& arguments, cudaStream_t stream);

}  // namespace cuda
}  // namespace tfapprox
