// Detects the vector instructions that the CPU has and whose registers the operating system saves.
//
// On x86, CPUID tells which instructions the CPU has, and XCR0 which registers the operating system saves when it
// switches threads. On AArch64, Linux tells programs which instructions they can use.
#include "cpu.h"

#include <cstdint>

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

namespace tfapprox {
namespace {

// What the functions below return.
struct Features {
  bool avx2 = false, avx512bw = false, avx512vbmi = false, neon = false, neon_dot = false;
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
#elif defined(__aarch64__) && defined(__linux__)
  // The kernel reports only instructions whose registers it saves: bit 1 is ASIMD, bit 20 is ASIMDDP.
  const uint64_t reported = getauxval(AT_HWCAP);
  features.neon = All(reported, Bit(1));
  features.neon_dot = All(reported, Bit(1) | Bit(20));
#endif
  return features;
}

CpuFamily Identify() {
#if defined(__x86_64__) || defined(__i386__)
  uint32_t a, b, c, d;
  if (!__get_cpuid(0, &a, &b, &c, &d)) return CpuFamily::kOther;
  const bool amd = b == signature_AMD_ebx && c == signature_AMD_ecx && d == signature_AMD_edx;
  const bool intel = b == signature_INTEL_ebx && c == signature_INTEL_ecx && d == signature_INTEL_edx;
  if (!__get_cpuid(1, &a, &b, &c, &d)) return CpuFamily::kOther;
  const uint32_t family = (a >> 8 & 15) + (a >> 20 & 255), model = (a >> 4 & 15) | (a >> 12 & 0xf0);
  if (amd && family == 0x17) return CpuFamily::kZen3;
  if (amd && family == 0x19) {
    const bool zen4 = (model >= 0x10 && model <= 0x1f) || (model >= 0x60 && model <= 0xaf);
    return zen4 ? CpuFamily::kZen4 : CpuFamily::kZen3;
  }
  if (amd && family == 0x1a) return CpuFamily::kZen5;
  if (!intel || family != 6) return CpuFamily::kOther;
  switch (model) {
    case 0x55:
      return CpuFamily::kSkylakeX;
    case 0x6a:
    case 0x6c:
    case 0x7d:
    case 0x7e:
      return CpuFamily::kIceLake;
    case 0x8f:
    case 0xcf:
    case 0xad:
    case 0xae:
      return CpuFamily::kSapphireRapids;
  }
#endif
  return CpuFamily::kOther;
}

const Features& Found() {
  static const Features features = Detect();
  return features;
}

}  // namespace

bool CpuHasAvx2() { return Found().avx2; }
bool CpuHasAvx512Bw() { return Found().avx512bw; }
bool CpuHasAvx512Vbmi() { return Found().avx512vbmi; }
bool CpuHasNeon() { return Found().neon; }
bool CpuHasNeonDot() { return Found().neon_dot; }

CpuFamily DetectCpuFamily() {
  static const CpuFamily family = Identify();
  return family;
}

const char* CpuFamilyName() {
  switch (DetectCpuFamily()) {
    case CpuFamily::kZen3:
      return "zen3";
    case CpuFamily::kZen4:
      return "zen4";
    case CpuFamily::kZen5:
      return "zen5";
    case CpuFamily::kSkylakeX:
      return "skylake-x";
    case CpuFamily::kIceLake:
      return "ice-lake";
    case CpuFamily::kSapphireRapids:
      return "sapphire-rapids";
    default:
      return "other";
  }
}

}  // namespace tfapprox
