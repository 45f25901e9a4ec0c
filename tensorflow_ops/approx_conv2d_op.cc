// Registration of ApproxConv2DWithMinMaxVars and ApproxConv2DWithTable: attributes, shape function, documentation. The
// attributes of the former are in the original's order.
//
// Old scripts call the generated Python function by position: its parameters are the inputs, the attributes without a
// default, and the attributes with one, each in the order in which they are registered here. In the original, num_bits,
// mul_map_file and padding have no default. Here num_bits and mul_map_file have one, because a SavedModel leaves out
// the attributes that have their default value, and models without them exist. The default of padding keeps the order.
#include "table_definition.h"
#include "tensorflow/core/framework/common_shape_fns.h"
#include "tensorflow/core/framework/shape_inference.h"

namespace tfapprox {
namespace {

using tensorflow::shape_inference::InferenceContext;
using tensorflow::shape_inference::ShapeHandle;

// The ranges, whose shapes are checked here as far as they are known, and TensorFlow's own function for conv2d, which
// knows grouped convolutions.
absl::Status ApproxConv2DShape(InferenceContext* context) {
  ShapeHandle range;
  for (int i = 2; i < 4; ++i) TF_RETURN_IF_ERROR(context->WithRank(context->input(i), 0, &range));
  for (int i = 4; i < 6; ++i) TF_RETURN_IF_ERROR(context->WithRankAtMost(context->input(i), 1, &range));
  return tensorflow::shape_inference::Conv2DShapeWithExplicitPadding(context);
}

OpDefinition DefineApproxConv2D(TableIn table) {
  OpDefinition definition = Begin(table, "ApproxConv2DWithMinMaxVars", "ApproxConv2DWithTable", "input", "filter");
  definition.Attr("strides: list(int)");
  if (table == TableIn::kAttributes) definition.Attr("num_bits: int = 8").Attr("mul_map_file: string = ''");
  definition.Attr("padding: {'SAME', 'VALID', 'EXPLICIT'} = 'SAME'")
      .Attr("explicit_paddings: list(int) = []")
      .Attr("data_format: {'NHWC', 'NCHW'} = 'NHWC'")
      .Attr("dilations: list(int) = [1, 1, 1, 1]");
  End(table, ApproxConv2DShape, R"doc(
A 2-D convolution whose products are read from the truth table of an approximate multiplier.

Input and filter are quantised to codes of the table in the given ranges, symmetrically for a signed table; sums are
exact integers. A filter of fewer channels than the input makes a grouped convolution.

filter_min: lower end of the range of the filter: a scalar, or a vector with one element for each output channel.
filter_max: upper end of the range of the filter, of the same shape.
)doc",
      &definition);
  return definition;
}

TFAPPROX_REGISTER_OP_IN_BOTH_FORMS(DefineApproxConv2D)

}  // namespace
}  // namespace tfapprox
