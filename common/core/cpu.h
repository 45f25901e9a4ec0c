// Which vector instructions this machine can run, and of which family its CPU is. lut_gemm.cc asks before it chooses a
// path, and costs.cc before it compares costs.
#ifndef TFAPPROX_COMMON_CORE_CPU_H_
#define TFAPPROX_COMMON_CORE_CPU_H_

namespace tfapprox {

// Returns true if AVX2 can be used.
bool CpuHasAvx2();

// Returns true if AVX-512 F, BW, DQ and VL can be used.
bool CpuHasAvx512Bw();

// Returns true if AVX-512 VBMI can be used together with AVX-512 F, BW, DQ, VL and VNNI, which the path avx512vbmi also
// needs.
bool CpuHasAvx512Vbmi();

// Returns true on AArch64 if NEON, which is called Advanced SIMD there, can be used.
bool CpuHasNeon();

// Returns true on AArch64 if NEON and its dot products (sdot and udot, optional since Armv8.2) can be used.
bool CpuHasNeonDot();

// The families of CPUs that are told apart, because their kernels may cost differently.
enum class CpuFamily { kOther, kZen3, kZen4, kZen5, kSkylakeX, kIceLake, kSapphireRapids };

// Returns the family of this CPU. Zen 3 includes older Zens, Skylake-X includes Cascade Lake, Ice Lake includes its
// servers and clients, and Sapphire Rapids includes its successors Emerald Rapids and Granite Rapids.
CpuFamily DetectCpuFamily();

// Returns the name of this CPU's family, such as "zen4" or "sapphire-rapids".
const char* CpuFamilyName();

}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_CPU_H_
