// Transposition of blocks of elements that lie in vectors, for the leaves of several paths.
//
// A vector of 32 or 64 bytes consists of parts of 16 bytes. They are transposed side by side, because instructions that
// move elements from one part to another one are slower.
//
// Leaves include this file; every name in it is local to the leaf (path_kernels.h).
#ifndef TFAPPROX_COMMON_CORE_TRANSPOSE_BLOCK_H_
#define TFAPPROX_COMMON_CORE_TRANSPOSE_BLOCK_H_

#include "vectors.h"

namespace tfapprox {
namespace {

#if defined(__clang__) || __GNUC__ >= 12
#define TFAPPROX_SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define TFAPPROX_SHUFFLE(a, b, ...) __builtin_shuffle(a, b, decltype(a){__VA_ARGS__})
#endif

// Elements i and i + 1, i to i + 3, or i to i + 7, of two vectors of n elements, in turn.
#define TFAPPROX_ZIP2(i, n) i, i + n, i + 1, i + 1 + n
#define TFAPPROX_ZIP4(i, n) TFAPPROX_ZIP2(i, n), TFAPPROX_ZIP2(i + 2, n)
#define TFAPPROX_ZIP8(i, n) TFAPPROX_ZIP4(i, n), TFAPPROX_ZIP4(i + 4, n)

using Bytes16 = Vector<uint8_t, 16>;
using Bytes32 = Vector<uint8_t, 32>;
using Words8 = Vector<uint16_t, 16>;
using Words16 = Vector<uint16_t, 32>;
using Words32 = Vector<uint16_t, 64>;
using Longs4 = Vector<uint32_t, 16>;
using Longs8 = Vector<uint32_t, 32>;
using Longs16 = Vector<uint32_t, 64>;
using Quads2 = Vector<uint64_t, 16>;
using Quads4 = Vector<uint64_t, 32>;
using Quads8 = Vector<uint64_t, 64>;

// ZipLow and ZipHigh interleave the elements of the lower and of the upper halves of two vectors, in each part of 16
// bytes by itself.
inline Bytes16 ZipLow(Bytes16 a, Bytes16 b) { return TFAPPROX_SHUFFLE(a, b, TFAPPROX_ZIP8(0, 16)); }
inline Bytes16 ZipHigh(Bytes16 a, Bytes16 b) { return TFAPPROX_SHUFFLE(a, b, TFAPPROX_ZIP8(8, 16)); }
inline Bytes32 ZipLow(Bytes32 a, Bytes32 b) {
  return TFAPPROX_SHUFFLE(a, b, TFAPPROX_ZIP8(0, 32), TFAPPROX_ZIP8(16, 32));
}
inline Bytes32 ZipHigh(Bytes32 a, Bytes32 b) {
  return TFAPPROX_SHUFFLE(a, b, TFAPPROX_ZIP8(8, 32), TFAPPROX_ZIP8(24, 32));
}
inline Words8 ZipLow(Words8 a, Words8 b) { return TFAPPROX_SHUFFLE(a, b, TFAPPROX_ZIP4(0, 8)); }
inline Words8 ZipHigh(Words8 a, Words8 b) { return TFAPPROX_SHUFFLE(a, b, TFAPPROX_ZIP4(4, 8)); }
inline Words16 ZipLow(Words16 a, Words16 b) {
  return TFAPPROX_SHUFFLE(a, b, TFAPPROX_ZIP4(0, 16), TFAPPROX_ZIP4(8, 16));
}
inline Words16 ZipHigh(Words16 a, Words16 b) {
  return TFAPPROX_SHUFFLE(a, b, TFAPPROX_ZIP4(4, 16), TFAPPROX_ZIP4(12, 16));
}
inline Words32 ZipLow(Words32 a, Words32 b) {
  return TFAPPROX_SHUFFLE(a, b, TFAPPROX_ZIP4(0, 32), TFAPPROX_ZIP4(8, 32), TFAPPROX_ZIP4(16, 32),
                          TFAPPROX_ZIP4(24, 32));
}
inline Words32 ZipHigh(Words32 a, Words32 b) {
  return TFAPPROX_SHUFFLE(a, b, TFAPPROX_ZIP4(4, 32), TFAPPROX_ZIP4(12, 32), TFAPPROX_ZIP4(20, 32),
                          TFAPPROX_ZIP4(28, 32));
}
inline Longs4 ZipLow(Longs4 a, Longs4 b) { return TFAPPROX_SHUFFLE(a, b, TFAPPROX_ZIP2(0, 4)); }
inline Longs4 ZipHigh(Longs4 a, Longs4 b) { return TFAPPROX_SHUFFLE(a, b, TFAPPROX_ZIP2(2, 4)); }
inline Longs8 ZipLow(Longs8 a, Longs8 b) { return TFAPPROX_SHUFFLE(a, b, TFAPPROX_ZIP2(0, 8), TFAPPROX_ZIP2(4, 8)); }
inline Longs8 ZipHigh(Longs8 a, Longs8 b) { return TFAPPROX_SHUFFLE(a, b, TFAPPROX_ZIP2(2, 8), TFAPPROX_ZIP2(6, 8)); }
inline Longs16 ZipLow(Longs16 a, Longs16 b) {
  return TFAPPROX_SHUFFLE(a, b, TFAPPROX_ZIP2(0, 16), TFAPPROX_ZIP2(4, 16), TFAPPROX_ZIP2(8, 16),
                          TFAPPROX_ZIP2(12, 16));
}
inline Longs16 ZipHigh(Longs16 a, Longs16 b) {
  return TFAPPROX_SHUFFLE(a, b, TFAPPROX_ZIP2(2, 16), TFAPPROX_ZIP2(6, 16), TFAPPROX_ZIP2(10, 16),
                          TFAPPROX_ZIP2(14, 16));
}

inline Quads2 ZipLow(Quads2 a, Quads2 b) { return TFAPPROX_SHUFFLE(a, b, 0, 2); }
inline Quads2 ZipHigh(Quads2 a, Quads2 b) { return TFAPPROX_SHUFFLE(a, b, 1, 3); }
inline Quads4 ZipLow(Quads4 a, Quads4 b) { return TFAPPROX_SHUFFLE(a, b, 0, 4, 2, 6); }
inline Quads4 ZipHigh(Quads4 a, Quads4 b) { return TFAPPROX_SHUFFLE(a, b, 1, 5, 3, 7); }
inline Quads8 ZipLow(Quads8 a, Quads8 b) { return TFAPPROX_SHUFFLE(a, b, 0, 8, 2, 10, 4, 12, 6, 14); }
inline Quads8 ZipHigh(Quads8 a, Quads8 b) { return TFAPPROX_SHUFFLE(a, b, 1, 9, 3, 11, 5, 13, 7, 15); }

#undef TFAPPROX_SHUFFLE
#undef TFAPPROX_ZIP2
#undef TFAPPROX_ZIP4
#undef TFAPPROX_ZIP8

// Transposes kSize x kSize elements in log2(kSize) rounds, in each part of 16 bytes of the vectors by itself; a part
// has kSize elements. In each round, row i and row i + kSize / 2 are interleaved and become rows 2 i and 2 i + 1. For
// kSize = 4:
//
//   a0 a1 a2 a3       a0 c0 a1 c1       a0 b0 c0 d0
//   b0 b1 b2 b3       a2 c2 a3 c3       a1 b1 c1 d1
//   c0 c1 c2 c3  -->  b0 d0 b1 d1  -->  a2 b2 c2 d2
//   d0 d1 d2 d3       b2 d2 b3 d3       a3 b3 c3 d3
template <typename Row, int kSize>
inline void TransposeBlock(Row* block) {
  for (int round = 1; round < kSize; round *= 2) {
    Row zipped[kSize];
    for (int i = 0; i < kSize / 2; ++i) {
      zipped[2 * i] = ZipLow(block[i], block[i + kSize / 2]);
      zipped[2 * i + 1] = ZipHigh(block[i], block[i + kSize / 2]);
    }
    for (int i = 0; i < kSize; ++i) block[i] = zipped[i];
  }
}

// Returns a vector whose part number i is loaded from address(i).
template <typename Row, typename Address>
inline Row LoadParts(Address address) {
  Row row;
#ifdef __AVX2__
  const auto load = [&](int part) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(address(part))); };
  if constexpr (sizeof(Row) == 32) {
    return reinterpret_cast<Row>(_mm256_inserti128_si256(_mm256_castsi128_si256(load(0)), load(1), 1));
  }
#ifdef __AVX512F__
  if constexpr (sizeof(Row) == 64) {
    __m512i wide = _mm512_inserti32x4(_mm512_castsi128_si512(load(0)), load(1), 1);
    wide = _mm512_inserti32x4(wide, load(2), 2);
    return reinterpret_cast<Row>(_mm512_inserti32x4(wide, load(3), 3));
  }
#endif
#endif
  for (int part = 0; part < static_cast<int>(sizeof(Row) / 16); ++part) {
    __builtin_memcpy(reinterpret_cast<uint8_t*>(&row) + 16 * part, address(part), 16);
  }
  return row;
}

}  // namespace
}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_TRANSPOSE_BLOCK_H_
