// Estimates cycles from the costs that measured_costs.cc lists for each path and CPU family.
#include "costs.h"

#include <algorithm>

#include "cpu.h"

namespace tfapprox {
namespace {

// The cycles of looking up activation[a] or weight[w] of a plan for one code, where they are not affine.
constexpr double kFunctionCycles = 1.5;

// The cycles of copying a code or a feature for one tap. What OperandCosts says beyond that happens once for each
// element that is staged, which the taps of a window share.
constexpr double kCopyCycles = 0.1;

// The pixels of a vector of sums, on most paths.
constexpr int64_t kVectorLanes = 16;

// The cycles of scaling, transposing and storing an output.
constexpr double kOutputCycles = 1.5;

// Returns the costs of a path on this CPU.
const MeasuredCosts& Here(const CpuPath& path) { return path.costs->Of(DetectCpuFamily()); }

// The time of one tap of one filter for `pixels` pixels by columns, in look-ups of a vector. Each block of pixels loads
// the table of the weight, which costs as much as 2.5 look-ups on a Zen 5 (docs/cpu_kernels.md).
double TapTime(int64_t pixels) {
  return 2.5 * static_cast<double>(CeilDivide(pixels, kMaxWidth)) + static_cast<double>(CeilDivide(pixels, kLanes));
}

double ColumnCycles(const CpuPath& path, const ResidualForm& form, const tfapprox_problem& problem) {
  const double block_cycles = Here(path).look_up_cycles * form.relative_cost * static_cast<double>(kMaxWidth);
  return static_cast<double>(problem.out_channels) * block_cycles * TapTime(Pixels(problem)) / TapTime(kMaxWidth);
}

// Returns the cost of a look-up of a byte among 64 classes, relative to the plan look_up: that of a word has two.
double OnePlane(const LookUpCosts& costs) { return costs.classes_64 / 2; }

// The filters of a convolution group fill rows, the last of which may be shorter.
double RowCycles(const CpuPath& path, const ResidualForm& form, const tfapprox_problem& problem, int32_t threads) {
  const int64_t longest = path.kernels->row_bytes, row_filters = longest / form.planes;
  const int64_t pixels = Pixels(problem), filters = GroupFilters(problem);
  const int64_t terms = form.planes == 1 ? 1 : 0;
  const int64_t blocks = CeilDivide(pixels, RowWidth(problem, terms, row_filters, longest, threads));
  const RowCosts& costs = Here(path).rows;
  const double byte = form.planes == 2 ? costs.byte_of_words : costs.byte_of_bytes;
  const auto row_cycles = [&](int64_t bytes) {
    return byte * static_cast<double>(blocks * form.entries * bytes) +
           static_cast<double>(pixels) * (costs.look_up + costs.look_up_byte * static_cast<double>(bytes));
  };
  int64_t last = longest;  // the bytes of the last row
  while (last > 16 && filters % row_filters <= last / 2 / form.planes) last /= 2;
  const double rest = filters % row_filters == 0 ? 0 : row_cycles(last);
  return static_cast<double>(problem.groups) *
         (static_cast<double>(filters / row_filters) * row_cycles(longest) + rest);
}

// How much more a product of bytes costs than in an ungrouped convolution. A quad has 4 channels of one convolution
// group. Where the last quad of a group is not full, groups are staged one by one, which costs more than look-ups.
double TermFactor(const tfapprox_problem& problem) {
  constexpr double kOneByOne = 64;
  return problem.groups == 1 || GroupInputs(problem) % 4 == 0 ? 1 : kOneByOne;
}

// Returns what each tap of a pixel costs, for an element that costs `cycles` where the filter is 1x1.
double TapCycles(double cycles, const tfapprox_problem& problem) {
  const double staged = static_cast<double>(problem.batch) * static_cast<double>(problem.in_height * problem.in_width);
  const double taps =
      static_cast<double>(Pixels(problem)) * static_cast<double>(problem.filter_height * problem.filter_width);
  return kCopyCycles + (cycles - kCopyCycles) * std::min(1.0, staged / taps);
}

// Returns the CPU cycles of the first term for each product, whose feature is packed in place of a code. Lanes behind
// the last pixel are multiplied, too, up to a whole vector.
double FirstTermCycles(const MeasuredCosts& here, const tfapprox_problem& problem) {
  const auto pixels = static_cast<double>(Pixels(problem)),
             lanes = static_cast<double>(RoundUp(Pixels(problem), kVectorLanes));
  return here.term * here.look_up_cycles * TermFactor(problem) * lanes / pixels + here.operands.coefficient / pixels;
}

}  // namespace

ResidualForm FormOf(const CpuPath& path, const Plan& plan) {
  const LookUpCosts& costs = Here(path).look_ups;
  if (plan.kind == PlanKind::kErrorPlane) {
    if (plan.classes == 0) return {256, 1, costs.error_plane};
    return {64, 1, plan.max_error <= kSmallError ? costs.small_errors_64 : OnePlane(costs)};
  }
  if (plan.kind == PlanKind::kLookUp) return {256, 2, 1};
  return {plan.class_stride, 2, plan.class_stride == 64 ? costs.classes_64 : costs.classes_128};
}

double LookUpCycles(const CpuPath& path, const ResidualForm& form, const tfapprox_problem& problem, int32_t threads,
                    bool* by_rows) {
  const double columns = ColumnCycles(path, form, problem);
  *by_rows = false;
  if (path.rows_name == nullptr) return columns;
  const double rows = RowCycles(path, form, problem, threads);
  *by_rows = path.columns_name == nullptr || rows < columns;
  return *by_rows ? rows : columns;
}

PlanCosts CostsOf(const CpuPath& path, const tfapprox_problem& problem, int32_t threads) {
  const double products = static_cast<double>(Pixels(problem)) * static_cast<double>(problem.out_channels);
  const auto cost = [&](const ResidualForm& form) {
    bool by_rows;
    if (form.relative_cost == 0 || products == 0) return form.relative_cost;
    return LookUpCycles(path, form, problem, threads, &by_rows) / products;
  };
  const MeasuredCosts& here = Here(path);
  const LookUpCosts& look_ups = here.look_ups;
  const auto group_filters = static_cast<double>(GroupFilters(problem));
  const double first_term = products == 0 ? here.term : FirstTermCycles(here, problem);
  return {first_term,
          first_term + (products == 0 ? 0 : TapCycles(here.operands.feature, problem) / group_filters),
          cost({64, 1, look_ups.small_errors_64}),
          cost({64, 1, OnePlane(look_ups)}),
          cost({256, 1, look_ups.error_plane}),
          cost({64, 2, look_ups.classes_64}),
          cost({128, 2, look_ups.classes_128}),
          cost({256, 2, 1})};
}

CallCycles CyclesOf(const Program& program, const tfapprox_problem& problem, int32_t threads) {
  const OperandCosts& operands = Here(*program.path).operands;
  const double lane = TapCycles(operands.lane + (program.activation.holds ? 0 : kFunctionCycles), problem);
  const double broadcast = operands.broadcast + (program.weight.holds ? 0 : kFunctionCycles);
  const auto pixels = static_cast<double>(Pixels(problem)), filters = static_cast<double>(problem.out_channels);
  const double product = PlanCost(*program.plan, CostsOf(*program.path, problem, threads));
  const auto taps = static_cast<double>(Taps(problem)), groups = static_cast<double>(problem.groups);
  return {taps * filters * broadcast,
          taps * (pixels * groups * lane + pixels * filters * product) + kOutputCycles * pixels * filters};
}

PlanCosts CostsOfManyPixels(const CpuPath& path) {
  tfapprox_problem problem{};
  problem.batch = problem.in_height = problem.out_height = problem.groups = 1;
  problem.in_width = problem.out_width = 4096;
  problem.filter_height = problem.filter_width = 3;
  problem.in_channels = problem.out_channels = 64;
  return CostsOf(path, problem, /*threads=*/1);
}

}  // namespace tfapprox
