// lut_gemm for any CPU, in plain C++: the inner loop runs over the pixels of a block and keeps the weights fixed.
//
//   for each filter, four taps at a time:     sums[p] += t0[a0[p]] + t1[a1[p]] + t2[a2[p]] + t3[a3[p]]
//
// Four taps share one pass over the sums, which quarters the loads and stores of sums. The tables of four weights (2
// KiB), the sums of one filter (1 KiB) and four rows of the panel (1 KiB) stay in the first-level cache. lut_gemm.cc
// lists this path last; the file is a leaf (path_kernels.h).
#include "map_bytes.h"
#include "path_kernels.h"

namespace tfapprox {
namespace {

// Sums up look-ups in tables of entries of type Entry, uint8_t or uint16_t.
template <typename Entry>
void LookUpAll(const LookUpArguments& x) {
  const auto* tables = reinterpret_cast<const Entry*>(x.tables);
  for (int64_t f = 0; f < x.filters; ++f) {
    const uint8_t* weights = x.weights + f * x.taps;
    auto* sums = reinterpret_cast<uint32_t*>(x.sums + f * x.width);
    int64_t k = 0;
    for (; k + 4 <= x.taps; k += 4) {
      const uint8_t *a0 = x.codes + k * x.width, *a1 = a0 + x.width, *a2 = a1 + x.width, *a3 = a2 + x.width;
      const Entry *t0 = tables + weights[k] * x.entries, *t1 = tables + weights[k + 1] * x.entries,
                  *t2 = tables + weights[k + 2] * x.entries, *t3 = tables + weights[k + 3] * x.entries;
      for (int64_t p = 0; p < x.pixels; ++p) sums[p] += uint32_t{t0[a0[p]]} + t1[a1[p]] + t2[a2[p]] + t3[a3[p]];
    }
    for (; k < x.taps; ++k) {
      const uint8_t* a = x.codes + k * x.width;
      const Entry* t = tables + weights[k] * x.entries;
      for (int64_t p = 0; p < x.pixels; ++p) sums[p] += t[a[p]];
    }
  }
}

void LookUpEntries(const LookUpArguments& x) { x.planes == 2 ? LookUpAll<uint16_t>(x) : LookUpAll<uint8_t>(x); }

// Copies `count` entries as elements of type Entry.
template <typename Entry>
void Narrow(const uint16_t* columns, int32_t count, uint8_t* tables) {
  auto* entries = reinterpret_cast<Entry*>(tables);
  for (int32_t i = 0; i < count; ++i) entries[i] = static_cast<Entry>(columns[i]);
}

// The tables of this path are [256 weights][entries], elements of one or two bytes.
void Format(const uint16_t* columns, int32_t entries, int32_t planes, uint8_t* tables) {
  planes == 2 ? Narrow<uint16_t>(columns, 256 * entries, tables) : Narrow<uint8_t>(columns, 256 * entries, tables);
}

// Sums up all terms for one filter and 64 pixels. The sums of 64 pixels stay in registers or the first-level cache
// while they pass through all terms.
void MultiplyBlock(const MultiplyArguments& x, int64_t filter, int64_t pixel) {
  uint32_t sums[kLanes] = {};
  for (int64_t t = 0; t < x.terms; ++t) {
    for (uint32_t& sum : sums) sum <<= x.raises[t];
    const uint8_t* features = x.features + t * x.feature_step + 4 * pixel;
    const int8_t* w = x.coefficients + t * x.coefficient_step + filter * 4 * x.quads;
    for (int64_t q = 0; q < x.quads; ++q, features += 4 * x.width, w += 4) {
      for (int64_t p = 0; p < kLanes; ++p) {
        const uint8_t* a = features + 4 * p;
        sums[p] += static_cast<uint32_t>(a[0] * w[0] + a[1] * w[1] + a[2] * w[2] + a[3] * w[3]);
      }
    }
  }
  auto* target = reinterpret_cast<uint32_t*>(x.sums + filter * x.width + pixel);
  for (int64_t p = 0; p < kLanes; ++p) target[p] = sums[p] << x.raises[x.terms];
}

void Multiply(const MultiplyArguments& x) {
  for (int64_t p = 0; p < x.pixels; p += kLanes) {
    for (int64_t f = 0; f < x.filters; ++f) MultiplyBlock(x, f, p);
  }
}

}  // namespace

const PathKernels TFAPPROX_PATH_KERNELS = {Format, LookUpEntries, nullptr, 0, Multiply, MapBytes};

}  // namespace tfapprox
