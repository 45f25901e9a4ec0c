// Look-ups by rows, for the leaves of several paths: one vector has the products of one pixel and many filters.
//
//   table of one tap and a group of filters, transposed        one look-up
//
//               filter 0   filter 1   filter 2   ...           sums[pixel] += rows[code of the pixel at this tap]
//     row 0     T[0, w0]   T[0, w1]   T[0, w2]
//     row 1     T[1, w0]   T[1, w1]   T[1, w2]                 w0, w1, ... are the weight codes of the filters at this
//     ...                                                      tap, and a row is a vector.
//     row 255
//
// A transposition takes as long as hundreds of look-ups, so that many pixels must share it. The look-ups are loads,
// additions and shifts, which every CPU with vectors has.
//
// Leaves include this file; every name in it is local to the leaf (path_kernels.h). The vector types are
// extensions of the compiler, which maps them to the registers of the path. docs/cpu_kernels.md has the budgets of
// caches.
#ifndef TFAPPROX_COMMON_CORE_ROW_LOOK_UP_H_
#define TFAPPROX_COMMON_CORE_ROW_LOOK_UP_H_

#include "path_kernels.h"
#include "transpose_block.h"

namespace tfapprox {
namespace {

// Writes the rows of kBytes / sizeof(Element) filters, row_bytes apart: the columns of their weights at one tap,
// transposed. A column has `entries` elements. If fewer filters are left, the last one is repeated.
template <typename Element, int kBytes>
void TransposeColumns(const LookUpArguments& x, int64_t filter, int64_t tap, uint8_t* rows, int64_t row_bytes) {
  using Row = Vector<Element, kBytes>;
  constexpr int kSize = 16 / sizeof(Element), kFilters = kBytes / sizeof(Element);
  const Element* columns[kFilters];
  for (int f = 0; f < kFilters; ++f) {
    const int64_t valid = filter + f < x.filters ? filter + f : x.filters - 1;
    columns[f] = reinterpret_cast<const Element*>(x.tables) + x.weights[valid * x.taps + tap] * int64_t{x.entries};
  }
  for (int64_t a = 0; a < x.entries; a += kSize, rows += kSize * row_bytes) {
    Row block[kSize];
    for (int i = 0; i < kSize; ++i) {
      block[i] = LoadParts<Row>([&](int part) { return columns[i + kSize * part] + a; });
    }
    TransposeBlock<Row, kSize>(block);
#pragma GCC unroll 16
    for (int i = 0; i < kSize; ++i) __builtin_memcpy(rows + i * row_bytes, &block[i], kBytes);
  }
}

// The maximum of the bytes that one transposition fills of a row.
constexpr int kPartBytes = 32;

// Writes the rows of kBytes bytes of one tap.
template <typename Element, int kBytes>
void MakeRows(const LookUpArguments& x, int64_t filter, int64_t tap, uint8_t* rows) {
  constexpr int kPart = kBytes < kPartBytes ? kBytes : kPartBytes;
  for (int part = 0; part < kBytes; part += kPart) {
    TransposeColumns<Element, kPart>(x, filter + part / static_cast<int>(sizeof(Element)), tap, rows + part, kBytes);
  }
}

// The 16-bit sums of the rows of one pixel, from which FlushRows gets the 32-bit sums. `words` sums up whole words,
// modulo 2^16. `high` sums up what is missing: a part of the upper bits of the words.
//
// - Where an entry is a byte, a word has the bytes of two filters, and `high` sums up the upper ones, which are below
//   256. The sums of the lower bytes follow from both: low = words - 256 * high.
// - Where an entry is a word, an estimate of its sum S with an error below 2^16 is enough, because `words` is S modulo
//   2^16. Average rounds up, so that m, the average of the averages of two pairs of taps, is between a quarter of the
//   sum s of the 4 taps and 1 more; and s - 508 <= 512 * (m >> 7) <= s + 4. `high` sums up m >> 7. Of 504 taps, at most
//   127 quads are added, because 3 taps that are left over are a pair and a single one: 503 taps are 125 full quads, a
//   pair and a single tap, for which 4 m is at most s + 3. So 512 * high is at most S + 125 * 4 + 2 * 3 = S + 506, S is
//   from 512 * high - 508 to 512 * high - 508 + 65024, and `high` is at most 127 * 511 < 2^16.
template <int kBytes>
struct RowSums {
  Vector<uint16_t, kBytes> words, high;
};

// The maximum of the taps that the 16-bit sums hold.
template <typename Element>
constexpr int64_t kRowFlush = sizeof(Element) == 2 ? 504 : 256;

// Adds the rows of kTaps taps to the sums of each pixel, which are 0 before if `is_first`. With kAddsBytes, entries are
// bytes, and the sum of the entries of 4 taps fits a byte.
template <typename Element, int kBytes, int kTaps, bool kAddsBytes>
void AddRows(const uint8_t* rows, const uint8_t* codes, int64_t width, int64_t pixels, bool is_first,
             RowSums<kBytes>* sums) {
  using Row = Vector<uint16_t, kBytes>;
  for (int64_t p = 0; p < pixels; ++p) {
    RowSums<kBytes> s = {Row{}, Row{}};
    if (!is_first) s = sums[p];
    const auto row = [&](int k) {
      Row loaded = {};
      if (k < kTaps) __builtin_memcpy(&loaded, rows + (k * kRowEntries + codes[k * width + p]) * kBytes, kBytes);
      if (!kAddsBytes) s.words += loaded;
      if (!kAddsBytes && sizeof(Element) == 1) s.high += loaded >> 8;
      return loaded;
    };
#pragma GCC unroll 2
    for (int k = 0; k < kTaps; k += 4) {
      const Row first = row(k), second = row(k + 1), third = row(k + 2), fourth = row(k + 3);
      if (sizeof(Element) == 2) s.high += Average(Average(first, second), Average(third, fourth)) >> 7;
      if (!kAddsBytes) continue;
      const Row bytes = first + second + third + fourth;  // no byte carries into another
      s.words += bytes;
      s.high += bytes >> 8;
    }
    sums[p] = s;
  }
}

// Returns AddRows for a number of taps.
template <typename Element, int kBytes, int kMaxTaps, bool kAddsBytes>
auto AddRowsOf(int64_t taps) {
  return taps == kMaxTaps ? AddRows<Element, kBytes, kMaxTaps, kAddsBytes>
         : taps == 4      ? AddRows<Element, kBytes, 4, kAddsBytes>
         : taps == 2      ? AddRows<Element, kBytes, 2, kAddsBytes>
                          : AddRows<Element, kBytes, 1, kAddsBytes>;
}

// Adds 16 sums of 16 bits to 16 sums of 32 bits.
inline void AddPixels(const uint16_t* words, int32_t* sums) {
  auto* unsigned_sums = reinterpret_cast<uint32_t*>(sums);
  for (int i = 0; i < 16; ++i) unsigned_sums[i] += words[i];
}

// Adds 512 * high + rest - kBelow, modulo 2^32, to 16 sums of 32 bits.
constexpr uint32_t kBelow = 508;
inline void AddPixels(const uint16_t* rest, const uint16_t* high, int32_t* sums) {
  auto* unsigned_sums = reinterpret_cast<uint32_t*>(sums);
  for (int i = 0; i < 16; ++i) unsigned_sums[i] += (static_cast<uint32_t>(high[i]) << 9) + rest[i] - kBelow;
}

// Writes kWords words of 8 pixels, transposed, to to[word][first + pixel].
template <int kWords>
inline void TransposeWords(Vector<uint16_t, 2 * kWords>* pixels, int first, uint16_t (*to)[16]) {
  TransposeBlock<Vector<uint16_t, 2 * kWords>, 8>(pixels);
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) {
    // Vector i has word i of the 8 pixels, and behind them word i + 8 if it has 16 words.
    for (int half = 0; half < kWords / 8; ++half) {
      __builtin_memcpy(to[i + 8 * half] + first, reinterpret_cast<const uint8_t*>(&pixels[i]) + 16 * half, 16);
    }
  }
}

// Adds the sums of rows to the 32-bit sums of the filters from `filter` on, a cache line of each filter at a time.
template <typename Element, int kBytes>
void FlushRows(const LookUpArguments& x, int64_t filter, const RowSums<kBytes>* rows) {
  constexpr int kPart = kBytes < kPartBytes ? kBytes : kPartBytes, kWords = kPart / 2;
  using Part = Vector<uint16_t, kPart>;
  constexpr bool kIsWord = sizeof(Element) == 2;
  for (int64_t p = 0; p < x.pixels; p += 16) {
    for (int part = 0; part < kBytes / kPart; ++part) {
      uint16_t low_words[kWords][16], high_words[kWords][16];  // `low` is what `words` adds to the multiple of `high`
      for (int first = 0; first < 16; first += 8) {
        Part low[8], high[8];
#pragma GCC unroll 8
        for (int i = 0; i < 8; ++i) {
          const RowSums<kBytes>& sums = rows[p + first + i];
          Part words;
          __builtin_memcpy(&words, reinterpret_cast<const uint8_t*>(&sums.words) + part * kPart, kPart);
          __builtin_memcpy(&high[i], reinterpret_cast<const uint8_t*>(&sums.high) + part * kPart, kPart);
          low[i] = kIsWord ? words - (high[i] << 9) + kBelow : words - (high[i] << 8);
        }
        TransposeWords<kWords>(low, first, low_words);
        TransposeWords<kWords>(high, first, high_words);
      }
      for (int word = 0; word < kWords; ++word) {
        const int64_t even = filter + (part * kWords + word) * (kIsWord ? 1 : 2), odd = even + 1;
        if (kIsWord) {
          if (even < x.filters) AddPixels(low_words[word], high_words[word], x.sums + even * x.width + p);
          continue;
        }
        if (even < x.filters) AddPixels(low_words[word], x.sums + even * x.width + p);
        if (odd < x.filters) AddPixels(high_words[word], x.sums + odd * x.width + p);
      }
    }
  }
}

// Sets the 32-bit sums of the pixels, or adds to them unless `is_first`; the entries are words.
template <int kBytes>
void FlushPixels(const LookUpArguments& x, int64_t filter, const RowSums<kBytes>* rows, bool is_first) {
  constexpr int kFilters = kBytes / 2;
  for (int64_t p = 0; p < x.pixels; ++p) {
    auto* sums = reinterpret_cast<uint32_t*>(x.sums + p * x.pixel_step + filter);
    uint16_t high[kFilters], rest[kFilters];
    const Vector<uint16_t, kBytes> low = rows[p].words - (rows[p].high << 9) + kBelow;
    __builtin_memcpy(high, &rows[p].high, kBytes);
    __builtin_memcpy(rest, &low, kBytes);
    uint32_t totals[kFilters];
    for (int i = 0; i < kFilters; ++i) totals[i] = (static_cast<uint32_t>(high[i]) << 9) + rest[i] - kBelow;
    if (!is_first) {
      for (int i = 0; i < kFilters; ++i) totals[i] += sums[i];
    }
    __builtin_memcpy(sums, totals, sizeof totals);
  }
}

// Sums up the look-ups of the filters that one row has, from `filter` on. `scratch` has room for the rows of kRowTaps
// taps and for the sums of all pixels.
template <typename Element, int kBytes>
void SumRows(const LookUpArguments& x, int64_t filter, uint8_t* scratch) {
  // The rows of these taps stay in the first-level cache, or come from the second-level cache where they are longest.
  constexpr int kTaps = kBytes == 32 ? 4 : 8;
  static_assert(kTaps <= kRowTaps, "rows must fit the scratch memory");
  auto* sums = reinterpret_cast<RowSums<kBytes>*>(scratch + kRowTaps * kRowEntries * kBytes);
  for (int64_t begin = 0; begin < x.taps; begin += kRowFlush<Element>) {
    const int64_t end = begin + kRowFlush<Element> < x.taps ? begin + kRowFlush<Element> : x.taps;
    for (int64_t k = begin, taps; k < end; k += taps) {
      taps = end - k >= kTaps ? kTaps : end - k >= 4 ? 4 : end - k >= 2 ? 2 : 1;
      for (int64_t i = 0; i < taps; ++i)
        MakeRows<Element, kBytes>(x, filter, k + i, scratch + i * kRowEntries * kBytes);
      const uint8_t* codes = x.codes + k * x.width;
      const auto add = sizeof(Element) == 1 && x.taps_per_byte >= 4
                           ? AddRowsOf<Element, kBytes, kTaps, sizeof(Element) == 1>(taps)
                           : AddRowsOf<Element, kBytes, kTaps, false>(taps);
      add(scratch, codes, x.width, x.pixels, k == begin, sums);
    }
    if (sizeof(Element) == 2 && x.pixel_step != 0) {
      FlushPixels<kBytes>(x, filter, sums, begin == 0);
    } else {
      FlushRows<Element, kBytes>(x, filter, sums);
    }
  }
}

// Looks up rows of kBytes bytes while there are as many filters, and then the shortest rows that all others fit.
template <typename Element, int kBytes>
void LookUpRowsOf(const LookUpArguments& x, int64_t filter, uint8_t* scratch) {
  constexpr int64_t kFilters = kBytes / sizeof(Element);
  for (; filter + kFilters <= x.filters; filter += kFilters) SumRows<Element, kBytes>(x, filter, scratch);
  if (filter == x.filters) return;
  if constexpr (kBytes > 16) {
    if (x.filters - filter <= kFilters / 2) return LookUpRowsOf<Element, kBytes / 2>(x, filter, scratch);
  }
  SumRows<Element, kBytes>(x, filter, scratch);
}

// PathKernels::look_up_rows with rows of up to kBytes bytes.
template <int kBytes>
void LookUpRows(const LookUpArguments& x, uint8_t* scratch) {
  x.planes == 2 ? LookUpRowsOf<uint16_t, kBytes>(x, 0, scratch) : LookUpRowsOf<uint8_t, kBytes>(x, 0, scratch);
}

}  // namespace
}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_ROW_LOOK_UP_H_
