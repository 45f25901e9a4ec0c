// What the CPU and the operating system support together.
#ifndef TFAPPROX_COMMON_CORE_CPU_H_
#define TFAPPROX_COMMON_CORE_CPU_H_

namespace tfapprox {

bool CpuHasAvx2();
bool CpuHasAvx512Vbmi();  // with F, BW, DQ, VL and VNNI, which the path uses too

}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_CPU_H_
