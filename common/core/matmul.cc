// ApproxMatMulWithMinMaxVars (3.8) as an operation: which products its matrices are.
//
// A product of two matrices is a convolution of filters 1x1: the rows of `a` are pixels of k channels in layout NHWC,
// and `b` is a filter [1, 1, k, n]. All matrices of `a` that meet the same matrix of `b` are rows of one product. If
// `b` has several matrices, each matrix of the output is an item of its own. Groups could not describe them: the
// channels of all groups of a pixel, and the filters of all groups of a tap, are contiguous, while the matrices of a
// batch lie one after the other.
#include <algorithm>
#include <string>

#include "error.h"
#include "tfapprox.h"

namespace tfapprox {
namespace {

// The shapes of both operands.
struct Shapes {
  const int64_t *a, *b;
  int32_t a_rank, b_rank;

  int32_t rank() const { return std::max(a_rank, b_rank); }

  // A size of the batch, where `axis` counts the dimensions of the output.
  static int64_t BatchAt(const int64_t* shape, int32_t shape_rank, int32_t rank, int32_t axis) {
    const int32_t own = axis - (rank - shape_rank);
    return own < 0 ? 1 : shape[own];
  }
  int64_t a_batch(int32_t axis) const { return BatchAt(a, a_rank, rank(), axis); }
  int64_t b_batch(int32_t axis) const { return BatchAt(b, b_rank, rank(), axis); }
  int64_t batch(int32_t axis) const { return a_batch(axis) == 1 ? b_batch(axis) : a_batch(axis); }
};

std::string Join(const int64_t* shape, int32_t rank) {
  std::string text = "[";
  for (int32_t i = 0; i < rank; ++i) text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  return text + "]";
}

int32_t FailShapes(const char* rule, const Shapes& shapes, tfapprox_error* error) {
  return Fail(error, TFAPPROX_INVALID_ARGUMENT, "%s; received a %s and b %s", rule,
              Join(shapes.a, shapes.a_rank).c_str(), Join(shapes.b, shapes.b_rank).c_str());
}

int32_t FillMatmul(const Shapes& shapes, tfapprox_operation* operation, int64_t* output_shape, int64_t* items,
                   tfapprox_error* error) {
  if (shapes.a_rank < 2 || shapes.b_rank < 2) {
    return FailShapes("a and b must have 2 dimensions or more", shapes, error);
  }
  const int64_t m = shapes.a[shapes.a_rank - 2], k = shapes.a[shapes.a_rank - 1], n = shapes.b[shapes.b_rank - 1];
  if (shapes.b[shapes.b_rank - 2] != k || k == 0 || n == 0) {
    return FailShapes("a and b must be [..., m, k] and [..., k, n] with k and n from 1", shapes, error);
  }
  int64_t products = 1, filters = 1;
  for (int32_t axis = 0; axis < shapes.rank() - 2; ++axis) {
    if (shapes.a_batch(axis) != shapes.b_batch(axis) && shapes.a_batch(axis) != 1 && shapes.b_batch(axis) != 1) {
      return FailShapes("the batch dimensions of a and b must be equal or 1", shapes, error);
    }
    output_shape[axis] = shapes.batch(axis);
    if (__builtin_mul_overflow(products, shapes.batch(axis), &products) ||
        __builtin_mul_overflow(filters, shapes.b_batch(axis), &filters) || products > INT32_MAX) {
      return FailShapes("the product must have less than 2^31 matrices", shapes, error);
    }
  }
  if (m > INT32_MAX || k > INT32_MAX || n > INT32_MAX) {
    return FailShapes("a and b must have matrices of less than 2^31 rows and columns", shapes, error);
  }
  output_shape[shapes.rank() - 2] = m;
  output_shape[shapes.rank() - 1] = n;
  *items = filters == 1 || products == 0 ? 0 : products;
  tfapprox_problem& problem = operation->problem;
  problem = {};
  problem.batch = *items == 0 ? products : 1;
  problem.in_height = problem.filter_height = problem.filter_width = problem.groups = 1;
  problem.stride_height = problem.stride_width = problem.dilation_height = problem.dilation_width = 1;
  problem.out_stride_height = problem.out_stride_width = 1;
  problem.padding = TFAPPROX_PADDING_VALID;
  problem.layout = TFAPPROX_LAYOUT_NHWC;
  problem.in_width = m;
  problem.in_channels = k;
  problem.out_channels = n;
  return tfapprox_problem_resolve(&problem, error);
}

}  // namespace
}  // namespace tfapprox

int32_t tfapprox_matmul_fill(const int64_t* a_shape, int32_t a_rank, const int64_t* b_shape, int32_t b_rank,
                             tfapprox_operation* operation, int64_t* output_shape, int64_t* items,
                             tfapprox_error* error) {
  return tfapprox::FillMatmul({a_shape, b_shape, a_rank, b_rank}, operation, output_shape, items, error);
}

void tfapprox_matmul_set_items(const int64_t* a_shape, int32_t a_rank, const int64_t* b_shape, int32_t b_rank,
                               int64_t items, int64_t* activation_items, int64_t* weight_items,
                               tfapprox_operation* operation) {
  const tfapprox::Shapes shapes = {a_shape, b_shape, a_rank, b_rank};
  for (int64_t item = 0; item < items; ++item) {
    int64_t rest = item, a_step = 1, b_step = 1;
    activation_items[item] = weight_items[item] = 0;
    for (int32_t axis = shapes.rank() - 3; axis >= 0; --axis) {
      const int64_t index = rest % shapes.batch(axis);
      rest /= shapes.batch(axis);
      if (shapes.a_batch(axis) != 1) activation_items[item] += index * a_step;
      if (shapes.b_batch(axis) != 1) weight_items[item] += index * b_step;
      a_step *= shapes.a_batch(axis);
      b_step *= shapes.b_batch(axis);
    }
  }
  operation->items = items;
  operation->activation_items = activation_items;
  operation->weight_items = weight_items;
}
