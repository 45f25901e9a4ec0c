// Brings tables to a device: chooses the plan, sorts its terms for the matrix products, and shares the copies.
#include "device_table.h"

#include <algorithm>
#include <cstring>
#include <list>
#include <mutex>
#include <new>

#include "device.h"
#include "error.h"
#include "locks.h"
#include "table.h"

namespace tfapprox {
namespace cuda {
namespace {

// Measured on an H100, in look-ups of words (docs/gpu.md).
constexpr tfapprox_plan_costs kCosts = {/*term=*/0.025, /*error_plane=*/0.62, /*classes_64=*/0.7, /*classes_128=*/0.8,
                                        /*look_up=*/1.0};
constexpr tfapprox_plan_costs kCostsWithoutTerms = {0, 0, kCosts.classes_64, kCosts.classes_128, kCosts.look_up};

struct PlannedTerm {
  int32_t shift, plane;
  uint32_t mask;
  const uint8_t* feature;
  const int8_t* coefficient;
};

// The mask of a feature that is 1 where all bits of the mask are set, 0 for the code itself; -1 for any other.
int32_t MaskOf(const uint8_t* feature, int32_t codes) {
  int32_t mask = 255;
  bool is_code = true;
  for (int32_t a = 0; a < codes; ++a) {
    is_code &= feature[a] == a;
    if (feature[a] != 0) mask &= a;
  }
  if (is_code) return 0;
  for (int32_t a = 0; a < codes; ++a) {
    if (mask == 0 || feature[a] != ((a & mask) == mask)) return -1;
  }
  return mask;
}

// Everything that lies on the device, gathered on the host.
struct Contents {
  std::vector<uint8_t> bytes;

  // The offset of `count` elements, aligned to 256 bytes.
  template <typename T>
  int64_t Add(const T* elements, int64_t count) {
    const int64_t offset = (static_cast<int64_t>(bytes.size()) + 255) / 256 * 256;
    bytes.resize(offset + count * sizeof(T));
    if (count != 0) std::memcpy(bytes.data() + offset, elements, count * sizeof(T));
    return offset;
  }
};

struct Shared {
  tfapprox_cuda_table copy = {};
  const tfapprox_table* const table;
  const uint64_t hash;  // of the table, which tells a later one at the same address apart, whoever owns it
  int32_t plan = 0;
  int64_t users = 1;
  uint8_t* memory = nullptr;

  explicit Shared(const tfapprox_table* of) : table(of), hash(of->hash) { tfapprox_table_retain(table); }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;

  // Waits for all work of its device, because some that is queued may read the copy.
  ~Shared() {
    tfapprox_table_release(table);
    if (memory == nullptr) return;
    const CurrentDevice current(copy.device);
    cudaDeviceSynchronize();
    cudaFree(memory);
  }
};

// Fills in the terms, and returns the bound of a tap's sum.
int64_t PlaceTerms(const std::vector<PlannedTerm>& terms, int32_t codes, tfapprox_cuda_table* copy,
                   std::vector<Term>* masks, std::vector<TermGroup>* groups) {
  int32_t shift = terms.empty() ? 0 : terms[0].shift;
  for (const PlannedTerm& term : terms) {
    const auto number = static_cast<int32_t>(masks->size());
    if (groups->empty() || term.shift != shift || term.plane != groups->back().plane) {
      groups->push_back({term.plane, number, 0, shift - term.shift});
    }
    shift = term.shift;
    ++groups->back().count;
    masks->push_back({term.mask});
  }
  copy->terms = static_cast<int32_t>(masks->size());
  copy->groups = static_cast<int32_t>(groups->size());
  copy->final_shift = shift;

  int64_t bound = 1;
  for (int32_t a = 0; a < codes; ++a) {
    for (int32_t w = 0; w < codes; ++w) {
      int64_t sum = 0;
      for (const PlannedTerm& term : terms) {
        sum += int64_t{term.feature[a]} * term.coefficient[w] * (int64_t{1} << term.shift);
      }
      bound = std::max(bound, std::abs(sum));
    }
  }
  return bound;
}

int32_t ReadTerms(const tfapprox_table& table, int32_t plan, int32_t count, tfapprox_cuda_table* copy,
                  std::vector<PlannedTerm>* terms, tfapprox_error* error) {
  std::vector<const uint8_t*> planes = {nullptr};  // of plane 0, the codes
  for (int32_t i = 0; i < count; ++i) {
    PlannedTerm term;
    if (const int32_t status =
            tfapprox_plan_term(&table, plan, i, &term.feature, &term.coefficient, &term.shift, error)) {
      return status;
    }
    const int32_t mask = MaskOf(term.feature, 1 << table.num_bits);
    term.mask = mask < 0 ? 0 : 0x01010101u * static_cast<uint32_t>(mask);
    term.plane = 0;
    if (mask < 0) {
      const auto same = [&](const uint8_t* plane) { return plane && std::memcmp(plane, term.feature, 256) == 0; };
      const auto plane = std::find_if(planes.begin(), planes.end(), same);
      term.plane = static_cast<int32_t>(plane - planes.begin());
      if (plane == planes.end()) planes.push_back(term.feature);
    }
    terms->push_back(term);
  }
  std::stable_sort(terms->begin(), terms->end(), [](const PlannedTerm& x, const PlannedTerm& y) {
    return x.shift != y.shift ? x.shift > y.shift : x.plane < y.plane;
  });
  copy->planes = static_cast<int32_t>(planes.size());
  if (copy->planes == 1) return TFAPPROX_OK;
  for (int32_t a = 0; a < 256; ++a) copy->host_maps.push_back(static_cast<uint8_t>(a));
  for (int32_t p = 1; p < copy->planes; ++p) {
    copy->host_maps.insert(copy->host_maps.end(), planes[p], planes[p] + 256);
  }
  return TFAPPROX_OK;
}

int32_t Fill(const tfapprox_table& table, Shared* shared, tfapprox_error* error) {
  tfapprox_cuda_table& copy = shared->copy;
  tfapprox_plan plan;
  if (const int32_t status = tfapprox_plan_describe(&table, shared->plan, &plan, error)) return status;
  copy.plan = plan.name;
  std::vector<PlannedTerm> terms;
  if (const int32_t status = ReadTerms(table, shared->plan, plan.terms, &copy, &terms, error)) return status;
  std::vector<Term> masks;
  std::vector<TermGroup> groups;
  const int64_t max_terms = PlaceTerms(terms, 1 << table.num_bits, &copy, &masks, &groups);
  int64_t max_taps = INT32_MAX / max_terms;

  Contents contents;
  const int64_t table_columns = contents.Add(&table.columns[0][0], 256 * 256);
  int64_t columns = table_columns;
  copy.log_rows = 8;
  if (plan.error != nullptr) {
    copy.entry_bytes = 1;
    columns = contents.Add(plan.error, 256 * 256);
  } else if (plan.class_of != nullptr) {
    copy.entry_bytes = 2;
    copy.log_rows = plan.class_stride == 64 ? 6 : 7;
    copy.host_maps.assign(plan.class_of, plan.class_of + 256);
    columns = contents.Add(plan.class_columns, 256 * plan.class_stride);
  } else if (std::strcmp(plan.name, "look_up") == 0) {
    copy.entry_bytes = 2;
  }
  if (copy.entry_bytes != 0) max_taps = std::min<int64_t>(max_taps, 65536);  // of words in uint32
  copy.max_chunks = max_taps / kChunk / kPaddedChunks * kPaddedChunks;
  copy.signed_chunks = INT32_MAX / (max_terms + (int64_t{1} << (8 * copy.entry_bytes))) / kChunk;
  if (copy.max_chunks == 0) return TFAPPROX_OK;  // not even one tile of taps: Acquire takes another plan

  std::vector<int8_t> coefficients;
  for (const PlannedTerm& term : terms) {
    coefficients.insert(coefficients.end(), term.coefficient, term.coefficient + 256);
  }
  const int64_t activation = contents.Add(plan.activation, 256), weight = contents.Add(plan.weight, 256);
  const std::vector<int32_t> products(256, -table.product_offset());
  const int64_t table_weight = contents.Add(products.data(), 256);
  const int64_t maps = contents.Add(copy.host_maps.data(), copy.host_maps.size());
  const int64_t all_coefficients = contents.Add(coefficients.data(), coefficients.size());
  const int64_t all_masks = contents.Add(masks.data(), masks.size());
  const int64_t all_groups = contents.Add(groups.data(), groups.size());
  if (const int32_t status =
          tfapprox_cuda_allocate(contents.bytes.size(), reinterpret_cast<void**>(&shared->memory), error)) {
    return status;
  }
  copy.activation = reinterpret_cast<int32_t*>(shared->memory + activation);
  copy.weight = reinterpret_cast<int32_t*>(shared->memory + weight);
  copy.maps = copy.host_maps.empty() ? nullptr : shared->memory + maps;
  copy.coefficients = reinterpret_cast<int8_t*>(shared->memory + all_coefficients);
  copy.term_masks = reinterpret_cast<Term*>(shared->memory + all_masks);
  copy.term_groups = reinterpret_cast<TermGroup*>(shared->memory + all_groups);
  copy.columns = shared->memory + columns;
  copy.table_columns = reinterpret_cast<uint16_t*>(shared->memory + table_columns);
  copy.table_weight = reinterpret_cast<int32_t*>(shared->memory + table_weight);
  return tfapprox_cuda_upload(shared->memory, contents.bytes.data(), contents.bytes.size(), error);
}

// All copies, the most recently acquired first. Copies without a user stay, up to kKeptCopies of them, so that a table
// that is swapped out and in again is not copied again: at most 0.7 MB each.
constexpr int64_t kKeptCopies = 64;
using Copies = std::list<Shared>;

// All copies. The list is never destroyed, as the registry of tables on the host.
Copies& AllCopies() {
  static Copies* copies = new Copies;
  return *copies;
}

std::mutex& CopiesMutex() { return MutexOf(Guarded::kDeviceTables); }

// Returns the copy of a table on a device with a plan, which has one more user then, or null.
const tfapprox_cuda_table* FindCopy(const tfapprox_table* table, int device, int32_t plan) {
  Copies& copies = AllCopies();
  for (auto known = copies.begin(); known != copies.end(); ++known) {
    if (known->table != table || known->hash != table->hash) continue;
    if (known->copy.device != device || known->plan != plan) continue;
    ++known->users;
    copies.splice(copies.begin(), copies, known);
    return &known->copy;
  }
  return nullptr;
}

// Moves the least recently acquired copies without a user, beyond kKeptCopies, to `unused`.
void Trim(std::list<Shared>* unused) {
  Copies& copies = AllCopies();
  int64_t kept = 0;
  for (auto it = copies.begin(); it != copies.end();) {
    const auto next = std::next(it);
    if (it->users == 0 && ++kept > kKeptCopies) unused->splice(unused->end(), copies, it);
    it = next;
  }
}

// The shared copy with the plan of the least cost, or null if sums of its terms do not fit 32 bits. Made without the
// lock, because it waits for the device; of two that are made at once, one goes.
int32_t AcquireBy(const tfapprox_plan_costs& costs, const tfapprox_table* table, const tfapprox_cuda_table** copy,
                  tfapprox_error* error) {
  std::list<Shared> made;
  int number;
  int32_t plan;
  if (const int32_t status = Check(cudaGetDevice(&number), "the current device", error)) return status;
  if (const int32_t status = tfapprox_plan_choose(table, &costs, &plan, error)) return status;

  {
    const std::lock_guard<std::mutex> lock(CopiesMutex());
    *copy = FindCopy(table, number, plan);
  }
  if (*copy != nullptr) return TFAPPROX_OK;
  tfapprox_cuda_device device;
  if (const int32_t status = CheckDevice(&device, error)) return status;
  made.emplace_front(table);
  Shared& shared = made.front();
  shared.plan = plan;
  shared.copy.device = number;
  shared.copy.multiprocessors = device.multiprocessors;
  if (const int32_t status = Fill(*table, &shared, error)) return status;
  if (shared.copy.max_chunks == 0) return TFAPPROX_OK;
  const std::lock_guard<std::mutex> lock(CopiesMutex());
  *copy = FindCopy(table, number, plan);
  if (*copy != nullptr) return TFAPPROX_OK;
  AllCopies().splice(AllCopies().begin(), made);
  *copy = &shared.copy;
  return TFAPPROX_OK;
}

int32_t Acquire(const tfapprox_table* table, const tfapprox_cuda_table** copy, tfapprox_error* error) {
  if (const int32_t status = AcquireBy(kCosts, table, copy, error)) return status;
  return *copy != nullptr ? TFAPPROX_OK : AcquireBy(kCostsWithoutTerms, table, copy, error);
}

}  // namespace
}  // namespace cuda
}  // namespace tfapprox

int32_t tfapprox_cuda_table_acquire(const tfapprox_table* table, const tfapprox_cuda_table** copy,
                                    tfapprox_error* error) {
  try {
    return tfapprox::cuda::Acquire(table, copy, error);
  } catch (const std::bad_alloc&) {
    return tfapprox::Fail(error, TFAPPROX_RESOURCE_EXHAUSTED, "out of memory for a table of num_bits=%d",
                          table->num_bits);
  }
}

void tfapprox_cuda_table_release(const tfapprox_cuda_table* copy) {
  std::list<tfapprox::cuda::Shared> unused;  // freed without the lock
  const std::lock_guard<std::mutex> lock(tfapprox::cuda::CopiesMutex());
  for (tfapprox::cuda::Shared& shared : tfapprox::cuda::AllCopies()) {
    if (&shared.copy != copy) continue;
    --shared.users;
    tfapprox::cuda::Trim(&unused);
    return;
  }
}

const char* tfapprox_cuda_table_plan(const tfapprox_cuda_table* copy) { return copy->plan; }
