// Gradients from the table on a GPU: the two functions of the C interface, and the layout of the workspace.
#include <algorithm>
#include <cmath>

#include "device.h"
#include "device_table.h"
#include "error.h"
#include "float_environment.h"
#include "gradient_plan.h"
#include "gradients.h"
#include "kernels.h"
#include "memory_layout.h"
#include "problem.h"
#include "quantiser.h"
#include "table.h"

namespace tfapprox {
namespace cuda {
namespace {

constexpr int64_t kMaxPositions = int64_t{1} << 30;  // so that positions and numbers of blocks fit int32
constexpr int64_t kMagnitudeThreads = 65536;         // about, that look for the magnitudes of all filters

int32_t Narrow(int64_t value) { return static_cast<int32_t>(value); }

GradientDimension DimensionOf(const Dimension& d) {
  return {Narrow(d.activations), Narrow(d.upstream), Narrow(d.stride),
          Narrow(d.dilation),    Narrow(d.before),   d.is_transposed};
}

// Places all arrays in `workspace`, and returns their size. `cleared` is the size of those that must be 0 before.
int64_t Place(const GradientPlan& plan, void* workspace, int64_t* cleared, tfapprox_quantiser** quantisers,
              GradientArguments* arguments) {
  MemoryLayout layout(workspace);
  const int64_t integers = plan.images * plan.upstream.Count() * plan.lanes_of_pixel;
  arguments->header = layout.Take<GradientHeader>(1);
  arguments->magnitudes = layout.Take<uint32_t>(plan.filters);
  arguments->weight_sums = layout.Take<int64_t>(plan.WeightCount());
  *cleared = layout.bytes();
  *quantisers = layout.Take<tfapprox_quantiser>(plan.is_per_filter ? plan.filters : 0);
  arguments->per_filter = plan.is_per_filter ? *quantisers : nullptr;
  arguments->activation_factors = layout.Take<double>(plan.filters);
  arguments->weight_factors = layout.Take<double>(plan.filters);
  arguments->activation_table = layout.Take<int32_t>(256 * 256);
  arguments->weight_table = layout.Take<int32_t>(256 * 256);
  arguments->weights = layout.Take<uint8_t>(plan.WeightCount());
  arguments->codes = layout.Take<uint8_t>(plan.images * plan.activations.Count() * plan.channels);
  arguments->for_activation = layout.Take<int32_t>(integers);
  // Ranges of filters are factors of the integers for activations only.
  arguments->for_weight = plan.is_per_filter ? layout.Take<int32_t>(integers) : arguments->for_activation;
  return layout.bytes();
}

// Returns a bound of the numbers that kernels compute with int32: positions, pixels of padding, and blocks.
double LargestNumber(const GradientPlan& plan) {
  const double images = static_cast<double>(plan.images), pixels = images * plan.upstream.Count();
  double largest = images * std::max(plan.activations.Count(), plan.upstream.Count());
  for (const Dimension& d : {plan.rows, plan.columns}) {
    const double positions = static_cast<double>(std::max(d.activations, d.upstream)) * d.stride;
    largest = std::max(
        largest, positions + std::abs(static_cast<double>(d.before)) + static_cast<double>(d.filter) * d.dilation);
  }
  const double elements = images * plan.activations.Count() * plan.channels;
  const double blocks = (pixels / kPixelsOfBlock + 1) * (static_cast<double>(plan.WeightCount()) / plan.lanes);
  return std::max({largest, blocks, elements / 256, pixels * plan.lanes_of_pixel / 256});
}

GradientArguments ArgumentsOf(const tfapprox_table_gradient& gradient, const GradientPlan& plan) {
  const tfapprox_operation& operation = gradient.operation;
  GradientArguments a = {};
  a.rows = DimensionOf(plan.rows), a.columns = DimensionOf(plan.columns);
  a.filter_width = Narrow(plan.filter_width), a.taps = Narrow(plan.taps);
  a.channels = Narrow(plan.channels), a.group_channels = Narrow(plan.group_channels);
  a.filters = Narrow(plan.filters), a.group_filters = Narrow(plan.group_filters);
  a.lanes = Narrow(plan.lanes), a.group_lanes = Narrow(plan.group_lanes),
  a.lanes_of_pixel = Narrow(plan.lanes_of_pixel);
  a.is_transposed = plan.is_transposed;
  a.activation_count = Narrow(plan.images * plan.activations.Count());
  a.pixels = Narrow(plan.images * plan.upstream.Count());
  a.magnitude_parts = Narrow(std::min<int64_t>(a.pixels, std::max<int64_t>(1, kMagnitudeThreads / plan.filters)));
  a.terms = std::max<int64_t>(plan.taps * plan.group_filters, a.pixels);
  a.half_window = gradient.half_window, a.denominator = plan.denominator;
  a.low = LowestByte(*operation.table), a.high = HighestByte(*operation.table);
  a.code_offset = operation.table->code_offset();
  a.activation = operation.activation.quantiser, a.weight = operation.weight.quantiser;
  a.zero_byte = ByteOf(a.activation, a.activation.zero_point);
  return a;
}

}  // namespace
}  // namespace cuda
}  // namespace tfapprox

int32_t tfapprox_cuda_table_gradient_init(const tfapprox_table_gradient* gradient, int64_t* workspace_bytes,
                                          tfapprox_error* error) {
  const int32_t status = tfapprox::CheckHalfWindow(*gradient->operation.table, gradient->half_window, error);
  if (status != TFAPPROX_OK) return status;
  const tfapprox::GradientPlan plan(*gradient, 1);
  if (tfapprox::cuda::LargestNumber(plan) > tfapprox::cuda::kMaxPositions) {
    return tfapprox::Fail(error, TFAPPROX_INVALID_ARGUMENT,
                          "all images together must not exceed 2^30 pixels, with their padding, for gradients from the "
                          "table on a GPU; received %lld images of %lldx%lld and outputs of %lldx%lld",
                          static_cast<long long>(plan.images), static_cast<long long>(plan.activations.height),
                          static_cast<long long>(plan.activations.width), static_cast<long long>(plan.upstream.height),
                          static_cast<long long>(plan.upstream.width));
  }
  tfapprox::cuda::GradientArguments arguments;
  tfapprox_quantiser* quantisers;
  int64_t cleared;
  *workspace_bytes = tfapprox::cuda::Place(plan, nullptr, &cleared, &quantisers, &arguments);
  return TFAPPROX_OK;
}

int32_t tfapprox_cuda_table_gradient_run(const tfapprox_table_gradient* gradient, const tfapprox_cuda_table* table,
                                         const float* activations, const float* weights, const float* upstream,
                                         float* activation_gradient, float* weight_gradient, void* workspace,
                                         void* stream, tfapprox_error* error) {
  const tfapprox::FloatEnvironment ieee;
  const tfapprox::GradientPlan plan(*gradient, 1);
  const auto queue = static_cast<cudaStream_t>(stream);
  tfapprox::cuda::GradientArguments arguments = tfapprox::cuda::ArgumentsOf(*gradient, plan);
  tfapprox_quantiser* quantisers;
  int64_t cleared;
  tfapprox::cuda::Place(plan, workspace, &cleared, &quantisers, &arguments);
  arguments.table = table->table_columns;
  arguments.activations = activations, arguments.filter = weights, arguments.upstream = upstream;
  arguments.activation_gradient = activation_gradient, arguments.weight_gradient = weight_gradient;
  cudaError_t failure = cudaMemsetAsync(workspace, 0, static_cast<size_t>(cleared), queue);
  if (failure == cudaSuccess && plan.is_per_filter) {
    failure = tfapprox::cuda::SendQuantisers(gradient->operation.weight.per_filter, plan.filters, quantisers, queue);
  }
  if (failure == cudaSuccess) failure = tfapprox::cuda::LaunchGradients(arguments, queue);
  return tfapprox::cuda::Check(failure, "gradients from the table", error);
}
