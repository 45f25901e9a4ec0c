// Gradients from the table on CUDA: the sums of both operands, and their gradients.
//
// Both kernels look up columns of numerators for 16 weights, or 4, of one channel and one tap. The zero point is
// subtracted from the columns when they are copied to shared memory:
//
//   ActivationGradient    [lanes][256 activation codes]    a thread has 4 activations, and adds up taps and filters
//   WeightSums            [256 activation codes][lanes]    a thread has one filter, and adds up pixels
#include <limits>

#include "gradients.cuh"

namespace tfapprox {
namespace cuda {
namespace {

constexpr int32_t kThreads = 256;
constexpr int32_t kPositions = 4;                          // activations of a thread, which are kThreads apart
constexpr int32_t kTilePositions = kThreads * kPositions;  // activations of a block
template <int32_t kLanes>
constexpr int32_t kColumnBytes = kLanes * 256 * sizeof(int32_t);
constexpr int32_t kCodeBytes = kThreads * sizeof(int32_t);
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

// Returns the position of the upstream gradient that a tap of an activation contributes to, or -1.
__device__ inline int32_t UpstreamOf(const GradientDimension& dimension, int32_t activation, int32_t tap) {
  int32_t upstream;
  if (dimension.is_transposed) {
    upstream = activation * dimension.stride - dimension.before + tap * dimension.dilation;
  } else {
    upstream = activation + dimension.before - tap * dimension.dilation;
    if (dimension.stride != 1) {
      const int32_t quotient = upstream / dimension.stride;
      if (quotient * dimension.stride != upstream) return -1;
      upstream = quotient;
    }
  }
  return upstream >= 0 && upstream < dimension.upstream ? upstream : -1;
}

// Sets `*activation` to the position of the activation of a tap of an output, which may lie in the padding. Returns
// whether the output has this tap.
__device__ inline bool ActivationOf(const GradientDimension& dimension, int32_t upstream, int32_t tap,
                                    int32_t* activation) {
  if (!dimension.is_transposed) {
    *activation = upstream * dimension.stride + tap * dimension.dilation - dimension.before;
    return true;
  }
  const int32_t steps = upstream + dimension.before - tap * dimension.dilation;
  *activation = steps / dimension.stride;
  return *activation * dimension.stride == steps;
}

// The position of an activation or of a pixel.
struct Position {
  int32_t image, y, x;
};

__device__ inline Position PositionAt(int32_t number, int32_t height, int32_t width) {
  const int32_t row = number / width, image = row / height;
  return {image, row - image * height, number - row * width};
}

// Copies the columns of `table` for kLanes weights, four entries at a time. They become [256][kLanes] if kByCode, and
// otherwise [kLanes][256].
// The denominator times a zero point is subtracted from each entry (9.8). It is the zero point of the activations if
// kByCode, for gradients of weights, and otherwise the zero point of the filter, for gradients of activations.
template <int32_t kLanes, bool kByCode>
__device__ inline void StageColumns(const GradientArguments& arguments, const int32_t* table, const uint8_t* weights,
                                    int32_t first_lane, int32_t* columns) {
  constexpr int32_t kQuads = 64;  // of a column
  for (int32_t item = threadIdx.x; item < kLanes * kQuads; item += kThreads) {
    const int32_t lane = kByCode ? item % kLanes : item / kQuads, quad = kByCode ? item / kLanes : item % kQuads;
    int32_t zero = arguments.activation.zero_point;
    if (!kByCode) {
      const int32_t filter = FilterOf(arguments, first_lane + lane);
      zero = filter >= 0 ? WeightQuantiser(arguments, filter).zero_point : 0;
    }
    zero *= arguments.denominator;
    int4 entries = reinterpret_cast<const int4*>(table)[weights[lane] * kQuads + quad];
    entries.x -= zero, entries.y -= zero, entries.z -= zero, entries.w -= zero;
    if (kByCode) {
      int32_t* place = columns + quad * 4 * kLanes + lane;
      place[0] = entries.x, place[kLanes] = entries.y, place[2 * kLanes] = entries.z, place[3 * kLanes] = entries.w;
    } else {
      reinterpret_cast<int4*>(columns)[lane * kQuads + quad] = entries;
    }
  }
}

// A block has kTilePositions activations of one channel. Blocks of the same activations are neighbours.
template <int32_t kLanes, int32_t kSharedBytes>
__global__ void __launch_bounds__(kThreads, 2) ActivationGradientKernel(GradientArguments arguments) {
  static_assert(kSharedBytes == kColumnBytes<kLanes>, "what tools/kernel_resources.py reads from the kernel's name");
  auto* columns = reinterpret_cast<int32_t*>(SharedMemory());  // [kLanes][256]
  const int32_t channel = blockIdx.x % arguments.channels;
  const int32_t first = blockIdx.x / arguments.channels * kTilePositions + threadIdx.x;
  const int32_t first_lane = channel / arguments.group_channels * arguments.group_lanes;
  Position positions[kPositions];
  int32_t codes[kPositions];
  int64_t sums[kPositions] = {};
#pragma unroll
  for (int32_t i = 0; i < kPositions; ++i) {
    const int32_t number = min(first + i * kThreads, arguments.activation_count - 1);
    positions[i] = PositionAt(number, arguments.rows.activations, arguments.columns.activations);
    codes[i] = arguments.codes[int64_t{number} * arguments.channels + channel];
  }
  for (int32_t lane = first_lane; lane < first_lane + arguments.group_lanes; lane += kLanes) {
    for (int32_t tap = 0; tap < arguments.taps; ++tap) {
      const int64_t row = int64_t{tap} * arguments.group_channels + channel % arguments.group_channels;
      __syncthreads();
      StageColumns<kLanes, false>(arguments, arguments.activation_table,
                                  arguments.weights + row * arguments.lanes_of_pixel + lane, lane, columns);
      __syncthreads();
      const int32_t ky = tap / arguments.filter_width, kx = tap - ky * arguments.filter_width;
#pragma unroll
      for (int32_t i = 0; i < kPositions; ++i) {
        const int32_t y = UpstreamOf(arguments.rows, positions[i].y, ky);
        const int32_t x = UpstreamOf(arguments.columns, positions[i].x, kx);
        if (y < 0 || x < 0) continue;
        const int32_t pixel = (positions[i].image * arguments.rows.upstream + y) * arguments.columns.upstream + x;
        const auto* g =
            reinterpret_cast<const int4*>(arguments.for_activation + int64_t{pixel} * arguments.lanes_of_pixel + lane);
        const int32_t* column = columns + codes[i];
#pragma unroll
        for (int32_t quad = 0; quad < kLanes / 4; ++quad, column += 4 * 256) {
          const int4 factors = g[quad];
          sums[i] += int64_t{column[0]} * factors.x;
          sums[i] += int64_t{column[256]} * factors.y;
          sums[i] += int64_t{column[512]} * factors.z;
          sums[i] += int64_t{column[768]} * factors.w;
        }
      }
    }
  }
  const double unit = arguments.header->activation_unit;
  const double scale = arguments.per_filter != nullptr ? 1.0 : arguments.weight.scale;
#pragma unroll
  for (int32_t i = 0; i < kPositions; ++i) {
    const int32_t number = first + i * kThreads;
    if (number >= arguments.activation_count) continue;
    const double value = static_cast<double>(sums[i]) * unit / arguments.denominator * scale;  // (9.12)
    arguments.activation_gradient[int64_t{number} * arguments.channels + channel] =
        arguments.header->is_finite ? static_cast<float>(value) : kNan;
  }
}

// Returns the code of the activation of a tap of a pixel, or -1 if there is no such tap.
__device__ inline int32_t CodeOfTap(const GradientArguments& arguments, int32_t pixel, int32_t ky, int32_t kx,
                                    int32_t channel) {
  const Position position = PositionAt(pixel, arguments.rows.upstream, arguments.columns.upstream);
  int32_t y, x;
  if (!ActivationOf(arguments.rows, position.y, ky, &y) || !ActivationOf(arguments.columns, position.x, kx, &x)) {
    return -1;
  }
  if (y < 0 || y >= arguments.rows.activations || x < 0 || x >= arguments.columns.activations) {
    return arguments.zero_byte;
  }
  const int32_t number = (position.image * arguments.rows.activations + y) * arguments.columns.activations + x;
  return arguments.codes[int64_t{number} * arguments.channels + channel];
}

// A block has kLanes filters, one channel and one tap, and kPixelsOfBlock pixels.
template <int32_t kLanes, int32_t kSharedBytes>
__global__ void __launch_bounds__(kThreads) WeightSumsKernel(GradientArguments arguments) {
  static_assert(kSharedBytes == kColumnBytes<kLanes> + kCodeBytes,
                "what tools/kernel_resources.py reads from the name");
  constexpr int32_t kRows = kThreads / kLanes;                 // pixels at once
  auto* columns = reinterpret_cast<int32_t*>(SharedMemory());  // [256][kLanes]
  int32_t* codes = columns + 256 * kLanes;                     // [kThreads]
  auto* partial = reinterpret_cast<int64_t*>(SharedMemory());  // [kThreads], after the columns are used
  const int64_t vectors = WeightLanes(arguments) / kLanes, vector = blockIdx.x % vectors, place = vector * kLanes;
  const auto first = static_cast<int32_t>(blockIdx.x / vectors * kPixelsOfBlock);
  const int32_t end = min(first + kPixelsOfBlock, arguments.pixels);
  const auto row = static_cast<int32_t>(place / arguments.lanes_of_pixel);
  const auto first_lane = static_cast<int32_t>(place % arguments.lanes_of_pixel);
  const int32_t tap = row / arguments.group_channels;
  const int32_t channel =
      first_lane / arguments.group_lanes * arguments.group_channels + row - tap * arguments.group_channels;
  const int32_t ky = tap / arguments.filter_width, kx = tap - ky * arguments.filter_width;
  StageColumns<kLanes, true>(arguments, arguments.weight_table, arguments.weights + place, first_lane, columns);
  const int32_t thread = threadIdx.x, lane = thread % kLanes;
  int64_t sum = 0;
  for (int32_t tile = first; tile < end; tile += kThreads) {
    __syncthreads();
    codes[thread] = tile + thread < end ? CodeOfTap(arguments, tile + thread, ky, kx, channel) : -1;
    __syncthreads();
    for (int32_t i = thread / kLanes; i < kThreads; i += kRows) {
      if (codes[i] < 0) continue;
      const int32_t g = arguments.for_weight[int64_t{tile + i} * arguments.lanes_of_pixel + first_lane + lane];
      sum += int64_t{columns[codes[i] * kLanes + lane]} * g;
    }
  }
  __syncthreads();
  partial[thread] = sum;
  __syncthreads();
  if (thread >= kLanes) return;
  for (int32_t i = thread + kLanes; i < kThreads; i += kLanes) sum += partial[i];
  atomicAdd(reinterpret_cast<unsigned long long*>(arguments.weight_sums + place + lane),
            static_cast<unsigned long long>(sum));
}

// A thread has one lane of one weight.
__global__ void __launch_bounds__(kThreads) FinishWeightsKernel(GradientArguments arguments) {
  const int64_t item = int64_t{blockIdx.x} * kThreads + threadIdx.x;
  if (item >= WeightLanes(arguments)) return;
  const int32_t filter = FilterOf(arguments, static_cast<int32_t>(item % arguments.lanes_of_pixel));
  if (filter < 0) return;
  const double sum = static_cast<double>(arguments.weight_sums[item]);
  const double value = sum * arguments.header->weight_unit / arguments.denominator * arguments.activation.scale;
  arguments.weight_gradient[FilterIndex(arguments, item / arguments.lanes_of_pixel, filter)] =
      arguments.header->is_finite ? static_cast<float>(value) : kNan;  // (9.12)
}

int64_t Blocks(int64_t items, int32_t size) { return (items + size - 1) / size; }

template <int32_t kLanes>
cudaError_t LaunchSums(const GradientArguments& arguments, cudaStream_t stream) {
  constexpr int32_t kBytes = kColumnBytes<kLanes>, kWithCodes = kBytes + kCodeBytes;
  const int64_t tiles = Blocks(arguments.activation_count, kTilePositions);
  cudaError_t error =
      Launch(ActivationGradientKernel<kLanes, kBytes>, tiles * arguments.channels, kThreads, kBytes, stream, arguments);
  if (error != cudaSuccess) return error;
  const int64_t parts = Blocks(arguments.pixels, kPixelsOfBlock), vectors = WeightLanes(arguments) / kLanes;
  error = Launch(WeightSumsKernel<kLanes, kWithCodes>, parts * vectors, kThreads, kWithCodes, stream, arguments);
  if (error != cudaSuccess) return error;
  return Launch(FinishWeightsKernel, Blocks(WeightLanes(arguments), kThreads), kThreads, 0, stream, arguments);
}

}  // namespace

cudaError_t LaunchGradients(const GradientArguments& arguments, cudaStream_t stream) {
  if (const cudaError_t error = LaunchUnits(arguments, stream)) return error;
  return arguments.lanes == 16 ? LaunchSums<16>(arguments, stream) : LaunchSums<4>(arguments, stream);
}

}  // namespace cuda
}  // namespace tfapprox
