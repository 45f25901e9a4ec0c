// Fuzzes whole operations: with each path and plan, an operation must compute the bits that the path `scalar` computes
// by looking all products up. Sizes that are too large to run are only resolved and planned.
#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "attack.h"

namespace {

using attack::Case;
using attack::Check;

constexpr const char* kPlans[] = {"", "exact", "polynomial", "error_plane", "classes", "look_up"};

// A size from `min` to `max`, or, rarely, any number at all.
int64_t Size(FuzzedDataProvider* data, int64_t max, int64_t min = 1) {
  const int32_t kind = data->ConsumeIntegralInRange<int32_t>(0, 60);
  if (kind == 0) return data->ConsumeIntegral<int64_t>();
  if (kind == 1) return data->ConsumeIntegralInRange<int64_t>(0, INT32_MAX);
  return data->ConsumeIntegralInRange<int64_t>(min, max);
}

tfapprox_problem AnyProblem(FuzzedDataProvider* data) {
  tfapprox_problem p{};
  p.groups = data->ConsumeIntegralInRange<int64_t>(0, 9) == 9 ? Size(data, 4) : 1;
  const int64_t groups = std::max<int64_t>(1, std::min<int64_t>(4, p.groups));
  p.batch = Size(data, 3);
  p.in_height = Size(data, 18);
  p.in_width = Size(data, 40);
  p.in_channels = Size(data, 9);
  p.filter_height = Size(data, 5);
  p.filter_width = Size(data, 5);
  p.out_channels = Size(data, 70);
  // Most channels are multiples of the groups.
  for (int64_t* channels : {&p.in_channels, &p.out_channels}) {
    if (0 < *channels && *channels <= 70) *channels *= groups;
  }
  p.stride_height = Size(data, 4);
  p.stride_width = Size(data, 4);
  p.dilation_height = Size(data, 4);
  p.dilation_width = Size(data, 4);
  p.out_stride_height = p.out_stride_width = 1;
  p.padding = data->ConsumeIntegralInRange<int32_t>(0, 2);
  p.layout = data->ConsumeIntegralInRange<int32_t>(0, 1);
  if (p.padding == TFAPPROX_PADDING_EXPLICIT) {
    for (int64_t* pad : {&p.pad_top, &p.pad_bottom, &p.pad_left, &p.pad_right}) *pad = Size(data, 6, 0);
  }
  return p;
}

// Fills in ranges and kind of the operation. Returns false where the core refuses them.
bool Fill(FuzzedDataProvider* data, const tfapprox_problem& problem, const tfapprox_table* table,
          tfapprox_operation* operation) {
  tfapprox_error error;
  float ends[] = {-1, 1, -1, 1};
  if (data->ConsumeBool()) {
    for (float& end : ends) end = data->ConsumeFloatingPoint<float>();
  }
  if (data->ConsumeBool()) {
    float low, high;
    return tfapprox_ax_conv2d_fill(&problem, ends[0], ends[1], ends[2], ends[3], table, operation, &low, &high,
                                   &error) == TFAPPROX_OK;
  }
  *operation = {};
  operation->problem = problem;
  operation->table = table;
  operation->output = TFAPPROX_OUTPUT_REAL;
  return tfapprox_quantiser_init("input", ends[0], ends[1], table, &operation->activation.quantiser, &error) == 0 &&
         tfapprox_quantiser_init("filter", ends[2], ends[3], table, &operation->weight.quantiser, &error) == 0;
}

bool IsSmall(const tfapprox_problem& p) {
  const auto product = [](std::initializer_list<int64_t> sizes) {
    double result = 1;
    for (const int64_t size : sizes) result *= static_cast<double>(size);
    return result;
  };
  const double filter = product({p.filter_height, p.filter_width, p.in_channels / p.groups, p.out_channels});
  return product({p.batch, p.in_height, p.in_width, p.in_channels}) <= 1 << 15 && filter <= 1 << 15 &&
         product({p.batch, p.out_height, p.out_width}) * filter <= 1 << 22 &&
         product({p.batch, p.out_height, p.out_width, p.out_channels}) <= 1 << 15;
}

// Computes the output on a path with a plan, each step in three parts. Returns nothing if the path cannot run that
// plan.
std::vector<uint32_t> Run(const Case& c, const char* path, const char* plan, uint32_t seed) {
  attack::Set("TFAPPROX_FORCE_PATH", path);
  attack::Set("TFAPPROX_PLAN", plan);
  tfapprox_error error;
  tfapprox_work work;
  if (tfapprox_operation_init(&c.operation, 1 + seed % 3, &work, &error) != TFAPPROX_OK) return {};
  const char *used_path, *used_plan;
  tfapprox_program_describe(work.program, &used_path, &used_plan);
  const std::string used = used_path, forced = path;
  Check(used == forced || used == forced + "_columns" || used == forced + "_rows",
        "the core uses the path of TFAPPROX_FORCE_PATH");
  Check(*plan == 0 || std::string(used_plan) == plan, "the core uses the plan of TFAPPROX_PLAN");
  if (!IsSmall(c.operation.problem)) return {};
  const attack::Memory prepared(work.prepared_bytes), workspace(work.workspace_bytes);
  std::vector<uint32_t> output(c.outputs(), 0xA5A5A5A5);
  std::mt19937 random(seed);
  const auto parts = [&](int64_t count) {
    std::vector<int64_t> cuts = {0, static_cast<int64_t>(random() % (count + 1)),
                                 static_cast<int64_t>(random() % (count + 1)), count};
    std::sort(cuts.begin(), cuts.end());
    return cuts;
  };
  const std::vector<int64_t> prepare = parts(work.prepare_parts), run = parts(work.run_parts);
  for (int i = 0; i < 3; ++i) {
    tfapprox_operation_prepare(&c.operation, &work, c.activations(), c.weights(), prepared.get(), prepare[i],
                               prepare[i + 1]);
  }
  for (int i = 0; i < 3; ++i) {
    tfapprox_operation_run(&c.operation, &work, c.activations(), c.weights(), prepared.get(), output.data(), run[i],
                           run[i + 1], workspace.get());
  }
  return output;
}

bool IsNan(uint32_t bits) { return (bits & 0x7FFFFFFF) > 0x7F800000; }

void Compare(const Case& c, const std::vector<uint32_t>& output, const std::vector<uint32_t>& expected) {
  const bool real = c.operation.output == TFAPPROX_OUTPUT_REAL;
  for (size_t i = 0; i < output.size(); ++i) {
    Check(output[i] == expected[i] || (real && IsNan(output[i]) && IsNan(expected[i])),
          "all paths and plans compute the same bits");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  FuzzedDataProvider data(bytes, size);
  tfapprox_error error;
  tfapprox_problem problem = AnyProblem(&data);
  if (tfapprox_problem_resolve(&problem, &error) != TFAPPROX_OK) return 0;
  const bool is_signed = data.ConsumeBool();
  const int32_t num_bits = is_signed || data.ConsumeBool() ? 8 : data.ConsumeIntegralInRange<int32_t>(2, 7);
  const int32_t kind = data.ConsumeIntegralInRange<int32_t>(0, attack::kTableKinds - 1);
  const std::vector<uint16_t> entries = attack::MakeTable(kind, num_bits, data.ConsumeIntegralInRange(0, 7));
  const tfapprox_table* table;
  Check(tfapprox_table_acquire(entries.data(), num_bits, is_signed, &table, &error) == TFAPPROX_OK, "tables are taken");
  Case c{};
  if (Fill(&data, problem, table, &c.operation) && tfapprox_operation_check(&c.operation, &error) == TFAPPROX_OK) {
    const uint32_t seed = data.ConsumeIntegral<uint32_t>();
    const tfapprox_problem& p = c.operation.problem;
    if (IsSmall(p)) {
      std::mt19937 random(seed);
      attack::FillTensor(c.operation.activation, p.batch * p.in_height * p.in_width * p.in_channels, &random,
                         &c.activation_reals, &c.activation_codes);
      attack::FillTensor(c.operation.weight,
                         p.filter_height * p.filter_width * p.in_channels / p.groups * p.out_channels, &random,
                         &c.weight_reals, &c.weight_codes);
    }
    const std::vector<uint32_t> expected = Run(c, "scalar", "look_up", seed);
    const char* plan = data.PickValueInArray(kPlans);
    const char* path;
    int32_t built, supported;
    for (int32_t i = 0; tfapprox_path_describe(i, &path, &built, &supported) == TFAPPROX_OK; ++i) {
      if (!built || !supported) continue;
      const std::vector<uint32_t> output = Run(c, path, plan, seed + 1 + i);
      if (!output.empty()) Compare(c, output, expected);
    }
  }
  tfapprox_table_release(table);
  return 0;
}
