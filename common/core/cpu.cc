// Detects the vector instructions that the CPU has and whose registers the operating system saves.
//
// CPUID tells which instructions the CPU has. XCR0 tells which registers the operating system saves when it switches
// threads.
#include "cpu.h"

#include <cstdint>

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

namespace tfapprox {
namespace {

// What the functions below return.
struct Features {
  bool avx2 = false, avx512bw = false, avx512vbmi = false;
};

// Returns true if all bits of `bits` are set in `value`.
bool All(uint64_t value, uint64_t bits) { return (value & bits) == bits; }

constexpr uint64_t Bit(int number) { return uint64_t{1} << number; }

Features Detect() {
  Features features;
#if defined(__x86_64__) || defined(__i386__)
  uint32_t a, b, c, d;
  // Bit 27, OSXSAVE, says that the operating system lets programs read XCR0.
  if (!__get_cpuid(1, &a, &b, &c, &d) || !All(c, Bit(27))) return features;
  uint32_t low, high;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  const uint64_t saved = low | uint64_t{high} << 32;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return features;
  // Bits 1 and 2 of XCR0 stand for the xmm registers and the upper halves of the ymm registers.
  features.avx2 = All(b, Bit(5)) && All(saved, Bit(1) | Bit(2));
  // Register b has the bits of F, DQ, BW and VL, register c has the bits of VBMI and VNNI. Bits 5 to 7 of XCR0 stand
  // for the mask registers, the upper halves of zmm0 to zmm15, and zmm16 to zmm31.
  features.avx512bw =
      features.avx2 && All(b, Bit(16) | Bit(17) | Bit(30) | Bit(31)) && All(saved, Bit(5) | Bit(6) | Bit(7));
  features.avx512vbmi = features.avx512bw && All(c, Bit(1) | Bit(11));
#endif
  return features;
}

const Features& Found() {
  static const Features features = Detect();
  return features;
}

}  // namespace

bool CpuHasAvx2() { return Found().avx2; }
bool CpuHasAvx512Bw() { return Found().avx512bw; }
bool CpuHasAvx512Vbmi() { return Found().avx512vbmi; }

}  // namespace tfapprox
