// Gradients from the table on CUDA, before the sums: numerators of the table, and the upstream gradient as integers.
#include "gradients.cuh"

namespace tfapprox {
namespace cuda {
namespace {

constexpr int32_t kThreads = 256;
constexpr uint32_t kInfinityBits = 0x7f800000;

// A block has one weight code, and a thread has one activation code. Offsets of entries (table.h) cancel out.
__global__ void __launch_bounds__(kThreads) NumeratorsKernel(GradientArguments arguments) {
  const int32_t w = blockIdx.x, a = threadIdx.x, h = arguments.half_window;
  const int32_t low = arguments.low + h + 1, high = arguments.high - h - 1;
  const int32_t middle_a = min(max(a, low), high), middle_w = min(max(w, low), high);  // (9.3)
  const auto entry = [&](int32_t activation, int32_t weight) {
    return static_cast<int32_t>(arguments.table[weight * 256 + activation]);
  };
  const int32_t x =
      entry(middle_a + h + 1, w) + entry(middle_a + h, w) - entry(middle_a - h, w) - entry(middle_a - h - 1, w);
  const int32_t y =
      entry(a, middle_w + h + 1) + entry(a, middle_w + h) - entry(a, middle_w - h) - entry(a, middle_w - h - 1);
  arguments.activation_table[w * 256 + a] = x;
  arguments.weight_table[w * 256 + a] = y;
  auto* largest = reinterpret_cast<uint32_t*>(SharedMemory());
  if (a == 0) *largest = 0;
  __syncthreads();
  const bool is_used = a >= arguments.low && a <= arguments.high && w >= arguments.low && w <= arguments.high;
  if (is_used) atomicMax(largest, static_cast<uint32_t>(max(max(x, -x), max(y, -y))));
  __syncthreads();
  if (a == 0) atomicMax(&arguments.header->largest, *largest);
}

// A thread has some pixels of one filter. The bits of magnitudes are ordered as the magnitudes; NaN is the largest.
__global__ void __launch_bounds__(kThreads) MagnitudesKernel(GradientArguments arguments) {
  const int64_t item = int64_t{blockIdx.x} * kThreads + threadIdx.x;
  const auto filter = static_cast<int32_t>(item % arguments.filters);
  const int32_t parts = arguments.magnitude_parts;
  uint32_t largest = 0;
  for (int64_t pixel = item / arguments.filters; pixel < arguments.pixels; pixel += parts) {
    const float x = arguments.upstream[pixel * arguments.filters + filter];
    largest = max(largest, static_cast<uint32_t>(__float_as_int(x)) & 0x7fffffffu);
  }
  if (item / arguments.filters < parts) atomicMax(arguments.magnitudes + filter, largest);
}

__device__ int32_t BinaryDigits(int64_t number) {
  int32_t digits = 0;
  for (; number > 0; number /= 2) ++digits;
  return digits;
}

// Returns 2^e of (9.11).
__device__ double Unit(double magnitude, int32_t bits) {
  int exponent = 0;
  if (magnitude > 0.0) frexp(magnitude, &exponent);
  return ldexp(1.0, exponent - bits);
}

// One block, which computes the units and the factors of all filters.
__global__ void __launch_bounds__(kThreads) UnitsKernel(GradientArguments arguments) {
  auto* activations = reinterpret_cast<double*>(SharedMemory());  // [kThreads]
  auto* weights = reinterpret_cast<double*>(activations + kThreads);
  const int32_t thread = threadIdx.x;
  double activation = 0.0, weight = 0.0;
  uint32_t largest = 0;
  for (int32_t f = thread; f < arguments.filters; f += kThreads) {
    largest = max(largest, arguments.magnitudes[f]);
    if (arguments.magnitudes[f] >= kInfinityBits) continue;
    const double magnitude = __int_as_float(static_cast<int32_t>(arguments.magnitudes[f]));
    const double scale = arguments.per_filter != nullptr ? arguments.per_filter[f].scale : 1.0;
    weight = max(weight, magnitude), activation = max(activation, magnitude * scale);
  }
  activations[thread] = activation;
  weights[thread] = largest < kInfinityBits ? weight : -1.0;
  __syncthreads();
  if (thread == 0) {
    bool is_finite = true;
    for (int32_t i = 0; i < kThreads; ++i) {
      is_finite = is_finite && weights[i] >= 0.0;
      weight = max(weight, weights[i]), activation = max(activation, activations[i]);
    }
    const int64_t numerator =
        int64_t{arguments.header->largest} + int64_t{arguments.denominator} * (arguments.high - arguments.code_offset);
    const int32_t bits = min(24, 62 - BinaryDigits(numerator) - BinaryDigits(arguments.terms));
    arguments.header->activation_unit = Unit(activation, bits);
    arguments.header->weight_unit = Unit(weight, bits);
    arguments.header->is_finite = is_finite;
  }
  __syncthreads();
  const double activation_unit = arguments.header->activation_unit, weight_unit = arguments.header->weight_unit;
  for (int32_t f = thread; f < arguments.filters; f += kThreads) {
    const double scale = arguments.per_filter != nullptr ? arguments.per_filter[f].scale : 1.0;
    arguments.activation_factors[f] = scale / activation_unit;
    arguments.weight_factors[f] = 1.0 / weight_unit;
  }
}

// A thread has one lane of one pixel.
__global__ void __launch_bounds__(kThreads) IntegersKernel(GradientArguments arguments) {
  const int64_t item = int64_t{blockIdx.x} * kThreads + threadIdx.x;
  if (item >= int64_t{arguments.pixels} * arguments.lanes_of_pixel) return;
  const int32_t filter = FilterOf(arguments, static_cast<int32_t>(item % arguments.lanes_of_pixel));
  int32_t for_activation = 0, for_weight = 0;
  if (filter >= 0 && arguments.header->is_finite) {
    const double x = arguments.upstream[item / arguments.lanes_of_pixel * arguments.filters + filter];
    for_activation = static_cast<int32_t>(rint(x * arguments.activation_factors[filter]));
    for_weight = static_cast<int32_t>(rint(x * arguments.weight_factors[filter]));
  }
  arguments.for_activation[item] = for_activation;
  if (arguments.per_filter != nullptr) arguments.for_weight[item] = for_weight;
}

// A thread has one activation.
__global__ void __launch_bounds__(kThreads) ActivationCodesKernel(GradientArguments arguments) {
  const int64_t item = int64_t{blockIdx.x} * kThreads + threadIdx.x;
  if (item >= int64_t{arguments.activation_count} * arguments.channels) return;
  unsigned char nan = 0;
  arguments.codes[item] = Code(arguments.activation, arguments.activations[item], &nan);
}

// A thread has one lane of one weight.
__global__ void __launch_bounds__(kThreads) WeightCodesKernel(GradientArguments arguments) {
  const int64_t item = int64_t{blockIdx.x} * kThreads + threadIdx.x;
  if (item >= WeightLanes(arguments)) return;
  const int32_t filter = FilterOf(arguments, static_cast<int32_t>(item % arguments.lanes_of_pixel));
  unsigned char nan = 0;
  uint8_t code = 0;
  if (filter >= 0) {
    code = Code(WeightQuantiser(arguments, filter),
                arguments.filter[FilterIndex(arguments, item / arguments.lanes_of_pixel, filter)], &nan);
  }
  arguments.weights[item] = code;
}

int64_t Blocks(int64_t items) { return (items + kThreads - 1) / kThreads; }

}  // namespace

cudaError_t LaunchUnits(const GradientArguments& arguments, cudaStream_t stream) {
  cudaError_t error = Launch(NumeratorsKernel, 256, kThreads, sizeof(uint32_t), stream, arguments);
  const auto launch = [&](void (*kernel)(GradientArguments), int64_t items, size_t shared) {
    if (error == cudaSuccess) error = Launch(kernel, Blocks(items), kThreads, shared, stream, arguments);
  };
  launch(MagnitudesKernel, int64_t{arguments.filters} * arguments.magnitude_parts, 0);
  launch(UnitsKernel, 1, 2 * kThreads * sizeof(double));
  launch(IntegersKernel, int64_t{arguments.pixels} * arguments.lanes_of_pixel, 0);
  launch(ActivationCodesKernel, int64_t{arguments.activation_count} * arguments.channels, 0);
  launch(WeightCodesKernel, WeightLanes(arguments), 0);
  return error;
}

}  // namespace cuda
}  // namespace tfapprox
