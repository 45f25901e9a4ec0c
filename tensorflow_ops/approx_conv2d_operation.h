// What ApproxConv2DWithMinMaxVars (3) and its depthwise form (3.7) are in TensorFlow: attributes and tensors as an
// operation of the core. Both kernels consist of this class.
#ifndef TFAPPROX_TENSORFLOW_OPS_APPROX_CONV2D_OPERATION_H_
#define TFAPPROX_TENSORFLOW_OPS_APPROX_CONV2D_OPERATION_H_

#include <string>
#include <vector>

#include "operand_ranges.h"
#include "register_kernels.h"

namespace tfapprox {

// Where the dimensions lie in a tensor of four dimensions.
struct Axes {
  int batch, height, width, channels;
};

inline Axes AxesOf(int32_t layout) {
  if (layout == TFAPPROX_LAYOUT_NHWC) return {0, 1, 2, 3};
  return {0, 2, 3, 1};
}

template <bool kIsDepthwise>
class ApproxConv2D {
  using OpKernelConstruction = tensorflow::OpKernelConstruction;
  using OpKernelContext = tensorflow::OpKernelContext;
  using Tensor = tensorflow::Tensor;
  using TensorShape = tensorflow::TensorShape;

 public:
  Status Fill(OpKernelContext* context, tfapprox_operation* operation, Tensors* tensors) const {
    tfapprox_problem& problem = operation->problem = problem_;
    const Axes axes = AxesOf(problem.layout);
    const TensorShape& input_shape = context->input(0).shape();
    TensorShape filter_shape = context->input(1).shape();
    if (kIsDepthwise) TF_RETURN_IF_ERROR(ReadDepthwise(input_shape, axes.channels, &filter_shape));
    TF_RETURN_IF_ERROR(
        ReadShapes(input_shape, filter_shape, axes.height, axes.width, axes.channels, Groups::kAny, &problem));
    TF_RETURN_IF_ERROR(ReadRange(context, 2, "input", operation->table, &operation->activation));
    // TFApprox4IL gives all channels of a depthwise convolution the same ranges, one for each filter of a channel.
    const int64_t period = kIsDepthwise ? context->input(1).dim_size(3) : problem.out_channels;
    TF_RETURN_IF_ERROR(ReadRanges(context, 4, "filter", "filters", problem.out_channels, period, operation->table,
                                  &operation->weight, tensors));
    operation->output = TFAPPROX_OUTPUT_REAL;

    TensorShape output_shape({0, 0, 0, 0});
    output_shape.set_dim(axes.batch, problem.batch);
    output_shape.set_dim(axes.height, problem.out_height);
    output_shape.set_dim(axes.width, problem.out_width);
    output_shape.set_dim(axes.channels, problem.out_channels);
    Tensor* output = nullptr;
    TF_RETURN_IF_ERROR(context->allocate_output(0, output_shape, &output));
    tensors->activations = Elements(context->input(0));
    tensors->weights = Elements(context->input(1));
    tensors->output = Elements(*output);
    return Status();
  }

  Status Read(OpKernelConstruction* context) {
    TF_RETURN_IF_ERROR(CheckType(context, "input and filter"));
    std::string data_format, padding;
    std::vector<int64_t> strides, dilations, pads;
    TF_RETURN_IF_ERROR(context->GetAttr("data_format", &data_format));
    TF_RETURN_IF_ERROR(context->GetAttr("padding", &padding));
    TF_RETURN_IF_ERROR(context->GetAttr("strides", &strides));
    TF_RETURN_IF_ERROR(context->GetAttr("dilations", &dilations));
    if (!kIsDepthwise) TF_RETURN_IF_ERROR(context->GetAttr("explicit_paddings", &pads));
    problem_.layout = data_format == "NHWC" ? TFAPPROX_LAYOUT_NHWC : TFAPPROX_LAYOUT_NCHW;
    const Axes axes = AxesOf(problem_.layout);
    TF_RETURN_IF_ERROR(CheckSteps("strides", strides, axes.batch, axes.channels));
    TF_RETURN_IF_ERROR(CheckSteps("dilations", dilations, axes.batch, axes.channels));
    problem_.stride_height = strides[axes.height];
    problem_.stride_width = strides[axes.width];
    problem_.dilation_height = dilations[axes.height];
    problem_.dilation_width = dilations[axes.width];
    return ReadPadding(padding, pads, data_format);
  }

 protected:
  tfapprox_problem problem_ = {};  // has what the attributes say

 private:
  // The shape [height, width, 1, channels * multiplier] of a filter [height, width, channels, multiplier].
  static Status ReadDepthwise(const TensorShape& input, int channel_axis, TensorShape* filter) {
    if (input.dims() != 4 || filter->dims() != 4 || filter->dim_size(2) != input.dim_size(channel_axis)) {
      return tensorflow::errors::InvalidArgument(
          "input must have 4 dimensions, and filter must be [height, width, channels, multiplier] with the input's "
          "depth; received input " +
          input.DebugString() + ", filter " + filter->DebugString());
    }
    int64_t filters;
    if (__builtin_mul_overflow(filter->dim_size(2), filter->dim_size(3), &filters) || filters > INT32_MAX) {
      return tensorflow::errors::InvalidArgument("filter must have less than 2^31 output channels; received " +
                                                 filter->DebugString());
    }
    filter->set_dim(2, filters == 0 ? 0 : 1);
    filter->set_dim(3, filters);
    return Status();
  }

  Status ReadPadding(const std::string& padding, const std::vector<int64_t>& pads, const std::string& data_format) {
    const Axes axes = AxesOf(problem_.layout);
    if (padding != "EXPLICIT") {
      problem_.padding = padding == "SAME" ? TFAPPROX_PADDING_SAME : TFAPPROX_PADDING_VALID;
      if (pads.empty()) return Status();
      return tensorflow::errors::InvalidArgument("explicit_paddings must be empty for padding=" + padding +
                                                 "; received " + Join(pads));
    }
    problem_.padding = TFAPPROX_PADDING_EXPLICIT;
    const auto of_axis = [&](int axis) { return pads[2 * axis] | pads[2 * axis + 1]; };
    if (pads.size() != 8 || of_axis(axes.batch) != 0 || of_axis(axes.channels) != 0) {
      return tensorflow::errors::InvalidArgument(
          "explicit_paddings must be 8 integers, before and after each dimension of " + data_format +
          ", 0 for batch and channels; received " + Join(pads));
    }
    problem_.pad_top = pads[2 * axes.height];
    problem_.pad_bottom = pads[2 * axes.height + 1];
    problem_.pad_left = pads[2 * axes.width];
    problem_.pad_right = pads[2 * axes.width + 1];
    return Status();
  }
};

}  // namespace tfapprox

// Registers the kernels of both forms of an operation of this class, on the CPU and on GPUs.
#define TFAPPROX_REGISTER_APPROX_CONV2D(NAME, NAME_WITH_TABLE, OPERATION) \
  TFAPPROX_REGISTER_KERNELS(                                              \
      NAME, NAME_WITH_TABLE, OPERATION,                                   \
      .HostMemory("input_min").HostMemory("input_max").HostMemory("filter_min").HostMemory("filter_max"))

#endif  // TFAPPROX_TENSORFLOW_OPS_APPROX_CONV2D_OPERATION_H_
