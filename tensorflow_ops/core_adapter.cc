// The core's statuses, tables and problems in TensorFlow's terms.
#include "core_adapter.h"

#include "error.h"

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

Status OpenTable(const char* argument, const std::string& name_or_path, int32_t num_bits, int32_t tables,
                 TableHandle* table) {
  if (name_or_path.find('\0') != std::string::npos) {
    return tensorflow::errors::InvalidArgument(argument, " must have no null character; received '",
                                               Printable(name_or_path), "'");
  }
  const tfapprox_table* shared = nullptr;
  tfapprox_error error;
  int32_t status = tfapprox_table_open(argument, name_or_path.c_str(), num_bits, tables, &shared, &error);
  // AxConv2D, which takes only unsigned tables, refuses an unknown multiplier with the error class of the original.
  if (status == TFAPPROX_NOT_FOUND && tables != TFAPPROX_TABLES_ANY) status = TFAPPROX_INVALID_ARGUMENT;
  TF_RETURN_IF_ERROR(ToStatus(status, error));
  *table = TableHandle(shared, tfapprox_table_release);
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
                  int width_axis, int channel_axis, Groups groups, tfapprox_problem* problem) {
  const std::string received = "received input " + input.DebugString() + ", filter " + filter.DebugString();
  if (input.dims() != 4 || filter.dims() != 4) {
    return tensorflow::errors::InvalidArgument("input and filter must have 4 dimensions; ", received);
  }
  const int64_t depth = input.dim_size(channel_axis), filter_depth = filter.dim_size(2);
  problem->groups = filter_depth == 0 || depth == filter_depth ? 1 : depth / filter_depth;
  if (groups == Groups::kOne && depth != filter_depth) {
    return tensorflow::errors::InvalidArgument("filter must have the input's depth; ", received);
  }
  if (depth != problem->groups * filter_depth || problem->groups == 0 || filter.dim_size(3) % problem->groups != 0) {
    return tensorflow::errors::InvalidArgument(
        "filter must have the input's depth, or 1 / groups of it where groups divide the number of filters; ",
        received);
  }
  problem->batch = input.dim_size(0);
  problem->in_height = input.dim_size(height_axis);
  problem->in_width = input.dim_size(width_axis);
  problem->in_channels = input.dim_size(channel_axis);
  problem->filter_height = filter.dim_size(0);
  problem->filter_width = filter.dim_size(1);
  problem->out_channels = filter.dim_size(3);
  problem->out_stride_height = problem->out_stride_width = 1;
  tfapprox_error error;
  return ToStatus(tfapprox_problem_resolve(problem, &error), error);
}

}  // namespace tfapprox
