// Launches the kernels of an operation: in one round, or in a round for each convolution group.
//
//   quantisers of the filters -> workspace                          once per round, if there are any
//   filter -> prepare ->  weights, matrices, filter_sums            once per round
//   input  -> quantise -> codes, pixel_sums -> window_sums          per pass over images
//   term_gemm, lut_gemm -> output                                   per pass over taps, as the plan has it
//   or channel_lut -> output                                        per pass over images, instead of the GEMM kernels
#include "passes.h"

#include <algorithm>

#include "cancelled.h"
#include "device.h"
#include "error.h"
#include "problem.h"
#include "quantiser.h"
#include "workspace.h"

namespace tfapprox {
namespace cuda {
namespace {

Geometry GeometryOf(const tfapprox_problem& shape, const Sizes& sizes, int64_t images) {
  const auto narrow = [](int64_t value) { return static_cast<int32_t>(value); };
  Geometry g = {};
  g.in_height = narrow(shape.in_height), g.in_width = narrow(shape.in_width), g.in_channels = narrow(sizes.inputs);
  g.filter_height = narrow(shape.filter_height), g.filter_width = narrow(shape.filter_width);
  g.out_channels = narrow(sizes.filters);
  g.all_in_channels = narrow(shape.in_channels), g.all_out_channels = narrow(shape.out_channels);
  g.stride_height = narrow(shape.stride_height), g.stride_width = narrow(shape.stride_width);
  g.dilation_height = narrow(shape.dilation_height), g.dilation_width = narrow(shape.dilation_width);
  g.pad_top = narrow(shape.pad_top), g.pad_left = narrow(shape.pad_left);
  g.out_height = narrow(shape.out_height), g.out_width = narrow(shape.out_width);
  g.out_stride_height = narrow(shape.out_stride_height), g.out_stride_width = narrow(shape.out_stride_width);
  g.out_first_row = narrow(shape.out_first_row), g.out_first_column = narrow(shape.out_first_column);
  g.tensor_height = narrow(TensorHeight(shape)), g.tensor_width = narrow(TensorWidth(shape));
  g.nchw = shape.layout == TFAPPROX_LAYOUT_NCHW;
  g.chunks = narrow(sizes.chunks);
  g.input_pixels = narrow(images * sizes.in_plane), g.output_pixels = narrow(images * sizes.out_plane);
  return g;
}

// The kernels of one round, on one stream.
class Round {
 public:
  Round(const Call& call, int64_t number, void* workspace)
      : call_(call),
        problem_(call.operation.problem),
        activation_(call.operation.activation),
        weight_(call.operation.weight),
        table_(call.table),
        sizes_(problem_),
        layout_(LayOut(call.operation, sizes_, table_, call.work)),
        first_input_(number * sizes_.inputs),
        first_filter_(number * sizes_.filters),
        memory_(static_cast<uint8_t*>(workspace)) {}

  cudaError_t Prepare() const {
    PrepareArguments arguments = {};
    arguments.geometry = GeometryOf(problem_, sizes_, 0);
    arguments.geometry.in_channels = static_cast<int32_t>(sizes_.filter_inputs);
    arguments.geometry.chunks = static_cast<int32_t>(CeilDivide(sizes_.filter_inputs, kChunk));
    arguments.quantiser = weight_.quantiser;
    arguments.per_filter = PerFilter();
    arguments.steps = FilterSteps(call_.operation);
    arguments.filter =
        ElementAt(weight_, call_.weights, arguments.steps.first + first_filter_ * arguments.steps.filter);
    arguments.zero = activation_.quantiser.zero_point;
    arguments.weight = sizes_.by_channel ? table_.table_weight : table_.weight;
    arguments.filter_sums = At<int64_t>(layout_.filter_sums);
    arguments.weights = layout_.has_weights ? At<uint8_t>(layout_.weights) : nullptr;
    arguments.coefficients = table_.coefficients;
    arguments.terms = sizes_.by_channel ? 0 : table_.terms;
    arguments.padded_filters = static_cast<int32_t>(sizes_.padded_filters);
    arguments.padded_chunks = static_cast<int32_t>(sizes_.padded_chunks);
    arguments.matrices = At<uint8_t>(layout_.matrices);
    cudaError_t error = cudaSuccess;
    if (weight_.per_filter != nullptr) {
      error = SendQuantisers(weight_.per_filter + first_filter_, sizes_.filters,
                             At<tfapprox_quantiser>(layout_.quantisers), call_.stream);
    }
    if (error == cudaSuccess) error = Clear(layout_.filter_sums, sizes_.filters);
    if (error != cudaSuccess) return error;
    return weight_.elements == TFAPPROX_CODES ? PrepareFilter<uint8_t>(arguments, call_.stream)
                                              : PrepareFilter<float>(arguments, call_.stream);
  }

  // Images [first, first + images).
  cudaError_t Run(int64_t first, int64_t images) const {
    const Geometry geometry = GeometryOf(problem_, sizes_, images);
    cudaError_t error = Quantise(geometry, first);
    if (error == cudaSuccess) error = Sum(geometry, layout_.pixel_sums, layout_.window_sums);
    if (error == cudaSuccess && HasCodeSums()) error = Sum(geometry, layout_.code_sums, layout_.window_code_sums);
    if (sizes_.by_channel) return error == cudaSuccess ? LookUpByChannel(geometry, first) : error;
    const bool has_terms = table_.terms != 0 || table_.entry_bytes == 0;  // a table of no terms is a sum (plan.h)
    for (int64_t begin = 0; begin < sizes_.filter_chunks && error == cudaSuccess; begin += call_.work.filter_chunks) {
      const int64_t end = std::min(begin + call_.work.filter_chunks, sizes_.filter_chunks);
      const bool ends = end == sizes_.filter_chunks && !HasCodeSums();
      if (has_terms) error = Multiply(geometry, first, begin, end, begin == 0, ends && table_.entry_bytes == 0);
      if (table_.entry_bytes == 0 || error != cudaSuccess) continue;
      error = LookUp(geometry, first, begin, end, begin == 0 && !has_terms, ends);
    }
    return error == cudaSuccess && HasCodeSums() ? Finish(geometry, first) : error;
  }

 private:
  template <typename T>
  T* At(int64_t offset) const {
    return reinterpret_cast<T*>(memory_ + offset);
  }

  // The quantisers on the device, or null.
  const tfapprox_quantiser* PerFilter() const {
    return weight_.per_filter != nullptr ? At<tfapprox_quantiser>(layout_.quantisers) : nullptr;
  }

  // Whether FinishOutputs finishes the sums of the GEMM kernels.
  bool HasCodeSums() const { return weight_.per_filter != nullptr && !sizes_.by_channel; }

  // The index of the first element of a round in a tensor, where `channel` is its first of `channels` channels, `plane`
  // is the number of pixels of an image, and `image` is the first image.
  int64_t First(int64_t image, int64_t plane, int64_t channels, int64_t channel) const {
    return image * plane * channels + channel * (problem_.layout == TFAPPROX_LAYOUT_NCHW ? plane : 1);
  }

  const void* Input(int64_t first) const {
    return ElementAt(activation_, call_.activations, First(first, sizes_.in_plane, problem_.in_channels, first_input_));
  }

  cudaError_t Clear(int64_t sums, int64_t count) const {
    return cudaMemsetAsync(At<int64_t>(sums), 0, static_cast<size_t>(count) * sizeof(int64_t), call_.stream);
  }

  cudaError_t Quantise(const Geometry& geometry, int64_t first) const {
    QuantiseArguments arguments = {};
    arguments.geometry = geometry;
    arguments.quantiser = activation_.quantiser;
    arguments.input = Input(first);
    arguments.padding = ByteOf(activation_.quantiser, activation_.quantiser.zero_point);  // (3.2), (5.4)
    arguments.zero = HasCodeSums() ? 0 : weight_.quantiser.zero_point;
    arguments.activation = table_.activation;
    arguments.maps = sizes_.by_channel ? nullptr : table_.maps;
    arguments.planes = sizes_.by_channel ? 1 : table_.planes;
    arguments.plane_bytes = layout_.plane_bytes;
    arguments.codes = At<uint8_t>(layout_.codes);
    arguments.pixel_sums = At<int64_t>(layout_.pixel_sums);
    arguments.code_sums = HasCodeSums() ? At<int64_t>(layout_.code_sums) : nullptr;
    cudaError_t error = Clear(layout_.pixel_sums, int64_t{1} + geometry.input_pixels);
    if (error == cudaSuccess && HasCodeSums()) error = Clear(layout_.code_sums, int64_t{1} + geometry.input_pixels);
    if (error != cudaSuccess) return error;
    return activation_.elements == TFAPPROX_CODES ? QuantiseInput<uint8_t>(arguments, call_.stream)
                                                  : QuantiseInput<float>(arguments, call_.stream);
  }

  cudaError_t Sum(const Geometry& geometry, int64_t pixel_sums, int64_t window_sums) const {
    return SumWindows(geometry, At<int64_t>(pixel_sums), At<int64_t>(window_sums), call_.stream);
  }

  Epilogue EpilogueOf(int64_t first, bool is_first, bool is_last) const {
    Epilogue epilogue = {};
    epilogue.window_sums = At<int64_t>(layout_.window_sums);
    epilogue.filter_sums = At<int64_t>(layout_.filter_sums);
    const auto activation_zero = static_cast<uint64_t>(int64_t{activation_.quantiser.zero_point});
    const auto weight_zero = static_cast<uint64_t>(int64_t{weight_.quantiser.zero_point});
    epilogue.constant = static_cast<int64_t>(static_cast<uint64_t>(Taps(problem_)) * activation_zero * weight_zero);
    epilogue.scale = double{activation_.quantiser.scale} * double{weight_.quantiser.scale};  // (3.4)
    epilogue.is_integer = call_.operation.output == TFAPPROX_OUTPUT_WRAPPED;
    epilogue.output = call_.output + First(first, sizes_.tensor_plane, problem_.out_channels, first_filter_);
    epilogue.wide_sums = layout_.is_wide ? At<int64_t>(layout_.wide_sums) : nullptr;
    epilogue.first = is_first;
    epilogue.last = is_last;
    return epilogue;
  }

  Ranges RangesOf() const { return {activation_.quantiser, weight_.quantiser, PerFilter(), Taps(problem_)}; }

  cudaError_t Multiply(const Geometry& geometry, int64_t first, int64_t begin, int64_t end, bool is_first,
                       bool is_last) const {
    TermGemmArguments arguments = {};
    arguments.geometry = geometry;
    arguments.epilogue = EpilogueOf(first, is_first, is_last);
    arguments.codes = At<uint8_t>(layout_.codes);
    arguments.plane_bytes = layout_.plane_bytes;
    arguments.matrices = At<uint8_t>(layout_.matrices);
    arguments.padded_filters = static_cast<int32_t>(sizes_.padded_filters);
    arguments.padded_chunks = static_cast<int32_t>(sizes_.padded_chunks);
    arguments.terms = table_.term_masks;
    arguments.groups = table_.term_groups;
    arguments.group_count = table_.groups;
    arguments.final_shift = table_.final_shift;
    arguments.begin = static_cast<int32_t>(begin);
    arguments.end = static_cast<int32_t>(end);
    return TermGemm(arguments, call_.stream);
  }

  cudaError_t LookUp(const Geometry& geometry, int64_t first, int64_t begin, int64_t end, bool is_first,
                     bool is_last) const {
    LutGemmArguments arguments = {};
    arguments.geometry = geometry;
    arguments.epilogue = EpilogueOf(first, is_first, is_last);
    arguments.codes = At<uint8_t>(layout_.codes);
    arguments.weights = At<uint8_t>(layout_.weights);
    arguments.columns = table_.columns;
    arguments.entry_bytes = table_.entry_bytes;
    arguments.log_rows = table_.log_rows;
    arguments.begin = static_cast<int32_t>(begin);
    arguments.end = static_cast<int32_t>(end);
    arguments.multiprocessors = table_.multiprocessors;
    return LutGemm(arguments, call_.stream);
  }

  cudaError_t Finish(const Geometry& geometry, int64_t first) const {
    FinishArguments arguments = {};
    arguments.geometry = geometry;
    arguments.epilogue = EpilogueOf(first, false, true);
    arguments.ranges = RangesOf();
    arguments.window_code_sums = At<int64_t>(layout_.window_code_sums);
    return FinishOutputs(arguments, call_.stream);
  }

  cudaError_t LookUpByChannel(const Geometry& geometry, int64_t first) const {
    ChannelLutArguments arguments = {};
    arguments.geometry = geometry;
    arguments.epilogue = EpilogueOf(first, true, true);
    arguments.ranges = RangesOf();
    arguments.group_inputs = static_cast<int32_t>(GroupInputs(problem_));
    arguments.group_filters = static_cast<int32_t>(GroupFilters(problem_));
    arguments.input = Input(first);
    arguments.codes = At<uint8_t>(layout_.codes);
    arguments.weights = At<uint8_t>(layout_.weights);
    arguments.columns = table_.table_columns;
    return ChannelLut(arguments, call_.stream);
  }

  const Call& call_;
  const tfapprox_problem& problem_;
  const tfapprox_operand &activation_, &weight_;
  const tfapprox_cuda_table& table_;
  const Sizes sizes_;
  const Layout layout_;
  const int64_t first_input_, first_filter_;  // channels of the tensors
  uint8_t* const memory_;
};

// Queues the passes of a call, whatever its items are. A driver takes some hundred kernels ahead of the GPU, so that to
// queue the passes of a long call takes almost as long as to run them.
cudaError_t RunItem(const Call& call, void* workspace) {
  const tfapprox_problem& shape = call.operation.problem;
  cudaError_t status = cudaSuccess;
  const auto goes_on = [&] { return status == cudaSuccess && !IsCancelled(call.operation); };
  for (int64_t number = 0; number < Sizes(shape).rounds && goes_on(); ++number) {
    const Round round(call, number, workspace);
    status = round.Prepare();
    for (int64_t first = 0; first < shape.batch && goes_on(); first += call.work.images) {
      status = round.Run(first, std::min(call.work.images, shape.batch - first));
    }
  }
  return status;
}

// The call of one item, which has the tensors of this item. Items use the workspace one after the other.
Call ItemAt(const Call& call, int64_t item) {
  const tfapprox_operation& operation = call.operation;
  Call part = call;
  part.activations = InputAt(operation, call.activations, TensorOf(operation, operation.activation_items, item));
  part.weights = FilterAt(operation, call.weights, TensorOf(operation, operation.weight_items, item));
  part.output += item * Pixels(operation.problem) * operation.problem.out_channels;
  return part;
}

}  // namespace

int32_t RunPasses(const Call& undivided, void* workspace, tfapprox_error* error) {
  Call call = undivided;
  const tfapprox_problem& shape = call.operation.problem = Divisible(undivided.operation.problem);
  if (shape.batch * shape.out_height * shape.out_width == 0) return TFAPPROX_OK;
  int device;
  if (const int32_t status = Check(cudaGetDevice(&device), "the current device", error)) return status;
  if (device != call.table.device) {
    return Fail(error, TFAPPROX_INVALID_ARGUMENT, "the table must be on the current GPU, %d; received one on GPU %d",
                device, call.table.device);
  }
  cudaError_t status = cudaSuccess;
  for (int64_t item = 0; item < std::max<int64_t>(1, call.operation.items) && status == cudaSuccess; ++item) {
    status = RunItem(ItemAt(call, item), workspace);
  }
  return Check(status, "the kernels of an operation", error);
}

}  // namespace cuda
}  // namespace tfapprox
