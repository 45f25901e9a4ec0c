// Which vector instructions this machine can run; lut_gemm.cc asks before it chooses a path.
#ifndef TFAPPROX_COMMON_CORE_CPU_H_
#define TFAPPROX_COMMON_CORE_CPU_H_

namespace tfapprox {

// True if AVX2 can be used.
bool CpuHasAvx2();

// True if AVX-512 VBMI can be used together with AVX-512 F, BW, DQ, VL and VNNI, which the path avx512vbmi also needs.
bool CpuHasAvx512Vbmi();

}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_CPU_H_
