// What a CPU path brings: the loops that are compiled once per instruction set.
//
// The files that fill these structures are leaves: compiled with their own flags, they use nothing but this header,
// raw memory and intrinsics. An inline function or a template of the standard library that they shared with other files
// could win at link time with instructions that an older CPU does not have.
#ifndef TFAPPROX_COMMON_CORE_KERNELS_H_
#define TFAPPROX_COMMON_CORE_KERNELS_H_

#include <cstdint>

#include "tfapprox.h"

namespace tfapprox {

// The pixels of a panel are looked up, multiplied and copied in runs of this many.
constexpr int64_t kLanes = 64;

// Filters whose sums are computed and turned into outputs together: their sums, 16 KiB, stay in the first-level cache.
constexpr int64_t kFilterBlock = 16;

// sums[f][p] += sum over taps k of table[weights[f][k]][codes[k][p]], modulo 2^32.
struct LookUpArguments {
  const uint8_t* tables;   // of 256 weights, as `format` has written them
  int32_t entries;         // of a table: 64, 128 or 256
  int32_t planes;          // bytes of an entry: 1 or 2
  const uint8_t* codes;    // [taps][width], below `entries`
  const uint8_t* weights;  // [filters][taps]
  int64_t taps, width, pixels, filters;
  int32_t* sums;  // [filters][width]; those beyond `pixels` may be written too
};

// sums[f][p] += sum over terms t, quads q, bytes i of
//   (features[t][q][p][i] * coefficients[t][f][q][i]) << (raises[t + 1] + ... + raises[terms]), modulo 2^32.
struct MultiplyArguments {
  const uint8_t* features;     // [terms][quads][width][4]
  int64_t feature_step;        // from term to term
  const int8_t* coefficients;  // [terms][filters][quads][4]
  int64_t coefficient_step;
  const int32_t* raises;  // [terms + 1], the first one 0
  int64_t terms, quads, width, pixels, filters;
  int32_t* sums;  // as above
};

struct LutGemm {
  // Writes the 256 * entries * planes bytes of `tables`, aligned to 64, from columns[256][entries].
  void (*format)(const uint16_t* columns, int32_t entries, int32_t planes, uint8_t* tables);
  void (*look_up)(const LookUpArguments& arguments);
  void (*multiply)(const MultiplyArguments& arguments);
  // to[i] = table[from[i]]; may work in place.
  void (*map)(const uint8_t* table, const uint8_t* from, int64_t count, uint8_t* to);
};

// A part of a panel's row that is contiguous in the staged codes, see staging.h.
struct Run {
  int64_t pixel, length, source;
};

struct ElementLoops {
  // The codes (2.4), or the bytes of codes (2.7), of `count` groups of `length` elements, `step` elements apart;
  // whether one of them, or of those between, is NaN (3.5).
  bool (*quantise)(const float* x, int64_t count, int64_t step, int64_t length, const tfapprox_quantiser& quantiser,
                   uint8_t* codes);
  // planes[c / unit][i][c % unit] = codes[i][c] for `count` pixels and `channels`, with unit 1 or 4.
  void (*transpose)(const uint8_t* codes, int64_t code_step, int64_t count, int64_t channels, int64_t unit,
                    int64_t plane_step, uint8_t* planes);
  // sums[i] += the codes of pixel i in all channels, at most 256 of them; what fills the last unit does not count.
  void (*add_channels)(const uint8_t* planes, int64_t count, int64_t channels, int64_t unit, int64_t plane_step,
                       uint32_t* sums);
  // row[run.pixel..] = plane[run.source..], elements of `unit` bytes, for runs in order; may read up to 31 bytes more.
  void (*copy_runs)(const Run* runs, int64_t count, int64_t unit, const uint8_t* plane, int64_t width, uint8_t* row);
  // (3.4): outputs[p] = scale * (sums[p] + pixel_sums[p] + filter_sum, modulo 2^32, + corrections[p] + constant).
  void (*scale)(const int32_t* sums, const int32_t* pixel_sums, int32_t filter_sum, const double* corrections,
                double constant, double scale, int64_t count, float* outputs);
  // (5.2): outputs[p] = sums[p] + pixel_sums[p] + filter_sum, modulo 2^32.
  void (*wrap)(const int32_t* sums, const int32_t* pixel_sums, int32_t filter_sum, int64_t count, int32_t* outputs);
  // pixels[p][f] = filters[f][p], elements of 4 bytes.
  void (*interleave)(const void* filters, int64_t filter_step, int64_t filter_count, int64_t pixel_count, void* pixels,
                     int64_t pixel_step);
};

extern const LutGemm kLutGemmScalar, kLutGemmAvx2, kLutGemmAvx512Vbmi, kLutGemmAvx512VbmiModel;
extern const ElementLoops kElementLoopsScalar, kElementLoopsAvx2, kElementLoopsAvx512Vbmi;

}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_KERNELS_H_
