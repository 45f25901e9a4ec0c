// Instructions that CUDA C++ has no functions for, as PTX: asynchronous copies, ldmatrix and the integer MMA.
//
// Where the kernels are compiled for the CPU, tests/host_cuda provides a model of each function under the same name.
#ifndef TFAPPROX_COMMON_CORE_CUDA_WARP_CUH_
#define TFAPPROX_COMMON_CORE_CUDA_WARP_CUH_

#include <cuda_runtime.h>

#include <cstdint>

#ifndef __CUDACC__
#include <host_warp.h>
#else
namespace tfapprox {
namespace cuda {

// Returns the dynamic shared memory of the block, aligned to 128 bytes.
__device__ inline unsigned char* SharedMemory() {
  extern __shared__ __align__(128) unsigned char memory[];
  return memory;
}

// Begins to copy 16 bytes to shared memory. All threads see them after WaitForCopies and a barrier. GPUs of a compute
// capability below 8.0 have no asynchronous copies and copy at once.
__device__ inline void CopyAsync16(void* shared, const void* global) {
#if __CUDA_ARCH__ >= 800
  const auto address = static_cast<uint32_t>(__cvta_generic_to_shared(shared));
  asm volatile("cp.async.ca.shared.global [%0], [%1], 16;" ::"r"(address), "l"(global) : "memory");
#else
  *static_cast<uint4*>(shared) = *static_cast<const uint4*>(global);
#endif
}

// Makes a group of the copies that this thread has begun since the last group.
__device__ inline void CommitCopies() {
#if __CUDA_ARCH__ >= 800
  asm volatile("cp.async.commit_group;" ::: "memory");
#endif
}

// Waits until all groups of copies of this thread are complete, except for the last `kPending` ones.
template <int kPending>
__device__ inline void WaitForCopies() {
#if __CUDA_ARCH__ >= 800
  asm volatile("cp.async.wait_group %0;" ::"n"(kPending) : "memory");
#endif
}

// Loads four matrices of 8 rows of 16 bytes, with all 32 lanes of a warp. Lane i passes the address of row i % 8 of
// matrix i / 8. It receives, in words[m], the 4 bytes from byte 4 * (i % 4) on of row i / 4 of matrix m.
//
//   a matrix      bytes 0-3   bytes 4-7   bytes 8-11   bytes 12-15
//     row 0       lane 0      lane 1      lane 2       lane 3
//     row 1       lane 4      lane 5      lane 6       lane 7
//     ...
//     row 7       lane 28     lane 29     lane 30      lane 31
__device__ inline void LoadMatrices(const void* row, uint32_t (&words)[4]) {
  const auto address = static_cast<uint32_t>(__cvta_generic_to_shared(row));
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(words[0]), "=r"(words[1]), "=r"(words[2]), "=r"(words[3])
               : "r"(address)
               : "memory");
}

// Adds a product of matrices to c, modulo 2^32: c[16][8] += a[16][32] * b[32][8], unsigned times signed bytes. Each
// lane has 4 words of a, 2 words of b and 4 numbers of c:
//
//           a: pixels by taps                     b: taps by filters         c: pixels by filters
//               taps 0-15   taps 16-31                     filters 0-7                filters 0-7
//   rows 0-7      a[0]        a[2]            taps 0-15       b[0]       rows 0-7      c[0], c[1]
//   rows 8-15     a[1]        a[3]            taps 16-31      b[1]       rows 8-15     c[2], c[3]
//
// In a and b, words lie in lanes as LoadMatrices loads them; row i / 4 of c[0], c[1] has columns 2 * (i % 4) and
// 2 * (i % 4) + 1 in lane i. Compute capability 7.5 has a quarter of this instruction, which is used four times.
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
