// The three functions of an operation: init, prepare and run, for all that a tfapprox_operation can describe.
#include <algorithm>

#include "cancelled.h"
#include "costs.h"
#include "error.h"
#include "float_environment.h"
#include "planned_table.h"
#include "tiles.h"

namespace tfapprox {
namespace {

// Filters whose codes one part of prepare makes: few enough for the threads to share, many enough for whole vectors.
constexpr int64_t kFiltersPerPart = 64;

// Returns an estimate of cycles, which may be of any size, as an integer of at most 2^62.
int64_t ToCycles(double estimate) { return static_cast<int64_t>(std::min(estimate, 0x1p62)); }

// The products of an operation that are computed one by one.
int64_t Items(const tfapprox_operation& operation) { return std::max<int64_t>(1, operation.items); }

// The tensors of an operand, of which items share some.
int64_t Count(const tfapprox_operation& operation, const int64_t* items) {
  return operation.items == 0 ? 1 : *std::max_element(items, items + operation.items) + 1;
}

// The numbers of the broadcast operand's tensors, which are prepared.
const int64_t* BroadcastItems(const tfapprox_operation& operation, const tfapprox_work& work) {
  return work.lanes == TFAPPROX_LANES_ACTIVATION ? operation.weight_items : operation.activation_items;
}

// Divides the tiles and filters of an item among threads. A block of pixels whose tiles lie in two parts is packed
// twice. Two parts per thread balance the load and split few blocks; if the blocks divide evenly among the threads, no
// block is split.
void DivideAmongThreads(tfapprox_work* work) {
  const tfapprox_problem& problem = work->problem;
  if (work->tiles == 0) return;
  const Division division = Divide(*work);
  if (division.blocks % work->threads != 0) work->tiles_per_unit = 1;
  work->run_parts = std::min<int64_t>(work->tiles / work->tiles_per_unit, 2 * int64_t{work->threads});
  work->prepare_parts = CeilDivide(problem.out_channels, kFiltersPerPart);
  const CallCycles cycles = CyclesOf(*work->program, problem, work->threads);
  work->cycles_per_run_part = ToCycles(cycles.run / static_cast<double>(work->run_parts));
  work->cycles_per_prepare_part = ToCycles(cycles.prepare / static_cast<double>(work->prepare_parts));
}

// Multiplies the parts and the memory of one item by the number of items.
int32_t AddItems(const tfapprox_operation& operation, tfapprox_work* work, tfapprox_error* error) {
  const int64_t tensors = Count(operation, BroadcastItems(operation, *work));
  work->item_prepare_parts = work->prepare_parts;
  work->item_run_parts = work->run_parts;
  work->item_prepared_bytes = work->prepared_bytes;
  if (__builtin_mul_overflow(work->prepared_bytes, tensors, &work->prepared_bytes) ||
      __builtin_mul_overflow(work->prepare_parts, tensors, &work->prepare_parts) ||
      __builtin_mul_overflow(work->run_parts, Items(operation), &work->run_parts)) {
    return Fail(error, TFAPPROX_INVALID_ARGUMENT, "the items must need less than 2^63 bytes; received %lld items",
                static_cast<long long>(operation.items));
  }
  return TFAPPROX_OK;
}

int32_t Init(const tfapprox_operation& operation, int32_t threads, tfapprox_work* work, tfapprox_error* error) {
  *work = {};
  if (const int32_t status = tfapprox_operation_check(&operation, error)) return status;
  if (threads < 1) return Fail(error, TFAPPROX_INVALID_ARGUMENT, "threads must be 1 or more; received %d", threads);
  const int32_t path = ChooseCpuPath(error);
  const int64_t items = Items(operation);
  if (path < 0) return TFAPPROX_INVALID_ARGUMENT;
  // Whole items are what threads divide among them where there are enough of them: nothing is packed twice.
  work->threads = static_cast<int32_t>(CeilDivide(threads, std::min<int64_t>(items, threads)));
  // The taps of a filter with steps are not contiguous, and strided outputs are no row.
  const bool is_plain = !HasSteps(operation) && !IsStrided(operation.problem);
  work->problem = is_plain ? Simplify(operation.problem) : operation.problem;
  if (const int32_t status = FindProgram(*operation.table, path, work->problem, work->threads, &work->program, error)) {
    return status;
  }
  if (const int32_t status = ChooseRoles(operation, path, work, error)) return status;
  if (const int32_t status = DivideIntoTiles(work, error)) return status;
  DivideAmongThreads(work);
  return AddItems(operation, work, error);
}

// CPU cycles between two looks at `cancelled`, about 20 ms: long enough that the panel that is packed again by the
// tiles after a look does not count.
constexpr int64_t kCyclesPerLook = int64_t{1} << 26;

// Returns how many pieces of work, each of which takes `cycles`, are done between two looks at `cancelled`.
int64_t StepBetweenLooks(int64_t cycles) { return std::max<int64_t>(1, kCyclesPerLook / std::max<int64_t>(1, cycles)); }

// Returns the number of tiles, whole units where possible, that are run between two looks at `cancelled`.
int64_t TilesPerLook(const tfapprox_work& work) {
  const int64_t tiles = StepBetweenLooks(work.cycles_per_run_part / (work.tiles / work.item_run_parts));
  return tiles > work.tiles_per_unit ? tiles / work.tiles_per_unit * work.tiles_per_unit : tiles;
}

// Runs tiles [begin, end), or fewer if the operation is cancelled.
void RunUntilCancelled(const tfapprox_operation& operation, const tfapprox_work& work, const Call& call,
                       const Source& source, Outputs* outputs, void* output, int64_t begin, int64_t end,
                       void* workspace) {
  const int64_t step = TilesPerLook(work);
  for (; begin < end && !IsCancelled(operation); begin += step) {
    RunTiles(call, source, outputs, output, begin, std::min(begin + step, end), workspace);
  }
}

void WriteOutputs(const tfapprox_operation& operation, const tfapprox_work& work, const Sides& sides, const Call& call,
                  void* output, int64_t begin, int64_t end, void* workspace) {
  if (operation.output == TFAPPROX_OUTPUT_WRAPPED) {
    WrappedOutputs outputs(sides, call);
    RunUntilCancelled(operation, work, call, sides.lanes, &outputs, output, begin, end, workspace);
  } else {
    RealOutputs outputs(sides, call);
    RunUntilCancelled(operation, work, call, sides.lanes, &outputs, output, begin, end, workspace);
  }
}

uint8_t* PreparedAt(const tfapprox_work& work, const void* prepared, int64_t number) {
  return static_cast<uint8_t*>(const_cast<void*>(prepared)) + number * work.item_prepared_bytes;
}

// Prepares parts [begin, end) of tensor number `number` of the broadcast operand.
void PrepareTensor(const tfapprox_operation& operation, const tfapprox_work& work, const void* inputs,
                   const void* filters, void* prepared, int64_t number, int64_t begin, int64_t end) {
  const Call call = MakeCall(work, PreparedAt(work, prepared, number));
  // The tensor of the operand in lanes is not read.
  const bool has_filters = work.lanes == TFAPPROX_LANES_ACTIVATION;
  const Sides sides = SidesOf(operation, work, has_filters ? inputs : InputAt(operation, inputs, number),
                              has_filters ? FilterAt(operation, filters, number) : filters);
  const int64_t tensor_filters = work.problem.out_channels;
  const int64_t step = StepBetweenLooks(work.cycles_per_prepare_part);
  for (; begin < end && !IsCancelled(operation); begin += step) {
    const int64_t last = std::min(begin + step, end);
    const FilterRange range = {kFiltersPerPart * begin, std::min(kFiltersPerPart * last, tensor_filters)};
    PrepareBroadcast(operation, work, sides.broadcast, call.division, call.filter, range);
  }
}

// Computes parts [begin, end) of an item.
void RunItem(const tfapprox_operation& operation, const tfapprox_work& work, const void* inputs, const void* filters,
             const void* prepared, void* output, int64_t item, int64_t begin, int64_t end, void* workspace) {
  const int64_t broadcast = TensorOf(operation, BroadcastItems(operation, work), item);
  const Call call = MakeCall(work, PreparedAt(work, prepared, broadcast));
  const Sides sides =
      SidesOf(operation, work, InputAt(operation, inputs, TensorOf(operation, operation.activation_items, item)),
              FilterAt(operation, filters, TensorOf(operation, operation.weight_items, item)));
  const int64_t units = work.tiles / work.tiles_per_unit;
  const auto first_tile = [&](int64_t part) { return units * part / work.item_run_parts * work.tiles_per_unit; };
  auto* outputs = static_cast<uint32_t*>(output) + item * Pixels(operation.problem) * operation.problem.out_channels;
  WriteOutputs(operation, work, sides, call, outputs, first_tile(begin), first_tile(end), workspace);
}

}  // namespace
}  // namespace tfapprox

int32_t tfapprox_operation_check(const tfapprox_operation* operation, tfapprox_error* error) {
  if (tfapprox::HasSteps(*operation) && (operation->weight.elements != TFAPPROX_REALS || operation->items != 0)) {
    return tfapprox::Fail(error, TFAPPROX_INVALID_ARGUMENT,
                          "a filter with steps must consist of real numbers and belong to one product; received kind "
                          "of elements %d, %lld items",
                          operation->weight.elements, static_cast<long long>(operation->items));
  }
  if (operation->activation.per_filter != nullptr) {
    return tfapprox::Fail(error, TFAPPROX_INVALID_ARGUMENT,
                          "activations must have one range; received a range for each filter");
  }
  return TFAPPROX_OK;
}

int32_t tfapprox_operation_init(const tfapprox_operation* operation, int32_t threads, tfapprox_work* work,
                                tfapprox_error* error) {
  return tfapprox::Init(*operation, threads, work, error);
}

void tfapprox_operation_prepare(const tfapprox_operation* operation, const tfapprox_work* work, const void* activations,
                                const void* weights, void* prepared, int64_t begin, int64_t end) {
  const tfapprox::FloatEnvironment ieee;
  while (begin < end && !tfapprox::IsCancelled(*operation)) {
    const int64_t tensor = begin / work->item_prepare_parts, first = tensor * work->item_prepare_parts;
    const int64_t last = std::min(end, first + work->item_prepare_parts);
    tfapprox::PrepareTensor(*operation, *work, activations, weights, prepared, tensor, begin - first, last - first);
    begin = last;
  }
}

void tfapprox_operation_run(const tfapprox_operation* operation, const tfapprox_work* work, const void* activations,
                            const void* weights, const void* prepared, void* output, int64_t begin, int64_t end,
                            void* workspace) {
  const tfapprox::FloatEnvironment ieee;
  while (begin < end && !tfapprox::IsCancelled(*operation)) {
    const int64_t item = begin / work->item_run_parts, first = item * work->item_run_parts;
    const int64_t last = std::min(end, first + work->item_run_parts);
    tfapprox::RunItem(*operation, *work, activations, weights, prepared, output, item, begin - first, last - first,
                      workspace);
    begin = last;
  }
}
