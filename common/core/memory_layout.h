// MemoryLayout places arrays one after the other in memory that the caller owns, or only measures how much they need.
//
// The same code asks for the arrays in both cases, so that what is measured is what is used.
#ifndef TFAPPROX_COMMON_CORE_MEMORY_LAYOUT_H_
#define TFAPPROX_COMMON_CORE_MEMORY_LAYOUT_H_

#include <cstdint>

namespace tfapprox {

class MemoryLayout {
 public:
  // `memory` must be aligned to 64 bytes. If it is null, every array is null and only `bytes` is of use.
  explicit MemoryLayout(void* memory) : memory_(static_cast<unsigned char*>(memory)) {}

  // Returns room for `count` elements, aligned to 64 bytes. No element is constructed or cleared.
  template <typename T>
  T* Take(int64_t count) {
    unsigned char* begin = memory_ == nullptr ? nullptr : memory_ + bytes_;
    bytes_ += (count * static_cast<int64_t>(sizeof(T)) + 63) / 64 * 64;
    return reinterpret_cast<T*>(begin);
  }

  // The bytes taken so far, a multiple of 64.
  int64_t bytes() const { return bytes_; }

 private:
  unsigned char* memory_;
  int64_t bytes_ = 0;
};

}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_MEMORY_LAYOUT_H_
