// Shares truth tables by content: a model with one multiplier in fifty layers keeps one copy.
#include "table.h"

#include <cstring>
#include <memory>
#include <mutex>
#include <new>
#include <unordered_map>

#include "error.h"
#include "tfapprox.h"

namespace tfapprox {
namespace {

struct Shared {
  tfapprox_table table;
  uint64_t hash;
  int64_t users;
};

struct Registry {
  std::mutex mutex;
  std::unordered_multimap<uint64_t, std::unique_ptr<Shared>> tables;
};

// Never destroyed: a plugin may release its tables after the static destructors of this library have run.
Registry& TheRegistry() {
  static Registry* registry = new Registry;
  return *registry;
}

const tfapprox_table* Acquire(const uint16_t* entries, int32_t num_bits, bool is_signed) {
  std::unique_ptr<Shared> shared(new Shared{});
  tfapprox_table& table = shared->table;
  table.num_bits = num_bits;
  table.is_signed = is_signed;
  const int32_t codes = 1 << num_bits;
  // To add half of the range of two's complement is to invert the sign bit.
  const int32_t sign = table.code_offset();
  for (int32_t a = 0; a < codes; ++a) {
    for (int32_t w = 0; w < codes; ++w) {
      table.columns[w][a] = static_cast<uint16_t>(entries[(a ^ sign) * codes + (w ^ sign)] ^ table.product_offset());
    }
  }
  shared->hash = tfapprox_table_hash(entries, num_bits);

  Registry& registry = TheRegistry();
  const std::lock_guard<std::mutex> lock(registry.mutex);
  const auto found = registry.tables.equal_range(shared->hash);
  for (auto it = found.first; it != found.second; ++it) {
    Shared& known = *it->second;
    if (known.table.num_bits == num_bits && known.table.is_signed == is_signed &&
        std::memcmp(known.table.columns, table.columns, sizeof table.columns) == 0) {
      ++known.users;
      return &known.table;
    }
  }
  shared->users = 1;
  return &registry.tables.emplace(shared->hash, std::move(shared))->second->table;
}

}  // namespace

int32_t Transpose(const tfapprox_table& table, const tfapprox_table** transposed, tfapprox_error* error) {
  const std::lock_guard<std::mutex> lock(table.plans_mutex);
  if (table.transposed == nullptr) {
    std::unique_ptr<tfapprox_table> made(new (std::nothrow) tfapprox_table{});
    if (made == nullptr) return Fail(error, TFAPPROX_RESOURCE_EXHAUSTED, "out of memory for a transposed table");
    made->num_bits = table.num_bits;
    made->is_signed = table.is_signed;
    for (int32_t a = 0; a < 256; ++a) {
      for (int32_t w = 0; w < 256; ++w) made->columns[a][w] = table.columns[w][a];
    }
    table.transposed = std::move(made);
  }
  *transposed = table.transposed.get();
  return TFAPPROX_OK;
}

}  // namespace tfapprox

int32_t tfapprox_table_acquire(const uint16_t* entries, int32_t num_bits, int32_t is_signed,
                               const tfapprox_table** table, tfapprox_error* error) {
  if (const int32_t status = tfapprox::CheckNumBits(num_bits, error)) return status;
  if (is_signed != 0 && num_bits != TFAPPROX_MAX_BITS) {
    return tfapprox::Fail(error, TFAPPROX_INVALID_ARGUMENT, "num_bits must be %d for a signed table; received %d",
                          TFAPPROX_MAX_BITS, num_bits);
  }
  try {
    *table = tfapprox::Acquire(entries, num_bits, is_signed != 0);
  } catch (const std::bad_alloc&) {
    return tfapprox::Fail(error, TFAPPROX_RESOURCE_EXHAUSTED, "out of memory for a table of num_bits=%d", num_bits);
  }
  return TFAPPROX_OK;
}

void tfapprox_table_release(const tfapprox_table* table) {
  tfapprox::Registry& registry = tfapprox::TheRegistry();
  const std::lock_guard<std::mutex> lock(registry.mutex);
  for (auto it = registry.tables.begin(); it != registry.tables.end(); ++it) {
    if (&it->second->table != table) continue;
    if (--it->second->users == 0) registry.tables.erase(it);
    return;
  }
}

uint64_t tfapprox_table_hash(const uint16_t* entries, int32_t num_bits) {
  uint64_t hash = 14695981039346656037u;
  for (int64_t i = 0; i < int64_t{1} << (2 * num_bits); ++i) {
    hash = (hash ^ (entries[i] & 255)) * 1099511628211u;
    hash = (hash ^ (entries[i] >> 8)) * 1099511628211u;
  }
  return hash;
}

int32_t tfapprox_table_num_bits(const tfapprox_table* table) { return table->num_bits; }

int32_t tfapprox_table_is_signed(const tfapprox_table* table) { return table->is_signed; }
