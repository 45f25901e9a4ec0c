// Tunes truth tables by the weight map of ALWANN (5.6), and keeps the result for each content of a table.
#include <cstdlib>
#include <map>
#include <new>
#include <vector>

#include "error.h"
#include "locks.h"
#include "tfapprox.h"

namespace tfapprox {
namespace {

// Caches up to 64 tuned tables, each of which takes 256 KiB together with its key, because tuning an 8-bit table takes
// 16 million steps.
class TunedTables {
 public:
  // The caller has the lock. The instance is never destroyed: a plugin may still use it after this library's static
  // destructors have run.
  static TunedTables& Instance() {
    static TunedTables* instance = new TunedTables;
    return *instance;
  }

  // Returns the tuned form of a table; a full cache is emptied before a new table is added. The caller has the lock.
  std::vector<uint16_t> Get(const std::vector<uint16_t>& entries, int32_t num_bits) {
    if (tuned_.size() == kMostTables && tuned_.count(entries) == 0) tuned_.clear();
    std::vector<uint16_t>& tuned = tuned_[entries];
    if (tuned.empty()) {
      std::vector<uint16_t> result(entries.size());
      tfapprox_table_tune(entries.data(), num_bits, result.data());
      tuned.swap(result);
    }
    return tuned;
  }

 private:
  static constexpr size_t kMostTables = 64;

  std::map<std::vector<uint16_t>, std::vector<uint16_t>> tuned_;  // from the entries of a table to its tuned entries
};

}  // namespace
}  // namespace tfapprox

void tfapprox_table_tune(const uint16_t* entries, int32_t num_bits, uint16_t* tuned) {
  const int64_t codes = int64_t{1} << num_bits;
  // Returns the sum of absolute errors if `column` takes the place of weight w.
  const auto error = [&](int64_t w, int64_t column) {
    int64_t sum = 0;
    for (int64_t a = 0; a < codes; ++a) sum += std::abs(a * w - entries[a * codes + column]);
    return sum;
  };
  for (int64_t w = 0; w < codes; ++w) {
    int64_t best = w, min_error = error(w, w);
    for (int64_t column = 0; column < codes; ++column) {
      const int64_t sum = error(w, column);
      if (sum < min_error) {
        best = column;
        min_error = sum;
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
    std::vector<uint16_t> tuned;
    {
      const std::lock_guard<std::mutex> lock(tfapprox::MutexOf(tfapprox::Guarded::kTunedTables));
      tuned = tfapprox::TunedTables::Instance().Get(content, num_bits);
    }
    return tfapprox_table_acquire(tuned.data(), num_bits, /*is_signed=*/0, table, error);
  } catch (const std::bad_alloc&) {
    return tfapprox::Fail(error, TFAPPROX_RESOURCE_EXHAUSTED, "out of memory for a tuned table of num_bits=%d",
                          num_bits);
  }
}
