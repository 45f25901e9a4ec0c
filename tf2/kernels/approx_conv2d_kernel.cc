// Kernels of ApproxConv2DWithMinMaxVars: TensorFlow's tensors, allocator, thread pool and stream around the core.
//
// The truth table is resolved once, at construction; Compute writes no state of the kernel, so that one kernel
// serves any number of threads.
#include <string>
#include <vector>

#include "core_adapter.h"
#ifdef TFAPPROX_GPU
#include "gpu_adapter.h"
#endif
#include "tensorflow/core/framework/op_kernel.h"
#include "tensorflow/core/framework/tensor.h"

namespace tfapprox {
namespace {

using tensorflow::DataType;
using tensorflow::OpKernel;
using tensorflow::OpKernelConstruction;
using tensorflow::OpKernelContext;
using tensorflow::Tensor;
using tensorflow::TensorShape;
using tensorflow::errors::InvalidArgument;

// Where the dimensions lie in a tensor of four.
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

Status Quantiser(OpKernelContext* context, const char* name, int min_index, const tfapprox_table* table,
                 tfapprox_quantiser* quantiser) {
  float min, max;
  const std::string prefix = name;
  TF_RETURN_IF_ERROR(Range(context, min_index, (prefix + "_min").c_str(), &min));
  TF_RETURN_IF_ERROR(Range(context, min_index + 1, (prefix + "_max").c_str(), &max));
  tfapprox_error error;
  return ToStatus(tfapprox_quantiser_init(name, min, max, table, quantiser, &error), error);
}

// One call, and what a device does with it.
struct Call {
  tfapprox_conv2d shape;
  tfapprox_quantiser input_quantiser, filter_quantiser;
  const tfapprox_table* table;
  const float *input, *filter;
  float* output;
};

struct Cpu {
  Status Run(OpKernelContext* context, const Call& call) {
    tfapprox_approx_conv2d op;
    tfapprox_error error;
    TF_RETURN_IF_ERROR(ToStatus(tfapprox_approx_conv2d_init(&call.shape, &call.input_quantiser, &call.filter_quantiser,
                                                            call.table, &op, &error),
                                error));
    Tensor prepared;
    TF_RETURN_IF_ERROR(context->allocate_temp(tensorflow::DT_UINT8, TensorShape({op.work.filter_bytes}), &prepared));
    PrepareFilters(context, op.work, [&](int64_t begin, int64_t end) {
      tfapprox_approx_conv2d_prepare(&op, call.input, call.filter, prepared.data(), begin, end);
    });
    return RunTiles(context, op.work, [&](int64_t begin, int64_t end, void* workspace) {
      tfapprox_approx_conv2d_run(&op, call.input, call.filter, prepared.data(), call.output, begin, end, workspace);
    });
  }
};

#ifdef TFAPPROX_GPU
class Gpu {
 public:
  Status Run(OpKernelContext* context, const Call& call) {
    tfapprox_cuda_approx_conv2d op;
    const tfapprox_cuda_table* table;
    tfapprox_error error;
    TF_RETURN_IF_ERROR(table_.Get(call.table, &table));
    TF_RETURN_IF_ERROR(ToStatus(tfapprox_cuda_approx_conv2d_init(&call.shape, &call.input_quantiser,
                                                                 &call.filter_quantiser, table, &op, &error),
                                error));
    return RunOnStream(context, op.work.workspace_bytes, [&](void* workspace, void* stream, tfapprox_error* failure) {
      return tfapprox_cuda_approx_conv2d_run(&op, call.input, call.filter, call.output, workspace, stream, failure);
    });
  }

 private:
  GpuTable table_;
};
#endif

template <typename Device>
class ApproxConv2DOp : public OpKernel {
 public:
  explicit ApproxConv2DOp(OpKernelConstruction* context) : OpKernel(context) {
    OP_REQUIRES_OK(context, ReadAttributes(context));
  }

  void Compute(OpKernelContext* context) override {
    tfapprox_conv2d shape = shape_;
    const Axes axes = AxesOf(shape.layout);
    OP_REQUIRES_OK(context, ReadShapes(context->input(0).shape(), context->input(1).shape(), axes.height, axes.width,
                                       axes.channels, &shape));
    Call call = {};
    OP_REQUIRES_OK(context, Quantiser(context, "input", 2, table_.get(), &call.input_quantiser));
    OP_REQUIRES_OK(context, Quantiser(context, "filter", 4, table_.get(), &call.filter_quantiser));

    TensorShape output_shape({0, 0, 0, 0});
    output_shape.set_dim(axes.batch, shape.batch);
    output_shape.set_dim(axes.height, shape.out_height);
    output_shape.set_dim(axes.width, shape.out_width);
    output_shape.set_dim(axes.channels, shape.out_channels);
    Tensor* output = nullptr;
    OP_REQUIRES_OK(context, context->allocate_output(0, output_shape, &output));
    if (output->NumElements() == 0) return;
    call.shape = shape;
    call.table = table_.get();
    call.input = context->input(0).flat<float>().data();
    call.filter = context->input(1).flat<float>().data();
    call.output = output->flat<float>().data();
    OP_REQUIRES_OK(context, device_.Run(context, call));
  }

 private:
  Status ReadAttributes(OpKernelConstruction* context) {
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
    shape_.layout = data_format == "NHWC" ? TFAPPROX_LAYOUT_NHWC : TFAPPROX_LAYOUT_NCHW;
    const Axes axes = AxesOf(shape_.layout);
    TF_RETURN_IF_ERROR(CheckSteps("strides", strides, axes.batch, axes.channels));
    TF_RETURN_IF_ERROR(CheckSteps("dilations", dilations, axes.batch, axes.channels));
    shape_.stride_height = strides[axes.height];
    shape_.stride_width = strides[axes.width];
    shape_.dilation_height = dilations[axes.height];
    shape_.dilation_width = dilations[axes.width];
    TF_RETURN_IF_ERROR(ReadPadding(padding, pads, data_format));
    return LoadTable("mul_map_file", multiplier, num_bits, Tables::kAny, &table_);
  }

  Status ReadPadding(const std::string& padding, const std::vector<int64_t>& pads, const std::string& data_format) {
    const Axes axes = AxesOf(shape_.layout);
    if (padding != "EXPLICIT") {
      shape_.padding = padding == "SAME" ? TFAPPROX_PADDING_SAME : TFAPPROX_PADDING_VALID;
      if (pads.empty()) return Status();
      return InvalidArgument("explicit_paddings must be empty for padding=" + padding + "; received " + Join(pads));
    }
    shape_.padding = TFAPPROX_PADDING_EXPLICIT;
    const auto of_axis = [&](int axis) { return pads[2 * axis] | pads[2 * axis + 1]; };
    if (pads.size() != 8 || of_axis(axes.batch) != 0 || of_axis(axes.channels) != 0) {
      return InvalidArgument("explicit_paddings must be 8 integers, before and after each dimension of " + data_format +
                             ", 0 for batch and channels; received " + Join(pads));
    }
    shape_.pad_top = pads[2 * axes.height];
    shape_.pad_bottom = pads[2 * axes.height + 1];
    shape_.pad_left = pads[2 * axes.width];
    shape_.pad_right = pads[2 * axes.width + 1];
    return Status();
  }

  tfapprox_conv2d shape_ = {};  // what the attributes say of it
  TableHandle table_;
  Device device_;  // has what refers to the table
};

#define REGISTER(TYPE)                                                                                                 \
  REGISTER_KERNEL_BUILDER(Name("ApproxConv2DWithMinMaxVars").Device(tensorflow::DEVICE_CPU).TypeConstraint<TYPE>("T"), \
                          ApproxConv2DOp<Cpu>)
#ifdef TFAPPROX_GPU
#define REGISTER_GPU(TYPE)                                    \
  REGISTER_KERNEL_BUILDER(Name("ApproxConv2DWithMinMaxVars")  \
                              .Device(tensorflow::DEVICE_GPU) \
                              .TypeConstraint<TYPE>("T")      \
                              .HostMemory("input_min")        \
                              .HostMemory("input_max")        \
                              .HostMemory("filter_min")       \
                              .HostMemory("filter_max"),      \
                          ApproxConv2DOp<Gpu>)
#else
#define REGISTER_GPU(TYPE)
#endif
#define REGISTER_BOTH(TYPE) \
  REGISTER(TYPE);           \
  REGISTER_GPU(TYPE)
REGISTER_BOTH(float);
// Registered so that the constructor can say what to do instead.
REGISTER_BOTH(Eigen::half);
REGISTER_BOTH(Eigen::bfloat16);
REGISTER_BOTH(double);
#undef REGISTER_BOTH
#undef REGISTER_GPU
#undef REGISTER

}  // namespace
}  // namespace tfapprox
