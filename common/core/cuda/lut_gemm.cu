// lut_gemm on CUDA: sums of look-ups. A block of 256 threads has 1,024 output pixels times 16 filters.
//
// For each tap, the block gathers the columns of the table for 16 weights, side by side, in shared memory:
//
//   table in global memory, [256 weights][rows]             shared memory, one tap
//
//     column w0:   T[0, w0]  T[1, w0]  T[2, w0] ...           row 0:  T[0, w0]  T[0, w1]  ...  T[0, w15]
//     column w1:   T[0, w1]  T[1, w1]  T[2, w1] ...    -->    row 1:  T[1, w0]  T[1, w1]  ...  T[1, w15]
//     ...                                                     row 2:  T[2, w0]  T[2, w1]  ...  T[2, w15]
//
// One 16-byte load of row a then looks up the products of a pixel of code a with 16 filters (bytes) or 8 filters
// (words; the other 8 filters are in a second half). A quarter of a warp loads 8 random rows at a time, which takes 2.6
// cycles for 64 products of words; single look-ups in columns of the whole table would take 6.4.
//
// Two stages of 16 KiB take turns: between two barriers, the block gathers one stage and looks up in the other one. A
// stage has 2 taps of words or 4 taps of bytes, each part 256 rows of 16 bytes:
//
//   words    | tap 0, filters 0-7 | tap 0, filters 8-15 | tap 1, filters 0-7 | tap 1, filters 8-15 |
//   bytes    | tap 0              | tap 1               | tap 2              | tap 3               |
//
// The table itself stays in global memory, so that 32 KiB of shared memory suffice on any GPU. A thread accumulates
// 4 pixels x 16 filters in 64 registers of uint32, which hold the sums of 65,536 taps.
#include "epilogue.cuh"
#include "kernels.h"

namespace tfapprox {
namespace cuda {
namespace {

constexpr int32_t kThreads = 256;
constexpr int32_t kFilters = 16;        // the filters of a block
constexpr int32_t kCodes = 8;           // the codes of a pixel that are loaded at once
constexpr int32_t kStageBytes = 16384;  // the bytes of the gathered columns of one stage

// The taps of a stage: 2 of words, 4 of bytes.
template <typename Entry>
constexpr int32_t kStageTaps = 4 / static_cast<int32_t>(sizeof(Entry));

// The number of 16-byte rows for one code and 16 filters: 2 of words, 1 of bytes.
template <typename Entry>
constexpr int32_t kHalves = static_cast<int32_t>(sizeof(Entry));

// The order of the rows of 16 bytes in a stage: the lowest bits of a row's number become its highest bits. A thread
// gathers the 2 (words) or 4 (bytes) rows whose entries share a 32-bit word of the columns. With this order, these rows
// are far apart, and neighbouring threads, which have neighbouring words, store to neighbouring rows.
struct RowOrder {
  int32_t low_bits, log_rows;  // the bits that move to the top, and the binary logarithm of the number of rows

  // Returns the places of four rows; each byte of `rows` is the number of a row.
  __device__ uint32_t Places(uint32_t rows) const {
    const uint32_t low = 0x01010101u * ((1u << low_bits) - 1), high = 0x01010101u * ((1u << (log_rows - low_bits)) - 1);
    return ((rows >> low_bits) & high) | ((rows & low) << (log_rows - low_bits));
  }
};

// The taps that are looked up between two barriers.
struct Stage {
  // `tap` is the first tap of the filter, `channel` its channel, and `count` the number of taps, all of one chunk.
  int32_t tap, channel, count;
};

// Returns the stage that begins at a tap.
template <typename Entry>
__device__ Stage StageAt(const Geometry& g, int32_t tap, int32_t channel) {
  return {tap, channel, min(kStageTaps<Entry>, g.in_channels - channel)};
}

// Returns the stage after `stage`.
template <typename Entry>
__device__ Stage Next(const Geometry& g, const Stage& stage) {
  const int32_t channel = stage.channel + stage.count;
  return StageAt<Entry>(g, stage.tap + stage.count, channel == g.in_channels ? 0 : channel);
}

// Loads word `i` of the columns of 8 weights: 2 or 4 neighbouring entries each. `weights` are 8 codes, `words` is the
// number of 32-bit words of a column.
__device__ inline void LoadWords(const uint32_t* columns, const uint8_t* weights, int32_t words, int32_t i,
                                 uint32_t (&word)[8]) {
  const uint2 packed = *reinterpret_cast<const uint2*>(weights);
#pragma unroll
  for (int32_t f = 0; f < 8; ++f)
    word[f] = columns[(((f < 4 ? packed.x : packed.y) >> (8 * (f % 4))) & 255) * words + i];
}

// Gathers a stage of words, [taps][2 halves of the filters][rows][16 bytes]. A thread has word i of 8 columns, which is
// a transposition of 8 x 2 words into two rows:
//
//   word[f] of column f:  T[2 i, w_f]  T[2 i + 1, w_f]   -->   row 2 i:      T[2 i, w0] ... T[2 i, w7]
//                                                              row 2 i + 1:  T[2 i + 1, w0] ... T[2 i + 1, w7]
__device__ void GatherStage(const uint16_t*, const LutGemmArguments& arguments, const uint8_t* weights, int32_t count,
                            unsigned char* target) {
  const int32_t words = 1 << (arguments.log_rows - 1);
#pragma unroll 1
  for (int32_t item = threadIdx.x; item < count * 2 * words; item += kThreads) {
    // `half` counts the halves of all taps of the stage.
    const int32_t i = item & (words - 1), half = item >> (arguments.log_rows - 1);
    uint32_t word[8];
    LoadWords(static_cast<const uint32_t*>(arguments.columns), weights + half * 8, words, i, word);
    uint4* rows = reinterpret_cast<uint4*>(target) + half * 2 * words + i;
    rows[0] = {__byte_perm(word[0], word[1], 0x5410), __byte_perm(word[2], word[3], 0x5410),
               __byte_perm(word[4], word[5], 0x5410), __byte_perm(word[6], word[7], 0x5410)};
    rows[words] = {__byte_perm(word[0], word[1], 0x7632), __byte_perm(word[2], word[3], 0x7632),
                   __byte_perm(word[4], word[5], 0x7632), __byte_perm(word[6], word[7], 0x7632)};
  }
}

// Gathers a stage of bytes, [taps][rows][16 bytes]. A thread has word i of 8 columns, which is a transposition of 8 x 4
// bytes, and writes one half of each of the rows 4 i to 4 i + 3. The next thread writes the other half, 8 filters more.
__device__ void GatherStage(const uint8_t*, const LutGemmArguments& arguments, const uint8_t* weights, int32_t count,
                            unsigned char* target) {
  constexpr int32_t words = 256 / 4;
#pragma unroll 1
  for (int32_t item = threadIdx.x; item < count * 2 * words; item += kThreads) {
    const int32_t half = item & 1, i = item / 2 % words, tap = item / (2 * words);
    uint32_t word[8];
    LoadWords(static_cast<const uint32_t*>(arguments.columns), weights + tap * kFilters + half * 8, words, i, word);
    uint2* rows = reinterpret_cast<uint2*>(target) + (tap * 4 * words + i) * 2 + half;
    uint32_t row[4][2];
#pragma unroll
    for (int32_t f = 0; f < 2; ++f) {
      const uint32_t* four = word + 4 * f;
      const uint32_t low01 = __byte_perm(four[0], four[1], 0x5140), high01 = __byte_perm(four[0], four[1], 0x7362);
      const uint32_t low23 = __byte_perm(four[2], four[3], 0x5140), high23 = __byte_perm(four[2], four[3], 0x7362);
      row[0][f] = __byte_perm(low01, low23, 0x5410);
      row[1][f] = __byte_perm(low01, low23, 0x7632);
      row[2][f] = __byte_perm(high01, high23, 0x5410);
      row[3][f] = __byte_perm(high01, high23, 0x7632);
    }
#pragma unroll
    for (int32_t j = 0; j < 4; ++j) rows[j * words * 2] = {row[j][0], row[j][1]};
  }
}

// Adds the entries of one row to the sums: 8 words or 16 bytes. The dot-product instructions extract an entry and add
// it at once.
__device__ inline void AddProducts(const uint16_t*, const uint4& row, uint32_t* sums) {
  const uint32_t words[4] = {row.x, row.y, row.z, row.w};
#pragma unroll
  for (int32_t i = 0; i < 4; ++i) {
    sums[2 * i] = __dp2a_lo(words[i], 0x0001u, sums[2 * i]);
    sums[2 * i + 1] = __dp2a_lo(words[i], 0x0100u, sums[2 * i + 1]);
  }
}

__device__ inline void AddProducts(const uint8_t*, const uint4& row, uint32_t* sums) {
  const uint32_t words[4] = {row.x, row.y, row.z, row.w};
#pragma unroll
  for (int32_t i = 0; i < 16; ++i) sums[i] = __dp4a(words[i / 4], 1u << (8 * (i % 4)), sums[i]);
}

// The kernel for kThreads * kPixels output pixels and 16 filters a block. A thread has kPixels pixels that are kThreads
// apart, so that neighbouring threads have neighbouring pixels. Blocks of the same pixels are neighbours.
template <typename Entry, int32_t kPixels, int32_t kSharedBytes>
__global__ void __launch_bounds__(kThreads, 2) LutGemmKernel(LutGemmArguments arguments) {
  const Geometry& g = arguments.geometry;
  static_assert(kSharedBytes == 2 * kStageBytes, "what tools/kernel_resources.py reads from the kernel's name");
  unsigned char* const stages = SharedMemory();
  const int32_t groups = (g.out_channels + kFilters - 1) / kFilters;
  const int32_t group = blockIdx.x % groups, first_pixel = blockIdx.x / groups * (kThreads * kPixels) + threadIdx.x;
  const int32_t taps = g.filter_height * g.filter_width * g.in_channels;
  const uint8_t* weights = arguments.weights + int64_t{group} * taps * kFilters;
  // Tables of bytes have a row for each of 256 codes; tables of words may have fewer, for classes.
  const int32_t log_rows = sizeof(Entry) == 1 ? 8 : arguments.log_rows;
  const RowOrder order = {sizeof(Entry) == 1 ? 2 : 1, log_rows};

  Origin origins[kPixels];
#pragma unroll
  for (int32_t p = 0; p < kPixels; ++p) origins[p] = OriginOf(g, first_pixel + p * kThreads);
  uint32_t sums[kPixels][kFilters] = {};
  uint2 codes[kPixels];

  ChunkCursor cursor = CursorAt(g, arguments.begin);
  const ChunkCursor last = CursorAt(g, arguments.end);
  const auto tap_of = [&](const ChunkCursor& at) {
    return (at.ky * g.filter_width + at.kx) * g.in_channels + at.chunk * kChunk;
  };
  const int32_t end = tap_of(last);
  Stage stage = StageAt<Entry>(g, tap_of(cursor), cursor.chunk * kChunk);
  const auto gather = [&](const Stage& source, int32_t buffer) {
    GatherStage(static_cast<const Entry*>(nullptr), arguments, weights + int64_t{source.tap} * kFilters, source.count,
                stages + buffer * kStageBytes);
  };
  gather(stage, 0);
  __syncthreads();
  for (int32_t parity = 0; stage.tap < end; parity ^= 1) {
    if (stage.channel % kCodes == 0) {
#pragma unroll
      for (int32_t p = 0; p < kPixels; ++p) {
        const int64_t pixel = InputPixel(g, origins[p], cursor.ky, cursor.kx);
        codes[p] = *reinterpret_cast<const uint2*>(arguments.codes + pixel * g.chunks * kChunk + stage.channel);
        codes[p] = {order.Places(codes[p].x), order.Places(codes[p].y)};
      }
    }
    const Stage next = Next<Entry>(g, stage);
    if (next.tap < end) gather(next, parity ^ 1);
    const auto* rows = reinterpret_cast<const uint4*>(stages + parity * kStageBytes);
#pragma unroll
    for (int32_t t = 0; t < kStageTaps<Entry>; ++t) {
      if (t >= stage.count) break;
#pragma unroll
      for (int32_t p = 0; p < kPixels; ++p) {
        const uint32_t row = (codes[p].x >> (8 * t)) & 255;
#pragma unroll
        for (int32_t half = 0; half < kHalves<Entry>; ++half) {
          AddProducts(static_cast<const Entry*>(nullptr), rows[((t * kHalves<Entry> + half) << log_rows) + row],
                      sums[p] + half * (kFilters / kHalves<Entry>));
        }
      }
    }
#pragma unroll
    for (int32_t p = 0; p < kPixels; ++p) {  // moves the codes of the next stage to the lowest bytes
      codes[p] = {kStageTaps<Entry> == 4 ? codes[p].y : __byte_perm(codes[p].x, codes[p].y, 0x5432),
                  codes[p].y >> (kStageTaps<Entry> == 4 ? 0 : 16)};
    }
    if (next.channel == 0) Advance(g, g.chunks, &cursor);
    stage = next;
    __syncthreads();
  }

#pragma unroll
  for (int32_t p = 0; p < kPixels; ++p) {
    const int32_t pixel = first_pixel + p * kThreads;
    if (pixel >= g.output_pixels) continue;
    const OutputPixel output = OutputPixelAt(g, arguments.epilogue, pixel);
#pragma unroll
    for (int32_t f = 0; f < kFilters; ++f) {
      const int32_t channel = group * kFilters + f;
      if (channel < g.out_channels) Finish(g, arguments.epilogue, output, channel, sums[p][f]);
    }
  }
}

// Launches the kernel for all pixels and for `groups` groups of 16 filters.
template <typename Entry, int32_t kPixels>
cudaError_t LaunchKernel(const LutGemmArguments& arguments, int64_t groups, cudaStream_t stream) {
  const int64_t tile = kThreads * kPixels, tiles = (arguments.geometry.output_pixels + tile - 1) / tile;
  constexpr int32_t kSharedBytes = 2 * kStageBytes;
  return Launch(LutGemmKernel<Entry, kPixels, kSharedBytes>, tiles * groups, kThreads, kSharedBytes, stream, arguments);
}

// If there would be fewer blocks than multiprocessors, a thread has 1 pixel instead of 4, although the columns are then
// gathered for fewer pixels.
template <typename Entry>
cudaError_t LaunchEntry(const LutGemmArguments& arguments, cudaStream_t stream) {
  const Geometry& g = arguments.geometry;
  const int64_t groups = (g.out_channels + kFilters - 1) / kFilters;
  const bool small = g.output_pixels / (4 * kThreads) * groups < arguments.multiprocessors;
  return small ? LaunchKernel<Entry, 1>(arguments, groups, stream) : LaunchKernel<Entry, 4>(arguments, groups, stream);
}

}  // namespace

cudaError_t LutGemm(const LutGemmArguments& arguments, cudaStream_t stream) {
  return arguments.entry_bytes == 1 ? LaunchEntry<uint8_t>(arguments, stream)
                                    : LaunchEntry<uint16_t>(arguments, stream);
}

}  // namespace cuda
}  // namespace tfapprox
