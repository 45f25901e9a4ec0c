// Registration of ApproxMatMulWithMinMaxVars and ApproxMatMulWithTable: attributes, shape function, documentation.
#include "table_definition.h"
#include "tensorflow/core/framework/common_shape_fns.h"
#include "tensorflow/core/framework/shape_inference.h"

namespace tfapprox {
namespace {

using tensorflow::shape_inference::DimensionHandle;
using tensorflow::shape_inference::InferenceContext;
using tensorflow::shape_inference::ShapeHandle;

absl::Status ApproxMatMulShape(InferenceContext* context) {
  ShapeHandle a, b, a_batch, b_batch, batch, output, range;
  TF_RETURN_IF_ERROR(context->WithRankAtLeast(context->input(0), 2, &a));
  TF_RETURN_IF_ERROR(context->WithRankAtLeast(context->input(1), 2, &b));
  for (int i = 2; i < 4; ++i) TF_RETURN_IF_ERROR(context->WithRank(context->input(i), 0, &range));
  for (int i = 4; i < 6; ++i) TF_RETURN_IF_ERROR(context->WithRankAtMost(context->input(i), 1, &range));
  DimensionHandle depth;
  TF_RETURN_IF_ERROR(context->Merge(context->Dim(a, -1), context->Dim(b, -2), &depth));
  TF_RETURN_IF_ERROR(context->Subshape(a, 0, -2, &a_batch));
  TF_RETURN_IF_ERROR(context->Subshape(b, 0, -2, &b_batch));
  TF_RETURN_IF_ERROR(tensorflow::shape_inference::BroadcastBinaryOpOutputShapeFnHelper(
      context, a_batch, b_batch, /*incompatible_shape_error=*/true, &batch));
  TF_RETURN_IF_ERROR(context->Concatenate(batch, context->Matrix(context->Dim(a, -2), context->Dim(b, -1)), &output));
  context->set_output(0, output);
  return absl::OkStatus();
}

OpDefinition DefineApproxMatMul(TableIn table) {
  OpDefinition definition = Begin(table, "ApproxMatMulWithMinMaxVars", "ApproxMatMulWithTable", "a", "b");
  if (table == TableIn::kAttributes) definition.Attr("num_bits: int = 8").Attr("mul_map_file: string = ''");
  End(table, ApproxMatMulShape, R"doc(
A product of matrices whose products of elements are read from the truth table of an approximate multiplier.

a is [..., m, k], the activations, and b is [..., k, n], the weights; the dimensions before the last two are broadcast.
Both are quantised to codes of the table in the given ranges, symmetrically for a signed table; sums are exact integers.

b_min: lower end of the range of b: a scalar, or a vector with one element for each of the n columns.
b_max: upper end of the range of b, of the same shape.
)doc",
      &definition);
  return definition;
}

TFAPPROX_REGISTER_OP_IN_BOTH_FORMS(DefineApproxMatMul)

}  // namespace
}  // namespace tfapprox
