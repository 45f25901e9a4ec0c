// Shares truth tables by content: a model with one multiplier in fifty layers keeps one copy.
#include "table.h"

#include <list>
#include <new>

#include "error.h"
#include "locks.h"

namespace tfapprox {
namespace {

struct Shared {
  tfapprox_table table;
  int64_t users;
};

// All tables in memory, the most recently acquired first. Tables without a user stay, up to kKeptTables of them, so
// that a table that is swapped out and in again is found with its plans and programs: at most 0.5 MB each. The number
// exceeds that of the 8-bit multipliers of EvoApproxLib, through which a search goes in turn.
struct Registry {
  static constexpr int64_t kKeptTables = 64;

  std::list<Shared> tables;
};

// The caller has the lock. Never destroyed: a plugin may release its tables after the static destructors of this
// library have run.
Registry& TheRegistry() {
  static Registry* registry = new Registry;
  return *registry;
}

// Gives the entries in the order columns[w][a]. Codes and products in two's complement become offsets from the least
// number of their width, which inverts the sign bit.
struct Entry {
  const uint16_t* entries;
  const int32_t codes, code_sign, product_sign;

  uint16_t At(int32_t a, int32_t w) const {
    return static_cast<uint16_t>(entries[(a ^ code_sign) * codes + (w ^ code_sign)] ^ product_sign);
  }
};

Entry EntryOf(const uint16_t* entries, const tfapprox_table& table) {
  return {entries, 1 << table.num_bits, table.code_offset(), table.product_offset()};
}

bool HasContent(const tfapprox_table& table, const uint16_t* entries) {
  const Entry entry = EntryOf(entries, table);
  for (int32_t a = 0; a < entry.codes; ++a) {
    for (int32_t w = 0; w < entry.codes; ++w) {
      if (table.columns[w][a] != entry.At(a, w)) return false;
    }
  }
  return true;
}

void SetContent(const uint16_t* entries, tfapprox_table* table) {
  const Entry entry = EntryOf(entries, *table);
  for (int32_t a = 0; a < entry.codes; ++a) {
    for (int32_t w = 0; w < entry.codes; ++w) table->columns[w][a] = entry.At(a, w);
  }
}

// Finds a table of which `is_same` is true, and counts one more user. The caller has the lock.
template <typename IsSame>
const tfapprox_table* FindIn(Registry* registry, IsSame is_same) {
  for (auto it = registry->tables.begin(); it != registry->tables.end(); ++it) {
    if (!is_same(it->table)) continue;
    ++it->users;
    registry->tables.splice(registry->tables.begin(), registry->tables, it);
    return &it->table;
  }
  return nullptr;
}

// Moves the least recently acquired tables without a user, beyond kKeptTables, to `unused`.
void Trim(Registry* registry, std::list<Shared>* unused) {
  int64_t kept = 0;
  for (auto it = registry->tables.begin(); it != registry->tables.end();) {
    const auto next = std::next(it);
    if (it->users == 0 && ++kept > Registry::kKeptTables) unused->splice(unused->end(), registry->tables, it);
    it = next;
  }
}

const tfapprox_table* Acquire(const uint16_t* entries, int32_t num_bits, bool is_signed) {
  const uint64_t hash = tfapprox_table_hash(entries, num_bits);
  const std::lock_guard<std::mutex> lock(MutexOf(Guarded::kTables));
  Registry& registry = TheRegistry();
  const tfapprox_table* known = FindIn(&registry, [&](const tfapprox_table& table) {
    return table.hash == hash && table.num_bits == num_bits && table.is_signed == is_signed &&
           HasContent(table, entries);
  });
  if (known != nullptr) return known;
  registry.tables.emplace_front();
  Shared& shared = registry.tables.front();
  shared.users = 1;
  shared.table.num_bits = num_bits;
  shared.table.is_signed = is_signed;
  shared.table.hash = hash;
  SetContent(entries, &shared.table);
  return &shared.table;
}

}  // namespace

const tfapprox_table* AcquireByHash(uint64_t hash, int32_t num_bits, bool is_signed) {
  const std::lock_guard<std::mutex> lock(MutexOf(Guarded::kTables));
  Registry& registry = TheRegistry();
  return FindIn(&registry, [&](const tfapprox_table& table) {
    return table.hash == hash && table.num_bits == num_bits && table.is_signed == is_signed;
  });
}

void CopyEntries(const tfapprox_table& table, uint16_t* entries) {
  const int32_t codes = 1 << table.num_bits;
  for (int32_t a = 0; a < codes; ++a) {
    for (int32_t w = 0; w < codes; ++w) entries[a * codes + w] = table.columns[w][a];
  }
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

void tfapprox_table_retain(const tfapprox_table* table) {
  const std::lock_guard<std::mutex> lock(tfapprox::MutexOf(tfapprox::Guarded::kTables));
  tfapprox::FindIn(&tfapprox::TheRegistry(), [&](const tfapprox_table& known) { return &known == table; });
}

void tfapprox_table_release(const tfapprox_table* table) {
  std::list<tfapprox::Shared> unused;  // freed after the lock is given back
  const std::lock_guard<std::mutex> lock(tfapprox::MutexOf(tfapprox::Guarded::kTables));
  tfapprox::Registry& registry = tfapprox::TheRegistry();
  for (tfapprox::Shared& shared : registry.tables) {
    if (&shared.table != table) continue;
    --shared.users;
    tfapprox::Trim(&registry, &unused);
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

uint64_t tfapprox_table_hash_of(const tfapprox_table* table) { return table->hash; }

int32_t tfapprox_table_num_bits(const tfapprox_table* table) { return table->num_bits; }

int32_t tfapprox_table_is_signed(const tfapprox_table* table) { return table->is_signed; }
