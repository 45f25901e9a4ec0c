// channel_lut on CUDA: look-ups by channel, for depthwise convolutions and small convolution groups.
//
// Filters of different convolution groups read different activations, so that one load cannot look up the products of
// several filters, as in lut_gemm. A thread has one filter and 16 output pixels; a block has 16 neighbouring filters,
// whose codes and outputs lie side by side in layout NHWC, and 256 output pixels. For each stage of up to 3 taps, the
// block copies the columns of the table for the weights of its 16 filters to shared memory:
//
//   table in global memory, [256 weights][256]              shared memory, one tap: [128 words][16 filters]
//
//     column w0:   T[0, w0] T[1, w0] | T[2, w0] ...           word 0:  T[0, w0] T[1, w0] | T[0, w1] T[1, w1] | ...
//     column w1:   T[0, w1] T[1, w1] | T[2, w1] ...    -->    word 1:  T[2, w0] T[3, w0] | T[2, w1] T[3, w1] | ...
//     ...                                                     word 2:  T[4, w0] T[5, w0] | T[4, w1] T[5, w1] | ...
//
// Word i of filter f is in bank 16 (i mod 2) + f. A warp has 16 filters times 2 pixels, so that at most two of its 32
// look-ups are in the same bank, whatever the codes are.
//
// The addresses of the taps are computed once per pixel, by the thread of that number, and shared:
//
//   inputs [256 pixels] int4    the input pixels under the taps of the stage
//   columns [3 taps][128][16]   words of two entries
#include "quantiser.h"
#include "ranges.cuh"

namespace tfapprox {
namespace cuda {
namespace {

constexpr int32_t kThreads = 256;
constexpr int32_t kFilters = 16;                  // the filters of a block
constexpr int32_t kRows = kThreads / kFilters;    // the pixels that a block looks up at once
constexpr int32_t kPixels = kThreads / kRows;     // the pixels of a thread, which are kRows apart
constexpr int32_t kTilePixels = kRows * kPixels;  // the pixels of a block
constexpr int32_t kStageTaps = 3;                 // the taps of a stage: 9 taps, the most frequent number, are 3 stages
constexpr int32_t kWords = 128;                   // the words of a column
constexpr int32_t kInputBytes = kTilePixels * sizeof(int4);
static_assert(kTilePixels == kThreads, "a thread computes the addresses of one pixel");

// Returns the input pixel under tap number `tap` of the filter, or the padding if there is no such tap.
__device__ inline int32_t TapPixel(const ChannelLutArguments& arguments, const Origin& origin, int32_t taps,
                                   int32_t tap) {
  const Geometry& g = arguments.geometry;
  if (tap >= taps) return g.input_pixels;
  const int32_t position = tap / arguments.group_inputs;
  return InputPixel(g, origin, position / g.filter_width, position % g.filter_width);
}

// Copies the columns of `count` taps for 16 filters, whose weights are `weights`, four words at a time.
__device__ inline void StageColumns(const ChannelLutArguments& arguments, const uint8_t* weights, int32_t count,
                                    uint32_t* target) {
  const auto* table = reinterpret_cast<const uint4*>(arguments.columns);
#pragma unroll 2
  for (int32_t item = threadIdx.x; item < count * (kWords / 4) * kFilters; item += kThreads) {
    const int32_t filter = item % kFilters, quad = item / kFilters % (kWords / 4), tap = item / (kWords / 4 * kFilters);
    const uint4 words = table[weights[tap * kFilters + filter] * (kWords / 4) + quad];
    uint32_t* place = target + (tap * kWords + quad * 4) * kFilters + filter;
    place[0] = words.x, place[kFilters] = words.y, place[2 * kFilters] = words.z, place[3 * kFilters] = words.w;
  }
}

// Returns whether an input element under the window of an output is NaN (3.5). `channel` is the first channel of the
// convolution group.
__device__ bool ReadsNan(const ChannelLutArguments& arguments, int32_t pixel, int32_t channel) {
  const Geometry& g = arguments.geometry;
  const Origin origin = OriginOf(g, pixel);
  const int32_t plane = g.in_height * g.in_width, positions = g.filter_height * g.filter_width;
  for (int32_t position = 0; position < positions; ++position) {
    const int32_t input = InputPixel(g, origin, position / g.filter_width, position % g.filter_width);
    if (input == g.input_pixels) continue;
    const float* x = static_cast<const float*>(arguments.input) + ElementOf(g, input, plane, g.all_in_channels);
    for (int32_t c = channel; c < channel + arguments.group_inputs; ++c) {
      if (std::isnan(x[int64_t{c} * (g.nchw ? plane : 1)])) return true;
    }
  }
  return false;
}

// The kernel for 256 output pixels and 16 filters a block. Blocks of the same pixels are neighbours.
template <int32_t kSharedBytes>
__global__ void __launch_bounds__(kThreads, 3) ChannelLutKernel(ChannelLutArguments arguments) {
  static_assert(kSharedBytes == kInputBytes + kStageTaps * kWords * kFilters * 4, "inputs and columns");
  const Geometry& g = arguments.geometry;
  const Epilogue& e = arguments.epilogue;
  auto* const inputs = reinterpret_cast<int4*>(SharedMemory());
  auto* const columns = reinterpret_cast<uint32_t*>(SharedMemory() + kInputBytes);
  const int32_t filter_blocks = (g.out_channels + kFilters - 1) / kFilters, block = blockIdx.x % filter_blocks;
  const int32_t first_pixel = blockIdx.x / filter_blocks * kTilePixels;
  const int32_t lane = threadIdx.x % kFilters, row = threadIdx.x / kFilters;
  const int32_t taps = g.filter_height * g.filter_width * arguments.group_inputs;
  // A thread beyond the last filter computes the last filter again, and writes nothing.
  const int32_t filter = min(block * kFilters + lane, g.out_channels - 1);
  const int32_t channel = filter / arguments.group_filters * arguments.group_inputs;
  const int64_t zero = WeightOf(arguments.ranges, filter).zero_point;
  const Origin origin = OriginOf(g, first_pixel + threadIdx.x);
  const auto* entries = reinterpret_cast<const uint16_t*>(columns + lane);

  uint64_t totals[kPixels] = {};  // sums of T[a, w] - zero * a
  for (int32_t tap = 0; tap < taps; tap += kStageTaps) {
    const int32_t count = min(kStageTaps, taps - tap);
    __syncthreads();  // no thread reads the last stage any more
    inputs[threadIdx.x] = {TapPixel(arguments, origin, taps, tap), TapPixel(arguments, origin, taps, tap + 1),
                           TapPixel(arguments, origin, taps, tap + 2), 0};
    StageColumns(arguments, arguments.weights + (int64_t{block} * taps + tap) * kFilters, count, columns);
    __syncthreads();  // the stage is complete

    int32_t channels[kStageTaps];  // the input channels of the taps
#pragma unroll
    for (int32_t t = 0; t < kStageTaps; ++t) channels[t] = channel + (tap + t) % arguments.group_inputs;
#pragma unroll
    for (int32_t p = 0; p < kPixels; ++p) {
      if (first_pixel + row + p * kRows >= g.output_pixels) break;
      const int4 input = inputs[row + p * kRows];
      const int32_t pixels[kStageTaps] = {input.x, input.y, input.z};
      uint32_t code[kStageTaps], sum = 0, code_sum = 0;
#pragma unroll
      for (int32_t t = 0; t < kStageTaps; ++t) {
        code[t] = arguments.codes[int64_t{pixels[t]} * (g.chunks * kChunk) + channels[t]];
      }
#pragma unroll
      for (int32_t t = 0; t < kStageTaps; ++t) {
        if (t >= count) break;
        const uint32_t word = t * kWords + (code[t] >> 1);
        sum += entries[word * (2 * kFilters) + (code[t] & 1)];
        code_sum += code[t];
      }
      totals[p] += sum - static_cast<uint64_t>(zero) * code_sum;
    }
  }

  if (block * kFilters + lane >= g.out_channels) return;
  const FilterOutput output = FilterOutputOf(arguments.ranges, e.filter_sums, filter);
#pragma unroll
  for (int32_t p = 0; p < kPixels; ++p) {
    const int32_t pixel = first_pixel + row + p * kRows;
    if (pixel >= g.output_pixels) break;
    const OutputPixel place = OutputPixelAt(g, e, pixel);
    const bool nan = (place.sum & 1) != 0 && ReadsNan(arguments, pixel, channel);
    const int64_t step = OutputStep(g);
    e.output[place.element + filter * step] = OutputBits(e, output, totals[p], nan);
  }
}

}  // namespace

cudaError_t ChannelLut(const ChannelLutArguments& arguments, cudaStream_t stream) {
  constexpr int32_t kSharedBytes = kInputBytes + kStageTaps * kWords * kFilters * 4;
  const Geometry& g = arguments.geometry;
  const int64_t tiles = (int64_t{g.output_pixels} + kTilePixels - 1) / kTilePixels;
  const int64_t filter_blocks = (int64_t{g.out_channels} + kFilters - 1) / kFilters;
  return Launch(ChannelLutKernel<kSharedBytes>, tiles * filter_blocks, kThreads, kSharedBytes, stream, arguments);
}

}  // namespace cuda
}  // namespace tfapprox
