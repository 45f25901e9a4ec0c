// The straightforward GPU convolution by a truth table, to compare with: a thread per output, the table in a texture.
//
// Takes codes, not real numbers, and does not correct the sums: less than the operation does.
#include <cuda_runtime.h>

#include <cstdint>

namespace {

struct Shape {
  int32_t batch, height, width, channels, filter_size, filters;
};

__global__ void ConvolutionKernel(Shape s, cudaTextureObject_t table, const uint8_t* input, const uint8_t* filter,
                                  int32_t* output) {
  const int64_t index = int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  const int32_t n = static_cast<int32_t>(index % s.filters);
  int64_t pixel = index / s.filters;
  if (pixel >= int64_t{s.batch} * s.height * s.width) return;
  const int32_t x = static_cast<int32_t>(pixel % s.width), y = static_cast<int32_t>(pixel / s.width % s.height);
  const int64_t image = pixel / s.width / s.height;
  int32_t sum = 0;
  for (int32_t ky = 0; ky < s.filter_size; ++ky) {
    for (int32_t kx = 0; kx < s.filter_size; ++kx) {
      const int32_t row = y + ky - (s.filter_size - 1) / 2, column = x + kx - (s.filter_size - 1) / 2;
      const bool inside = row >= 0 && row < s.height && column >= 0 && column < s.width;
      const uint8_t* a = input + ((image * s.height + row) * s.width + column) * s.channels;
      const uint8_t* w = filter + int64_t{ky * s.filter_size + kx} * s.channels * s.filters + n;
      for (int32_t c = 0; c < s.channels; ++c) {
        sum += tex1Dfetch<uint16_t>(table, (inside ? a[c] << 8 : 0) | w[int64_t{c} * s.filters]);
      }
    }
  }
  output[index] = sum;
}

}  // namespace

// SAME, stride 1; all pointers on the device. Returns the milliseconds of one of `runs` runs, or -1.
extern "C" float texture_conv2d(const int32_t* sizes, const void* table, const void* input, const void* filter,
                                void* output, int32_t runs) {
  const Shape shape = {sizes[0], sizes[1], sizes[2], sizes[3], sizes[4], sizes[5]};
  cudaResourceDesc resource = {};
  resource.resType = cudaResourceTypeLinear;
  resource.res.linear.devPtr = const_cast<void*>(table);
  resource.res.linear.desc = cudaCreateChannelDesc<uint16_t>();
  resource.res.linear.sizeInBytes = 131072;
  cudaTextureDesc description = {};
  description.readMode = cudaReadModeElementType;
  cudaTextureObject_t texture;
  if (cudaCreateTextureObject(&texture, &resource, &description, nullptr) != cudaSuccess) return -1;
  const int64_t outputs = int64_t{shape.batch} * shape.height * shape.width * shape.filters;
  cudaEvent_t begin, end;
  cudaEventCreate(&begin);
  cudaEventCreate(&end);
  for (int32_t run = -1; run < runs; ++run) {
    if (run == 0) cudaEventRecord(begin);
    ConvolutionKernel<<<static_cast<unsigned>((outputs + 255) / 256), 256>>>(
        shape, texture, static_cast<const uint8_t*>(input), static_cast<const uint8_t*>(filter),
        static_cast<int32_t*>(output));
  }
  cudaEventRecord(end);
  float milliseconds = -1;
  if (cudaEventSynchronize(end) == cudaSuccess) cudaEventElapsedTime(&milliseconds, begin, end);
  cudaDestroyTextureObject(texture);
  return milliseconds / runs;
}
