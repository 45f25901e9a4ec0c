// Finds the plan error_plane (P5): an error T - a * w that fits a byte when offsets of rows and columns are subtracted.
#include <algorithm>
#include <utility>

#include "plan_find.h"

namespace tfapprox {
namespace {

// The number of rounds in which rows and columns are centred before the search gives up.
constexpr int32_t kRounds = 2;

// The minimum and the maximum of a set of numbers.
using Ends = std::pair<int32_t, int32_t>;

// Returns the ends of `count` numbers that lie `step` elements apart.
Ends EndsOf(const int32_t* numbers, int32_t step, int32_t count) {
  Ends ends(*numbers, *numbers);
  for (int32_t i = 1; i < count; ++i) {
    ends.first = std::min(ends.first, numbers[i * step]);
    ends.second = std::max(ends.second, numbers[i * step]);
  }
  return ends;
}

// Subtracts the middle between minimum and maximum from `count` numbers, and adds it to `*offset`.
void Centre(int32_t* numbers, int32_t step, int32_t count, int32_t* offset) {
  const Ends ends = EndsOf(numbers, step, count);
  const int32_t middle = (ends.first + ends.second) / 2;
  for (int32_t i = 0; i < count; ++i) numbers[i * step] -= middle;
  *offset += middle;
}

}  // namespace

// No round of centring is needed if one offset for the whole table suffices. The first round gains most.
std::optional<Plan> FindErrorPlane(const tfapprox_table& table) {
  const int32_t codes = 1 << table.num_bits, pairs = codes * codes;
  Plan plan = TermsPlan(PlanKind::kErrorPlane, ExactTerms(codes), table, &tfapprox_table::exact_product);
  std::vector<int32_t> error(pairs);  // [w][a]; magnitudes of errors and offsets stay below 2^17
  for (int32_t w = 0; w < codes; ++w) {
    for (int32_t a = 0; a < codes; ++a) error[w * codes + a] = table.product(a, w) - table.exact_product(a, w);
  }
  Ends ends = EndsOf(error.data(), 1, pairs);
  for (int32_t round = 0; ends.second - ends.first > 255; ++round) {
    if (round == kRounds) return std::nullopt;
    for (int32_t a = 0; a < codes; ++a) Centre(&error[a], codes, codes, &plan.activation[a]);
    for (int32_t w = 0; w < codes; ++w) Centre(&error[w * codes], 1, codes, &plan.weight[w]);
    ends = EndsOf(error.data(), 1, pairs);
  }
  plan.error.resize(256 * 256);
  for (int32_t w = 0; w < codes; ++w) plan.weight[w] += ends.first;
  for (int32_t i = 0; i < pairs; ++i) {
    plan.error[i / codes * 256 + i % codes] = static_cast<uint8_t>(error[i] - ends.first);
  }
  plan.max_error = ends.second - ends.first;
  SetClasses(plan.error.data(), codes, /*max_classes=*/64, &plan);
  return plan;
}

}  // namespace tfapprox
