// Kernels of the operations that compute gradients from the table (9): of slopes on the CPU, of differences on GPUs, too.
#include <atomic>
#include <string>
#include <vector>

#include "cpu_device.h"
#ifdef TFAPPROX_GPU
#include "gpu_device.h"
#endif
#include "operand_ranges.h"
#include "table_source.h"
#include "tensorflow/core/util/work_sharder.h"

namespace tfapprox {
namespace {

using tensorflow::OpKernelConstruction;
using tensorflow::OpKernelContext;
using tensorflow::Tensor;
using tensorflow::TensorShape;

constexpr int64_t kCyclesPerSlope = 4;

// ApproxTableSlopes (9.6).
class TableSlopes : public tensorflow::OpKernel {
 public:
  explicit TableSlopes(OpKernelConstruction* context) : OpKernel(context) {
    std::string operand;
    OP_REQUIRES_OK(context, context->GetAttr("half_window", &half_window_));
    OP_REQUIRES_OK(context, context->GetAttr("operand", &operand));
    OP_REQUIRES_OK(context, context->GetAttr("inner", &inner_));
    OP_REQUIRES(context, inner_ > 0, tensorflow::errors::InvalidArgument("inner must be positive; received ", inner_));
    is_weight_ = operand == "weight";
  }

  void Compute(OpKernelContext* context) override {
    TableHandle table;
    OP_REQUIRES_OK(context, table_.Find(context, &table));
    const Tensor &tensor = context->input(0), &min = context->input(1), &max = context->input(2);
    const int64_t ranges = min.NumElements();
    OP_REQUIRES(
        context, min.dims() <= 1 && min.shape() == max.shape() && ranges > 0,
        tensorflow::errors::InvalidArgument("min and max must be scalars, or vectors of the same size; received "
                                            "shapes ",
                                            min.shape().DebugString(), " and ", max.shape().DebugString()));
    std::vector<tfapprox_quantiser> quantisers(ranges);
    for (int64_t i = 0; i < ranges; ++i) {
      OP_REQUIRES_OK(context, ReadQuantiser(is_weight_ ? "filter" : "input", min.flat<float>()(i), max.flat<float>()(i),
                                            table.get(), &quantisers[i]));
    }
    double activation[256], weight[256];
    tfapprox_error error;
    OP_REQUIRES_OK(context,
                   ToStatus(tfapprox_table_slopes(table.get(), half_window_, activation, weight, &error), error));
    const double* slopes = is_weight_ ? activation : weight;
    Tensor *output = nullptr, *padding = nullptr;
    OP_REQUIRES_OK(context, context->allocate_output(0, tensor.shape(), &output));
    OP_REQUIRES_OK(context, context->allocate_output(1, TensorShape({}), &padding));
    const float nothing = 0.0f;
    OP_REQUIRES_OK(context, Write(quantisers, slopes, &nothing, 0, 1, &padding->scalar<float>()()));
    const auto* from = static_cast<const float*>(Elements(tensor));
    auto* to = static_cast<float*>(Elements(*output));
    const auto& workers = *context->device()->tensorflow_cpu_worker_threads();
    std::atomic<bool> has_failed{false};
    tensorflow::Shard(workers.num_threads, workers.workers, tensor.NumElements(), kCyclesPerSlope,
                      [&](int64_t begin, int64_t end) {
                        if (!Write(quantisers, slopes, from, begin, end, to).ok()) has_failed = true;
                      });
    OP_REQUIRES(context, !has_failed, tensorflow::errors::Internal("no CPU path"));
  }

 private:
  Status Write(const std::vector<tfapprox_quantiser>& quantisers, const double* slopes, const float* x, int64_t begin,
               int64_t end, float* outputs) const {
    tfapprox_error error;
    return ToStatus(tfapprox_slope_values(quantisers.data(), static_cast<int64_t>(quantisers.size()), inner_, slopes, x,
                                          begin, end, outputs, &error),
                    error);
  }

  InputTable table_;
  int32_t half_window_;
  int64_t inner_;
  bool is_weight_;
};

// ApproxConv2DTableGradients (9.8). Device is CpuDevice or GpuDevice.
template <typename Device>
class TableGradients : public tensorflow::OpKernel {
 public:
  explicit TableGradients(OpKernelConstruction* context) : OpKernel(context) {
    OP_REQUIRES_OK(context, context->GetAttr("half_window", &half_window_));
    OP_REQUIRES_OK(context, context->GetAttr("strides", &strides_));
    OP_REQUIRES_OK(context, context->GetAttr("dilations", &dilations_));
    OP_REQUIRES_OK(context, context->GetAttr("is_transposed", &is_transposed_));
    OP_REQUIRES(context, strides_.size() == 2 && dilations_.size() == 2,
                tensorflow::errors::InvalidArgument("strides and dilations must have 2 elements; received ",
                                                    Join(strides_), " and ", Join(dilations_)));
  }

  void Compute(OpKernelContext* context) override {
    TableHandle table;
    OP_REQUIRES_OK(context, table_.Find(context, &table));
    tfapprox_table_gradient gradient = {};
    gradient.operation.table = table.get();
    gradient.is_transposed = is_transposed_;
    gradient.half_window = half_window_;
    Tensors tensors;
    OP_REQUIRES_OK(context, ReadProblem(context, &gradient.operation.problem));
    OP_REQUIRES_OK(context, ReadRange(context, 2, "input", table.get(), &gradient.operation.activation));
    const int64_t filters = context->input(6).dim_size(3);
    OP_REQUIRES_OK(context, ReadRanges(context, 4, "filter", "filters", filters, filters, table.get(),
                                       &gradient.operation.weight, &tensors));
    Tensor *dx = nullptr, *dw = nullptr;
    OP_REQUIRES_OK(context, context->allocate_output(0, context->input(0).shape(), &dx));
    OP_REQUIRES_OK(context, context->allocate_output(1, context->input(1).shape(), &dw));
    if (context->input(6).NumElements() == 0 || dw->NumElements() == 0) {
      for (Tensor* empty : {dx, dw}) {
        OP_REQUIRES_OK(context, device_.Clear(context, Elements(*empty), static_cast<int64_t>(empty->TotalBytes())));
      }
      return;
    }
    const auto elements = [](const Tensor& tensor) { return static_cast<float*>(Elements(tensor)); };
    OP_REQUIRES_OK(context, device_.RunGradient(context, gradient,
                                                {elements(context->input(0)), elements(context->input(1)),
                                                 elements(context->input(6)), elements(*dx), elements(*dw)}));
  }

 private:
  // Reads sizes and padding into the problem of the convolution, or of that whose input is the output.
  Status ReadProblem(OpKernelContext* context, tfapprox_problem* problem) const {
    const TensorShape &input = context->input(0).shape(), &filter = context->input(1).shape();
    const TensorShape &upstream = context->input(6).shape(), &pads = context->input(7).shape();
    const std::string received = "; received input " + input.DebugString() + ", filter " + filter.DebugString() +
                                 ", gradient " + upstream.DebugString();
    if (input.dims() != 4 || upstream.dims() != 4 || filter.dims() != 4) {
      return tensorflow::errors::InvalidArgument("input, filter and gradient must have 4 dimensions" + received);
    }
    if (pads.dims() != 1 || pads.num_elements() != 4) {
      return tensorflow::errors::InvalidArgument("pads must have 4 elements; received shape ", pads.DebugString());
    }
    const auto sides = context->input(7).flat<int32_t>();
    *problem = {};
    problem->layout = TFAPPROX_LAYOUT_NHWC;
    problem->padding = TFAPPROX_PADDING_EXPLICIT;
    problem->stride_height = strides_[0];
    problem->stride_width = strides_[1];
    problem->dilation_height = dilations_[0];
    problem->dilation_width = dilations_[1];
    problem->pad_top = sides(0);
    problem->pad_bottom = sides(1);
    problem->pad_left = sides(2);
    problem->pad_right = sides(3);
    const TensorShape &in = is_transposed_ ? upstream : input, &out = is_transposed_ ? input : upstream;
    TF_RETURN_IF_ERROR(ReadShapes(in, filter, 1, 2, 3, is_transposed_ ? Groups::kOne : Groups::kAny, problem));
    if (out.dim_size(0) != problem->batch || out.dim_size(1) != problem->out_height ||
        out.dim_size(2) != problem->out_width || out.dim_size(3) != problem->out_channels) {
      return tensorflow::errors::InvalidArgument("gradient must have the shape of the convolution's output" + received);
    }
    return Status();
  }

  InputTable table_;
  int32_t half_window_;
  std::vector<int64_t> strides_, dilations_;
  bool is_transposed_;
  Device device_;
};

REGISTER_KERNEL_BUILDER(Name("ApproxTableSlopes").Device(tensorflow::DEVICE_CPU), TableSlopes);
REGISTER_KERNEL_BUILDER(Name("ApproxConv2DTableGradients").Device(tensorflow::DEVICE_CPU), TableGradients<CpuDevice>);
#ifdef TFAPPROX_GPU
REGISTER_KERNEL_BUILDER(Name("ApproxConv2DTableGradients")
                            .Device(tensorflow::DEVICE_GPU)
                            .HostMemory("input_min")
                            .HostMemory("input_max")
                            .HostMemory("filter_min")
                            .HostMemory("filter_max")
                            .HostMemory("pads")
                            .HostMemory("table"),
                        TableGradients<GpuDevice>);
#endif

}  // namespace
}  // namespace tfapprox
