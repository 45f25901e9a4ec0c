// Divides an operation into passes, lays out the workspace, and launches the kernels of each pass.
//
//   filter -> prepare ->  weights, matrices, filter_sums            once
//   input  -> quantise -> codes, pixel_sums -> window_sums          per pass over images
//   term_gemm, lut_gemm -> output                                   per pass over taps, as the plan has it
#include "passes.h"

#include <algorithm>

#include "device.h"
#include "error.h"
#include "problem.h"
#include "quantiser.h"

namespace tfapprox {
namespace cuda {
namespace {

constexpr int64_t kMaxSize = int64_t{1} << 30;  // so that positions and pixels of a pass fit int32
constexpr int64_t kPassBytes = int64_t{256} << 20;
constexpr int64_t kPassImages = 256;  // the bytes of so many images, divided, are those of one without alignment
constexpr int64_t kAlignment = 256;

int64_t Align(int64_t bytes) { return RoundUp(bytes, kAlignment); }

// Single pixels, each under a filter of its size, are as many images, which passes divide anywhere. The core makes one
// wide image of them (AxConv2D).
tfapprox_problem Divisible(tfapprox_problem shape) {
  const bool single = shape.filter_height == 1 && shape.filter_width == 1 && shape.out_height == shape.in_height &&
                      shape.out_width == shape.in_width && shape.stride_height == 1 && shape.stride_width == 1;
  if (!single || shape.layout != TFAPPROX_LAYOUT_NHWC || shape.pad_top != 0 || shape.pad_left != 0) return shape;
  shape.batch *= shape.in_height * shape.in_width;
  shape.in_height = shape.in_width = shape.out_height = shape.out_width = 1;
  return shape;
}

// The numbers that sizes of memory and of launches come from.
struct Sizes {
  int64_t chunks, filter_chunks, padded_filters, padded_chunks;
  int64_t in_plane, out_plane;

  explicit Sizes(const tfapprox_problem& shape)
      : chunks(CeilDivide(shape.in_channels, kChunk)),
        filter_chunks(shape.filter_height * shape.filter_width * chunks),
        padded_filters(RoundUp(shape.out_channels, kPaddedFilters)),
        padded_chunks(RoundUp(filter_chunks, kPaddedChunks)),
        in_plane(shape.in_height * shape.in_width),
        out_plane(shape.out_height * shape.out_width) {}
};

// The workspace, in order; offsets from its begin.
struct Layout {
  int64_t filter_sums, weights, matrices, pixel_sums, window_sums, codes, wide_sums, bytes;
  int64_t plane_bytes;
};

Layout LayOut(const tfapprox_problem& shape, const tfapprox_cuda_table& table, const tfapprox_cuda_work& work) {
  const Sizes sizes(shape);
  const int64_t pixels = work.images * sizes.in_plane + 1, outputs = work.images * sizes.out_plane;
  const bool wide = work.filter_chunks < sizes.filter_chunks;
  Layout layout;
  int64_t end = 0;
  const auto take = [&](int64_t bytes) {
    const int64_t begin = end;
    end += Align(bytes);
    return begin;
  };
  layout.plane_bytes = Align(pixels * sizes.chunks * kChunk);
  layout.filter_sums = take(shape.out_channels * sizeof(int64_t));
  layout.weights = take(table.entry_bytes == 0 ? 0 : sizes.padded_filters * sizes.filter_chunks * kChunk);
  layout.matrices = take(table.terms * sizes.padded_filters * sizes.padded_chunks * kChunk);
  layout.pixel_sums = take(pixels * sizeof(int64_t));
  layout.window_sums = take(outputs * sizeof(int64_t));
  layout.codes = take(table.planes * layout.plane_bytes);
  layout.wide_sums = take(wide ? outputs * shape.out_channels * sizeof(int64_t) : 0);
  layout.bytes = end;
  return layout;
}

Geometry GeometryOf(const tfapprox_problem& shape, int64_t images) {
  const auto narrow = [](int64_t value) { return static_cast<int32_t>(value); };
  const Sizes sizes(shape);
  return {narrow(shape.in_height),      narrow(shape.in_width),          narrow(shape.in_channels),
          narrow(shape.filter_height),  narrow(shape.filter_width),      narrow(shape.out_channels),
          narrow(shape.stride_height),  narrow(shape.stride_width),      narrow(shape.dilation_height),
          narrow(shape.dilation_width), narrow(shape.pad_top),           narrow(shape.pad_left),
          narrow(shape.out_height),     narrow(shape.out_width),         shape.layout == TFAPPROX_LAYOUT_NCHW,
          narrow(sizes.chunks),         narrow(images * sizes.in_plane), narrow(images * sizes.out_plane)};
}

// The kernels of one operation, on one stream.
class Runner {
 public:
  Runner(const Call& call, void* workspace)
      : call_(call),
        problem_(call.operation.problem),
        activation_(call.operation.activation),
        weight_(call.operation.weight),
        table_(call.table),
        sizes_(problem_),
        layout_(LayOut(problem_, table_, call.work)),
        memory_(static_cast<uint8_t*>(workspace)) {}

  cudaError_t Prepare() const {
    PrepareArguments arguments = {};
    arguments.geometry = GeometryOf(problem_, 0);
    arguments.quantiser = weight_.quantiser;
    arguments.filter = call_.weights;
    arguments.zero = activation_.quantiser.zero_point;
    arguments.weight = table_.weight;
    arguments.filter_sums = At<int64_t>(layout_.filter_sums);
    arguments.weights = table_.entry_bytes == 0 ? nullptr : At<uint8_t>(layout_.weights);
    arguments.coefficients = table_.coefficients;
    arguments.terms = table_.terms;
    arguments.padded_filters = static_cast<int32_t>(sizes_.padded_filters);
    arguments.padded_chunks = static_cast<int32_t>(sizes_.padded_chunks);
    arguments.matrices = At<uint8_t>(layout_.matrices);
    const cudaError_t error =
        cudaMemsetAsync(arguments.filter_sums, 0, problem_.out_channels * sizeof(int64_t), call_.stream);
    if (error != cudaSuccess) return error;
    return weight_.elements == TFAPPROX_CODES ? PrepareFilter<uint8_t>(arguments, call_.stream)
                                              : PrepareFilter<float>(arguments, call_.stream);
  }

  // Images [first, first + images).
  cudaError_t Run(int64_t first, int64_t images) const {
    const Geometry geometry = GeometryOf(problem_, images);
    cudaError_t error = Quantise(geometry, first);
    if (error != cudaSuccess) return error;
    error = SumWindows(geometry, At<int64_t>(layout_.pixel_sums), At<int64_t>(layout_.window_sums), call_.stream);
    const bool has_terms = table_.terms != 0 || table_.entry_bytes == 0;  // a table of no terms is a sum (plan.h)
    for (int64_t begin = 0; begin < sizes_.filter_chunks && error == cudaSuccess; begin += call_.work.filter_chunks) {
      const int64_t end = std::min(begin + call_.work.filter_chunks, sizes_.filter_chunks);
      const bool ends = end == sizes_.filter_chunks;
      if (has_terms) error = Multiply(geometry, first, begin, end, begin == 0, ends && table_.entry_bytes == 0);
      if (table_.entry_bytes == 0 || error != cudaSuccess) continue;
      error = LookUp(geometry, first, begin, end, begin == 0 && !has_terms, ends);
    }
    return error;
  }

 private:
  template <typename T>
  T* At(int64_t offset) const {
    return reinterpret_cast<T*>(memory_ + offset);
  }

  cudaError_t Quantise(const Geometry& geometry, int64_t first) const {
    QuantiseArguments arguments = {};
    arguments.geometry = geometry;
    arguments.quantiser = activation_.quantiser;
    const int64_t bytes = activation_.elements == TFAPPROX_CODES ? sizeof(uint8_t) : sizeof(float);
    arguments.input =
        static_cast<const uint8_t*>(call_.activations) + first * sizes_.in_plane * problem_.in_channels * bytes;
    arguments.padding = ByteOf(activation_.quantiser, activation_.quantiser.zero_point);  // (3.2), (5.4)
    arguments.zero = weight_.quantiser.zero_point;
    arguments.activation = table_.activation;
    arguments.maps = table_.maps;
    arguments.planes = table_.planes;
    arguments.plane_bytes = layout_.plane_bytes;
    arguments.codes = At<uint8_t>(layout_.codes);
    arguments.pixel_sums = At<int64_t>(layout_.pixel_sums);
    const size_t sum_bytes = (size_t{1} + geometry.input_pixels) * sizeof(int64_t);
    const cudaError_t error = cudaMemsetAsync(arguments.pixel_sums, 0, sum_bytes, call_.stream);
    if (error != cudaSuccess) return error;
    return activation_.elements == TFAPPROX_CODES ? QuantiseInput<uint8_t>(arguments, call_.stream)
                                                  : QuantiseInput<float>(arguments, call_.stream);
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
    epilogue.output = call_.output + first * sizes_.out_plane * problem_.out_channels;
    epilogue.wide_sums = call_.work.filter_chunks < sizes_.filter_chunks ? At<int64_t>(layout_.wide_sums) : nullptr;
    epilogue.first = is_first;
    epilogue.last = is_last;
    return epilogue;
  }

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

  const Call& call_;
  const tfapprox_problem& problem_;
  const tfapprox_operand &activation_, &weight_;
  const tfapprox_cuda_table& table_;
  const Sizes sizes_;
  const Layout layout_;
  uint8_t* const memory_;
};

}  // namespace

int32_t DivideWork(const tfapprox_problem& problem, const tfapprox_cuda_table& table, tfapprox_cuda_work* work,
                   tfapprox_error* error) {
  const tfapprox_problem shape = Divisible(problem);
  const Sizes sizes(shape);
  const int64_t height = shape.in_height + std::max<int64_t>(shape.pad_top, 0) +
                         std::max<int64_t>(shape.pad_bottom, 0) + (shape.filter_height - 1) * shape.dilation_height;
  const int64_t width = shape.in_width + std::max<int64_t>(shape.pad_left, 0) + std::max<int64_t>(shape.pad_right, 0) +
                        (shape.filter_width - 1) * shape.dilation_width;
  // Blocks of the filter's kernel, and of the GEMMs for one image: 128 pixels times 16 filters at least.
  const int64_t filter_blocks = sizes.padded_filters / 128 * sizes.padded_chunks;
  const int64_t groups = CeilDivide(shape.out_channels, 16);
  const int64_t largest = std::max({height, width, sizes.in_plane, sizes.out_plane, shape.out_channels, filter_blocks});
  if (largest > kMaxSize || sizes.in_plane > kMaxSize / sizes.chunks ||
      CeilDivide(sizes.out_plane, 128) > kMaxSize / groups) {
    return Fail(error, TFAPPROX_INVALID_ARGUMENT,
                "one image must not exceed 2^30 pixels, nor input and filter 2^30 chunks of 16 channels, on a GPU; "
                "received input %lldx%lldx%lld, output %lldx%lldx%lld, filter %lldx%lld",
                static_cast<long long>(shape.in_height), static_cast<long long>(shape.in_width),
                static_cast<long long>(shape.in_channels), static_cast<long long>(shape.out_height),
                static_cast<long long>(shape.out_width), static_cast<long long>(shape.out_channels),
                static_cast<long long>(shape.filter_height), static_cast<long long>(shape.filter_width));
  }
  work->filter_chunks = std::min(table.max_chunks, sizes.filter_chunks);
  work->images = 0;
  const int64_t fixed = LayOut(shape, table, *work).bytes;
  work->images = kPassImages;
  const int64_t image_bytes = CeilDivide(std::max<int64_t>(LayOut(shape, table, *work).bytes - fixed, 1), kPassImages);
  const int64_t pixels =
      std::max({sizes.in_plane * sizes.chunks, CeilDivide(sizes.out_plane, 128) * groups, sizes.out_plane, int64_t{1}});
  work->images = std::max<int64_t>(1, std::min({kPassBytes / image_bytes, kMaxSize / pixels, shape.batch}));
  work->workspace_bytes = LayOut(shape, table, *work).bytes;
  return TFAPPROX_OK;
}

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
  const Runner runner(call, workspace);
  cudaError_t status = runner.Prepare();
  for (int64_t first = 0; first < shape.batch && status == cudaSuccess; first += call.work.images) {
    status = runner.Run(first, std::min(call.work.images, shape.batch - first));
  }
  return Check(status, "the kernels of an operation", error);
}

}  // namespace cuda
}  // namespace tfapprox
