// Lays out the workspace of an operation, and divides the operation into passes that the workspace bounds.
#include "workspace.h"

#include <algorithm>

#include "error.h"
#include "problem.h"

namespace tfapprox {
namespace cuda {
namespace {

constexpr int64_t kMaxSize = int64_t{1} << 30;  // so that positions and pixels of a pass fit int32
constexpr int64_t kPassBytes = int64_t{256} << 20;
// The bytes of one image are measured over this many, so that the alignment of buffers hardly counts.
constexpr int64_t kPassImages = 256;
constexpr int64_t kAlignment = 256;

// A convolution group with fewer input channels or filters than this is computed by ChannelLut. The GEMM kernels would
// leave most of a chunk, or of a tile of filters, unused.
constexpr int64_t kMinGemmChannels = 16;

int64_t Align(int64_t bytes) { return RoundUp(bytes, kAlignment); }

}  // namespace

// Single pixels, each under a filter of its size, are as many images, which passes divide anywhere. The core makes one
// wide image of them (AxConv2D).
tfapprox_problem Divisible(tfapprox_problem shape) {
  const bool single = !IsStrided(shape) && shape.filter_height == 1 && shape.filter_width == 1 &&
                      shape.out_height == shape.in_height && shape.out_width == shape.in_width &&
                      shape.stride_height == 1 && shape.stride_width == 1;
  if (!single || shape.layout != TFAPPROX_LAYOUT_NHWC || shape.pad_top != 0 || shape.pad_left != 0) return shape;
  shape.batch *= shape.in_height * shape.in_width;
  shape.in_height = shape.in_width = shape.out_height = shape.out_width = 1;
  return shape;
}

Sizes::Sizes(const tfapprox_problem& shape)
    : by_channel(shape.groups > 1 && std::min(GroupInputs(shape), GroupFilters(shape)) < kMinGemmChannels),
      rounds(by_channel ? 1 : shape.groups),
      inputs(shape.in_channels / rounds),
      filters(shape.out_channels / rounds),
      filter_inputs(GroupInputs(shape)),
      chunks(CeilDivide(inputs, kChunk)),
      filter_chunks(shape.filter_height * shape.filter_width * CeilDivide(filter_inputs, kChunk)),
      padded_filters(RoundUp(filters, kPaddedFilters)),
      padded_chunks(RoundUp(filter_chunks, kPaddedChunks)),
      in_plane(shape.in_height * shape.in_width),
      out_plane(shape.out_height * shape.out_width),
      tensor_plane(TensorHeight(shape) * TensorWidth(shape)) {}

Layout LayOut(const tfapprox_operation& operation, const Sizes& sizes, const tfapprox_cuda_table& table,
              const tfapprox_cuda_work& work) {
  const int64_t pixels = work.images * sizes.in_plane + 1, outputs = work.images * sizes.out_plane;
  const bool per_filter = operation.weight.per_filter != nullptr, has_code_sums = per_filter && !sizes.by_channel;
  Layout layout;
  int64_t end = 0;
  const auto take = [&](int64_t bytes) {
    const int64_t begin = end;
    end += Align(bytes);
    return begin;
  };
  // FinishOutputs reads the sums of the last pass, which may need a bit more than those between passes.
  layout.is_wide =
      work.filter_chunks < sizes.filter_chunks || (has_code_sums && sizes.filter_chunks > table.signed_chunks);
  layout.has_weights = sizes.by_channel || table.entry_bytes != 0;
  layout.plane_bytes = Align(pixels * sizes.chunks * kChunk);
  layout.quantisers = take(per_filter ? sizes.filters * sizeof(tfapprox_quantiser) : 0);
  layout.filter_sums = take(sizes.filters * sizeof(int64_t));
  layout.weights = take(layout.has_weights ? sizes.padded_filters * sizes.filter_chunks * kChunk : 0);
  layout.matrices = take(sizes.by_channel ? 0 : table.terms * sizes.padded_filters * sizes.padded_chunks * kChunk);
  layout.pixel_sums = take(pixels * sizeof(int64_t));
  layout.code_sums = take(has_code_sums ? pixels * sizeof(int64_t) : 0);
  layout.window_sums = take(outputs * sizeof(int64_t));
  layout.window_code_sums = take(has_code_sums ? outputs * sizeof(int64_t) : 0);
  layout.codes = take((sizes.by_channel ? 1 : table.planes) * layout.plane_bytes);
  layout.wide_sums =
      take(layout.is_wide ? work.images * sizes.tensor_plane * operation.problem.out_channels * sizeof(int64_t) : 0);
  layout.bytes = end;
  return layout;
}

int32_t DivideWork(const tfapprox_operation& undivided, const tfapprox_cuda_table& table, tfapprox_cuda_work* work,
                   tfapprox_error* error) {
  tfapprox_operation operation = undivided;
  const tfapprox_problem& shape = operation.problem = Divisible(undivided.problem);
  const Sizes sizes(shape);
  const int64_t height = shape.in_height + std::max<int64_t>(shape.pad_top, 0) +
                         std::max<int64_t>(shape.pad_bottom, 0) + (shape.filter_height - 1) * shape.dilation_height;
  const int64_t width = shape.in_width + std::max<int64_t>(shape.pad_left, 0) + std::max<int64_t>(shape.pad_right, 0) +
                        (shape.filter_width - 1) * shape.dilation_width;
  // Blocks of the filter's kernel, and of the GEMMs for one image: 128 pixels times 16 filters at least.
  const int64_t filter_blocks = sizes.padded_filters / 128 * sizes.padded_chunks;
  const int64_t groups = CeilDivide(shape.out_channels, 16);
  const int64_t largest =
      std::max({height, width, sizes.in_plane, sizes.tensor_plane, shape.out_channels, filter_blocks});
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
  work->filter_chunks = sizes.by_channel ? sizes.filter_chunks : std::min(table.max_chunks, sizes.filter_chunks);
  work->images = 0;
  const int64_t fixed = LayOut(operation, sizes, table, *work).bytes;
  work->images = kPassImages;
  const int64_t image_bytes =
      CeilDivide(std::max<int64_t>(LayOut(operation, sizes, table, *work).bytes - fixed, 1), kPassImages);
  const int64_t pixels = std::max(
      {sizes.in_plane * sizes.chunks, CeilDivide(sizes.out_plane, 128) * groups, sizes.tensor_plane, int64_t{1}});
  work->images = std::max<int64_t>(1, std::min({kPassBytes / image_bytes, kMaxSize / pixels, shape.batch}));
  work->workspace_bytes = LayOut(operation, sizes, table, *work).bytes;
  return TFAPPROX_OK;
}

}  // namespace cuda
}  // namespace tfapprox
