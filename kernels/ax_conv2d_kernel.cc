// Kernels of AxConv2D: TensorFlow's tensors around the core; on GPUs for TensorFlow 2 only.
//
// The truth table is resolved once, at construction, and tuned once per table; Compute writes no state of the kernel.
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

using tensorflow::OpKernel;
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

// What a device does with one call, whose `op` is initialised.
struct Cpu {
  Status Run(OpKernelContext* context, const tfapprox_ax_conv2d& op, const uint8_t* input, const uint8_t* filter,
             int32_t* output) {
    Tensor prepared;
    TF_RETURN_IF_ERROR(context->allocate_temp(tensorflow::DT_UINT8, TensorShape({op.work.filter_bytes}), &prepared));
    uint8_t* codes = prepared.flat<tensorflow::uint8>().data();
    PrepareFilters(context, op.work, [&](int64_t begin, int64_t end) {
      tfapprox_ax_conv2d_prepare(&op, input, filter, codes, begin, end);
    });
    return RunTiles(context, op.work, [&](int64_t begin, int64_t end, void* workspace) {
      tfapprox_ax_conv2d_run(&op, input, filter, codes, output, begin, end, workspace);
    });
  }
};

#ifdef TFAPPROX_GPU
class Gpu {
 public:
  Status Run(OpKernelContext* context, const tfapprox_ax_conv2d& op, const uint8_t* input, const uint8_t* filter,
             int32_t* output) {
    const tfapprox_cuda_table* table;
    tfapprox_cuda_work work;
    tfapprox_error error;
    TF_RETURN_IF_ERROR(table_.Get(op.table, &table));
    TF_RETURN_IF_ERROR(ToStatus(tfapprox_cuda_ax_conv2d_init(&op, table, &work, &error), error));
    return RunOnStream(context, work.workspace_bytes, [&](void* workspace, void* stream, tfapprox_error* failure) {
      return tfapprox_cuda_ax_conv2d_run(&op, table, &work, input, filter, output, workspace, stream, failure);
    });
  }

 private:
  GpuTable table_;
};
#endif

template <typename Device>
class AxConv2DOp : public OpKernel {
 public:
  explicit AxConv2DOp(OpKernelConstruction* context) : OpKernel(context) {
    OP_REQUIRES_OK(context, ReadAttributes(context));
  }

  void Compute(OpKernelContext* context) override {
    tfapprox_conv2d shape = shape_;
    OP_REQUIRES_OK(context, ReadShapes(context->input(0).shape(), context->input(1).shape(), 1, 2, 3, &shape));
    float ranges[4];
    const char* names[4] = {"min_input", "max_input", "min_filter", "max_filter"};
    for (int i = 0; i < 4; ++i) OP_REQUIRES_OK(context, Range(context, 2 + i, names[i], &ranges[i]));
    tfapprox_ax_conv2d op;
    tfapprox_error error;
    OP_REQUIRES_OK(context, ToStatus(tfapprox_ax_conv2d_init(&shape, ranges[0], ranges[1], ranges[2], ranges[3],
                                                             table_.get(), &op, &error),
                                     error));
    Tensor *output = nullptr, *min_output = nullptr, *max_output = nullptr;
    const TensorShape output_shape({shape.batch, shape.out_height, shape.out_width, shape.out_channels});
    OP_REQUIRES_OK(context, context->allocate_output(0, output_shape, &output));
    OP_REQUIRES_OK(context, context->allocate_output(1, TensorShape({}), &min_output));
    OP_REQUIRES_OK(context, context->allocate_output(2, TensorShape({}), &max_output));
    min_output->flat<float>()(0) = op.min_output;
    max_output->flat<float>()(0) = op.max_output;
    if (output->NumElements() == 0) return;

    auto* sums = reinterpret_cast<int32_t*>(output->flat<tensorflow::qint32>().data());
    OP_REQUIRES_OK(context, device_.Run(context, op, Bytes(context->input(0)), Bytes(context->input(1)), sums));
  }

 private:
  static const uint8_t* Bytes(const Tensor& tensor) {
    return reinterpret_cast<const uint8_t*>(tensor.flat<tensorflow::quint8>().data());
  }

  Status ReadAttributes(OpKernelConstruction* context) {
    std::vector<int64_t> strides, dilations;
    std::string padding, multiplier;
    bool tune;
    TF_RETURN_IF_ERROR(ReadSteps(context, "strides", &strides));
    TF_RETURN_IF_ERROR(ReadSteps(context, "dilations", &dilations));
    if (strides[1] != strides[2]) {
      return InvalidArgument("strides must be equal for height and width; received ", Join(strides));
    }
    if (dilations[1] != 1 || dilations[2] != 1) {
      return InvalidArgument("dilations must be 1; received ", Join(dilations));
    }
    TF_RETURN_IF_ERROR(context->GetAttr("padding", &padding));
    TF_RETURN_IF_ERROR(context->GetAttr("AxMult", &multiplier));
    TF_RETURN_IF_ERROR(context->GetAttr("AxTune", &tune));
    shape_.stride_height = shape_.stride_width = strides[1];
    shape_.dilation_height = shape_.dilation_width = 1;
    shape_.padding = padding == "SAME" ? TFAPPROX_PADDING_SAME : TFAPPROX_PADDING_VALID;
    shape_.layout = TFAPPROX_LAYOUT_NHWC;
    return LoadTable("AxMult", multiplier, TFAPPROX_MAX_BITS, tune ? Tables::kTuned : Tables::kUnsigned, &table_);
  }

  tfapprox_conv2d shape_ = {};  // what the attributes say of it
  TableHandle table_;
  Device device_;  // has what refers to the table
};

#define KERNEL(DEVICE)                               \
  Name("AxConv2D")                                   \
      .Device(DEVICE)                                \
      .TypeConstraint<tensorflow::quint8>("Tinput")  \
      .TypeConstraint<tensorflow::quint8>("Tfilter") \
      .TypeConstraint<tensorflow::qint32>("out_type")
REGISTER_KERNEL_BUILDER(KERNEL(tensorflow::DEVICE_CPU), AxConv2DOp<Cpu>);
#ifdef TFAPPROX_GPU
REGISTER_KERNEL_BUILDER(KERNEL(tensorflow::DEVICE_GPU)
                            .HostMemory("min_input")
                            .HostMemory("max_input")
                            .HostMemory("min_filter")
                            .HostMemory("max_filter")
                            .HostMemory("min_output")
                            .HostMemory("max_output"),
                        AxConv2DOp<Gpu>);
#endif
#undef KERNEL

}  // namespace
}  // namespace tfapprox
