// The sums of gradients from the table, for the leaves of all paths. All numbers are integers, so that no sum depends on
// its order.
//
//   row of a code       r0 r1 r2 ...                 derivatives with respect to the activation, or to the weights
//   digits of a pixel   h0 h1 h2 ... l0 l1 l2 ...    higher and lower digits of its upstream gradient
//
//   activation          sums of a pixel       += r0 h0 + r1 h1, ..., r0 l0 + r1 l1, ...
//   weights             sums of the filters   += r0 h0 + s0 i0, ..., r0 l0 + s0 k0, ...
//
// The row s and the digits i and k belong to the next pixel. The sums of a pixel are added up for each digit.
//
// Leaves include this file; every name in it is local to the leaf (path_kernels.h).
#ifndef TFAPPROX_COMMON_CORE_GRADIENT_SUMS_H_
#define TFAPPROX_COMMON_CORE_GRADIENT_SUMS_H_

#include "gradient_loops.h"
#include "multiply_pairs.h"
#include "transpose_block.h"

namespace tfapprox {
namespace {

#if defined(__AVX512BW__)
constexpr int kRegisterBytes = 64;
#elif defined(__AVX2__)
constexpr int kRegisterBytes = 32;
#else
constexpr int kRegisterBytes = 16;
#endif

// A vector of kLanes filters, kCount of which are computed at once.
template <int kLanes, int kCount>
struct Lanes {
  static constexpr int kBytes = kLanes == kFewGradientLanes ? 16 : kRegisterBytes;
  static constexpr int kWords = kBytes / 2;
  static constexpr int kRegisters = 2 * kLanes / kWords;  // of the digits of one vector
  static constexpr int64_t kStep = kLanes * kCount;       // of rows
  using Words = Vector<uint16_t, kBytes>;
  using SignedWords = Vector<int16_t, kBytes>;
  using Sums = Vector<uint32_t, kBytes>;

  // The derivatives that belong to a register of digits.
  static Words Row(const int16_t* row, int number) {
    if constexpr (kRegisters == 1) {  // of both digits
      Vector<uint16_t, kBytes / 2> half;
      __builtin_memcpy(&half, row, sizeof half);
#if defined(__AVX512BW__)
      if constexpr (kBytes == 64) {
        return reinterpret_cast<Words>(_mm512_broadcast_i64x4(reinterpret_cast<__m256i>(half)));
      }
#endif
      Words both;
      __builtin_memcpy(&both, &half, sizeof half);
      __builtin_memcpy(reinterpret_cast<uint8_t*>(&both) + sizeof half, &half, sizeof half);
      return both;
    } else {
      return Digits(row, number % (kRegisters / 2));
    }
  }

  static Words Digits(const int16_t* digits, int number) {
    Words words;
    __builtin_memcpy(&words, digits + number * kWords, kBytes);
    return words;
  }

  // Returns `sums` plus the products of words, which are added up in pairs.
  static Sums Add(Sums sums, Words a, Words b) {
    return AddPairs(sums, reinterpret_cast<SignedWords>(a), reinterpret_cast<SignedWords>(b));
  }
};

using Four = Vector<int32_t, 16>;
using Totals = Vector<int64_t, 32>;

// Interleaves elements of 8 bytes as ZipLow and ZipHigh do, and adds up both results.
template <typename Sums>
inline Sums AddHalves(Sums a, Sums b) {
  using Long = Vector<uint64_t, sizeof(Sums)>;
  const auto x = reinterpret_cast<Long>(a), y = reinterpret_cast<Long>(b);
  return reinterpret_cast<Sums>(ZipLow(x, y)) + reinterpret_cast<Sums>(ZipHigh(x, y));
}

// Returns, in each part of 16 bytes, the sums of the four elements of four vectors.
template <typename Sums>
inline Sums AddElements(const Sums* x) {
  return AddHalves(ZipLow(x[0], x[1]) + ZipHigh(x[0], x[1]), ZipLow(x[2], x[3]) + ZipHigh(x[2], x[3]));
}

inline Totals Widen(Four x) {
#if defined(__AVX2__)  // GCC converts the halves of the vector one after the other
  return reinterpret_cast<Totals>(_mm256_cvtepi32_epi64(reinterpret_cast<__m128i>(x)));
#else
  return __builtin_convertvector(x, Totals);
#endif
}

// Adds `count` numbers to sums that are `step` apart.
inline void Add(Totals x, int64_t step, int count, int64_t* sums) {
  if (step == 1 && count == 4) {
    Totals old;
    __builtin_memcpy(&old, sums, sizeof old);
    old += x;
    __builtin_memcpy(sums, &old, sizeof old);
  } else {
    for (int i = 0; i < count; ++i) sums[i * step] += x[i];
  }
}

// Returns the sums of four pixels, (2^12 * high + low) << shift. `sums[i][p]` is register i of the sums of pixel p.
template <typename L>
inline Totals Total(const typename L::Sums (*sums)[4], int32_t shift) {
  Totals high, low;
  if constexpr (L::kRegisters == 1 && L::kBytes == 16) {  // elements 0 and 1 are of the higher digits
    typename L::Sums x[4] = {sums[0][0], sums[0][1], sums[0][2], sums[0][3]};
    TransposeBlock<typename L::Sums, 4>(x);
    high = Widen(reinterpret_cast<Four>(x[0] + x[1])), low = Widen(reinterpret_cast<Four>(x[2] + x[3]));
  } else {
    typename L::Sums added[L::kRegisters];
    for (int i = 0; i < L::kRegisters; ++i) added[i] = AddElements(sums[i]);
    Four parts[4];  // two of the higher digits, then two of the lower ones
    __builtin_memcpy(parts, added, sizeof parts);
    high = Widen(parts[0]) + Widen(parts[1]), low = Widen(parts[2]) + Widen(parts[3]);
  }
  const Totals total = (high << kUpstreamDigitBits) + low;
  return shift == 0 ? total : total << shift;
}

// Keeps what is loaded in registers. The compiler would load it again for each use, and loads are what limits the loops.
inline void KeepLoaded() { __asm__ volatile("" ::: "memory"); }

// The position in the arrays of a run.
struct Place {
  const uint8_t* codes;
  const int16_t *activation, *weight;
  int64_t* sums;

  void Skip(const GradientRun& run, int64_t pixels) {
    codes += pixels * run.code_step, sums += pixels * run.code_step;
    activation += pixels * run.step, weight += pixels * run.step;
  }
};

// The sums of the weights, of 32 bits.
template <typename L, int kCount>
using WeightSums = typename L::Sums[kCount][L::kRegisters][2];

// Adds the products of two pixels, or of one, to the sums.
template <int kLanes, int kCount, bool kSame, bool kIsOne, typename L = Lanes<kLanes, kCount>>
inline void AddPair(const GradientRun& run, const Place& at, typename L::Sums (*sums)[4],
                    WeightSums<L, kCount>& weight_sums) {
  using Words = typename L::Words;
  const int64_t first = at.codes[0] * L::kStep, second = kIsOne ? first : at.codes[run.code_step] * L::kStep;
  const int64_t step = kIsOne ? 0 : run.step;
#pragma GCC unroll 4
  for (int n = 0; n < kCount; ++n) {
    const int16_t *g = at.activation + 2 * kLanes * n, *for_weight = at.weight + 2 * kLanes * n;
    const int16_t *rows = run.activation_rows + kLanes * n, *weight_rows = run.weight_rows + kLanes * n;
#pragma GCC unroll 4
    for (int i = 0; i < L::kRegisters; ++i) {
      Words x = L::Digits(g, i), y = kIsOne ? Words{} : L::Digits(g + step, i);
      KeepLoaded();
      sums[i][0] = L::Add(sums[i][0], L::Row(rows + first, i), x);
      if (!kIsOne) sums[i][1] = L::Add(sums[i][1], L::Row(rows + second, i), y);
      if (!kSame) {
        x = L::Digits(for_weight, i);
        if (!kIsOne) y = L::Digits(for_weight + step, i);
        KeepLoaded();
      }
      const Words v = L::Row(weight_rows + first, i), w = L::Row(weight_rows + second, i);
      weight_sums[n][i][0] = L::Add(weight_sums[n][i][0], ZipLow(v, w), ZipLow(x, y));
      weight_sums[n][i][1] = L::Add(weight_sums[n][i][1], ZipHigh(v, w), ZipHigh(x, y));
    }
  }
}

// Adds the 32-bit sums of the weights to the 64-bit numbers `to`, in the order of memory, and sets the former to 0.
template <typename L, int kCount>
void Flush(WeightSums<L, kCount>* weight_sums, int32_t shift, int64_t* to) {
  for (auto& vector : *weight_sums) {
    for (auto& halves : vector) {
      for (auto& half : halves) {
        for (int i = 0; i < L::kBytes / 16; ++i, to += 4) {
          Four part;
          __builtin_memcpy(&part, reinterpret_cast<const uint8_t*>(&half) + 16 * i, sizeof part);
          Add(Widen(part) << shift, 1, 4, to);
        }
        half = typename L::Sums{};
      }
    }
  }
}

template <int kLanes, int kCount, bool kSame>
void RunBy(const GradientRun& arguments) {
  using L = Lanes<kLanes, kCount>;
  using PixelSums = typename L::Sums[L::kRegisters][4];
  const GradientRun run = arguments;  // so that the compiler knows that no sum lies in it
  WeightSums<L, kCount> weight_sums = {};
  int64_t room = run.limit;
  for (int64_t row = 0; row < run.rows; ++row) {
    Place at = {run.codes + row * run.code_row_step, run.activation + row * run.row_step,
                run.weight + row * run.row_step, run.activation_sums + row * run.code_row_step};
    for (int64_t left = run.count; left > 0;) {
      if (room == 0) {
        Flush<L, kCount>(&weight_sums, run.shift, run.weight_sums);
        room = run.limit;
      }
      for (; left >= 4 && room > 0; left -= 4, room -= 4) {
        PixelSums sums = {}, next = {};
        int64_t* to = at.sums;
        AddPair<kLanes, kCount, kSame, false>(run, at, sums, weight_sums);
        at.Skip(run, 2);
        AddPair<kLanes, kCount, kSame, false>(run, at, next, weight_sums);
        at.Skip(run, 2);
        for (int i = 0; i < L::kRegisters; ++i) sums[i][2] = next[i][0], sums[i][3] = next[i][1];
        Add(Total<L>(sums, run.shift), run.code_step, 4, to);
      }
      if (left >= 4 || room == 0) continue;
      room -= 4;
      for (; left > 0; left -= 2) {
        PixelSums sums = {};
        if (left > 1) {
          AddPair<kLanes, kCount, kSame, false>(run, at, sums, weight_sums);
        } else {
          AddPair<kLanes, kCount, kSame, true>(run, at, sums, weight_sums);
        }
        Add(Total<L>(sums, run.shift), run.code_step, left > 1 ? 2 : 1, at.sums);
        at.Skip(run, 2);
      }
    }
  }
  Flush<L, kCount>(&weight_sums, run.shift, run.weight_sums);
}

}  // namespace
}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_GRADIENT_SUMS_H_
