// Kernels of ApproxConv2DTransposeWithMinMaxVars and ApproxConv2DTransposeWithTable (3.9).
#include "approx_conv2d_operation.h"
#include "tensorflow/core/framework/tensor_shape.h"

namespace tfapprox {
namespace {

// Has the attributes of the convolution whose input is the output of this operation.
class ApproxConv2DTranspose : public ApproxConv2D</*kIsDepthwise=*/false> {
 public:
  Status Fill(tensorflow::OpKernelContext* context, tfapprox_operation* operation, Tensors* tensors) const {
    const Axes axes = AxesOf(problem_.layout);
    const tensorflow::Tensor &input = context->input(0), &filter = context->input(1);
    tensorflow::TensorShape output_shape;
    TF_RETURN_IF_ERROR(ReadOutputShape(context->input(6), &output_shape));
    if (input.dims() != 4 || filter.dims() != 4 || filter.dim_size(3) != input.dim_size(axes.channels) ||
        output_shape.dim_size(axes.batch) != input.dim_size(axes.batch) ||
        output_shape.dim_size(axes.channels) != filter.dim_size(2)) {
      return tensorflow::errors::InvalidArgument(
          "input must have 4 dimensions, filter must be [height, width, out_channels, in_channels], and output_shape "
          "must have the input's batch and the filter's out_channels; received input ",
          input.shape().DebugString(), ", filter ", filter.shape().DebugString(), ", output_shape ",
          output_shape.DebugString());
    }
    tfapprox_problem convolution = problem_;
    TF_RETURN_IF_ERROR(
        ReadShapes(output_shape, filter.shape(), axes.height, axes.width, axes.channels, Groups::kOne, &convolution));
    TF_RETURN_IF_ERROR(ReadParts(convolution, input.dim_size(axes.height), input.dim_size(axes.width), tensors));
    TF_RETURN_IF_ERROR(ReadRange(context, 2, "input", operation->table, &operation->activation));
    const int64_t channels = filter.dim_size(2);
    TF_RETURN_IF_ERROR(ReadRanges(context, 4, "filter", "output channels", channels, channels, operation->table,
                                  &operation->weight, tensors));
    operation->output = TFAPPROX_OUTPUT_REAL;
    tensorflow::Tensor* output = nullptr;
    TF_RETURN_IF_ERROR(context->allocate_output(0, output_shape, &output));
    tensors->activations = Elements(input);
    tensors->weights = Elements(filter);
    tensors->output = Elements(*output);
    return Status();
  }

 private:
  static Status ReadOutputShape(const tensorflow::Tensor& sizes, tensorflow::TensorShape* shape) {
    if (sizes.dims() != 1 || sizes.NumElements() != 4) {
      return tensorflow::errors::InvalidArgument("output_shape must have 4 elements; received shape ",
                                                 sizes.shape().DebugString());
    }
    return tensorflow::TensorShapeUtils::MakeShape(sizes.flat<int32_t>().data(), 4, shape);
  }

  static Status ReadParts(const tfapprox_problem& convolution, int64_t in_height, int64_t in_width, Tensors* tensors) {
    while (true) {
      tfapprox_operation part = {};
      tfapprox_error error;
      const auto index = static_cast<int64_t>(tensors->parts.size());
      const int32_t status = tfapprox_conv2d_transpose_fill(&convolution, in_height, in_width, index, &part, &error);
      if (status == TFAPPROX_NOT_FOUND) return Status();
      TF_RETURN_IF_ERROR(ToStatus(status, error));
      tensors->parts.push_back(part);
    }
  }
};

TFAPPROX_REGISTER_KERNELS("ApproxConv2DTransposeWithMinMaxVars", "ApproxConv2DTransposeWithTable",
                          ApproxConv2DTranspose,
                          .HostMemory("input_min")
                              .HostMemory("input_max")
                              .HostMemory("filter_min")
                              .HostMemory("filter_max")
                              .HostMemory("output_shape"))

}  // namespace
}  // namespace tfapprox
