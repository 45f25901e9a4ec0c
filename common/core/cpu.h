// Which vector instructions this machine can run; lut_gemm.cc asks before it chooses a path.
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

}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_CPU_H_
