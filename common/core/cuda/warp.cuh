// What has no CUDA C++ of its own: asynchronous copies, ldmatrix and the integer MMA, as PTX.
//
// Host execution (tests/host_cuda) brings a model of each, with the same names.
#ifndef TFAPPROX_COMMON_CORE_CUDA_WARP_CUH_
#define TFAPPROX_COMMON_CORE_CUDA_WARP_CUH_

#include <cuda_runtime.h>

#include <cstdint>

#ifndef __CUDACC__
#include <host_warp.h>
#else
namespace tfapprox {
namespace cuda {

// The block's dynamic shared memory, aligned to 128.
__device__ inline unsigned char* SharedMemory() {
  extern __shared__ __align__(128) unsigned char memory[];
  return memory;
}

// Copies 16 bytes to shared memory; they are there after WaitForCopies and a barrier. A plain copy below 8.0.
__device__ inline void CopyAsync16(void* shared, const void* global) {
#if __CUDA_ARCH__ >= 800
  const auto address = static_cast<uint32_t>(__cvta_generic_to_shared(shared));
  asm volatile("cp.async.ca.shared.global [%0], [%1], 16;" ::"r"(address), "l"(global) : "memory");
#else
  *static_cast<uint4*>(shared) = *static_cast<const uint4*>(global);
#endif
}

__device__ inline void CommitCopies() {
#if __CUDA_ARCH__ >= 800
  asm volatile("cp.async.commit_group;" ::: "memory");
#endif
}

// Waits for all groups of this thread's copies but the last `kPending`.
template <int kPending>
__device__ inline void WaitForCopies() {
#if __CUDA_ARCH__ >= 800
  asm volatile("cp.async.wait_group %0;" ::"n"(kPending) : "memory");
#endif
}

// Four 8x16-byte matrices: lane i gives the address of row i % 8 of matrix i / 8, and receives, of each matrix, bytes
// 4 * (lane % 4) and on of row lane / 4.
__device__ inline void LoadMatrices(const void* row, uint32_t (&words)[4]) {
  const auto address = static_cast<uint32_t>(__cvta_generic_to_shared(row));
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(words[0]), "=r"(words[1]), "=r"(words[2]), "=r"(words[3])
               : "r"(address)
               : "memory");
}

// c[16][8] += a[16][32] * b[32][8], unsigned by signed bytes, modulo 2^32. Compute capability 7.5 has a quarter of it.
//
//   a0 a2   rows 0-7,  taps 0-15 16-31      b0   taps 0-15      c0 c1   rows 0-7
//   a1 a3   rows 8-15, taps 0-15 16-31      b1   taps 16-31     c2 c3   rows 8-15
__device__ inline void Mma(const uint32_t (&a)[4], const uint32_t (&b)[2], int32_t (&c)[4]) {
#if __CUDA_ARCH__ >= 800
  asm volatile(
      "mma.sync.aligned.m16n8k32.row.col.s32.u8.s8.s32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
      "{%0, %1, %2, %3};"
      : "+r"(c[0]), "+r"(c[1]), "+r"(c[2]), "+r"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#else
  for (int quarter = 0; quarter < 4; ++quarter) {
    const int rows = quarter & 1, taps = quarter >> 1;
    asm volatile("mma.sync.aligned.m8n8k16.row.col.s32.u8.s8.s32 {%0, %1}, {%2}, {%3}, {%0, %1};"
                 : "+r"(c[2 * rows]), "+r"(c[2 * rows + 1])
                 : "r"(a[quarter]), "r"(b[taps]));
  }
#endif
}

}  // namespace cuda
}  // namespace tfapprox
#endif

#endif  // TFAPPROX_COMMON_CORE_CUDA_WARP_CUH_
