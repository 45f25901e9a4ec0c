// The innermost loops of gradients from the table, in vectors of the compiler's own, which every instruction set has.
//
// CMake compiles this file once for each CPU path, with the name of its structure as TFAPPROX_GRADIENT_LOOPS. The file is
// a leaf (path_kernels.h). All numbers are integers that double holds exactly, so that no sum depends on its order.
#ifdef __AVX__
#include <immintrin.h>
#endif

#include "gradient_loops.h"

namespace tfapprox {
namespace {

typedef double Doubles __attribute__((vector_size(32)));
typedef float Floats __attribute__((vector_size(16)));
typedef int64_t Integers __attribute__((vector_size(32)));
typedef Doubles UnalignedDoubles __attribute__((aligned(8)));
typedef Floats UnalignedFloats __attribute__((aligned(4)));
typedef Integers UnalignedIntegers __attribute__((aligned(8)));

// The vector of elements i, j, k and l of two vectors, whose elements have the numbers 0 to 7.
#ifdef __clang__
#define TFAPPROX_SHUFFLE(a, b, i, j, k, l) __builtin_shufflevector(a, b, i, j, k, l)
#else
#define TFAPPROX_SHUFFLE(a, b, i, j, k, l) __builtin_shuffle(a, b, Integers{i, j, k, l})
#endif

// Adding 1.5 * 2^52 to an integer below 2^51 puts it into the low bits of the double.
constexpr double kMagic = 6755399441055744.0;

template <int kLanes>
void Rows(const GradientRows& rows) {
  for (int64_t i = 0; i < rows.count; ++i) {
    const int64_t code = rows.codes[i];
    const int32_t *activation = rows.activation + code * 256, *weight = rows.weight + code * 256;
    double *activation_row = rows.activation_rows + code * kLanes, *weight_row = rows.weight_rows + code * kLanes;
    for (int lane = 0; lane < kLanes; ++lane) {
      activation_row[lane] = activation[rows.weights[lane]] - rows.weight_zeros[lane];
      weight_row[lane] = weight[rows.weights[lane]] - rows.activation_zero;
    }
  }
}

inline Doubles Upstream(const float* g) {
#ifdef __AVX__  // GCC converts the halves of a vector one after the other
  return reinterpret_cast<Doubles>(_mm256_cvtps_pd(_mm_loadu_ps(g)));
#else
  return __builtin_convertvector(*reinterpret_cast<const UnalignedFloats*>(g), Doubles);
#endif
}

inline Doubles Row(const double* row) { return *reinterpret_cast<const UnalignedDoubles*>(row); }

// Computes the products of one pixel and one tap. Returns what they add to the gradient of the activation, in four lanes,
// and adds to `weight_sums` what they add to the gradients of the weights.
template <int kVectors, bool kSame>
inline Doubles Pixel(const GradientRun& run, int64_t code, const float* for_activation, const float* for_weight,
                     Doubles* weight_sums) {
  const double *activation_row = run.activation_rows + code * (4 * kVectors),
               *weight_row = run.weight_rows + code * (4 * kVectors);
  Doubles sum;
  for (int i = 0; i < kVectors; ++i) {
    const Doubles g = Upstream(for_activation + 4 * i), part = Row(activation_row + 4 * i) * g;
    sum = i == 0 ? part : sum + part;
    weight_sums[i] += Row(weight_row + 4 * i) * (kSame ? g : Upstream(for_weight + 4 * i));
  }
  return sum;
}

inline Integers ToIntegers(Doubles x) {
  const Doubles magic = {kMagic, kMagic, kMagic, kMagic};
  return reinterpret_cast<Integers>(x + magic) - reinterpret_cast<Integers>(magic);
}

template <int kVectors, bool kSame>
void RunBy(const GradientRun& run) {
  Doubles weight_sums[kVectors];
  for (int i = 0; i < kVectors; ++i) weight_sums[i] = Row(run.weight_sums + 4 * i);
  const float *for_activation = run.activation, *for_weight = run.weight;
  const uint8_t* codes = run.codes;
  int64_t pixel = 0;
  for (; pixel + 4 <= run.count; pixel += 4) {
    Doubles x[4];
    for (int i = 0; i < 4; ++i) {
      x[i] = Pixel<kVectors, kSame>(run, *codes, for_activation, for_weight, weight_sums);
      codes += run.code_step;
      for_activation += run.step;
      for_weight += run.step;
    }
    const Doubles low = TFAPPROX_SHUFFLE(x[0], x[1], 0, 4, 2, 6) + TFAPPROX_SHUFFLE(x[0], x[1], 1, 5, 3, 7);
    const Doubles high = TFAPPROX_SHUFFLE(x[2], x[3], 0, 4, 2, 6) + TFAPPROX_SHUFFLE(x[2], x[3], 1, 5, 3, 7);
    const Integers sums = ToIntegers(TFAPPROX_SHUFFLE(low, high, 0, 1, 4, 5) + TFAPPROX_SHUFFLE(low, high, 2, 3, 6, 7));
    int64_t* to = run.activation_sums + pixel * run.code_step;
    if (run.code_step == 1) {
      *reinterpret_cast<UnalignedIntegers*>(to) += sums;
    } else {
      for (int i = 0; i < 4; ++i) to[i * run.code_step] += sums[i];
    }
  }
  for (; pixel < run.count; ++pixel) {
    const Doubles x = Pixel<kVectors, kSame>(run, *codes, for_activation, for_weight, weight_sums);
    codes += run.code_step;
    for_activation += run.step;
    for_weight += run.step;
    run.activation_sums[pixel * run.code_step] += static_cast<int64_t>((x[0] + x[1]) + (x[2] + x[3]));
  }
  for (int i = 0; i < kVectors; ++i) *reinterpret_cast<UnalignedDoubles*>(run.weight_sums + 4 * i) = weight_sums[i];
}

void RowsOf(const GradientRows& rows, int64_t lanes) {
  lanes == kGradientLanes ? Rows<kGradientLanes>(rows) : Rows<kFewGradientLanes>(rows);
}

void Run(const GradientRun& run, int64_t lanes) {
  const bool same = run.activation == run.weight;
  if (lanes == kGradientLanes) {
    same ? RunBy<4, true>(run) : RunBy<4, false>(run);
  } else {
    same ? RunBy<1, true>(run) : RunBy<1, false>(run);
  }
}

}  // namespace

const GradientLoops TFAPPROX_GRADIENT_LOOPS = {RowsOf, Run};

}  // namespace tfapprox
