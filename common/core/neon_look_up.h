// Look-ups by columns with NEON, for the leaves neon and neondot: TBL looks up 16 pixels at once in 64 entries of a
// weight's table, which lie in 4 registers. TBX keeps the result of lanes whose index is 64 or more, so the next 64
// entries are looked up into the same register with an index that is 64 less, modulo 256.
//
// Every name in this file is local to the leaf that includes it (path_kernels.h).
#ifndef TFAPPROX_COMMON_CORE_NEON_LOOK_UP_H_
#define TFAPPROX_COMMON_CORE_NEON_LOOK_UP_H_

#include <arm_neon.h>

#include "column_look_up.h"
#include "path_kernels.h"

namespace tfapprox {
namespace {

// Looks up tables of kEntries entries and kPlanes bytes (column_look_up.h).
template <int kEntries, int kPlanes>
struct NeonColumns {
  // The sums of the bytes of the even and of the odd pixels.
  struct Sums {
    uint16x8_t even, odd;

    static Sums Zero() { return {vdupq_n_u16(0), vdupq_n_u16(0)}; }
  };
  static constexpr int kPixels = 16;

  template <int kVectors>
  static inline __attribute__((always_inline)) void AddTap(const uint8_t* table, const uint8_t* codes,
                                                           Sums (*sums)[kPlanes]) {
    for (int i = 0; i < kPlanes; ++i) {
      uint8x16_t entry[kVectors];
      for (int part = 0; part < kEntries; part += 64) {
        const uint8x16x4_t entries = vld1q_u8_x4(table + i * kEntries + part);
        for (int v = 0; v < kVectors; ++v) {
          const uint8x16_t index = vsubq_u8(vld1q_u8(codes + 16 * v), vdupq_n_u8(static_cast<uint8_t>(part)));
          entry[v] = part == 0 ? vqtbl4q_u8(entries, index) : vqtbx4q_u8(entry[v], entries, index);
        }
      }
      for (int v = 0; v < kVectors; ++v) {
        const uint16x8_t words = vreinterpretq_u16_u8(entry[v]);
        sums[v][i].even = vaddq_u16(sums[v][i].even, vandq_u16(words, vdupq_n_u16(255)));
        sums[v][i].odd = vsraq_n_u16(sums[v][i].odd, words, 8);
      }
    }
  }

  // Adds 4 sums of 16 bits, shifted to the left, to 4 sums of 32 bits.
  static inline void AddWords(uint16x4_t words, int shift, int32_t* target) {
    const uint32x4_t wide = vshlq_u32(vmovl_u16(words), vdupq_n_s32(shift));
    vst1q_s32(target, vreinterpretq_s32_u32(vaddq_u32(vreinterpretq_u32_s32(vld1q_s32(target)), wide)));
  }

  static inline void AddPlane(const Sums& plane, int shift, int32_t* target) {
    const uint16x8_t first = vzip1q_u16(plane.even, plane.odd), last = vzip2q_u16(plane.even, plane.odd);
    AddWords(vget_low_u16(first), shift, target);
    AddWords(vget_high_u16(first), shift, target + 4);
    AddWords(vget_low_u16(last), shift, target + 8);
    AddWords(vget_high_u16(last), shift, target + 12);
  }

  static void LookUp(const LookUpArguments& x) {
    for (int64_t f = 0; f < x.filters; ++f) {
      for (int64_t p = 0; p < x.pixels; p += kLanes) SumTaps<tfapprox::NeonColumns, kEntries, kPlanes, 4>(x, f, p);
    }
  }
};

}  // namespace
}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_NEON_LOOK_UP_H_
