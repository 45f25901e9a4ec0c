// The loops around lut_gemm, which the compiler vectorises: they quantise, transpose, copy, and correct sums.
//
// CMake compiles this file once per CPU path, with the flags of the path and with the name of its structure as
// TFAPPROX_ELEMENT_LOOPS. The file is a leaf; path_kernels.h explains leaves and says what each function does.
#include "path_kernels.h"

namespace tfapprox {
namespace {

// Returns the code (2.4), every step in float32. The conversion to an integer truncates, which is floor here, because
// negative steps and NaN steps are 0 by then.
inline uint8_t NudgedCode(float x, const tfapprox_quantiser& q, float max_code) {
  const float step = (x - q.nudged_min) * q.inverse_scale + 0.5f;
  const float positive = step > 0.0f ? step : 0.0f;
  return static_cast<uint8_t>(static_cast<int32_t>(positive < max_code ? positive : max_code));
}

// Returns the byte of the code (2.7), which is code + 128 (table.h). A float32 near 1.5 * 2^23 has no fraction, so
// adding this number (12,582,912) rounds the step to an integer, halves to even. Subtracting 1.5 * 2^23 - 128 is exact.
inline uint8_t SymmetricCode(float x, const tfapprox_quantiser& q, float max_code) {
  const float step = x * q.inverse_scale;
  const float number = step == step ? step : 0.0f;
  const float above = number > -max_code ? number : -max_code;
  const float rounded = (above < max_code ? above : max_code) + 12582912.0f;
  return static_cast<uint8_t>(static_cast<int32_t>(rounded - 12582784.0f));
}

// Quantises contiguous elements and returns true if one of them is NaN.
template <uint8_t (*kCode)(float x, const tfapprox_quantiser& q, float max_code)>
bool QuantiseRunBy(const float* x, int64_t length, tfapprox_quantiser q, uint8_t* codes) {
  const float max_code = static_cast<float>(q.max_code);
  int32_t nan = 0;
  for (int64_t i = 0; i < length; ++i) {
    codes[i] = kCode(x[i], q, max_code);
    nan |= x[i] != x[i];
  }
  return nan != 0;
}

bool Quantise(const float* x, int64_t count, int64_t step, int64_t length, const tfapprox_quantiser& q,
              uint8_t* codes) {
  const auto run = q.min_code < 0 ? QuantiseRunBy<SymmetricCode> : QuantiseRunBy<NudgedCode>;
  if (step == length) return run(x, count * length, q, codes);
  bool nan = false;
  // Short groups are quantised together with the elements between them, up to 1,024 elements at a time, and the codes
  // of the groups are picked out of the result. That is faster than a loop whose vectors are not full in every group.
  constexpr int64_t kBetween = 1024;
  const int64_t groups = step > 4 * length || length % kLanes == 0 ? 1 : kBetween / step;
  if (groups < 2) {
    for (int64_t i = 0; i < count; ++i) nan |= run(x + i * step, length, q, codes + i * length);
    return nan;
  }
  uint8_t between[kBetween];
  for (int64_t i = 0; i < count; i += groups) {
    const int64_t size = count - i < groups ? count - i : groups;
    nan |= run(x + i * step, (size - 1) * step + length, q, between);
    for (int64_t g = 0; g < size; ++g, codes += length) {
      for (int64_t j = 0; j < length; ++j) codes[j] = between[g * step + j];
    }
  }
  return nan;
}

using Bytes16 = uint8_t __attribute__((vector_size(16)));
using Words4 = uint32_t __attribute__((vector_size(16)));

#ifdef __clang__
#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define SHUFFLE(a, b, ...) __builtin_shuffle(a, b, decltype(a){__VA_ARGS__})
#endif

// ZipLow and ZipHigh interleave the elements of the lower and of the upper halves of two vectors.
inline Bytes16 ZipLow(Bytes16 a, Bytes16 b) {
  return SHUFFLE(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}
inline Bytes16 ZipHigh(Bytes16 a, Bytes16 b) {
  return SHUFFLE(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}
inline Words4 ZipLow(Words4 a, Words4 b) { return SHUFFLE(a, b, 0, 4, 1, 5); }
inline Words4 ZipHigh(Words4 a, Words4 b) { return SHUFFLE(a, b, 2, 6, 3, 7); }

// Transposes kSize x kSize elements in log2(kSize) rounds. In each round, row i and row i + kSize / 2 are interleaved
// and become rows 2 i and 2 i + 1. For kSize = 4:
//
//   a0 a1 a2 a3       a0 c0 a1 c1       a0 b0 c0 d0
//   b0 b1 b2 b3       a2 c2 a3 c3       a1 b1 c1 d1
//   c0 c1 c2 c3  -->  b0 d0 b1 d1  -->  a2 b2 c2 d2
//   d0 d1 d2 d3       b2 d2 b3 d3       a3 b3 c3 d3
template <typename Row, int kSize>
inline void TransposeBlock(Row* rows) {
  for (int round = 1; round < kSize; round *= 2) {
    Row shuffled[kSize];
    for (int i = 0; i < kSize / 2; ++i) {
      shuffled[2 * i] = ZipLow(rows[i], rows[i + kSize / 2]);
      shuffled[2 * i + 1] = ZipHigh(rows[i], rows[i + kSize / 2]);
    }
    for (int i = 0; i < kSize; ++i) rows[i] = shuffled[i];
  }
}

// Sets to[j * to_step + i] = from[i * from_step + j] for all of `rows` x `columns` elements: full blocks by
// TransposeBlock, the rest one by one. With kSlack, the last rows are a full block as well, whose surplus rows repeat
// the last one.
template <typename Element, typename Row, bool kSlack>
void TransposeElements(const Element* from, int64_t from_step, int64_t rows, int64_t columns, Element* to,
                       int64_t to_step) {
  constexpr int kSize = sizeof(Row) / sizeof(Element);
  const int64_t full_columns = columns / kSize * kSize;
  const int64_t block_rows = kSlack && full_columns > 0 ? rows : rows / kSize * kSize;
  for (int64_t i = 0; i < block_rows; i += kSize) {
    const int64_t last = rows - 1 - i;
    for (int64_t j = 0; j < full_columns; j += kSize) {
      Row block[kSize];
      for (int r = 0; r < kSize; ++r) {
        __builtin_memcpy(&block[r], from + (i + (kSlack && last < r ? last : r)) * from_step + j, sizeof(Row));
      }
      TransposeBlock<Row, kSize>(block);
      for (int r = 0; r < kSize; ++r) __builtin_memcpy(to + (j + r) * to_step + i, &block[r], sizeof(Row));
    }
    for (int64_t j = full_columns; j < columns; ++j) {
      for (int64_t r = i; r < i + kSize && r < rows; ++r) to[j * to_step + r] = from[r * from_step + j];
    }
  }
  for (int64_t i = block_rows; i < rows; ++i) {
    for (int64_t j = 0; j < columns; ++j) to[j * to_step + i] = from[i * from_step + j];
  }
}

// With a unit of 4 channels, the four codes of a pixel are contiguous before and after, so they are copied as one word.
void Transpose(const uint8_t* codes, int64_t code_step, int64_t count, int64_t channels, int64_t unit,
               int64_t plane_step, bool slack, uint8_t* planes) {
  if (unit == 1) {
    const auto transpose =
        slack ? TransposeElements<uint8_t, Bytes16, true> : TransposeElements<uint8_t, Bytes16, false>;
    return transpose(codes, code_step, count, channels, planes, plane_step);
  }
  const int64_t full = channels / 4 * 4;
  for (int64_t c = 0; c < full; c += 4, planes += plane_step) {
    for (int64_t i = 0; i < count; ++i) __builtin_memcpy(planes + 4 * i, codes + i * code_step + c, 4);
  }
  for (int64_t i = 0; i < count; ++i) {
    for (int64_t c = full; c < channels; ++c) planes[4 * i + c - full] = codes[i * code_step + c];
  }
}

// Sums are kept in 16 bits while 256 channels of at most 255 are added, for 256 pixels at a time.
void AddChannels(const uint8_t* planes, int64_t count, int64_t channels, int64_t unit, int64_t plane_step,
                 uint32_t* sums) {
  constexpr int64_t kPart = 256;
  for (int64_t begin = 0; begin < count; begin += kPart) {
    const int64_t length = begin + kPart < count ? kPart : count - begin;
    if (unit == 1) {
      uint16_t part[kPart] = {};  // the sum of 256 channels is at most 65,280
      for (int64_t c = 0; c < channels; ++c) {
        const uint8_t* plane = planes + c * plane_step + begin;
        for (int64_t i = 0; i < length; ++i) part[i] = static_cast<uint16_t>(part[i] + plane[i]);
      }
      for (int64_t i = 0; i < length; ++i) sums[begin + i] += part[i];
    } else {
      uint32_t part[kPart] = {};  // two sums of 16 bits: of channels 0 and 1, and of channels 2 and 3, of each quad
      for (int64_t c = 0; c < channels; c += 4) {
        const uint8_t* plane = planes + c / 4 * plane_step + 4 * begin;
        uint8_t bytes[4];  // 255 for a channel that exists, 0 for one that fills up the last quad
        for (int64_t i = 0; i < 4; ++i) bytes[i] = c + i < channels ? 255 : 0;
        uint32_t mask;
        __builtin_memcpy(&mask, bytes, 4);
        for (int64_t i = 0; i < length; ++i) {
          uint32_t four;
          __builtin_memcpy(&four, plane + 4 * i, 4);
          four &= mask;
          part[i] += (four & 0x00FF00FFu) + (four >> 8 & 0x00FF00FFu);
        }
      }
      for (int64_t i = 0; i < length; ++i) sums[begin + i] += (part[i] & 0xFFFF) + (part[i] >> 16);
    }
  }
}

// Copies runs 32 bytes at a time where that does not write beyond the row: the runs that follow overwrite the surplus.
template <int kUnit>
inline void CopyRunsOf(const Run* runs, int64_t count, const uint8_t* plane, int64_t width, uint8_t* row) {
  for (int64_t r = 0; r < count; ++r) {
    const uint8_t* from = plane + kUnit * runs[r].source;
    uint8_t* to = row + kUnit * runs[r].pixel;
    const int64_t bytes = kUnit * runs[r].length;
    if (kUnit * (width - runs[r].pixel) < bytes + 31) {
      __builtin_memcpy(to, from, static_cast<uint64_t>(bytes));
    } else {
      for (int64_t i = 0; i < bytes; i += 32) __builtin_memcpy(to + i, from + i, 32);
    }
  }
}

void CopyRuns(const Run* runs, int64_t count, int64_t unit, const uint8_t* plane, int64_t width, uint8_t* row) {
  unit == 1 ? CopyRunsOf<1>(runs, count, plane, width, row) : CopyRunsOf<4>(runs, count, plane, width, row);
}

// Returns a + b + c modulo 2^32.
inline int32_t Sum(int32_t a, int32_t b, int32_t c) {
  return static_cast<int32_t>(static_cast<uint32_t>(a) + static_cast<uint32_t>(b) + static_cast<uint32_t>(c));
}

void Affine(const uint32_t* sums, uint32_t slope, uint32_t constant, int64_t count, int32_t* results) {
  for (int64_t i = 0; i < count; ++i) results[i] = static_cast<int32_t>(slope * sums[i] + constant);
}

void Correct(const uint32_t* sums, uint32_t slope, const int32_t* addends, int64_t count, int32_t* results) {
  for (int64_t i = 0; i < count; ++i) {
    results[i] = static_cast<int32_t>(slope * sums[i] + static_cast<uint32_t>(addends[i]));
  }
}

// Double holds every int32 exactly, so only the scaling rounds.
void Scale(const int32_t* sums, const int32_t* pixel_sums, int32_t filter_sum, double scale, int64_t count,
           float* outputs) {
  for (int64_t p = 0; p < count; ++p) {
    outputs[p] = static_cast<float>(scale * static_cast<double>(Sum(sums[p], pixel_sums[p], filter_sum)));
  }
}

void Wrap(const int32_t* sums, const int32_t* pixel_sums, int32_t filter_sum, int64_t count, int32_t* outputs) {
  for (int64_t p = 0; p < count; ++p) outputs[p] = Sum(sums[p], pixel_sums[p], filter_sum);
}

void Interleave(const void* filters, int64_t filter_step, int64_t filter_count, int64_t pixel_count, void* pixels,
                int64_t pixel_step) {
  TransposeElements<uint32_t, Words4, false>(static_cast<const uint32_t*>(filters), filter_step, filter_count,
                                             pixel_count, static_cast<uint32_t*>(pixels), pixel_step);
}

}  // namespace

const ElementLoops TFAPPROX_ELEMENT_LOOPS = {Quantise, Transpose, AddChannels, CopyRuns,  Affine,
                                             Correct,  Scale,     Wrap,        Interleave};

}  // namespace tfapprox
