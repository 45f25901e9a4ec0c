// CPUID says what the CPU can do, XCR0 which registers the operating system saves; an instruction needs both.
#include "cpu.h"

#include <cstdint>

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

namespace tfapprox {
namespace {

struct Features {
  bool avx2 = false, avx512vbmi = false;
};

bool All(uint64_t value, uint64_t bits) { return (value & bits) == bits; }

constexpr uint64_t Bit(int number) { return uint64_t{1} << number; }

Features Detect() {
  Features found;
#if defined(__x86_64__) || defined(__i386__)
  uint32_t a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !All(c, Bit(27))) return found;  // OSXSAVE
  uint32_t low, high;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  const uint64_t saved = low | uint64_t{high} << 32;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return found;
  found.avx2 = All(b, Bit(5)) && All(saved, Bit(1) | Bit(2));  // xmm, ymm
  // F, DQ, BW, VL; VBMI, VNNI; mask registers, both halves of zmm.
  found.avx512vbmi = found.avx2 && All(b, Bit(16) | Bit(17) | Bit(30) | Bit(31)) && All(c, Bit(1) | Bit(11)) &&
                     All(saved, Bit(5) | Bit(6) | Bit(7));
#endif
  return found;
}

const Features& Found() {
  static const Features found = Detect();
  return found;
}

}  // namespace

bool CpuHasAvx2() { return Found().avx2; }
bool CpuHasAvx512Vbmi() { return Found().avx512vbmi; }

}  // namespace tfapprox
