// The functions of which a CPU path consists, compiled once per instruction set; lut_gemm.h says what a path is.
//
// The files that define these structures are leaves: they are compiled with flags of their own and use nothing but this
// header, raw memory and intrinsics. A leaf must not use an inline function or a template that another file uses, too:
// the linker keeps one copy of it, and that copy may contain instructions that an older CPU does not have.
#ifndef TFAPPROX_COMMON_CORE_PATH_KERNELS_H_
#define TFAPPROX_COMMON_CORE_PATH_KERNELS_H_

#include <cstdint>

#include "tfapprox.h"

namespace tfapprox {

// The kernels process the pixels of a panel in groups of this size; the width of a panel is a multiple of it. One
// vector of AVX-512 holds 64 codes.
constexpr int64_t kLanes = 64;

// The number of filters whose sums are computed and turned into outputs together. Their 32-bit sums for a block of 256
// pixels take 16 KiB and stay in the first-level cache.
constexpr int64_t kFilterBlock = 16;

// The operands of both inner products lie in memory such that a kernel reads them from front to back:
//
//     the panel of a block (panel.h)                   the prepared filters, one box
//
//              pixel 0 1 2 3 ...                                tap 0 1 2 3 ...
//     tap 0          a a a a          codes            filter 0     w w w w         weights
//     tap 1          a a a a          [taps][width]    filter 1     w w w w         [filters][taps]
//     ...                                              ...
//
//     features [terms][quads][width][4]                coefficients [terms][filters][quads][4]
//
//     sums [filters][width]:  a weight w of filter f at tap k is taken once for all pixels, and each lane p adds its
//                             product of w and code a of tap k and pixel p to sums[f][p]

// The arguments of `look_up`, which adds the residual of a plan (plan.h) to the sums of some filters:
//
//   sums[f][p] += sum over taps k of tables[weights[f][k]][codes[k][p]], modulo 2^32
struct LookUpArguments {
  const uint8_t* tables;   // one table for each of 256 weight codes, in the form that `format` of the same path writes;
                           // for `look_up_rows`, [256 weights][entries] elements of `planes` bytes, aligned to these
  int32_t entries;         // the number of entries of one table: 64, 128 or 256
  int32_t planes;          // the number of bytes of one entry: 1 or 2
  const uint8_t* codes;    // [taps][width], the panel's codes; each is less than `entries`
  const uint8_t* weights;  // [filters][taps], the prepared codes of the filters
  // `taps` is the number of taps of the box, `width` the number of lanes from one tap to the next, `pixels` the number
  // of lanes that count (at most `width`), and `filters` the number of filters.
  int64_t taps, width, pixels, filters;
  int32_t* sums;  // [filters][width]; sums from `pixels` up to the next multiple of kLanes may be written, too
  // Usually 0. For `look_up_rows` and entries of 2 bytes, it may be another number: `sums` is then
  // [pixels][pixel_step], and the sums of each pixel are set. All `pixel_step` sums of a pixel may be written, which
  // are at least as many as the filters of the longest row.
  int64_t pixel_step;
  // The number of taps whose entries, all together, fit a byte if `planes` is 1; at least 1.
  int64_t taps_per_byte;
};

// The taps whose transposed tables lie in the scratch memory of `look_up_rows` at the same time, and the rows for which
// each table has room.
constexpr int64_t kRowTaps = 8, kRowEntries = 256;

// Returns the bytes of that memory for rows of `row_bytes` bytes and `width` pixels: the transposed tables, and 16-bit
// sums of whole words and of high bytes.
constexpr int64_t RowScratchBytes(int64_t row_bytes, int64_t width) {
  return (kRowTaps * kRowEntries + 2 * width) * row_bytes;
}

// The arguments of `multiply`. For some filters f and the pixels p of a panel, it computes the sums of the products of all
// terms of a plan, and overwrites what `sums` had before:
//
//   sums[f][p] = sum over terms t, quads q and i < 4 of
//                (features[t][q][p][i] * coefficients[t][f][q][i]) << (raises[t + 1] + ... + raises[terms]),
//
// modulo 2^32. By Horner's rule, that is acc = (acc << raises[t]) + (products of term t) for each t in turn, and
// finally acc << raises[terms].
struct MultiplyArguments {
  const uint8_t* features;     // [terms][quads][width][4], the panel's features
  int64_t feature_step;        // bytes from one term of `features` to the next
  const int8_t* coefficients;  // [terms][filters of the convolution][quads][4], from the first of these filters on
  int64_t coefficient_step;    // bytes from one term of `coefficients` to the next
  const int32_t* raises;       // [terms + 1], bits to shift to the left before each term and at the end; raises[0] is 0
  // `terms` is the number of terms of the plan, `quads` the number of quads of the box; the other numbers
  // have the same meaning as in LookUpArguments.
  int64_t terms, quads, width, pixels, filters;
  int32_t* sums;  // [filters][width]; sums from `pixels` up to the next multiple of kLanes may be written, too
};

// The kernels of one path: the inner products, and the conversions that serve them.
struct PathKernels {
  // Writes the tables of 256 weights, 256 * entries * planes bytes that are aligned to 64, in the path's own order.
  // `columns` is [256 weights][entries] and has values below 256 if `planes` is 1.
  void (*format)(const uint16_t* columns, int32_t entries, int32_t planes, uint8_t* tables);
  void (*look_up)(const LookUpArguments& arguments);
  // Does what `look_up` does, but transposes tables of several filters and loads the products of a pixel with all of
  // them at a time. `scratch` has RowScratchBytes(row_bytes, width) bytes, aligned to 64. Null if the path has no such
  // kernel.
  void (*look_up_rows)(const LookUpArguments& arguments, uint8_t* scratch);
  int64_t row_bytes;  // the number of bytes of the longest rows of `look_up_rows`
  void (*multiply)(const MultiplyArguments& arguments);
  // Sets to[i] = table[from[i]] for i < count, with a table of 256 bytes. `to` may be `from`.
  void (*map)(const uint8_t* table, const uint8_t* from, int64_t count, uint8_t* to);
};

// Consecutive pixels of a block whose codes are contiguous in the staged planes, for every tap (staging.h).
struct Run {
  // `pixel` is the lane of the first pixel in the panel, `length` the number of pixels, and `source` the position of
  // the first pixel's tap (0, 0) in a staged plane, in elements.
  int64_t pixel, length, source;
};

// The arguments of `scale_pixels`, which turns sums of pixels into outputs:
//
//   outputs[p][f] = scales[f] * int32(sums[p][f] + pixel_sums[p] + filter_sums[f] - zeros[f] * code_sums[p]),
//
// where the int32 sum wraps modulo 2^32 (3.4).
struct ScaleArguments {
  const int32_t* sums;         // [pixels][sum_step]
  const int32_t* pixel_sums;   // [pixels]
  const uint32_t* code_sums;   // [pixels]
  const int32_t* filter_sums;  // [filters]
  const uint32_t* zeros;       // [filters]
  const double* scales;        // [filters]
  float* outputs;              // [pixels][output_step]
  int64_t pixels, filters, sum_step, output_step;
};

// The loops around the inner products. They are plain C++ that the compiler vectorises for each path.
struct ElementLoops {
  // Quantises `count` groups of `length` contiguous elements; the groups begin `step` elements apart, and their codes
  // are stored without gaps. The codes follow (2.4); for a signed table, they are the bytes of the codes (2.7). Returns
  // true if an element is NaN (3.5); an element between two groups may count.
  bool (*quantise)(const float* x, int64_t count, int64_t step, int64_t length, const tfapprox_quantiser& quantiser,
                   uint8_t* codes);
  // Sets planes[c / unit][i][c % unit] = codes[i][c] for i < count and c < channels, with a `unit` of 1 or 4 channels.
  // Pixels of `codes` are `code_step` bytes apart, planes are `plane_step` bytes apart. With `slack`, up to 15 bytes
  // behind the `count` of each plane may be written.
  void (*transpose)(const uint8_t* codes, int64_t code_step, int64_t count, int64_t channels, int64_t unit,
                    int64_t plane_step, bool slack, uint8_t* planes);
  // Sets quads[i][c] = planes[c * plane_step + i] for i < count and c < channels, which are 1 to 4. The other bytes of a
  // quad are set to any value.
  void (*zip_quads)(const uint8_t* planes, int64_t plane_step, int64_t channels, int64_t count, uint8_t* quads);
  // Adds to sums[i] the codes of pixel i in `channels` channels, at most 256. `planes` has the layout that `transpose`
  // writes; the bytes that fill up the last unit are not added. Up to 31 pixels behind the last one are read, and their
  // sums are written.
  void (*add_channels)(const uint8_t* planes, int64_t count, int64_t channels, int64_t unit, int64_t plane_step,
                       uint32_t* sums);
  // Copies `count` runs, in order, from a staged plane to a row of a panel with `width` lanes; elements have `unit`
  // bytes. Up to 31 bytes behind a run may be read, and lanes behind it may be written if a later run writes them again
  // or no pixel is there.
  void (*copy_runs)(const Run* runs, int64_t count, int64_t unit, const uint8_t* plane, int64_t width, uint8_t* row);
  // Adds each element of `count` runs of a staged plane to the sum of its pixel, modulo 2^32.
  void (*add_runs)(const Run* runs, int64_t count, const uint32_t* plane, uint32_t* sums);
  // Sets results[i] = slope * sums[i] + constant, modulo 2^32.
  void (*affine)(const uint32_t* sums, uint32_t slope, uint32_t constant, int64_t count, int32_t* results);
  // Sets results[i] = slope * sums[i] + addends[i], modulo 2^32.
  void (*correct)(const uint32_t* sums, uint32_t slope, const int32_t* addends, int64_t count, int32_t* results);
  // Sets outputs[p] = scale * int32(sums[p] + pixel_sums[p] + filter_sum), where the int32 sum wraps modulo 2^32 (3.4).
  void (*scale)(const int32_t* sums, const int32_t* pixel_sums, int32_t filter_sum, double scale, int64_t count,
                float* outputs);
  void (*scale_pixels)(const ScaleArguments& arguments);
  // Sets outputs[p] = sums[p] + pixel_sums[p] + filter_sum, modulo 2^32 (5.2).
  void (*wrap)(const int32_t* sums, const int32_t* pixel_sums, int32_t filter_sum, int64_t count, int32_t* outputs);
  // Sets pixels[p][f] = filters[f][p] for elements of 4 bytes, p < pixel_count and f < filter_count. Rows of `filters`
  // are `filter_step` elements apart, rows of `pixels` are `pixel_step` elements apart.
  void (*interleave)(const void* filters, int64_t filter_step, int64_t filter_count, int64_t pixel_count, void* pixels,
                     int64_t pixel_step);
};

// lut_gemm_<path>.cc defines the PathKernels of its path, and each compilation of element_loops.cc one ElementLoops. The
// models of the paths with AVX-512 (tests/model) compile the same sources once more; both have the same ElementLoops.
extern const PathKernels kPathKernelsScalar, kPathKernelsAvx2, kPathKernelsAvx512Bw, kPathKernelsAvx512Vbmi,
    kPathKernelsAvx512BwModel, kPathKernelsAvx512VbmiModel, kPathKernelsNeon, kPathKernelsNeonDot;
extern const ElementLoops kElementLoopsScalar, kElementLoopsAvx2, kElementLoopsAvx512Bw, kElementLoopsAvx512Vbmi,
    kElementLoopsAvx512Model, kElementLoopsNeon, kElementLoopsNeonDot;

}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_PATH_KERNELS_H_
