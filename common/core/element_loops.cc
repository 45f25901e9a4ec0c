// The loops around lut_gemm, which the compiler vectorises: they quantise, transpose, copy, and correct sums.
//
// CMake compiles this file once per CPU path, with the flags of the path and with the name of its structure as
// TFAPPROX_ELEMENT_LOOPS. The file is a leaf; path_kernels.h explains leaves and says what each function does.
#include "path_kernels.h"
#include "quantise_vectors.h"
#include "transpose_matrix.h"

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

bool QuantiseRun(const float* x, int64_t length, const tfapprox_quantiser& q, uint8_t* codes) {
#ifdef __AVX2__
  if (length >= kQuantised) {
    return (q.min_code < 0 ? QuantiseVectors<SymmetricVectors> : QuantiseVectors<NudgedVectors>)(x, length, q, codes);
  }
#endif
  return (q.min_code < 0 ? QuantiseRunBy<SymmetricCode> : QuantiseRunBy<NudgedCode>)(x, length, q, codes);
}

bool Quantise(const float* x, int64_t count, int64_t step, int64_t length, const tfapprox_quantiser& q,
              uint8_t* codes) {
  if (step == length) return QuantiseRun(x, count * length, q, codes);
  bool nan = false;
  // Short groups are quantised together with the elements between them, up to 1,024 elements at a time, and the codes
  // of the groups are picked out of the result. That is faster than a loop whose vectors are not full in every group.
  constexpr int64_t kBetween = 1024;
  const int64_t groups = step > 4 * length || length % kLanes == 0 ? 1 : kBetween / step;
  if (groups < 2) {
    for (int64_t i = 0; i < count; ++i) nan |= QuantiseRun(x + i * step, length, q, codes + i * length);
    return nan;
  }
  uint8_t between[kBetween];
  for (int64_t i = 0; i < count; i += groups) {
    const int64_t size = count - i < groups ? count - i : groups;
    nan |= QuantiseRun(x + i * step, (size - 1) * step + length, q, between);
    for (int64_t g = 0; g < size; ++g, codes += length) {
      for (int64_t j = 0; j < length; ++j) codes[j] = between[g * step + j];
    }
  }
  return nan;
}

// With a unit of 4 channels, the four codes of a pixel are contiguous before and after, so they are copied as one
// element of 4 bytes.
void Transpose(const uint8_t* codes, int64_t code_step, int64_t count, int64_t channels, int64_t unit,
               int64_t plane_step, bool slack, uint8_t* planes) {
  if (unit == 1) {
    return (slack ? TransposeBytes<true> : TransposeBytes<false>)(codes, code_step, count, channels, planes,
                                                                  plane_step);
  }
  const int64_t full = channels / 4 * 4;
  TransposeLongs(codes, code_step, count, full / 4, planes, plane_step);
  planes += full / 4 * plane_step;
  for (int64_t i = 0; i < count; ++i) {
    for (int64_t c = full; c < channels; ++c) planes[4 * i + c - full] = codes[i * code_step + c];
  }
}

void ZipQuads(const uint8_t* planes, int64_t plane_step, int64_t channels, int64_t count, uint8_t* quads) {
  const uint8_t* rows[4];
  for (int64_t c = 0; c < 4; ++c) rows[c] = planes + (c < channels ? c : channels - 1) * plane_step;
  int64_t i = 0;
  for (; i + 16 <= count; i += 16) {
    Bytes16 row[4];
    for (int c = 0; c < 4; ++c) __builtin_memcpy(&row[c], rows[c] + i, 16);
    const Bytes16 low[2] = {ZipLow(row[0], row[2]), ZipLow(row[1], row[3])};
    const Bytes16 high[2] = {ZipHigh(row[0], row[2]), ZipHigh(row[1], row[3])};
    const Bytes16 zipped[4] = {ZipLow(low[0], low[1]), ZipHigh(low[0], low[1]), ZipLow(high[0], high[1]),
                               ZipHigh(high[0], high[1])};
    // One by one: a copy of all four would load from memory what has just been stored in parts, and wait for it.
    for (int part = 0; part < 4; ++part) __builtin_memcpy(quads + 4 * i + 16 * part, &zipped[part], 16);
  }
  for (; i < count; ++i) {
    for (int c = 0; c < 4; ++c) quads[4 * i + c] = rows[c][i];
  }
}

// Sums are kept in 16 bits while 256 channels of at most 255 are added, and in registers for 32 pixels at a time.
void AddCodes(const uint8_t* planes, int64_t count, int64_t channels, int64_t plane_step, uint32_t* sums) {
  constexpr int kPart = 32;
  for (int64_t begin = 0; begin < count; begin += kPart) {
    uint16_t part[kPart] = {};  // the sum of 256 channels is at most 65,280
    for (int64_t c = 0; c < channels; ++c) {
      const uint8_t* plane = planes + c * plane_step + begin;
      for (int i = 0; i < kPart; ++i) part[i] = static_cast<uint16_t>(part[i] + plane[i]);
    }
    for (int i = 0; i < kPart; ++i) sums[begin + i] += part[i];
  }
}

// Adds quads in two sums of 16 bits: of channels 0 and 2, and of channels 1 and 3.
void AddQuads(const uint8_t* planes, int64_t count, int64_t channels, int64_t plane_step, uint32_t* sums) {
  constexpr int64_t kPart = 256;
  for (int64_t begin = 0; begin < count; begin += kPart) {
    const int64_t length = begin + kPart < count ? kPart : count - begin;
    uint32_t part[kPart] = {};
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

void AddChannels(const uint8_t* planes, int64_t count, int64_t channels, int64_t unit, int64_t plane_step,
                 uint32_t* sums) {
  (unit == 1 ? AddCodes : AddQuads)(planes, count, channels, plane_step, sums);
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

void AddRuns(const Run* runs, int64_t count, const uint32_t* plane, uint32_t* sums) {
  for (int64_t r = 0; r < count; ++r) {
    const uint32_t* from = plane + runs[r].source;
    uint32_t* to = sums + runs[r].pixel;
    for (int64_t i = 0; i < runs[r].length; ++i) to[i] += from[i];
  }
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

void ScalePixels(const ScaleArguments& x) {
  for (int64_t p = 0; p < x.pixels; ++p) {
    const int32_t* sums = x.sums + p * x.sum_step;
    const uint32_t code_sum = x.code_sums[p];
    float* outputs = x.outputs + p * x.output_step;
    for (int64_t f = 0; f < x.filters; ++f) {
      const auto correction = static_cast<int32_t>(static_cast<uint32_t>(x.filter_sums[f]) - x.zeros[f] * code_sum);
      outputs[f] = static_cast<float>(x.scales[f] * static_cast<double>(Sum(sums[f], x.pixel_sums[p], correction)));
    }
  }
}

void Wrap(const int32_t* sums, const int32_t* pixel_sums, int32_t filter_sum, int64_t count, int32_t* outputs) {
  for (int64_t p = 0; p < count; ++p) outputs[p] = Sum(sums[p], pixel_sums[p], filter_sum);
}

void Interleave(const void* filters, int64_t filter_step, int64_t filter_count, int64_t pixel_count, void* pixels,
                int64_t pixel_step) {
  TransposeLongs(static_cast<const uint8_t*>(filters), 4 * filter_step, filter_count, pixel_count,
                 static_cast<uint8_t*>(pixels), 4 * pixel_step);
}

}  // namespace

const ElementLoops TFAPPROX_ELEMENT_LOOPS = {Quantise, Transpose, ZipQuads, AddChannels, CopyRuns, AddRuns,
                                             Affine,   Correct,   Scale,    ScalePixels, Wrap,     Interleave};

}  // namespace tfapprox
