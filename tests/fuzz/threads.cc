// Runs operations on several threads at once, for ThreadSanitizer: `threads CALLS` makes that many calls on each of 8
// threads. Each call takes tables that other threads take and give back at the same time, finds their plans, and lets a
// few threads of its own share one operation. The program ends with status 1 if a result differs from that of one
// thread.
#include <algorithm>
#include <atomic>
#include <string>
#include <thread>

#include "attack.h"

namespace {

using attack::Case;
using attack::Check;

constexpr int32_t kCallers = 8;
std::atomic<int64_t> calls{0}, wrong{0};

tfapprox_problem SmallProblem(std::mt19937* random) {
  const auto up_to = [&](uint32_t max) { return static_cast<int64_t>(1 + (*random)() % max); };
  tfapprox_problem p{};
  p.batch = up_to(2);
  p.in_height = up_to(9);
  p.in_width = up_to(9);
  p.in_channels = up_to(5);
  p.filter_height = up_to(3);
  p.filter_width = up_to(3);
  p.out_channels = up_to((*random)() % 4 == 0 ? 140 : 9);
  p.stride_height = p.stride_width = up_to(2);
  p.dilation_height = p.dilation_width = p.groups = p.out_stride_height = p.out_stride_width = 1;
  p.padding = TFAPPROX_PADDING_SAME;
  tfapprox_error error;
  Check(tfapprox_problem_resolve(&p, &error) == TFAPPROX_OK, "the problem is possible");
  return p;
}

Case MakeCase(const tfapprox_table* table, std::mt19937* random) {
  Case c{};
  const tfapprox_problem p = SmallProblem(random);
  tfapprox_error error;
  float low, high;
  if ((*random)() % 3 == 0 && !tfapprox_table_is_signed(table)) {
    Check(tfapprox_ax_conv2d_fill(&p, -1, 1, -1, 1, table, &c.operation, &low, &high, &error) == 0, "codes are taken");
  } else {
    c.operation.problem = p;
    c.operation.table = table;
    c.operation.output = TFAPPROX_OUTPUT_REAL;
    tfapprox_operand *activation = &c.operation.activation, *weight = &c.operation.weight;
    Check(tfapprox_quantiser_init("input", -1, 1, table, &activation->quantiser, &error) == 0, "the range is possible");
    Check(tfapprox_quantiser_init("filter", -1, 1, table, &weight->quantiser, &error) == 0, "the range is possible");
  }
  attack::FillTensor(c.operation.activation, p.batch * p.in_height * p.in_width * p.in_channels, random,
                     &c.activation_reals, &c.activation_codes);
  attack::FillTensor(c.operation.weight, p.filter_height * p.filter_width * p.in_channels * p.out_channels, random,
                     &c.weight_reals, &c.weight_codes);
  return c;
}

template <typename Function>
void OnThreads(int32_t count, Function function) {
  std::vector<std::thread> threads;
  for (int32_t t = 0; t < count; ++t) threads.emplace_back(function, t);
  for (std::thread& thread : threads) thread.join();
}

std::vector<uint32_t> Run(const Case& c, int32_t threads) {
  tfapprox_error error;
  tfapprox_work work;
  Check(tfapprox_operation_init(&c.operation, threads, &work, &error) == TFAPPROX_OK, "the operation is possible");
  const attack::Memory prepared(work.prepared_bytes);
  std::vector<uint32_t> output(c.outputs());
  OnThreads(threads, [&](int32_t t) {
    tfapprox_operation_prepare(&c.operation, &work, c.activations(), c.weights(), prepared.get(),
                               work.prepare_parts * t / threads, work.prepare_parts * (t + 1) / threads);
  });
  OnThreads(threads, [&](int32_t t) {
    const attack::Memory workspace(work.workspace_bytes);
    tfapprox_operation_run(&c.operation, &work, c.activations(), c.weights(), prepared.get(), output.data(),
                           work.run_parts * t / threads, work.run_parts * (t + 1) / threads, workspace.get());
  });
  return output;
}

// Finds all plans of a table, which other threads may be finding at the same time.
void FindPlans(const tfapprox_table* table) {
  tfapprox_error error;
  tfapprox_plan plan;
  int32_t plans = 0, chosen;
  while (tfapprox_plan_describe(table, plans, &plan, &error) == TFAPPROX_OK) ++plans;
  Check(tfapprox_plan_choose(table, nullptr, &chosen, &error) == TFAPPROX_OK, "a plan is chosen");
  Check(0 <= chosen && chosen < plans, "the chosen plan exists");
}

void Call(std::mt19937* random) {
  const uint32_t number = (*random)();
  const int32_t kind = number % attack::kTableKinds;
  // Few different tables, so that threads meet in them, but more than stay in memory when nobody uses them.
  const std::vector<uint16_t> entries = attack::MakeTable(kind, 8, number / 8 % 4);
  tfapprox_error error;
  const tfapprox_table* table;
  const int32_t status = number % 6 == 0 ? tfapprox_table_acquire_tuned(entries.data(), 8, &table, &error)
                                         : tfapprox_table_acquire(entries.data(), 8, number % 5 == 0, &table, &error);
  Check(status == TFAPPROX_OK, "tables are taken");
  if (number % 4 == 0) FindPlans(table);
  if (number % 7 == 0) {
    const tfapprox_table* named;
    Check(tfapprox_table_open("table", "mul8u_drum4", 8, TFAPPROX_TABLES_TUNED, &named, &error) == 0, "it is built in");
    tfapprox_table_release(named);
  }
  const Case c = MakeCase(table, random);
  if (Run(c, 1 + static_cast<int32_t>(number / 64 % 3)) != Run(c, 1)) ++wrong;
  ++calls;
  tfapprox_table_release(table);
}

}  // namespace

int main(int count, char** arguments) {
  Check(count == 2, "the number of calls is given");
  const int64_t calls_per_thread = std::atoll(arguments[1]);
  OnThreads(kCallers, [&](int32_t t) {
    std::mt19937 random(t);
    for (int64_t i = 0; i < calls_per_thread; ++i) Call(&random);
  });
  std::printf("%lld calls on %d threads, %lld wrong\n", static_cast<long long>(calls), kCallers,
              static_cast<long long>(wrong));
  return wrong == 0 ? 0 : 1;
}
