// Registration of ApproxConv2DWithMinMaxVars: attributes in the original's order, shape function, documentation.
//
// Old scripts call the generated Python function by position: its parameters are the inputs, the attributes without a
// default, and the attributes with one, each in the order in which they are registered here. In the original, num_bits,
// mul_map_file and padding have no default. Here num_bits and mul_map_file have one, because a SavedModel leaves out the
// attributes that have their default value, and models without them exist. The default of padding keeps the order.
#include "tensorflow/core/framework/common_shape_fns.h"
#include "tensorflow/core/framework/op.h"
#include "tensorflow/core/framework/shape_inference.h"

namespace tfapprox {
namespace {

using tensorflow::shape_inference::DimensionHandle;
using tensorflow::shape_inference::InferenceContext;
using tensorflow::shape_inference::ShapeHandle;

// TensorFlow's own function for conv2d, which would take a filter of fewer channels for a grouped convolution.
absl::Status ApproxConv2DShape(InferenceContext* context) {
  for (int range = 2; range < 6; ++range) {
    ShapeHandle scalar;
    TF_RETURN_IF_ERROR(context->WithRank(context->input(range), 0, &scalar));
  }
  std::string data_format;
  TF_RETURN_IF_ERROR(context->GetAttr("data_format", &data_format));
  ShapeHandle input, filter;
  TF_RETURN_IF_ERROR(context->WithRank(context->input(0), 4, &input));
  TF_RETURN_IF_ERROR(context->WithRank(context->input(1), 4, &filter));
  DimensionHandle depth;
  TF_RETURN_IF_ERROR(
      context->Merge(context->Dim(input, data_format == "NCHW" ? 1 : 3), context->Dim(filter, 2), &depth));
  return tensorflow::shape_inference::Conv2DShapeWithExplicitPadding(context);
}

REGISTER_OP("ApproxConv2DWithMinMaxVars")
    .Input("input: T")
    .Input("filter: T")
    .Input("input_min: float")
    .Input("input_max: float")
    .Input("filter_min: float")
    .Input("filter_max: float")
    .Output("output: T")
    .Attr("T: {half, bfloat16, float, double}")
    .Attr("strides: list(int)")
    .Attr("num_bits: int = 8")
    .Attr("mul_map_file: string = ''")
    .Attr("padding: {'SAME', 'VALID', 'EXPLICIT'} = 'SAME'")
    .Attr("explicit_paddings: list(int) = []")
    .Attr("data_format: {'NHWC', 'NCHW'} = 'NHWC'")
    .Attr("dilations: list(int) = [1, 1, 1, 1]")
    .SetShapeFn(ApproxConv2DShape)
    .Doc(R"doc(
A 2-D convolution whose products are read from the truth table of an approximate multiplier.

Input and filter are quantised to num_bits bits in the given ranges, symmetrically for a signed table, mul8s_...; sums
are exact integers.

mul_map_file: name or path of the truth table; empty for the exact product.
)doc");

}  // namespace
}  // namespace tfapprox
