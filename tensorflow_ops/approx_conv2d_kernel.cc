// Kernels of ApproxConv2DWithMinMaxVars (3): attributes and tensors of TensorFlow as an operation of the core.
#include <string>
#include <vector>

#include "operation_kernel.h"

namespace tfapprox {
namespace {

using tensorflow::DataType;
using tensorflow::OpKernelConstruction;
using tensorflow::OpKernelContext;
using tensorflow::Tensor;
using tensorflow::TensorShape;
using tensorflow::errors::InvalidArgument;

// Where the dimensions lie in a tensor of four dimensions.
struct Axes {
  int batch, height, width, channels;
};

Axes AxesOf(int32_t layout) {
  if (layout == TFAPPROX_LAYOUT_NHWC) return {0, 1, 2, 3};
  return {0, 2, 3, 1};
}

// A range tensor as a number.
Status Range(OpKernelContext* context, int index, const char* name, float* value) {
  const Tensor& tensor = context->input(index);
  if (tensor.dims() != 0) {
    return InvalidArgument(std::string(name) + " must be a scalar; received shape " + tensor.shape().DebugString());
  }
  *value = tensor.scalar<float>()();
  return Status();
}

Status ReadOperand(OpKernelContext* context, const char* name, int min_index, const tfapprox_table* table,
                   tfapprox_operand* operand) {
  float min, max;
  const std::string prefix = name;
  TF_RETURN_IF_ERROR(Range(context, min_index, (prefix + "_min").c_str(), &min));
  TF_RETURN_IF_ERROR(Range(context, min_index + 1, (prefix + "_max").c_str(), &max));
  operand->elements = TFAPPROX_REALS;
  tfapprox_error error;
  return ToStatus(tfapprox_quantiser_init(name, min, max, table, &operand->quantiser, &error), error);
}

class ApproxConv2D {
 public:
  Status Fill(OpKernelContext* context, tfapprox_operation* operation, Tensors* tensors) const {
    tfapprox_problem& problem = operation->problem = problem_;
    const Axes axes = AxesOf(problem.layout);
    TF_RETURN_IF_ERROR(ReadShapes(context->input(0).shape(), context->input(1).shape(), axes.height, axes.width,
                                  axes.channels, &problem));
    TF_RETURN_IF_ERROR(ReadOperand(context, "input", 2, table_.get(), &operation->activation));
    TF_RETURN_IF_ERROR(ReadOperand(context, "filter", 4, table_.get(), &operation->weight));
    operation->output = TFAPPROX_OUTPUT_REAL;
    operation->table = table_.get();

    TensorShape output_shape({0, 0, 0, 0});
    output_shape.set_dim(axes.batch, problem.batch);
    output_shape.set_dim(axes.height, problem.out_height);
    output_shape.set_dim(axes.width, problem.out_width);
    output_shape.set_dim(axes.channels, problem.out_channels);
    Tensor* output = nullptr;
    TF_RETURN_IF_ERROR(context->allocate_output(0, output_shape, &output));
    *tensors = {Elements(context->input(0)), Elements(context->input(1)), Elements(*output)};
    return Status();
  }

  Status Read(OpKernelConstruction* context) {
    DataType dtype;
    TF_RETURN_IF_ERROR(context->GetAttr("T", &dtype));
    if (dtype != tensorflow::DT_FLOAT) {
      return InvalidArgument("T must be float32; received " + tensorflow::DataTypeString(dtype) +
                             ". Cast input and filter: their codes have at most 8 bits");
    }
    std::string data_format, padding, multiplier;
    std::vector<int64_t> strides, dilations, pads;
    int32_t num_bits;
    TF_RETURN_IF_ERROR(context->GetAttr("data_format", &data_format));
    TF_RETURN_IF_ERROR(context->GetAttr("padding", &padding));
    TF_RETURN_IF_ERROR(context->GetAttr("strides", &strides));
    TF_RETURN_IF_ERROR(context->GetAttr("dilations", &dilations));
    TF_RETURN_IF_ERROR(context->GetAttr("explicit_paddings", &pads));
    TF_RETURN_IF_ERROR(context->GetAttr("num_bits", &num_bits));
    TF_RETURN_IF_ERROR(context->GetAttr("mul_map_file", &multiplier));
    problem_.layout = data_format == "NHWC" ? TFAPPROX_LAYOUT_NHWC : TFAPPROX_LAYOUT_NCHW;
    const Axes axes = AxesOf(problem_.layout);
    TF_RETURN_IF_ERROR(CheckSteps("strides", strides, axes.batch, axes.channels));
    TF_RETURN_IF_ERROR(CheckSteps("dilations", dilations, axes.batch, axes.channels));
    problem_.stride_height = strides[axes.height];
    problem_.stride_width = strides[axes.width];
    problem_.dilation_height = dilations[axes.height];
    problem_.dilation_width = dilations[axes.width];
    TF_RETURN_IF_ERROR(ReadPadding(padding, pads, data_format));
    return OpenTable("mul_map_file", multiplier, num_bits, TFAPPROX_TABLES_ANY, &table_);
  }

 private:
  Status ReadPadding(const std::string& padding, const std::vector<int64_t>& pads, const std::string& data_format) {
    const Axes axes = AxesOf(problem_.layout);
    if (padding != "EXPLICIT") {
      problem_.padding = padding == "SAME" ? TFAPPROX_PADDING_SAME : TFAPPROX_PADDING_VALID;
      if (pads.empty()) return Status();
      return InvalidArgument("explicit_paddings must be empty for padding=" + padding + "; received " + Join(pads));
    }
    problem_.padding = TFAPPROX_PADDING_EXPLICIT;
    const auto of_axis = [&](int axis) { return pads[2 * axis] | pads[2 * axis + 1]; };
    if (pads.size() != 8 || of_axis(axes.batch) != 0 || of_axis(axes.channels) != 0) {
      return InvalidArgument("explicit_paddings must be 8 integers, before and after each dimension of " + data_format +
                             ", 0 for batch and channels; received " + Join(pads));
    }
    problem_.pad_top = pads[2 * axes.height];
    problem_.pad_bottom = pads[2 * axes.height + 1];
    problem_.pad_left = pads[2 * axes.width];
    problem_.pad_right = pads[2 * axes.width + 1];
    return Status();
  }

  tfapprox_problem problem_ = {};  // has what the attributes say
  TableHandle table_;
};

#define KERNEL(DEVICE, TYPE) Name("ApproxConv2DWithMinMaxVars").Device(DEVICE).TypeConstraint<TYPE>("T")
#define REGISTER(TYPE) \
  REGISTER_KERNEL_BUILDER(KERNEL(tensorflow::DEVICE_CPU, TYPE), OperationKernel<ApproxConv2D, CpuDevice>);
#ifdef TFAPPROX_GPU
#define REGISTER_GPU(TYPE)                                     \
  REGISTER_KERNEL_BUILDER(KERNEL(tensorflow::DEVICE_GPU, TYPE) \
                              .HostMemory("input_min")         \
                              .HostMemory("input_max")         \
                              .HostMemory("filter_min")        \
                              .HostMemory("filter_max"),       \
                          OperationKernel<ApproxConv2D, GpuDevice>);
#else
#define REGISTER_GPU(TYPE)
#endif
#define REGISTER_BOTH(TYPE) REGISTER(TYPE) REGISTER_GPU(TYPE)
REGISTER_BOTH(float)
// Registered so that Read can say what to do instead.
REGISTER_BOTH(Eigen::half)
REGISTER_BOTH(Eigen::bfloat16)
REGISTER_BOTH(double)
#undef REGISTER_BOTH
#undef REGISTER_GPU
#undef REGISTER
#undef KERNEL

}  // namespace
}  // namespace tfapprox
