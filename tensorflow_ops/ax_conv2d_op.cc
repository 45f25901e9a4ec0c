// Registration of AxConv2D: attributes, defaults and shape function of the original, for TensorFlow 1.14 and 2.x.
//
// Old scripts call the generated Python function by position: its parameters are the inputs, the attributes without a
// default, and the attributes with one, each in the order in which they are registered here.
#include "tensorflow/core/framework/common_shape_fns.h"
#include "tensorflow/core/framework/op.h"
#include "tensorflow/core/framework/shape_inference.h"
#include "tensorflow/core/lib/core/errors.h"

namespace tfapprox {
namespace {

using tensorflow::shape_inference::DimensionHandle;
using tensorflow::shape_inference::InferenceContext;
using tensorflow::shape_inference::ShapeHandle;

REGISTER_OP("AxConv2D")
    .Input("input: Tinput")
    .Input("filter: Tfilter")
    .Input("min_input: float")
    .Input("max_input: float")
    .Input("min_filter: float")
    .Input("max_filter: float")
    .Output("output: out_type")
    .Output("min_output: float")
    .Output("max_output: float")
    .Attr("Tinput: quantizedtype")
    .Attr("Tfilter: quantizedtype")
    .Attr("strides: list(int)")
    .Attr("padding: {'SAME', 'VALID'}")
    .Attr("AxMult: string = 'mul8u_1JFF'")
    .Attr("AxTune: bool = true")
    .Attr("out_type: quantizedtype = DT_QINT32")
    .Attr("dilations: list(int) = [1, 1, 1, 1]")
    .SetShapeFn([](InferenceContext* context) {
      ShapeHandle input, filter;
      TF_RETURN_IF_ERROR(context->WithRank(context->input(0), 4, &input));
      TF_RETURN_IF_ERROR(context->WithRank(context->input(1), 4, &filter));
      DimensionHandle depth;
      TF_RETURN_IF_ERROR(context->Merge(context->Dim(input, 3), context->Dim(filter, 2), &depth));
      if (context->Value(depth) == 0) {  // Conv2DShape of TensorFlow 1.14 divides by it and by the number of groups
        return tensorflow::errors::InvalidArgument("input channels must be from 1; received 0");
      }
      TF_RETURN_IF_ERROR(tensorflow::shape_inference::Conv2DShape(context));
      for (int range = 2; range < 6; ++range) {
        ShapeHandle scalar;
        TF_RETURN_IF_ERROR(context->WithRank(context->input(range), 0, &scalar));
      }
      context->set_output(1, context->Scalar());
      context->set_output(2, context->Scalar());
      return decltype(tensorflow::shape_inference::Conv2DShape(context))();
    })
    .Doc(R"doc(
QuantizedConv2D whose products are read from the truth table of an approximate multiplier.

AxMult: name of the multiplier, or path of its truth table.
AxTune: whether each weight is mapped to the one whose products err least (ALWANN).
)doc");

}  // namespace
}  // namespace tfapprox
