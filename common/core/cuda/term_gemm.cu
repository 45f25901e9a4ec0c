// term_gemm on CUDA: sums of the terms of a plan as int8 matrix products on the tensor cores.
//
//   sums[pixel][filter] = sum over term groups g, tiles of 64 taps, terms t of g, and taps k of the tile:
//                             (feature_t[pixel][k] * coefficient_t[filter][k]) << shift of g
//
// The shifts are Horner's rule: groups come by descending shift, and the sums so far are shifted where the shift falls.
// All sums are modulo 2^32; the greatest magnitude of one tap's sum bounds the taps of a pass.
//
// A step is one term and one tile of 64 taps. The bytes of the pixels are staged once per tile and expanded to features
// in registers; coefficients are staged once per step. Both come by asynchronous copies into three buffers:
//
//   step                 0     1     2     3     4
//   products from        b0    b1    b2    b0    b1        shared memory of a block:
//   copies begin into    b2    b0    b1    b2    b0          origins        [pixels] int4
//   (steps 0 and 1 are copied before the loop)               pixel tiles    3 buffers of [pixels][64 bytes]
//                                                            filter tiles   3 buffers of [filters][64 bytes]
//
// Four warps share the tile of a block, 256 pixels x 64 filters or 128 x 128. A warp has 64 x 64 of it: 128
// accumulators of int32 in each thread.
#include "epilogue.cuh"
#include "kernels.h"

namespace tfapprox {
namespace cuda {
namespace {

constexpr int32_t kWarpTile = 64;  // the pixels, and the filters, of a warp
// The bytes of a pixel or filter in a tile of taps, one for each tap, and their number in chunks.
constexpr int32_t kTileBytes = 64, kTileChunks = kTileBytes / kChunk;
constexpr int32_t kBuffers = 3;  // how many tiles are in shared memory at once
static_assert(kTileChunks == kPaddedChunks, "tiles of taps never end within the matrices");

// The sizes of a block with kPixelWarps x kFilterWarps warps: threads, pixels and filters, and the bytes of its parts
// of shared memory.
template <int32_t kPixelWarps, int32_t kFilterWarps>
struct Tile {
  static constexpr int32_t kThreads = 32 * kPixelWarps * kFilterWarps;
  static constexpr int32_t kPixels = kWarpTile * kPixelWarps, kFilters = kWarpTile * kFilterWarps;
  static constexpr int32_t kPixelBytes = kPixels * kTileBytes, kFilterBytes = kFilters * kTileBytes;
  static constexpr int32_t kOriginBytes = kPixels * sizeof(int4);
  static constexpr int32_t kSharedBytes = kOriginBytes + kBuffers * (kPixelBytes + kFilterBytes);
};

// Returns the offset of a chunk in a tile of rows of 64 bytes, four chunks each. The order of the chunks changes with
// the row, so that the same chunk of 8 rows, which one ldmatrix reads, is in 8 different groups of banks:
//
//   row 0    0 1 2 3         row 4    2 3 0 1         two rows fill all 32 banks of 4 bytes
//   row 1    0 1 2 3         row 5    2 3 0 1
//   row 2    1 0 3 2         row 6    3 2 1 0
//   row 3    1 0 3 2         row 7    3 2 1 0
__device__ inline int32_t Swizzle(int32_t row, int32_t chunk) {
  return row * kTileBytes + (chunk ^ ((row >> 1) & 3)) * kChunk;
}

// One step of the sum.
struct Step {
  int32_t group, tile, term;  // the group, the tile of taps, and the term within the group
  int32_t pixel_tiles;        // how many tiles of pixels there were before, over all groups; its buffer follows from it
};

// Moves on to the next step: the terms of a group follow each other within a tile, and the tiles within a group.
__device__ inline void Advance(const TermGroup* groups, int32_t tiles, Step* step) {
  if (++step->term < groups[step->group].count) return;
  step->term = 0;
  ++step->pixel_tiles;
  if (++step->tile < tiles) return;
  step->tile = 0;
  ++step->group;
}

// Returns 1 in each byte that has all bits of the mask, else 0. `missing` has the bits of the mask that a byte lacks;
// adding 127 to its lower 7 bits sets bit 7 unless they are 0.
__device__ inline uint32_t Expand(uint32_t bytes, uint32_t mask) {
  const uint32_t missing = ~bytes & mask;
  const uint32_t carried = (missing & 0x7f7f7f7fu) + 0x7f7f7f7fu;
  return (~(carried | missing) >> 7) & 0x01010101u;
}

// Begins to copy the bytes of all pixels of the block for the tile of taps of a step. Each thread copies one column of
// chunks and keeps its place among the filter's chunks in `cursor`.
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

// Begins to copy the coefficients of all filters of the block for the term and the tile of taps of a step.
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

// Adds the products of one step to the sums of a warp: sums[m][n] are 16 pixels (m) by 8 filters (n), as Mma has them.
__device__ inline void MultiplyTile(const unsigned char* pixels, const unsigned char* filters, uint32_t mask,
                                    int32_t (&sums)[4][8][4]) {
  const int32_t lane = threadIdx.x % 32;
#pragma unroll
  for (int32_t half = 0; half < 2; ++half) {  // each half of the tile has 32 taps
    uint32_t b[8][2];
#pragma unroll
    for (int32_t n = 0; n < 4; ++n) {  // loads 16 filters: rows 0-7 and rows 8-15, each at chunks 0 and 1 of the half
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

// The kernel for one tile of output pixels and filters a block; blocks of the same pixels are neighbours.
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

  // Begins the copies of the next step that is not staged; without one, an empty group of copies keeps the count.
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
    __syncthreads();  // the tiles of this step have arrived, and no thread reads the tiles of the last step any more
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
  for (int32_t row = 0; row < 8; ++row) {  // 8 rows of 8 pixels; two of them are the 16 pixels of an Mma
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

// Launches the kernel with one shape of tile. It needs more shared memory than a kernel has without asking.
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

// Up to 64 filters fit a tile that is 64 filters wide, which leaves less of it unused.
cudaError_t TermGemm(const TermGemmArguments& arguments, cudaStream_t stream) {
  return arguments.geometry.out_channels <= kWarpTile ? LaunchTile<4, 1>(arguments, stream)
                                                      : LaunchTile<2, 2>(arguments, stream);
}

}  // namespace cuda
}  // namespace tfapprox
