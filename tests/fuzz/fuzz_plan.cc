// Fuzzes the planner: every plan that it finds for any table must give all products of the table, equation (P1) of
// docs/plans.md.
#include <fuzzer/FuzzedDataProvider.h>

#include <string>

#include "attack.h"

namespace {

using attack::Check;

// Changes a table entry by entry, row by row and bit by bit.
void Mutate(FuzzedDataProvider* data, uint32_t codes, std::vector<uint16_t>* entries) {
  while (data->remaining_bytes() > 4) {
    const int32_t change = data->ConsumeIntegralInRange<int32_t>(0, 4);
    const uint32_t x = data->ConsumeIntegral<uint8_t>() % codes, y = data->ConsumeIntegral<uint8_t>() % codes;
    const auto value = data->ConsumeIntegral<uint16_t>();
    for (uint32_t a = 0; a < codes; ++a) {
      for (uint32_t w = 0; w < codes; ++w) {
        uint16_t& entry = (*entries)[a * codes + w];
        if (change == 0 && a == x && w == y) entry = value;
        if (change == 1 && (a & x) == x) entry += value;
        if (change == 2 && (w & y) == y) entry += a * (value & 255);
        if (change == 3 && (a & x) == x && (w & y) == y) entry ^= value;
        if (change == 4 && a == x) entry = (*entries)[y * codes + w];
      }
    }
  }
}

// The residual of a plan for codes a and w, as the kernels index it; `product` is the entry of the table.
int64_t Residual(const tfapprox_plan& plan, uint32_t a, uint32_t w, int64_t product, bool is_signed) {
  const std::string name = plan.name;
  if (name == "error_plane") return plan.error[w * 256 + a];
  if (name == "classes") return plan.class_columns[int64_t{w} * plan.class_stride + plan.class_of[a]];
  if (name == "look_up") return product + (is_signed ? 32768 : 0);  // (P13)
  return 0;
}

void Verify(const tfapprox_table* table, int32_t index, const tfapprox_plan& plan, const std::vector<uint16_t>& entries,
            uint32_t codes, bool is_signed) {
  std::vector<int64_t> sums;
  const uint32_t half = is_signed ? codes / 2 : 0;
  for (uint32_t a = 0; a < codes; ++a) {
    for (uint32_t w = 0; w < codes; ++w) {
      const uint16_t entry = entries[((a + half) % codes) * codes + (w + half) % codes];
      const int64_t product = is_signed ? static_cast<int16_t>(entry) : entry;
      sums.push_back(product - plan.activation[a] - plan.weight[w] - Residual(plan, a, w, product, is_signed));
    }
  }
  for (int32_t t = 0; t < plan.terms; ++t) {
    const uint8_t* feature;
    const int8_t* coefficient;
    int32_t shift;
    tfapprox_error error;
    Check(tfapprox_plan_term(table, index, t, &feature, &coefficient, &shift, &error) == 0, "every term is described");
    Check(0 <= shift && shift < 24, "shifts are 0 to 23");
    for (uint32_t a = 0; a < codes; ++a) {
      for (uint32_t w = 0; w < codes; ++w) {
        sums[a * codes + w] -= int64_t{feature[a]} * coefficient[w] * (int64_t{1} << shift);
      }
    }
  }
  for (const int64_t rest : sums) Check(rest == 0, "a plan gives all products of its table");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  FuzzedDataProvider data(bytes, size);
  const bool is_signed = data.ConsumeBool();
  const int32_t num_bits = is_signed ? 8 : data.ConsumeIntegralInRange<int32_t>(2, 8);
  const uint32_t codes = 1u << num_bits;
  const int32_t kind = data.ConsumeIntegralInRange<int32_t>(0, attack::kTableKinds - 1);
  std::vector<uint16_t> entries = attack::MakeTable(kind, num_bits, data.ConsumeIntegral<uint16_t>());
  Mutate(&data, codes, &entries);
  tfapprox_error error;
  const tfapprox_table* table;
  Check(tfapprox_table_acquire(entries.data(), num_bits, is_signed, &table, &error) == TFAPPROX_OK, "tables are taken");
  tfapprox_plan plan;
  int32_t plans = 0;
  for (; tfapprox_plan_describe(table, plans, &plan, &error) == TFAPPROX_OK; ++plans) {
    Verify(table, plans, plan, entries, codes, is_signed);
  }
  int32_t chosen;
  attack::Set("TFAPPROX_PLAN", "");
  Check(tfapprox_plan_choose(table, nullptr, &chosen, &error) == TFAPPROX_OK, "one of the plans is chosen");
  Check(0 <= chosen && chosen < plans, "the chosen plan exists");
  tfapprox_table_release(table);
  return 0;
}
