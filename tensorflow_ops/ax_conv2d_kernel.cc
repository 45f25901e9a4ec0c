// Kernels of AxConv2D (5): attributes and tensors of TensorFlow as an operation of the core; on GPUs in TensorFlow 2
// only.
#include <string>
#include <vector>

#include "operation_kernel.h"
#include "table_source.h"

namespace tfapprox {
namespace {

using tensorflow::OpKernelConstruction;
using tensorflow::OpKernelContext;
using tensorflow::Tensor;
using tensorflow::TensorShape;
using tensorflow::errors::InvalidArgument;

Status ReadSteps(OpKernelConstruction* context, const char* name, std::vector<int64_t>* steps) {
  std::vector<tensorflow::int32> values;
  TF_RETURN_IF_ERROR(context->GetAttr(name, &values));
  steps->assign(values.begin(), values.end());
  return CheckSteps(name, *steps, 0, 3);
}

Status Range(OpKernelContext* context, int index, const char* name, float* value) {
  const Tensor& tensor = context->input(index);
  if (tensor.NumElements() != 1) {
    return InvalidArgument(name, " must have one element; received shape ", tensor.shape().DebugString());
  }
  *value = tensor.flat<float>()(0);
  return Status();
}

class AxConv2D {
 public:
  Status Fill(OpKernelContext* context, tfapprox_operation* operation, Tensors* tensors) const {
    tfapprox_problem problem = problem_;
    TF_RETURN_IF_ERROR(
        ReadShapes(context->input(0).shape(), context->input(1).shape(), 1, 2, 3, Groups::kOne, &problem));
    float ranges[4];
    const char* names[4] = {"min_input", "max_input", "min_filter", "max_filter"};
    for (int i = 0; i < 4; ++i) TF_RETURN_IF_ERROR(Range(context, 2 + i, names[i], &ranges[i]));
    float min, max;
    tfapprox_error error;
    TF_RETURN_IF_ERROR(ToStatus(tfapprox_ax_conv2d_fill(&problem, ranges[0], ranges[1], ranges[2], ranges[3],
                                                        operation->table, operation, &min, &max, &error),
                                error));
    Tensor *output = nullptr, *min_output = nullptr, *max_output = nullptr;
    const TensorShape output_shape({problem.batch, problem.out_height, problem.out_width, problem.out_channels});
    TF_RETURN_IF_ERROR(context->allocate_output(0, output_shape, &output));
    TF_RETURN_IF_ERROR(context->allocate_output(1, TensorShape({}), &min_output));
    TF_RETURN_IF_ERROR(context->allocate_output(2, TensorShape({}), &max_output));
    min_output->flat<float>()(0) = min;
    max_output->flat<float>()(0) = max;
    *tensors = {Elements(context->input(0)), Elements(context->input(1)), Elements(*output)};
    return Status();
  }

  Status Read(OpKernelConstruction* context) {
    std::vector<int64_t> strides, dilations;
    std::string padding;
    TF_RETURN_IF_ERROR(ReadSteps(context, "strides", &strides));
    TF_RETURN_IF_ERROR(ReadSteps(context, "dilations", &dilations));
    if (strides[1] != strides[2]) {
      return InvalidArgument("strides must be equal for height and width; received ", Join(strides));
    }
    if (dilations[1] != 1 || dilations[2] != 1) {
      return InvalidArgument("dilations must be 1; received ", Join(dilations));
    }
    TF_RETURN_IF_ERROR(context->GetAttr("padding", &padding));
    problem_.stride_height = problem_.stride_width = strides[1];
    problem_.dilation_height = problem_.dilation_width = 1;
    problem_.padding = padding == "SAME" ? TFAPPROX_PADDING_SAME : TFAPPROX_PADDING_VALID;
    problem_.layout = TFAPPROX_LAYOUT_NHWC;
    return Status();
  }

 private:
  tfapprox_problem problem_ = {};  // has what the attributes say
};

// The table that the attributes AxMult and AxTune say.
class AxTable : public FixedTable {
 public:
  Status Read(OpKernelConstruction* context) {
    std::string multiplier;
    bool tune;
    TF_RETURN_IF_ERROR(context->GetAttr("AxMult", &multiplier));
    TF_RETURN_IF_ERROR(context->GetAttr("AxTune", &tune));
    return OpenTable("AxMult", multiplier, TFAPPROX_MAX_BITS, tune ? TFAPPROX_TABLES_TUNED : TFAPPROX_TABLES_UNSIGNED,
                     &table_);
  }
};

#define KERNEL(DEVICE)                               \
  Name("AxConv2D")                                   \
      .Device(DEVICE)                                \
      .TypeConstraint<tensorflow::quint8>("Tinput")  \
      .TypeConstraint<tensorflow::quint8>("Tfilter") \
      .TypeConstraint<tensorflow::qint32>("out_type")
REGISTER_KERNEL_BUILDER(KERNEL(tensorflow::DEVICE_CPU), OperationKernel<AxConv2D, AxTable, CpuDevice>);
#ifdef TFAPPROX_GPU
REGISTER_KERNEL_BUILDER(KERNEL(tensorflow::DEVICE_GPU)
                            .HostMemory("min_input")
                            .HostMemory("max_input")
                            .HostMemory("min_filter")
                            .HostMemory("max_filter")
                            .HostMemory("min_output")
                            .HostMemory("max_output"),
                        OperationKernel<AxConv2D, AxTable, GpuDevice>);
#endif
#undef KERNEL

}  // namespace
}  // namespace tfapprox
