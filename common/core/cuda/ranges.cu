// Filters that have ranges of their own, on CUDA: their quantisers, and the last step of their outputs.
#include <algorithm>

#include "ranges.cuh"

namespace tfapprox {
namespace cuda {
namespace {

constexpr int32_t kThreads = 256;

// The quantisers of one launch. The arguments of a kernel are limited to 4 KiB.
constexpr int32_t kQuantisers = 160;
struct SendArguments {
  tfapprox_quantiser* target;
  int32_t count;
  tfapprox_quantiser quantisers[kQuantisers];
};
static_assert(sizeof(SendArguments) <= 4096, "kernel arguments");

__global__ void __launch_bounds__(kQuantisers) SendKernel(SendArguments arguments) {
  const int32_t i = threadIdx.x;
  if (i < arguments.count) arguments.target[i] = arguments.quantisers[i];
}

// A thread has one output. Neighbouring threads have neighbouring outputs of the tensor.
__global__ void __launch_bounds__(kThreads) FinishKernel(FinishArguments arguments) {
  const Geometry& g = arguments.geometry;
  const Epilogue& e = arguments.epilogue;
  const int64_t item = int64_t{blockIdx.x} * kThreads + threadIdx.x;
  if (item >= int64_t{g.output_pixels} * g.out_channels) return;
  const auto pixel = static_cast<int32_t>(g.nchw ? item % g.output_pixels : item / g.out_channels);
  const auto channel = static_cast<int32_t>(g.nchw ? item / g.output_pixels : item % g.out_channels);
  const FilterOutput filter = FilterOutputOf(arguments.ranges, e.filter_sums, channel);
  const OutputPixel output = OutputPixelAt(g, e, pixel);
  const int64_t index = output.element + channel * OutputStep(g);
  const int64_t sum = e.wide_sums != nullptr ? e.wide_sums[index] : e.output[index];
  const uint64_t zeros = static_cast<uint64_t>(int64_t{WeightOf(arguments.ranges, channel).zero_point}) *
                         static_cast<uint64_t>(arguments.window_code_sums[pixel] >> 1);
  const uint64_t total = static_cast<uint64_t>(sum) + static_cast<uint64_t>(output.sum >> 1) - zeros;
  e.output[index] = OutputBits(e, filter, total, output.sum & 1);
}

}  // namespace

cudaError_t SendQuantisers(const tfapprox_quantiser* quantisers, int64_t count, tfapprox_quantiser* target,
                           cudaStream_t stream) {
  for (int64_t first = 0; first < count; first += kQuantisers) {
    SendArguments arguments;
    arguments.target = target + first;
    arguments.count = static_cast<int32_t>(std::min<int64_t>(kQuantisers, count - first));
    std::copy_n(quantisers + first, arguments.count, arguments.quantisers);
    if (const cudaError_t error = Launch(SendKernel, 1, kQuantisers, 0, stream, arguments)) return error;
  }
  return cudaSuccess;
}

cudaError_t FinishOutputs(const FinishArguments& arguments, cudaStream_t stream) {
  const int64_t outputs = int64_t{arguments.geometry.output_pixels} * arguments.geometry.out_channels;
  return Launch(FinishKernel, (outputs + kThreads - 1) / kThreads, kThreads, 0, stream, arguments);
}

}  // namespace cuda
}  // namespace tfapprox
