// term_gemm on CUDA: sums of the terms of a plan as int8 matrix products on the tensor cores.
//
//   sums[pixel][filter] = sum over groups, chunks of taps, terms of the group:  feature[pixel][tap] *
//   matrix[filter][tap]
//
// A step is one term and one tile of 64 taps. Bytes of the pixels are staged once per tile and expanded to the bits of
// a mask in registers, coefficients once per step; both by asynchronous copies, three tiles deep. A warp has 64 pixels
// x 64 filters: 128 accumulators of int32, which are shifted where the shift of the groups falls (Horner's rule, modulo
// 2^32; the plan's bound on a sum says how many taps fit 32 bits).
#include "epilogue.cuh"
#include "kernels.h"

namespace tfapprox {
namespace cuda {
namespace {

constexpr int32_t kWarpTile = 64;  // pixels and filters of a warp
constexpr int32_t kTileBytes = 64, kTileChunks = kTileBytes / kChunk;
constexpr int32_t kBuffers = 3;
static_assert(kTileChunks == kPaddedChunks, "tiles of taps never end within the matrices");

// Four warps share a block's tile.
template <int32_t kPixelWarps, int32_t kFilterWarps>
struct Tile {
  static constexpr int32_t kThreads = 32 * kPixelWarps * kFilterWarps;
  static constexpr int32_t kPixels = kWarpTile * kPixelWarps, kFilters = kWarpTile * kFilterWarps;
  static constexpr int32_t kPixelBytes = kPixels * kTileBytes, kFilterBytes = kFilters * kTileBytes;
  static constexpr int32_t kOriginBytes = kPixels * sizeof(int4);
  static constexpr int32_t kSharedBytes = kOriginBytes + kBuffers * (kPixelBytes + kFilterBytes);
};

// Where chunk `chunk` of a row of 64 bytes lies: 8 rows under one ldmatrix are in 8 different groups of banks.
__device__ inline int32_t Swizzle(int32_t row, int32_t chunk) {
  return row * kTileBytes + (chunk ^ ((row >> 1) & 3)) * kChunk;
}

// Which tile of taps and which term a step has, and how many tiles were staged before.
struct Step {
  int32_t group, tile, term;
  int32_t pixel_tiles;
};

// The next step: terms within a tile, tiles within a group.
__device__ inline void Advance(const TermGroup* groups, int32_t tiles, Step* step) {
  if (++step->term < groups[step->group].count) return;
  step->term = 0;
  ++step->pixel_tiles;
  if (++step->tile < tiles) return;
  step->tile = 0;
  ++step->group;
}

// 1 in each byte of `bytes` that has all bits of the mask, else 0: `missing` has what lacks of the mask, and a byte
// plus 127 carries into bit 7 unless it is 0.
__device__ inline uint32_t Expand(uint32_t bytes, uint32_t mask) {
  const uint32_t missing = ~bytes & mask;
  const uint32_t carried = (missing & 0x7f7f7f7fu) + 0x7f7f7f7fu;
  return (~(carried | missing) >> 7) & 0x01010101u;
}

template <typename T>
__device__ void StagePixels(const TermGemmArguments& arguments, const Step& step, ChunkCursor* cursor,
                            const int4* origins, unsigned char* target) {
  const Geometry& g = arguments.geometry;
  const int32_t column = threadIdx.x % kTileChunks;
  if (step.tile == 0) {
    *cursor = CursorAt(g, arguments.begin);
    Advance(g, column, cursor);
  }
  const bool inside = arguments.begin + step.tile * kTileChunks + column < arguments.end;
  const auto* plane = arguments.codes + arguments.groups[step.group].plane * arguments.plane_bytes;
#pragma unroll
  for (int32_t row = threadIdx.x / kTileChunks; row < T::kPixels; row += T::kThreads / kTileChunks) {
    const Origin origin = {origins[row].x, origins[row].y, origins[row].z};
    const int64_t pixel = inside ? InputPixel(g, origin, cursor->ky, cursor->kx) : g.input_pixels;
    CopyAsync16(target + Swizzle(row, column), plane + (pixel * g.chunks + (inside ? cursor->chunk : 0)) * kChunk);
  }
  Advance(g, kTileChunks, cursor);
}

template <typename T>
__device__ void StageFilters(const TermGemmArguments& arguments, const Step& step, int32_t first_filter,
                             unsigned char* target) {
  const int32_t column = threadIdx.x % kTileChunks;
  const int64_t term = arguments.groups[step.group].first + step.term;
  const int32_t chunk = arguments.begin + step.tile * kTileChunks + column;
#pragma unroll
  for (int32_t row = threadIdx.x / kTileChunks; row < T::kFilters; row += T::kThreads / kTileChunks) {
    const int64_t filter = term * arguments.padded_filters + first_filter + row;
    CopyAsync16(target + Swizzle(row, column),
                arguments.matrices + (filter * arguments.padded_chunks + chunk) * kChunk);
  }
}

// The products of one step, for a warp's tile.
__device__ inline void MultiplyTile(const unsigned char* pixels, const unsigned char* filters, uint32_t mask,
                                    int32_t (&sums)[4][8][4]) {
  const int32_t lane = threadIdx.x % 32;
#pragma unroll
  for (int32_t half = 0; half < 2; ++half) {  // of 32 taps
    uint32_t b[8][2];
#pragma unroll
    for (int32_t n = 0; n < 4; ++n) {  // 16 filters: rows 0-7 and 8-15, chunks 0 and 1 of the half
      const int32_t row = n * 16 + lane % 8 + lane / 16 * 8;
      uint32_t words[4];
      LoadMatrices(filters + Swizzle(row, half * 2 + lane / 8 % 2), words);
      b[2 * n][0] = words[0], b[2 * n][1] = words[1], b[2 * n + 1][0] = words[2], b[2 * n + 1][1] = words[3];
    }
#pragma unroll
    for (int32_t m = 0; m < 4; ++m) {
      const int32_t row = m * 16 + lane % 16;
      uint32_t a[4];
      LoadMatrices(pixels + Swizzle(row, half * 2 + lane / 16), a);
      if (mask != 0) {
#pragma unroll
        for (int32_t i = 0; i < 4; ++i) a[i] = Expand(a[i], mask);
      }
#pragma unroll
      for (int32_t n = 0; n < 8; ++n) Mma(a, b[n], sums[m][n]);
    }
  }
}

template <int32_t kPixelWarps, int32_t kFilterWarps, int32_t kSharedBytes>
__global__ void __launch_bounds__(32 * kPixelWarps * kFilterWarps, 2) TermGemmKernel(TermGemmArguments arguments) {
  using T = Tile<kPixelWarps, kFilterWarps>;
  static_assert(T::kSharedBytes == kSharedBytes, "what tools/kernel_resources.py reads from the kernel's name");
  const Geometry& g = arguments.geometry;
  auto* const origins = reinterpret_cast<int4*>(SharedMemory());
  unsigned char* const pixel_tiles = SharedMemory() + T::kOriginBytes;
  unsigned char* const filter_tiles = pixel_tiles + kBuffers * T::kPixelBytes;
  const int32_t filter_blocks = (g.out_channels + T::kFilters - 1) / T::kFilters;
  const int32_t first_filter = blockIdx.x % filter_blocks * T::kFilters;
  const int32_t first_pixel = blockIdx.x / filter_blocks * T::kPixels;
  const int32_t tiles = (arguments.end - arguments.begin + kTileChunks - 1) / kTileChunks;
  for (int32_t row = threadIdx.x; row < T::kPixels; row += T::kThreads) {
    const Origin origin = OriginOf(g, first_pixel + row);
    origins[row] = {origin.image, origin.y, origin.x, 0};
  }
  __syncthreads();

  Step staged = {};
  ChunkCursor cursor = {};
  int32_t staged_steps = 0;
  const auto stage = [&] {
    if (staged.group < arguments.group_count) {
      if (staged.term == 0) {
        StagePixels<T>(arguments, staged, &cursor, origins,
                       pixel_tiles + staged.pixel_tiles % kBuffers * T::kPixelBytes);
      }
      StageFilters<T>(arguments, staged, first_filter, filter_tiles + staged_steps % kBuffers * T::kFilterBytes);
      Advance(arguments.groups, tiles, &staged);
      ++staged_steps;
    }
    CommitCopies();
  };
  for (int32_t i = 0; i < kBuffers - 1; ++i) stage();

  const int32_t warp = threadIdx.x / 32, pixel_warp = warp / kFilterWarps, filter_warp = warp % kFilterWarps;
  int32_t sums[4][8][4] = {};
  Step step = {};
  for (int32_t steps = 0; step.group < arguments.group_count; ++steps) {
    const TermGroup group = arguments.groups[step.group];
    WaitForCopies<kBuffers - 2>();
    __syncthreads();  // the tiles of this step are there, and those of the last one are free
    stage();
    if (step.tile == 0 && step.term == 0 && group.shift_before != 0) {
#pragma unroll
      for (int32_t i = 0; i < 128; ++i) sums[i / 32][i / 4 % 8][i % 4] <<= group.shift_before;
    }
    MultiplyTile(pixel_tiles + step.pixel_tiles % kBuffers * T::kPixelBytes + pixel_warp * kWarpTile * kTileBytes,
                 filter_tiles + steps % kBuffers * T::kFilterBytes + filter_warp * kWarpTile * kTileBytes,
                 arguments.terms[group.first + step.term].mask, sums);
    Advance(arguments.groups, tiles, &step);
  }

  const int32_t lane = threadIdx.x % 32;
#pragma unroll
  for (int32_t row = 0; row < 8; ++row) {  // of sums[row / 2][][2 * (row % 2)]
    const int32_t pixel = first_pixel + pixel_warp * kWarpTile + row * 8 + lane / 4;
    if (pixel >= g.output_pixels) continue;
    const OutputPixel output = OutputPixelAt(g, arguments.epilogue, pixel);
#pragma unroll
    for (int32_t i = 0; i < 16; ++i) {
      const int32_t channel = first_filter + filter_warp * kWarpTile + i / 2 * 8 + lane % 4 * 2 + i % 2;
      if (channel < g.out_channels) {
        Finish(g, arguments.epilogue, output, channel,
               sums[row / 2][i / 2][row % 2 * 2 + i % 2] << arguments.final_shift);
      }
    }
  }
}

template <int32_t kPixelWarps, int32_t kFilterWarps>
cudaError_t LaunchTile(const TermGemmArguments& arguments, cudaStream_t stream) {
  using T = Tile<kPixelWarps, kFilterWarps>;
  const auto kernel = TermGemmKernel<kPixelWarps, kFilterWarps, T::kSharedBytes>;
  const cudaError_t error = cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, T::kSharedBytes);
  if (error != cudaSuccess) return error;
  const int64_t pixel_blocks = (int64_t{arguments.geometry.output_pixels} + T::kPixels - 1) / T::kPixels;
  const int64_t filter_blocks = (int64_t{arguments.geometry.out_channels} + T::kFilters - 1) / T::kFilters;
  return Launch(kernel, pixel_blocks * filter_blocks, T::kThreads, T::kSharedBytes, stream, arguments);
}

}  // namespace

cudaError_t TermGemm(const TermGemmArguments& arguments, cudaStream_t stream) {
  return arguments.geometry.out_channels <= kWarpTile ? LaunchTile<4, 1>(arguments, stream)
                                                      : LaunchTile<2, 2>(arguments, stream);
}

}  // namespace cuda
}  // namespace tfapprox
