// Activations on CUDA: the codes of the input in chunks of 16 channels, and the sums that depend on activations only.
#include "codes.cuh"
#include "kernels.h"

namespace tfapprox {
namespace cuda {
namespace {

constexpr int32_t kThreads = 256;

// Reads `count` channels of a pixel, at most 16, that are `step` elements apart. Contiguous full chunks that are
// aligned to 16 bytes are read 16 bytes at a time.
template <typename T>
__device__ void LoadChunk(const T* source, int64_t step, int32_t count, T (&x)[kChunk]) {
  constexpr int32_t kPerVector = sizeof(uint4) / sizeof(T);
  if (step == 1 && count == kChunk && reinterpret_cast<uintptr_t>(source) % sizeof(uint4) == 0) {
    for (int32_t i = 0; i < kChunk; i += kPerVector) {
      *reinterpret_cast<uint4*>(x + i) = *reinterpret_cast<const uint4*>(source + i);
    }
    return;
  }
  for (int32_t i = 0; i < kChunk; ++i) {
    if (i < count) x[i] = source[i * step];
  }
}

// A thread has one chunk of one pixel. Neighbouring threads have neighbouring chunks in layout NHWC and neighbouring
// pixels in layout NCHW, so that they read neighbouring elements. The pixel after the last one is the padding.
template <typename T>
__global__ void __launch_bounds__(kThreads) QuantiseKernel(QuantiseArguments arguments) {
  const Geometry& g = arguments.geometry;
  const int64_t item = int64_t{blockIdx.x} * kThreads + threadIdx.x;
  const int32_t pixels = g.input_pixels + 1;
  if (item >= int64_t{pixels} * g.chunks) return;
  const auto pixel = static_cast<int32_t>(g.nchw ? item % pixels : item / g.chunks);
  const auto chunk = static_cast<int32_t>(g.nchw ? item / pixels : item % g.chunks);
  const int32_t count = min(kChunk, g.in_channels - chunk * kChunk);
  const bool is_padding = pixel == g.input_pixels;

  alignas(16) T x[kChunk] = {};
  const int32_t plane = g.in_height * g.in_width;
  if (!is_padding) {
    const int64_t step = g.nchw ? plane : 1;
    const T* source = static_cast<const T*>(arguments.input) + ElementOf(g, pixel, plane, g.all_in_channels);
    LoadChunk(source + chunk * kChunk * step, step, count, x);
  }
  CodeChunk codes = {};
  int64_t sum = 0, code_sum = 0;
  unsigned char nan = 0;
#pragma unroll
  for (int32_t i = 0; i < kChunk; ++i) {
    if (i >= count) continue;
    codes.codes[i] = is_padding ? arguments.padding : CodeOf(arguments.quantiser, x[i], &nan);
    sum += arguments.activation[codes.codes[i]];
    code_sum += codes.codes[i];
  }
  const int64_t target = (int64_t{pixel} * g.chunks + chunk) * kChunk;
  for (int32_t p = 0; p < arguments.planes; ++p) {
    CodeChunk bytes = codes;
    if (arguments.maps != nullptr) {
      for (int32_t i = 0; i < kChunk; ++i) bytes.codes[i] = arguments.maps[p * 256 + codes.codes[i]];
    }
    *reinterpret_cast<CodeChunk*>(arguments.codes + p * arguments.plane_bytes + target) = bytes;
  }
  // The numbers are unsigned, because the sums of AxConv2D may wrap around.
  const uint64_t zeros = static_cast<uint64_t>(arguments.zero) * static_cast<uint64_t>(code_sum);
  AddToSum(arguments.pixel_sums + pixel, static_cast<int64_t>(static_cast<uint64_t>(sum) - zeros), nan);
  if (arguments.code_sums != nullptr) AddToSum(arguments.code_sums + pixel, code_sum, false);
}

// The arguments of SumWindows as one structure, which Launch takes.
struct SumArguments {
  Geometry geometry;
  const int64_t* pixel_sums;  // [input_pixels + 1], with NaN mark
  int64_t* window_sums;       // [output_pixels], with NaN mark
};

// A thread has one output pixel. The lowest bits are NaN marks, which are combined by OR; twice the sums are added.
__global__ void __launch_bounds__(kThreads) SumWindowsKernel(SumArguments arguments) {
  const Geometry& g = arguments.geometry;
  const int64_t pixel = int64_t{blockIdx.x} * kThreads + threadIdx.x;
  if (pixel >= g.output_pixels) return;
  const Origin origin = OriginOf(g, static_cast<int32_t>(pixel));
  uint64_t sum = 0, nan = 0;
  for (int32_t ky = 0; ky < g.filter_height; ++ky) {
    for (int32_t kx = 0; kx < g.filter_width; ++kx) {
      const auto value = static_cast<uint64_t>(arguments.pixel_sums[InputPixel(g, origin, ky, kx)]);
      sum += value & ~uint64_t{1};
      nan |= value & 1;
    }
  }
  arguments.window_sums[pixel] = static_cast<int64_t>(sum | nan);
}

int64_t Blocks(int64_t items) { return (items + kThreads - 1) / kThreads; }

}  // namespace

template <typename T>
cudaError_t QuantiseInput(const QuantiseArguments& arguments, cudaStream_t stream) {
  const Geometry& g = arguments.geometry;
  return Launch(QuantiseKernel<T>, Blocks((int64_t{g.input_pixels} + 1) * g.chunks), kThreads, 0, stream, arguments);
}
template cudaError_t QuantiseInput<float>(const QuantiseArguments& arguments, cudaStream_t stream);
template cudaError_t QuantiseInput<uint8_t>(const QuantiseArguments& arguments, cudaStream_t stream);

cudaError_t SumWindows(const Geometry& geometry, const int64_t* pixel_sums, int64_t* window_sums, cudaStream_t stream) {
  return Launch(SumWindowsKernel, Blocks(geometry.output_pixels), kThreads, 0, stream,
                SumArguments{geometry, pixel_sums, window_sums});
}

}  // namespace cuda
}  // namespace tfapprox
