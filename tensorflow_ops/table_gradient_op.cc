// Registration of the operations that compute gradients from the table (9): attributes, shape functions, documentation.
#include "tensorflow/core/framework/common_shape_fns.h"
#include "tensorflow/core/framework/op.h"
#include "tensorflow/core/framework/shape_inference.h"

namespace tfapprox {
namespace {

using tensorflow::shape_inference::InferenceContext;
using tensorflow::shape_inference::ShapeHandle;

absl::Status SlopesShape(InferenceContext* context) {
  ShapeHandle range, table;
  for (int i = 1; i < 3; ++i) TF_RETURN_IF_ERROR(context->WithRankAtMost(context->input(i), 1, &range));
  TF_RETURN_IF_ERROR(context->WithRank(context->input(3), 2, &table));
  context->set_output(0, context->input(0));
  context->set_output(1, context->Scalar());
  return absl::OkStatus();
}

REGISTER_OP("ApproxTableSlopes")
    .Input("tensor: float")
    .Input("min: float")
    .Input("max: float")
    .Input("table: Ttable")
    .Output("slopes: float")
    .Output("padding: float")
    .Attr("Ttable: {uint16, int16}")
    .Attr("half_window: int")
    .Attr("operand: {'activation', 'weight'}")
    .Attr("inner: int = 1")
    .SetShapeFn(SlopesShape)
    .Doc(R"doc(
An operand with the slopes of a truth table in place of its elements: scale * (slope - zero_point).

min: lower end of the range: a scalar, or a vector with one element for each filter.
max: upper end of the range, of the same shape.
slopes: of the shape of tensor. An activation has the slope of the products with respect to the weight, and a weight
  that with respect to the activation.
padding: the value of an element that is 0.
operand: which operand the tensor is.
inner: number of consecutive elements with the same range, if there are several.
)doc");

absl::Status GradientsShape(InferenceContext* context) {
  ShapeHandle shape;
  for (int i = 0; i < 2; ++i) TF_RETURN_IF_ERROR(context->WithRank(context->input(i), 4, &shape));
  for (int i = 2; i < 4; ++i) TF_RETURN_IF_ERROR(context->WithRank(context->input(i), 0, &shape));
  for (int i = 4; i < 6; ++i) TF_RETURN_IF_ERROR(context->WithRankAtMost(context->input(i), 1, &shape));
  TF_RETURN_IF_ERROR(context->WithRank(context->input(6), 4, &shape));
  TF_RETURN_IF_ERROR(context->WithRank(context->input(7), 1, &shape));
  TF_RETURN_IF_ERROR(context->WithRank(context->input(8), 2, &shape));
  context->set_output(0, context->input(0));
  context->set_output(1, context->input(1));
  return absl::OkStatus();
}

REGISTER_OP("ApproxConv2DTableGradients")
    .Input("input: float")
    .Input("filter: float")
    .Input("input_min: float")
    .Input("input_max: float")
    .Input("filter_min: float")
    .Input("filter_max: float")
    .Input("gradient: float")
    .Input("pads: int32")
    .Input("table: Ttable")
    .Output("input_gradient: float")
    .Output("filter_gradient: float")
    .Attr("Ttable: {uint16, int16}")
    .Attr("half_window: int")
    .Attr("strides: list(int)")
    .Attr("dilations: list(int)")
    .Attr("is_transposed: bool = false")
    .SetShapeFn(GradientsShape)
    .Doc(R"doc(
Gradients of an approximate convolution by the smoothed differences of its truth table.

input: in NHWC, the activations.
filter: [height, width, channels / groups, filters], or [height, width, filters, channels] if is_transposed.
filter_min: lower end of the range of the filter: a scalar, or a vector with one element for each filter.
filter_max: upper end of the range of the filter, of the same shape.
gradient: that of the output of the convolution.
pads: top, bottom, left and right padding; of the convolution whose input is the output if is_transposed.
strides: of height and width.
dilations: of height and width.
is_transposed: whether the convolution is a transposed one.
)doc");

}  // namespace
}  // namespace tfapprox
