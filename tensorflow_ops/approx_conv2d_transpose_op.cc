// Registration of ApproxConv2DTransposeWithMinMaxVars and ApproxConv2DTransposeWithTable: attributes, shape function,
// documentation.
#include "table_definition.h"
#include "tensorflow/core/framework/common_shape_fns.h"
#include "tensorflow/core/framework/shape_inference.h"

namespace tfapprox {
namespace {

using tensorflow::shape_inference::DimensionHandle;
using tensorflow::shape_inference::InferenceContext;
using tensorflow::shape_inference::ShapeHandle;

// The output shape, as far as it is a constant, with the batch of the input and the channels of the filter.
absl::Status ApproxConv2DTransposeShape(InferenceContext* context) {
  ShapeHandle input, filter, output, range;
  TF_RETURN_IF_ERROR(context->WithRank(context->input(0), 4, &input));
  TF_RETURN_IF_ERROR(context->WithRank(context->input(1), 4, &filter));
  for (int i = 2; i < 4; ++i) TF_RETURN_IF_ERROR(context->WithRank(context->input(i), 0, &range));
  for (int i = 4; i < 6; ++i) TF_RETURN_IF_ERROR(context->WithRankAtMost(context->input(i), 1, &range));
  std::string data_format;
  TF_RETURN_IF_ERROR(context->GetAttr("data_format", &data_format));
  const int channel_axis = data_format == "NCHW" ? 1 : 3;
  TF_RETURN_IF_ERROR(context->MakeShapeFromShapeTensor(6, &output));
  TF_RETURN_IF_ERROR(context->WithRank(output, 4, &output));
  DimensionHandle batch, in_channels, out_channels;
  TF_RETURN_IF_ERROR(context->Merge(context->Dim(input, channel_axis), context->Dim(filter, 3), &in_channels));
  TF_RETURN_IF_ERROR(context->Merge(context->Dim(input, 0), context->Dim(output, 0), &batch));
  TF_RETURN_IF_ERROR(context->Merge(context->Dim(filter, 2), context->Dim(output, channel_axis), &out_channels));
  TF_RETURN_IF_ERROR(context->ReplaceDim(output, 0, batch, &output));
  TF_RETURN_IF_ERROR(context->ReplaceDim(output, channel_axis, out_channels, &output));
  context->set_output(0, output);
  return absl::OkStatus();
}

OpDefinition DefineApproxConv2DTranspose(TableIn table) {
  OpDefinition definition =
      Begin(table, "ApproxConv2DTransposeWithMinMaxVars", "ApproxConv2DTransposeWithTable", "input", "filter");
  definition.Input("output_shape: int32").Attr("strides: list(int)");
  if (table == TableIn::kAttributes) definition.Attr("num_bits: int = 8").Attr("mul_map_file: string = ''");
  definition.Attr("padding: {'SAME', 'VALID', 'EXPLICIT'} = 'SAME'")
      .Attr("explicit_paddings: list(int) = []")
      .Attr("data_format: {'NHWC', 'NCHW'} = 'NHWC'")
      .Attr("dilations: list(int) = [1, 1, 1, 1]");
  End(table, ApproxConv2DTransposeShape, R"doc(
A transposed 2-D convolution whose products are read from the truth table of an approximate multiplier.

The filter is [height, width, out_channels, in_channels]. strides, padding and dilations are those of the convolution
that has this output as its input. Input and filter are quantised to codes of the table in the given ranges; sums are
exact integers.

filter_min: lower end of the range of the filter: a scalar, or a vector with one element for each output channel.
filter_max: upper end of the range of the filter, of the same shape.
output_shape: the shape of the output, in the order of data_format.
)doc",
      &definition);
  return definition;
}

TFAPPROX_REGISTER_OP_IN_BOTH_FORMS(DefineApproxConv2DTranspose)

}  // namespace
}  // namespace tfapprox
