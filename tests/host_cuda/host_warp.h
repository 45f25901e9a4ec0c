// A model of the instructions that warp.cuh has as PTX, with the fragments as the PTX manual draws them.
#ifndef TFAPPROX_TESTS_HOST_CUDA_HOST_WARP_H_
#define TFAPPROX_TESTS_HOST_CUDA_HOST_WARP_H_

#include <cstdint>
#include <cstring>

#include "block.h"

namespace tfapprox {
namespace cuda {

using host_cuda::CommitCopies;
using host_cuda::SharedMemory;

inline void CopyAsync16(void* shared, const void* global) { host_cuda::QueueCopy(shared, global, 16); }

template <int kPending>
void WaitForCopies() {
  host_cuda::WaitForCopies(kPending);
}

struct MatrixOperands {
  const void* row;
  uint32_t* words;
};

inline void LoadMatrices(const void* row, uint32_t (&words)[4]) {
  MatrixOperands operands = {row, words};
  host_cuda::WarpCollective(&operands, [](void* const* all) {
    const auto lane = [&](int i) { return static_cast<const MatrixOperands*>(all[i]); };
    for (int i = 0; i < 32; ++i) {
      for (int matrix = 0; matrix < 4; ++matrix) {
        const auto* bytes = static_cast<const unsigned char*>(lane(8 * matrix + i / 4)->row);
        std::memcpy(&lane(i)->words[matrix], bytes + 4 * (i % 4), 4);
      }
    }
  });
}

struct MmaOperands {
  const uint32_t *a, *b;
  int32_t* c;
};

inline void Mma(const uint32_t (&a)[4], const uint32_t (&b)[2], int32_t (&c)[4]) {
  MmaOperands operands = {a, b, c};
  host_cuda::WarpCollective(&operands, [](void* const* all) {
    const auto lane = [&](int i) { return static_cast<const MmaOperands*>(all[i]); };
    uint8_t rows[16][32];
    int8_t columns[8][32];
    for (int i = 0; i < 32; ++i) {
      for (int word = 0; word < 4; ++word) {
        std::memcpy(&rows[i / 4 + word % 2 * 8][word / 2 * 16 + i % 4 * 4], &lane(i)->a[word], 4);
      }
      for (int word = 0; word < 2; ++word) std::memcpy(&columns[i / 4][word * 16 + i % 4 * 4], &lane(i)->b[word], 4);
    }
    for (int row = 0; row < 16; ++row) {
      for (int column = 0; column < 8; ++column) {
        uint32_t sum = 0;
        for (int k = 0; k < 32; ++k) sum += static_cast<uint32_t>(rows[row][k] * columns[column][k]);
        int32_t& target = lane(row % 8 * 4 + column / 2)->c[row / 8 * 2 + column % 2];
        target = static_cast<int32_t>(static_cast<uint32_t>(target) + sum);
      }
    }
  });
}

}  // namespace cuda
}  // namespace tfapprox

#endif  // TFAPPROX_TESTS_HOST_CUDA_HOST_WARP_H_
