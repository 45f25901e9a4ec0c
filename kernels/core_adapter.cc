// The core's statuses, tables and tiles in TensorFlow's terms.
#include "core_adapter.h"

#include <algorithm>
#include <atomic>

#include "tensorflow/core/framework/allocator.h"
#include "tensorflow/core/util/work_sharder.h"

namespace tfapprox {

Status ToStatus(int32_t status, const tfapprox_error& error) {
  switch (status) {
    case TFAPPROX_OK:
      return Status();
    case TFAPPROX_NOT_FOUND:
      return tensorflow::errors::NotFound(error.message);
    case TFAPPROX_RESOURCE_EXHAUSTED:
      return tensorflow::errors::ResourceExhausted(error.message);
    case TFAPPROX_UNAVAILABLE:
      return tensorflow::errors::FailedPrecondition(error.message);
    case TFAPPROX_INTERNAL:
      return tensorflow::errors::Internal(error.message);
    default:
      return tensorflow::errors::InvalidArgument(error.message);
  }
}

Status LoadTable(const char* argument, const std::string& name_or_path, int32_t num_bits, Tables tables,
                 TableHandle* table) {
  if (name_or_path.find('\0') != std::string::npos) {
    return tensorflow::errors::InvalidArgument(argument, " must have no null character; received '", name_or_path, "'");
  }
  std::vector<uint16_t> entries(size_t{1} << (2 * TFAPPROX_MAX_BITS));
  int32_t is_signed = 0;
  tfapprox_error error;
  TF_RETURN_IF_ERROR(ToStatus(tfapprox_table_load(argument, name_or_path.c_str(), num_bits, entries.data(),
                                                  tables == Tables::kAny ? &is_signed : nullptr, &error),
                              error));
  const tfapprox_table* shared = nullptr;
  const int32_t status = tables == Tables::kTuned
                             ? tfapprox_table_acquire_tuned(entries.data(), num_bits, &shared, &error)
                             : tfapprox_table_acquire(entries.data(), num_bits, is_signed, &shared, &error);
  TF_RETURN_IF_ERROR(ToStatus(status, error));
  table->reset(shared);
  return Status();
}

std::string Join(const std::vector<int64_t>& values) {
  std::string text = "[";
  for (const int64_t value : values) text += (text.size() > 1 ? ", " : "") + std::to_string(value);
  return text + "]";
}

Status CheckSteps(const char* name, const std::vector<int64_t>& steps, int batch_axis, int channel_axis) {
  if (steps.size() == 4 && steps[batch_axis] == 1 && steps[channel_axis] == 1) return Status();
  return tensorflow::errors::InvalidArgument(name, " must be 4 integers, 1 for batch and channels; received ",
                                             Join(steps));
}

Status ReadShapes(const tensorflow::TensorShape& input, const tensorflow::TensorShape& filter, int height_axis,
                  int width_axis, int channel_axis, tfapprox_conv2d* shape) {
  const std::string received = "received input " + input.DebugString() + ", filter " + filter.DebugString();
  if (input.dims() != 4 || filter.dims() != 4) {
    return tensorflow::errors::InvalidArgument("input and filter must have 4 dimensions; ", received);
  }
  if (filter.dim_size(2) != input.dim_size(channel_axis)) {
    return tensorflow::errors::InvalidArgument("filter must have the input's depth; ", received);
  }
  shape->batch = input.dim_size(0);
  shape->in_height = input.dim_size(height_axis);
  shape->in_width = input.dim_size(width_axis);
  shape->in_channels = input.dim_size(channel_axis);
  shape->filter_height = filter.dim_size(0);
  shape->filter_width = filter.dim_size(1);
  shape->out_channels = filter.dim_size(3);
  tfapprox_error error;
  return ToStatus(tfapprox_conv2d_resolve(shape, &error), error);
}

void PrepareFilters(tensorflow::OpKernelContext* context, const tfapprox_conv2d_work& work,
                    const std::function<void(int64_t, int64_t)>& prepare) {
  constexpr int64_t kFilters = 64, kCyclesPerByte = 2;
  const int64_t filters = work.shape.out_channels, parts = (filters + kFilters - 1) / kFilters;
  const auto& workers = *context->device()->tensorflow_cpu_worker_threads();
  tensorflow::Shard(workers.num_threads, workers.workers, parts, kCyclesPerByte * (work.filter_bytes / parts),
                    [&](int64_t begin, int64_t end) { prepare(kFilters * begin, std::min(kFilters * end, filters)); });
}

Status RunTiles(tensorflow::OpKernelContext* context, const tfapprox_conv2d_work& work,
                const std::function<void(int64_t, int64_t, void*)>& run) {
  const char *path, *plan;
  tfapprox_program_describe(work.program, &path, &plan);
  VLOG(1) << context->op_kernel().name() << " (" << context->op_kernel().type_string() << "): path " << path
          << ", plan " << plan << (work.is_exchanged ? ", operands exchanged" : "");
  tensorflow::Allocator* allocator = context->device()->GetAllocator(tensorflow::AllocatorAttributes());
  const auto& workers = *context->device()->tensorflow_cpu_worker_threads();
  // A block of pixels whose tiles lie in two parts is packed twice. With two parts a thread, there are few of them, and
  // the threads still even out; none where the blocks do so themselves.
  const int64_t blocks = work.tiles / work.tiles_per_block;
  const int64_t unit = blocks % workers.num_threads == 0 ? work.tiles_per_block : 1;
  const int64_t units = work.tiles / unit, parts = std::min<int64_t>(units, 2 * workers.num_threads);
  std::atomic<bool> out_of_memory{false};
  const auto run_parts = [&](int64_t begin, int64_t end) {
    void* workspace = allocator->AllocateRaw(64, work.workspace_bytes);
    if (workspace == nullptr) {
      out_of_memory = true;
      return;
    }
    run(units * begin / parts * unit, units * end / parts * unit, workspace);
    allocator->DeallocateRaw(workspace);
  };
  tensorflow::Shard(workers.num_threads, workers.workers, parts, work.cycles_per_tile * (work.tiles / parts),
                    run_parts);
  if (!out_of_memory) return Status();
  return tensorflow::errors::ResourceExhausted("out of memory for a workspace of ", work.workspace_bytes,
                                               " bytes per thread");
}

}  // namespace tfapprox
