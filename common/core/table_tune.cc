// The weight map of ALWANN (5.6), searched for once per table content.
#include <cstdlib>
#include <map>
#include <mutex>
#include <new>
#include <vector>

#include "error.h"
#include "tfapprox.h"

namespace tfapprox {
namespace {

// Keeps what it has found, up to 64 tables of 256 KiB each: a search takes 16 million steps.
class TunedTables {
 public:
  // Never destroyed, as the registry of shared tables.
  static TunedTables& Instance() {
    static TunedTables* instance = new TunedTables;
    return *instance;
  }

  std::vector<uint16_t> Get(const std::vector<uint16_t>& entries, int32_t num_bits) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (tuned_.size() == kMostTables && tuned_.count(entries) == 0) tuned_.clear();
    std::vector<uint16_t>& tuned = tuned_[entries];
    if (tuned.empty()) {
      std::vector<uint16_t> found(entries.size());
      tfapprox_table_tune(entries.data(), num_bits, found.data());
      tuned.swap(found);
    }
    return tuned;
  }

 private:
  static constexpr size_t kMostTables = 64;

  std::mutex mutex_;
  std::map<std::vector<uint16_t>, std::vector<uint16_t>> tuned_;
};

}  // namespace
}  // namespace tfapprox

void tfapprox_table_tune(const uint16_t* entries, int32_t num_bits, uint16_t* tuned) {
  const int64_t codes = int64_t{1} << num_bits;
  const auto error = [&](int64_t w, int64_t column) {
    int64_t sum = 0;
    for (int64_t a = 0; a < codes; ++a) sum += std::abs(a * w - entries[a * codes + column]);
    return sum;
  };
  for (int64_t w = 0; w < codes; ++w) {
    int64_t best = w, least = error(w, w);
    for (int64_t column = 0; column < codes; ++column) {
      const int64_t sum = error(w, column);
      if (sum < least) {
        best = column;
        least = sum;
      }
    }
    for (int64_t a = 0; a < codes; ++a) tuned[a * codes + w] = entries[a * codes + best];
  }
}

int32_t tfapprox_table_acquire_tuned(const uint16_t* entries, int32_t num_bits, const tfapprox_table** table,
                                     tfapprox_error* error) {
  if (const int32_t status = tfapprox::CheckNumBits(num_bits, error)) return status;
  try {
    const std::vector<uint16_t> content(entries, entries + (int64_t{1} << (2 * num_bits)));
    return tfapprox_table_acquire(tfapprox::TunedTables::Instance().Get(content, num_bits).data(), num_bits,
                                  /*is_signed=*/0, table, error);
  } catch (const std::bad_alloc&) {
    return tfapprox::Fail(error, TFAPPROX_RESOURCE_EXHAUSTED, "out of memory for a tuned table of num_bits=%d",
                          num_bits);
  }
}
