// The innermost loops of gradients from the table: rows of derivatives, and their sums (gradient_sums.h).
//
// CMake compiles this file once for each CPU path, with the name of its structure as TFAPPROX_GRADIENT_LOOPS. The file is
// a leaf (path_kernels.h).
#include "gradient_sums.h"

namespace tfapprox {
namespace {

template <int kLanes>
using RowOf = Vector<uint16_t, kLanes == kFewGradientLanes ? 16 : 32>;

// Writes the rows of kLanes filters, which are `step` integers apart.
template <int kLanes>
void Transpose(const GradientRows& rows, const int16_t* table, const uint8_t* weights, RowOf<kLanes> zeros, int16_t* to,
               int64_t step) {
  using Row = RowOf<kLanes>;
  constexpr int kSize = 8;
  for (int64_t i = 0; i < rows.count; ++i) {
    const int64_t first = rows.blocks[i] * kGradientBlock;
    Row block[kSize];
    for (int lane = 0; lane < kSize; ++lane) {
      block[lane] = LoadParts<Row>([&](int part) {
        const int filter = lane + kSize * part < kLanes ? lane + kSize * part : 0;
        return table + weights[filter] * 256 + first;
      });
    }
    TransposeBlock<Row, kSize>(block);
#pragma GCC unroll 8
    for (int code = 0; code < kSize; ++code) {
      const Row row = block[code] - zeros;
      __builtin_memcpy(to + (first + code) * step, &row, kLanes * sizeof(int16_t));
    }
  }
}

template <int kLanes>
void RowsOf(const GradientRows& rows, int64_t first, int64_t step) {
  using Row = RowOf<kLanes>;
  Row zeros = {};
  __builtin_memcpy(&zeros, rows.weight_zeros + first, kLanes * sizeof(int16_t));
  Transpose<kLanes>(rows, rows.activation, rows.weights + first, zeros, rows.activation_rows + first, step);
  zeros = Row{} + static_cast<uint16_t>(rows.activation_zero);
  Transpose<kLanes>(rows, rows.weight, rows.weights + first, zeros, rows.weight_rows + first, step);
}

template <int kLanes, int kCount>
void RunAny(const GradientRun& run) {
  run.activation == run.weight ? RunBy<kLanes, kCount, true>(run) : RunBy<kLanes, kCount, false>(run);
}

template <int kLanes, int kCount>
void Collect(const int64_t* weight_sums, int64_t* sums) {
  using L = Lanes<kLanes, kCount>;
  for (int n = 0; n < kCount; ++n, sums += kLanes) {
    for (int filter = 0; filter < kLanes; ++filter) sums[filter] = 0;
    for (int i = 0; i < L::kRegisters; ++i) {
      for (int half = 0; half < 2; ++half) {
        for (int e = 0; e < L::kWords / 2; ++e, ++weight_sums) {
          const int place = i * L::kWords + e / 4 * 8 + half * 4 + e % 4;
          sums[place % kLanes] += place < kLanes ? *weight_sums * (1 << kUpstreamDigitBits) : *weight_sums;
        }
      }
    }
  }
}

void RowsOf(const GradientRows& rows, int64_t lanes) {
  if (lanes == kFewGradientLanes) return RowsOf<kFewGradientLanes>(rows, 0, lanes);
  for (int64_t first = 0; first < lanes; first += kGradientLanes) RowsOf<kGradientLanes>(rows, first, lanes);
}

// Calls f<kLanes, kCount> for the vectors of which `lanes` consist.
#define TFAPPROX_BY_LANES(f, ...)                                      \
  lanes == kFewGradientLanes    ? f<kFewGradientLanes, 1>(__VA_ARGS__) \
  : lanes == kGradientLanes     ? f<kGradientLanes, 1>(__VA_ARGS__)    \
  : lanes == 2 * kGradientLanes ? f<kGradientLanes, 2>(__VA_ARGS__)    \
                                : f<kGradientLanes, 4>(__VA_ARGS__)

void Run(const GradientRun& run, int64_t lanes) { TFAPPROX_BY_LANES(RunAny, run); }

void CollectSums(const int64_t* weight_sums, int64_t lanes, int64_t* sums) {
  TFAPPROX_BY_LANES(Collect, weight_sums, sums);
}

}  // namespace

const GradientLoops TFAPPROX_GRADIENT_LOOPS = {RowsOf, Run, CollectSums};

}  // namespace tfapprox
