// Lays arrays out in one piece of memory, or measures them.
#ifndef TFAPPROX_COMMON_CORE_MEMORY_LAYOUT_H_
#define TFAPPROX_COMMON_CORE_MEMORY_LAYOUT_H_

#include <cstdint>

namespace tfapprox {

class MemoryLayout {
 public:
  // `memory` is aligned to 64 bytes; null to measure.
  explicit MemoryLayout(void* memory) : memory_(static_cast<unsigned char*>(memory)) {}

  // An array aligned to 64 bytes; nothing is constructed.
  template <typename T>
  T* Take(int64_t count) {
    unsigned char* begin = memory_ == nullptr ? nullptr : memory_ + bytes_;
    bytes_ += (count * static_cast<int64_t>(sizeof(T)) + 63) / 64 * 64;
    return reinterpret_cast<T*>(begin);
  }

  int64_t bytes() const { return bytes_; }

 private:
  unsigned char* memory_;
  int64_t bytes_ = 0;
};

}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_MEMORY_LAYOUT_H_
