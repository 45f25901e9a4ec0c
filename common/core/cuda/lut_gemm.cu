// lut_gemm on CUDA: sums of look-ups, 1,024 output pixels times 16 filters a block.
//
// For one tap and 16 filters, the block gathers the columns of the 16 weights side by side in shared memory:
//
//   row of activation code a:   T[a, w0] T[a, w1] ... T[a, w15]       16 or 2 x 16 bytes
//
// so that one 16-byte load looks up the products of one pixel with 16 filters (bytes) or 8 (words). A quarter of a warp
// loads 8 rows at a time, at random: 2.6 cycles for 64 products of words instead of the 6.4 that single look-ups in
// columns of the whole table take. The table itself stays in global memory, so that this needs 32 KiB of shared memory
// on any GPU. Accumulators: 4 pixels x 16 filters, 64 registers of uint32, enough for 65,536 taps.
#include "epilogue.cuh"
#include "kernels.h"

namespace tfapprox {
namespace cuda {
namespace {

constexpr int32_t kThreads = 256;
constexpr int32_t kFilters = 16;
constexpr int32_t kCodes = 8;           // of a pixel, loaded at once
constexpr int32_t kStageBytes = 16384;  // of the gathered columns: 2 taps of words, 4 of bytes; two stages

template <typename Entry>
constexpr int32_t kStageTaps = 4 / static_cast<int32_t>(sizeof(Entry));

// A row of a gathered half: 16 bytes, of 8 filters (words) or of 16 (bytes).
template <typename Entry>
constexpr int32_t kHalves = static_cast<int32_t>(sizeof(Entry));

// Where rows of 16 bytes lie: those that come from one word of the columns are far apart, so that neighbouring threads,
// which have neighbouring words, store to neighbouring rows. The lowest bits of the row become its highest.
struct RowOrder {
  int32_t low_bits, log_rows;

  // Of four rows at a time.
  __device__ uint32_t Places(uint32_t rows) const {
    const uint32_t low = 0x01010101u * ((1u << low_bits) - 1), high = 0x01010101u * ((1u << (log_rows - low_bits)) - 1);
    return ((rows >> low_bits) & high) | ((rows & low) << (log_rows - low_bits));
  }
};

// The taps that are looked up between two barriers: of one chunk, `count` from tap `tap`, at channel `channel`.
struct Stage {
  int32_t tap, channel, count;
};

template <typename Entry>
__device__ Stage StageAt(const Geometry& g, int32_t tap, int32_t channel) {
  return {tap, channel, min(kStageTaps<Entry>, g.in_channels - channel)};
}

template <typename Entry>
__device__ Stage Next(const Geometry& g, const Stage& stage) {
  const int32_t channel = stage.channel + stage.count;
  return StageAt<Entry>(g, stage.tap + stage.count, channel == g.in_channels ? 0 : channel);
}

// Gathers word `i` of the columns of 8 weights, packed in 8 bytes.
__device__ inline void LoadWords(const uint32_t* columns, const uint8_t* weights, int32_t words, int32_t i,
                                 uint32_t (&word)[8]) {
  const uint2 packed = *reinterpret_cast<const uint2*>(weights);
#pragma unroll
  for (int32_t f = 0; f < 8; ++f)
    word[f] = columns[(((f < 4 ? packed.x : packed.y) >> (8 * (f % 4))) & 255) * words + i];
}

// Gathers the columns of a stage of words, [taps][2 halves of the filters][rows of 16 bytes]: a thread has two rows.
__device__ void GatherStage(const uint16_t*, const LutGemmArguments& arguments, const uint8_t* weights, int32_t count,
                            unsigned char* target) {
  const int32_t words = 1 << (arguments.log_rows - 1);
#pragma unroll 1
  for (int32_t item = threadIdx.x; item < count * 2 * words; item += kThreads) {
    const int32_t i = item & (words - 1), half = item >> (arguments.log_rows - 1);  // of all halves of the stage
    uint32_t word[8];
    LoadWords(static_cast<const uint32_t*>(arguments.columns), weights + half * 8, words, i, word);
    uint4* rows = reinterpret_cast<uint4*>(target) + half * 2 * words + i;
    rows[0] = {__byte_perm(word[0], word[1], 0x5410), __byte_perm(word[2], word[3], 0x5410),
               __byte_perm(word[4], word[5], 0x5410), __byte_perm(word[6], word[7], 0x5410)};
    rows[words] = {__byte_perm(word[0], word[1], 0x7632), __byte_perm(word[2], word[3], 0x7632),
                   __byte_perm(word[4], word[5], 0x7632), __byte_perm(word[6], word[7], 0x7632)};
  }
}

// The same of bytes, [taps][rows of 16 bytes]: a thread has halves of four rows, a transposition of 8 x 4 bytes, and
// its neighbour has the other halves.
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

// Adds the products of 16 bytes: 8 words or 16 bytes.
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

template <typename Entry, int32_t kPixels, int32_t kSharedBytes>
__global__ void __launch_bounds__(kThreads, 2) LutGemmKernel(LutGemmArguments arguments) {
  const Geometry& g = arguments.geometry;
  static_assert(kSharedBytes == 2 * kStageBytes, "what tools/kernel_resources.py reads from the kernel's name");
  unsigned char* const stages = SharedMemory();
  const int32_t groups = (g.out_channels + kFilters - 1) / kFilters;
  const int32_t group = blockIdx.x % groups, first_pixel = blockIdx.x / groups * (kThreads * kPixels) + threadIdx.x;
  const int32_t taps = g.filter_height * g.filter_width * g.in_channels;
  const uint8_t* weights = arguments.weights + int64_t{group} * taps * kFilters;
  // Only words may have fewer rows, of classes.
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
  const auto gather = [&](const Stage& of, int32_t buffer) {
    GatherStage(static_cast<const Entry*>(nullptr), arguments, weights + int64_t{of.tap} * kFilters, of.count,
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
    for (int32_t p = 0; p < kPixels; ++p) {  // the codes of the next stage to the front
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

template <typename Entry, int32_t kPixels>
cudaError_t LaunchKernel(const LutGemmArguments& arguments, int64_t groups, cudaStream_t stream) {
  const int64_t tile = kThreads * kPixels, tiles = (arguments.geometry.output_pixels + tile - 1) / tile;
  constexpr int32_t kSharedBytes = 2 * kStageBytes;
  return Launch(LutGemmKernel<Entry, kPixels, kSharedBytes>, tiles * groups, kThreads, kSharedBytes, stream, arguments);
}

// Small outputs are divided finer, to keep all multiprocessors busy, although each block gathers columns.
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
