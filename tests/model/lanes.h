// The vectors of the model (immintrin.h) and their lanes, in the compiler's extension for vectors of any length.
#ifndef TFAPPROX_TESTS_MODEL_LANES_H_
#define TFAPPROX_TESTS_MODEL_LANES_H_

#include <cstdint>
#include <cstring>

typedef long long __m128i __attribute__((vector_size(16)));
typedef long long __m256i __attribute__((vector_size(32)));
typedef long long __m512i __attribute__((vector_size(64)));
typedef float __m128 __attribute__((vector_size(16)));
typedef float __m512 __attribute__((vector_size(64)));
typedef double __m256d __attribute__((vector_size(32)));
using __mmask16 = uint16_t;
using __mmask64 = uint64_t;

namespace {

// The type of the vector V with lanes of type T.
template <typename T, typename V>
struct LanesOf {
  typedef T Type __attribute__((vector_size(sizeof(V))));
};

// Returns the same bits as lanes of type T.
template <typename T, typename V>
typename LanesOf<T, V>::Type Lanes(V x) {
  return reinterpret_cast<typename LanesOf<T, V>::Type>(x);
}

// Returns the vector whose lanes of type T are function(lane).
template <typename V, typename T, typename Function>
V Each(Function function) {
  constexpr int kLanes = sizeof(V) / sizeof(T);
  T lanes[kLanes];
  for (int i = 0; i < kLanes; ++i) lanes[i] = static_cast<T>(function(i));
  V result;
  std::memcpy(&result, lanes, sizeof result);
  return result;
}

template <typename V>
V Load(const void* from) {
  V result;
  std::memcpy(&result, from, sizeof result);
  return result;
}

// Returns a longer vector that begins with x. What is behind x has no defined value on a CPU, and a pattern here.
template <typename V, typename Part>
V Widen(Part x) {
  V result;
  std::memset(&result, 0xA5, sizeof result);
  std::memcpy(&result, &x, sizeof x);
  return result;
}

// Returns part number `part` of a vector.
template <typename Part, typename V>
Part PartOf(V x, int part) {
  Part result;
  std::memcpy(&result, reinterpret_cast<const char*>(&x) + part * sizeof result, sizeof result);
  return result;
}

// Returns the vector with another part number `part`.
template <typename V, typename Part>
V WithPart(V x, Part replacement, int part) {
  std::memcpy(reinterpret_cast<char*>(&x) + part * sizeof replacement, &replacement, sizeof replacement);
  return x;
}

// Returns x, or the limit of the type T that is nearest to it.
template <typename T>
T Saturated(int32_t x) {
  constexpr int32_t kBits = 8 * sizeof(T), kSigned = T(-1) < T(0);
  constexpr int32_t kMax = (1 << (kBits - kSigned)) - 1, kMin = kSigned ? -kMax - 1 : 0;
  return static_cast<T>(x < kMin ? kMin : x > kMax ? kMax : x);
}

// Returns the lanes of type From of two vectors, saturated to lanes of type To, which has half of the size: in each part
// of 16 bytes by itself, first the lanes of a and then the lanes of b.
template <typename From, typename To, typename V>
V Pack(V a, V b) {
  constexpr int kHalf = 16 / sizeof(From);
  const auto first = Lanes<From>(a), second = Lanes<From>(b);
  return Each<V, To>([&](int i) {
    const int from = i / (2 * kHalf) * kHalf + i % kHalf;
    return Saturated<To>(i % (2 * kHalf) < kHalf ? first[from] : second[from]);
  });
}

// Returns the words of the lower (half 0) or the upper halves (half 1) of two vectors in turn, in each part of 16 bytes
// by itself.
template <typename V>
V Unpack(V a, V b, int half) {
  const auto even = Lanes<uint16_t>(a), odd = Lanes<uint16_t>(b);
  return Each<V, uint16_t>([&](int i) {
    const int from = i / 8 * 8 + 4 * half + i % 8 / 2;
    return i % 2 == 0 ? even[from] : odd[from];
  });
}

template <typename V>
V AverageWords(V a, V b) {
  const auto first = Lanes<uint16_t>(a), second = Lanes<uint16_t>(b);
  return Each<V, uint16_t>([&](int i) { return (first[i] + second[i] + 1) >> 1; });
}

// Returns the sums of the products of two neighbouring signed words, modulo 2^32.
template <typename V>
V MultiplyWordPairs(V a, V b) {
  const auto first = Lanes<int16_t>(a), second = Lanes<int16_t>(b);
  const auto product = [&](int i) { return static_cast<uint32_t>(int32_t{first[i]} * second[i]); };
  return Each<V, uint32_t>([&](int i) { return product(2 * i) + product(2 * i + 1); });
}

// Returns lanes of type T shifted to the left or to the right, and 0 where the count is not below their bits.
template <typename T, typename V>
V ShiftLeft(V x, uint64_t count) {
  return count < 8 * sizeof(T) ? reinterpret_cast<V>(Lanes<T>(x) << static_cast<T>(count)) : V{};
}
template <typename T, typename V>
V ShiftRight(V x, uint64_t count) {
  return count < 8 * sizeof(T) ? reinterpret_cast<V>(Lanes<T>(x) >> static_cast<T>(count)) : V{};
}

// Returns unsigned words as lanes of 32 bits.
template <typename V, typename Part>
V WidenWords(Part x) {
  const auto words = Lanes<uint16_t>(x);
  return Each<V, uint32_t>([&](int i) { return words[i]; });
}

}  // namespace

#endif  // TFAPPROX_TESTS_MODEL_LANES_H_
