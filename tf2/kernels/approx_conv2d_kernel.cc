// CPU kernel of ApproxConv2DWithMinMaxVars: TensorFlow's tensors, allocator and thread pool around the core.
//
// The truth table is resolved once, at construction; Compute writes no state of the kernel, so that one kernel
// serves any number of threads.
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "tensorflow/core/framework/op_kernel.h"
#include "tensorflow/core/framework/tensor.h"
#include "tensorflow/core/util/work_sharder.h"
#include "tfapprox.h"

namespace tfapprox {
namespace {

using tensorflow::DataType;
using tensorflow::OpKernel;
using tensorflow::OpKernelConstruction;
using tensorflow::OpKernelContext;
using tensorflow::Tensor;
using tensorflow::TensorShape;

// Where the dimensions lie in a tensor of four.
struct Axes {
  int batch, height, width, channels;
};

Axes AxesOf(int32_t layout) {
  if (layout == TFAPPROX_LAYOUT_NHWC) return {0, 1, 2, 3};
  return {0, 2, 3, 1};
}

absl::Status ToStatus(int32_t status, const tfapprox_error& error) {
  switch (status) {
    case TFAPPROX_OK:
      return absl::OkStatus();
    case TFAPPROX_NOT_FOUND:
      return absl::NotFoundError(error.message);
    case TFAPPROX_RESOURCE_EXHAUSTED:
      return absl::ResourceExhaustedError(error.message);
    default:
      return absl::InvalidArgumentError(error.message);
  }
}

std::string Join(const std::vector<int64_t>& values) {
  std::string text = "[";
  for (const int64_t value : values) text += (text.size() > 1 ? ", " : "") + std::to_string(value);
  return text + "]";
}

// A range tensor as a number.
absl::Status Range(OpKernelContext* context, int index, const char* name, float* value) {
  const Tensor& tensor = context->input(index);
  if (tensor.dims() != 0) {
    return absl::InvalidArgumentError(std::string(name) + " must be a scalar; received shape " +
                                      tensor.shape().DebugString());
  }
  *value = tensor.scalar<float>()();
  return absl::OkStatus();
}

absl::Status Quantiser(OpKernelContext* context, const char* name, int min_index, int32_t num_bits,
                       tfapprox_quantiser* quantiser) {
  float min, max;
  const std::string prefix = name;
  TF_RETURN_IF_ERROR(Range(context, min_index, (prefix + "_min").c_str(), &min));
  TF_RETURN_IF_ERROR(Range(context, min_index + 1, (prefix + "_max").c_str(), &max));
  tfapprox_error error;
  return ToStatus(tfapprox_quantiser_init(name, min, max, num_bits, quantiser, &error), error);
}

class ApproxConv2DOp : public OpKernel {
 public:
  explicit ApproxConv2DOp(OpKernelConstruction* context) : OpKernel(context) {
    OP_REQUIRES_OK(context, ReadAttributes(context));
    OP_REQUIRES_OK(context, ReadTable(context));
  }

  ~ApproxConv2DOp() override {
    if (table_ != nullptr) tfapprox_table_release(table_);
  }

  void Compute(OpKernelContext* context) override {
    tfapprox_conv2d shape = shape_;
    OP_REQUIRES_OK(context, ReadShapes(context, &shape));
    tfapprox_quantiser input_quantiser, filter_quantiser;
    OP_REQUIRES_OK(context, Quantiser(context, "input", 2, num_bits_, &input_quantiser));
    OP_REQUIRES_OK(context, Quantiser(context, "filter", 4, num_bits_, &filter_quantiser));
    tfapprox_approx_conv2d op;
    tfapprox_error error;
    OP_REQUIRES_OK(
        context,
        ToStatus(tfapprox_approx_conv2d_init(&shape, &input_quantiser, &filter_quantiser, table_, &op, &error), error));

    const Axes axes = AxesOf(shape.layout);
    TensorShape output_shape({0, 0, 0, 0});
    output_shape.set_dim(axes.batch, shape.batch);
    output_shape.set_dim(axes.height, shape.out_height);
    output_shape.set_dim(axes.width, shape.out_width);
    output_shape.set_dim(axes.channels, shape.out_channels);
    Tensor* output = nullptr;
    OP_REQUIRES_OK(context, context->allocate_output(0, output_shape, &output));
    if (output->NumElements() == 0) return;
    Tensor prepared;
    OP_REQUIRES_OK(context,
                   context->allocate_temp(tensorflow::DT_UINT8, TensorShape({op.work.filter_bytes}), &prepared));
    tfapprox_approx_conv2d_prepare(&op, context->input(1).flat<float>().data(), prepared.data());
    OP_REQUIRES_OK(context, RunTiles(context, op, context->input(0).flat<float>().data(), prepared.data(),
                                     output->flat<float>().data()));
  }

 private:
  absl::Status ReadAttributes(OpKernelConstruction* context) {
    DataType dtype;
    TF_RETURN_IF_ERROR(context->GetAttr("T", &dtype));
    if (dtype != tensorflow::DT_FLOAT) {
      return absl::InvalidArgumentError("T must be float32; received " + tensorflow::DataTypeString(dtype) +
                                        ". Cast input and filter: their codes have at most 8 bits");
    }
    std::string data_format, padding;
    std::vector<int64_t> strides, dilations, pads;
    TF_RETURN_IF_ERROR(context->GetAttr("data_format", &data_format));
    TF_RETURN_IF_ERROR(context->GetAttr("padding", &padding));
    TF_RETURN_IF_ERROR(context->GetAttr("strides", &strides));
    TF_RETURN_IF_ERROR(context->GetAttr("dilations", &dilations));
    TF_RETURN_IF_ERROR(context->GetAttr("explicit_paddings", &pads));
    TF_RETURN_IF_ERROR(context->GetAttr("num_bits", &num_bits_));
    shape_.layout = data_format == "NHWC" ? TFAPPROX_LAYOUT_NHWC : TFAPPROX_LAYOUT_NCHW;
    const Axes axes = AxesOf(shape_.layout);
    TF_RETURN_IF_ERROR(Steps("strides", strides, axes, &shape_.stride_height, &shape_.stride_width));
    TF_RETURN_IF_ERROR(Steps("dilations", dilations, axes, &shape_.dilation_height, &shape_.dilation_width));
    if (padding != "EXPLICIT") {
      shape_.padding = padding == "SAME" ? TFAPPROX_PADDING_SAME : TFAPPROX_PADDING_VALID;
      if (pads.empty()) return absl::OkStatus();
      return absl::InvalidArgumentError("explicit_paddings must be empty for padding=" + padding + "; received " +
                                        Join(pads));
    }
    shape_.padding = TFAPPROX_PADDING_EXPLICIT;
    const auto of_axis = [&](int axis) { return pads[2 * axis] | pads[2 * axis + 1]; };
    if (pads.size() != 8 || of_axis(axes.batch) != 0 || of_axis(axes.channels) != 0) {
      return absl::InvalidArgumentError("explicit_paddings must be 8 integers, before and after each dimension of " +
                                        data_format + ", 0 for batch and channels; received " + Join(pads));
    }
    shape_.pad_top = pads[2 * axes.height];
    shape_.pad_bottom = pads[2 * axes.height + 1];
    shape_.pad_left = pads[2 * axes.width];
    shape_.pad_right = pads[2 * axes.width + 1];
    return absl::OkStatus();
  }

  static absl::Status Steps(const char* name, const std::vector<int64_t>& steps, const Axes& axes, int64_t* height,
                            int64_t* width) {
    if (steps.size() != 4 || steps[axes.batch] != 1 || steps[axes.channels] != 1) {
      return absl::InvalidArgumentError(std::string(name) + " must be 4 integers, 1 for batch and channels; received " +
                                        Join(steps));
    }
    *height = steps[axes.height];
    *width = steps[axes.width];
    return absl::OkStatus();
  }

  absl::Status ReadTable(OpKernelConstruction* context) {
    std::string name;
    TF_RETURN_IF_ERROR(context->GetAttr("mul_map_file", &name));
    std::vector<uint16_t> entries(size_t{1} << (2 * TFAPPROX_MAX_BITS));
    tfapprox_error error;
    TF_RETURN_IF_ERROR(ToStatus(tfapprox_table_load(name.c_str(), num_bits_, entries.data(), &error), error));
    return ToStatus(tfapprox_table_acquire(entries.data(), num_bits_, &table_, &error), error);
  }

  static absl::Status ReadShapes(OpKernelContext* context, tfapprox_conv2d* shape) {
    const Tensor &input = context->input(0), &filter = context->input(1);
    if (input.dims() != 4 || filter.dims() != 4) {
      return absl::InvalidArgumentError("input and filter must have 4 dimensions; received input " +
                                        input.shape().DebugString() + ", filter " + filter.shape().DebugString());
    }
    const Axes axes = AxesOf(shape->layout);
    shape->batch = input.dim_size(axes.batch);
    shape->in_height = input.dim_size(axes.height);
    shape->in_width = input.dim_size(axes.width);
    shape->in_channels = input.dim_size(axes.channels);
    shape->filter_height = filter.dim_size(0);
    shape->filter_width = filter.dim_size(1);
    shape->out_channels = filter.dim_size(3);
    if (filter.dim_size(2) != shape->in_channels) {
      return absl::InvalidArgumentError("filter must have the input's depth; received input " +
                                        input.shape().DebugString() + ", filter " + filter.shape().DebugString());
    }
    tfapprox_error error;
    return ToStatus(tfapprox_conv2d_resolve(shape, &error), error);
  }

  // Shares the tiles out over TensorFlow's pool, each run with a workspace of its own.
  static absl::Status RunTiles(OpKernelContext* context, const tfapprox_approx_conv2d& op, const float* input,
                               const void* prepared, float* output) {
    tensorflow::Allocator* allocator = context->device()->GetAllocator(tensorflow::AllocatorAttributes());
    std::atomic<bool> out_of_memory{false};
    const auto run = [&](int64_t begin, int64_t end) {
      void* workspace = allocator->AllocateRaw(64, op.work.workspace_bytes);
      if (workspace == nullptr) {
        out_of_memory = true;
        return;
      }
      tfapprox_approx_conv2d_run(&op, input, prepared, output, begin, end, workspace);
      allocator->DeallocateRaw(workspace);
    };
    const auto& workers = *context->device()->tensorflow_cpu_worker_threads();
    // A look-up takes about two cycles on the scalar path.
    tensorflow::Shard(workers.num_threads, workers.workers, op.work.tiles, 2 * op.work.products_per_tile, run);
    if (!out_of_memory) return absl::OkStatus();
    return absl::ResourceExhaustedError("out of memory for a workspace of " + std::to_string(op.work.workspace_bytes) +
                                        " bytes per thread");
  }

  tfapprox_conv2d shape_ = {};  // what the attributes say of it
  int32_t num_bits_ = 0;
  const tfapprox_table* table_ = nullptr;
};

#define REGISTER(TYPE)                                                                                                 \
  REGISTER_KERNEL_BUILDER(Name("ApproxConv2DWithMinMaxVars").Device(tensorflow::DEVICE_CPU).TypeConstraint<TYPE>("T"), \
                          ApproxConv2DOp)
REGISTER(float);
// Registered so that the constructor can say what to do instead.
REGISTER(Eigen::half);
REGISTER(Eigen::bfloat16);
REGISTER(double);
#undef REGISTER

}  // namespace
}  // namespace tfapprox
