// Transposition of matrices of bytes and of elements of 4 bytes, for element_loops.cc.
//
// Every name in this file is local to the leaf that includes it (path_kernels.h).
#ifndef TFAPPROX_COMMON_CORE_TRANSPOSE_MATRIX_H_
#define TFAPPROX_COMMON_CORE_TRANSPOSE_MATRIX_H_

#include "transpose_block.h"

namespace tfapprox {
namespace {

// Sets to[j * to_step + i] = from[i * from_step + j] for all of `rows` x `columns` bytes: full blocks by
// TransposeBlock, the rest one by one. With kSlack, the last rows are a full block as well, whose surplus rows repeat
// the last one.
template <bool kSlack>
void TransposeBytes(const uint8_t* from, int64_t from_step, int64_t rows, int64_t columns, uint8_t* to,
                    int64_t to_step) {
  constexpr int kSize = 16;
  const int64_t full_columns = columns / kSize * kSize;
  const int64_t block_rows = kSlack && full_columns > 0 ? rows : rows / kSize * kSize;
  for (int64_t i = 0; i < block_rows; i += kSize) {
    const int64_t last = rows - 1 - i;
    for (int64_t j = 0; j < full_columns; j += kSize) {
      Bytes16 block[kSize];
      for (int r = 0; r < kSize; ++r) {
        __builtin_memcpy(&block[r], from + (i + (kSlack && last < r ? last : r)) * from_step + j, kSize);
      }
      TransposeBlock<Bytes16, kSize>(block);
      for (int r = 0; r < kSize; ++r) __builtin_memcpy(to + (j + r) * to_step + i, &block[r], kSize);
    }
    for (int64_t j = full_columns; j < columns; ++j) {
      for (int64_t r = i; r < i + kSize && r < rows; ++r) to[j * to_step + r] = from[r * from_step + j];
    }
  }
  for (int64_t i = block_rows; i < rows; ++i) {
    for (int64_t j = 0; j < columns; ++j) to[j * to_step + i] = from[i * from_step + j];
  }
}

// Transposes rows of elements of 4 bytes from `row` on while they fill a vector of kBytes bytes, and returns the next
// row. Element j of row i is copied from from + i * from_step + 4 j to to + j * to_step + 4 i; steps are in bytes.
template <int kBytes>
int64_t TransposeRows(const uint8_t* from, int64_t from_step, int64_t row, int64_t rows, int64_t columns, uint8_t* to,
                      int64_t to_step) {
  using Row = Vector<uint32_t, kBytes>;
  constexpr int kRows = kBytes / 4;
  for (; row + kRows <= rows; row += kRows) {
    int64_t j = 0;
    for (; j + 4 <= columns; j += 4) {
      Row block[4];
      for (int i = 0; i < 4; ++i) {
        block[i] = LoadParts<Row>([&](int part) { return from + (row + i + 4 * part) * from_step + 4 * j; });
      }
      TransposeBlock<Row, 4>(block);
      for (int i = 0; i < 4; ++i) __builtin_memcpy(to + (j + i) * to_step + 4 * row, &block[i], kBytes);
    }
    for (; j < columns; ++j) {
      for (int64_t i = row; i < row + kRows; ++i) {
        __builtin_memcpy(to + j * to_step + 4 * i, from + i * from_step + 4 * j, 4);
      }
    }
  }
  return row;
}

// Transposes elements of 4 bytes, with the longest vectors that the rows fill.
void TransposeLongs(const uint8_t* from, int64_t from_step, int64_t rows, int64_t columns, uint8_t* to,
                    int64_t to_step) {
  int64_t row = 0;
#ifdef __AVX512F__
  row = TransposeRows<64>(from, from_step, row, rows, columns, to, to_step);
#endif
#ifdef __AVX2__
  row = TransposeRows<32>(from, from_step, row, rows, columns, to, to_step);
#endif
  row = TransposeRows<16>(from, from_step, row, rows, columns, to, to_step);
  for (; row < rows; ++row) {
    for (int64_t j = 0; j < columns; ++j) {
      __builtin_memcpy(to + j * to_step + 4 * row, from + row * from_step + 4 * j, 4);
    }
  }
}

}  // namespace
}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_TRANSPOSE_MATRIX_H_
