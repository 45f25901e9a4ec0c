// Registration of ApproxDepthwiseConv2DWithMinMaxVars, with the attributes of the successor's operation, and of
// ApproxDepthwiseConv2DWithTable; shape function.
#include "table_definition.h"
#include "tensorflow/core/framework/common_shape_fns.h"
#include "tensorflow/core/framework/shape_inference.h"

namespace tfapprox {
namespace {

using tensorflow::shape_inference::DimensionHandle;
using tensorflow::shape_inference::InferenceContext;
using tensorflow::shape_inference::ShapeHandle;

// One dimension of the output, unknown where input or filter is.
absl::Status OutputSize(InferenceContext* context, DimensionHandle input, DimensionHandle filter, int64_t stride,
                        int64_t dilation, tensorflow::Padding padding, DimensionHandle* output) {
  return tensorflow::shape_inference::GetWindowedOutputSizeFromDimsV2(context, input, filter, dilation, stride, padding,
                                                                      -1, -1, output);
}

absl::Status ApproxDepthwiseConv2DShape(InferenceContext* context) {
  ShapeHandle input, filter, range;
  TF_RETURN_IF_ERROR(context->WithRank(context->input(0), 4, &input));
  TF_RETURN_IF_ERROR(context->WithRank(context->input(1), 4, &filter));
  for (int i = 2; i < 4; ++i) TF_RETURN_IF_ERROR(context->WithRank(context->input(i), 0, &range));
  for (int i = 4; i < 6; ++i) TF_RETURN_IF_ERROR(context->WithRankAtMost(context->input(i), 1, &range));
  std::vector<int32_t> strides, dilations;
  std::string data_format;
  tensorflow::Padding padding;
  TF_RETURN_IF_ERROR(context->GetAttr("strides", &strides));
  TF_RETURN_IF_ERROR(context->GetAttr("dilations", &dilations));
  TF_RETURN_IF_ERROR(context->GetAttr("data_format", &data_format));
  TF_RETURN_IF_ERROR(context->GetAttr("padding", &padding));
  if (strides.size() != 4 || dilations.size() != 4) {
    return absl::InvalidArgumentError("strides and dilations must be 4 integers");
  }
  const int channel_axis = data_format == "NCHW" ? 1 : 3, height_axis = data_format == "NCHW" ? 2 : 1;
  DimensionHandle channels, multiplied, sizes[2];
  TF_RETURN_IF_ERROR(context->Merge(context->Dim(input, channel_axis), context->Dim(filter, 2), &channels));
  TF_RETURN_IF_ERROR(context->Multiply(channels, context->Dim(filter, 3), &multiplied));
  for (int i = 0; i < 2; ++i) {
    const int axis = height_axis + i;
    TF_RETURN_IF_ERROR(OutputSize(context, context->Dim(input, axis), context->Dim(filter, i), strides[axis],
                                  dilations[axis], padding, &sizes[i]));
  }
  const DimensionHandle batch = context->Dim(input, 0);
  context->set_output(0, data_format == "NCHW" ? context->MakeShape({batch, multiplied, sizes[0], sizes[1]})
                                               : context->MakeShape({batch, sizes[0], sizes[1], multiplied}));
  return absl::OkStatus();
}

OpDefinition DefineApproxDepthwiseConv2D(TableIn table) {
  OpDefinition definition =
      Begin(table, "ApproxDepthwiseConv2DWithMinMaxVars", "ApproxDepthwiseConv2DWithTable", "input", "filter");
  definition.Attr("strides: list(int)");
  if (table == TableIn::kAttributes) definition.Attr("num_bits: int").Attr("mul_map_file: string");
  definition.Attr("padding: {'SAME', 'VALID'}")
      .Attr("data_format: {'NHWC', 'NCHW'} = 'NHWC'")
      .Attr("dilations: list(int) = [1, 1, 1, 1]");
  End(table, ApproxDepthwiseConv2DShape, R"doc(
A depthwise convolution whose products are read from the truth table of an approximate multiplier.

The filter is [height, width, channels, multiplier]; output channel c * multiplier + m is channel c of the input,
convolved with filter[:, :, c, m]. Input and filter are quantised to codes of the table in the given ranges; sums are
exact integers.

filter_min: lower end of the range of the filter: a scalar, a vector with one element for each output channel, or, as
  in TFApprox4IL, a vector with one element for each m, which all channels share.
filter_max: upper end of the range of the filter, of the same shape.
)doc",
      &definition);
  return definition;
}

TFAPPROX_REGISTER_OP_IN_BOTH_FORMS(DefineApproxDepthwiseConv2D)

}  // namespace
}  // namespace tfapprox
