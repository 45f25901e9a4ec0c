// The loops of look-ups by columns, for the leaves of several paths: the pixels lie in the lanes of a vector, and a
// weight's table is looked up for all of them.
//
// A leaf defines the look-up itself as a class template Columns<kEntries, kPlanes>, of tables with kEntries entries of
// kPlanes bytes:
//
//   Columns::Sums                             the 16-bit sums of the bytes of one plane for a vector of pixels
//   Columns::kPixels                          the number of these pixels
//   Columns::AddTap<kVectors>(table, codes, sums)   looks up kVectors vectors of codes and adds the results to
//                                                   sums[kVectors][kPlanes]
//   Columns::AddPlane(sums, shift, target)    adds the sums of one plane, shifted to the left, to 32-bit sums
//   Columns::LookUp(arguments)                looks up all filters and pixels, by calls of SumTaps
//
// Leaves include this file; every name in it is local to the leaf (path_kernels.h).
#ifndef TFAPPROX_COMMON_CORE_COLUMN_LOOK_UP_H_
#define TFAPPROX_COMMON_CORE_COLUMN_LOOK_UP_H_

#include "path_kernels.h"

namespace tfapprox {
namespace {

// The sums of bytes are kept in 16 bits over this many taps, because 256 * 255 < 2^16; then they are added to 32 bits.
constexpr int64_t kFlush = 256;

// Sums up the look-ups of filter number `filter` for kVectors vectors of pixels, from `pixel` on.
template <template <int, int> class Columns, int kEntries, int kPlanes, int kVectors>
void SumTaps(const LookUpArguments& x, int64_t filter, int64_t pixel) {
  using Kernel = Columns<kEntries, kPlanes>;
  const uint8_t* weights = x.weights + filter * x.taps;
  int32_t* target = x.sums + filter * x.width + pixel;
  for (int64_t begin = 0; begin < x.taps; begin += kFlush) {
    const int64_t end = begin + kFlush < x.taps ? begin + kFlush : x.taps;
    typename Kernel::Sums sums[kVectors][kPlanes];
    for (auto& planes : sums) {
      for (auto& plane : planes) plane = Kernel::Sums::Zero();
    }
    for (int64_t k = begin; k < end; ++k) {
      const uint8_t* table = x.tables + weights[k] * (kEntries * kPlanes);
      Kernel::template AddTap<kVectors>(table, x.codes + k * x.width + pixel, sums);
    }
    for (int v = 0; v < kVectors; ++v) {
      for (int i = 0; i < kPlanes; ++i) Kernel::AddPlane(sums[v][i], 8 * i, target + Kernel::kPixels * v);
    }
  }
}

// PathKernels::look_up by the class template of the leaf.
template <template <int, int> class Columns>
void LookUpPlanes(const LookUpArguments& x) {
  const bool words = x.planes == 2;
  switch (x.entries) {
    case 64:
      return words ? Columns<64, 2>::LookUp(x) : Columns<64, 1>::LookUp(x);
    case 128:
      return words ? Columns<128, 2>::LookUp(x) : Columns<128, 1>::LookUp(x);
    default:
      return words ? Columns<256, 2>::LookUp(x) : Columns<256, 1>::LookUp(x);
  }
}

// PathKernels::format of the leaves whose tables are [256 weights][planes][entries]. Plane 0 has the low bytes, plane 1
// the high bytes.
inline void FormatPlanes(const uint16_t* columns, int32_t entries, int32_t planes, uint8_t* tables) {
  for (int32_t w = 0; w < 256; ++w, columns += entries) {
    for (int32_t plane = 0; plane < planes; ++plane, tables += entries) {
      for (int32_t i = 0; i < entries; ++i) tables[i] = static_cast<uint8_t>(columns[i] >> (8 * plane));
    }
  }
}

}  // namespace
}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_COLUMN_LOOK_UP_H_
