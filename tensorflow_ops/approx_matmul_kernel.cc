// Kernels of ApproxMatMulWithMinMaxVars and ApproxMatMulWithTable (3.8).
#include <algorithm>
#include <string>
#include <vector>

#include "operand_ranges.h"
#include "register_kernels.h"

namespace tfapprox {
namespace {

std::vector<int64_t> SizesOf(const tensorflow::Tensor& tensor) {
  std::vector<int64_t> sizes;
  for (int i = 0; i < tensor.dims(); ++i) sizes.push_back(tensor.dim_size(i));
  return sizes;
}

class ApproxMatMul {
 public:
  Status Read(tensorflow::OpKernelConstruction* context) { return CheckType(context, "a and b"); }

  Status Fill(tensorflow::OpKernelContext* context, tfapprox_operation* operation, Tensors* tensors) const {
    const std::vector<int64_t> a = SizesOf(context->input(0)), b = SizesOf(context->input(1));
    const auto a_rank = static_cast<int32_t>(a.size()), b_rank = static_cast<int32_t>(b.size());
    std::vector<int64_t> output_sizes(std::max(a_rank, b_rank));
    int64_t items;
    tfapprox_error error;
    TF_RETURN_IF_ERROR(ToStatus(
        tfapprox_matmul_fill(a.data(), a_rank, b.data(), b_rank, operation, output_sizes.data(), &items, &error),
        error));
    tensors->activation_items.resize(items);
    tensors->weight_items.resize(items);
    tfapprox_matmul_set_items(a.data(), a_rank, b.data(), b_rank, items, tensors->activation_items.data(),
                              tensors->weight_items.data(), operation);
    TF_RETURN_IF_ERROR(ReadRange(context, 2, "a", operation->table, &operation->activation));
    TF_RETURN_IF_ERROR(
        ReadRanges(context, 4, "b", "columns", b.back(), b.back(), operation->table, &operation->weight, tensors));
    operation->output = TFAPPROX_OUTPUT_REAL;
    tensorflow::Tensor* output = nullptr;
    TF_RETURN_IF_ERROR(context->allocate_output(0, tensorflow::TensorShape(output_sizes), &output));
    tensors->activations = Elements(context->input(0));
    tensors->weights = Elements(context->input(1));
    tensors->output = Elements(*output);
    return Status();
  }
};

TFAPPROX_REGISTER_KERNELS("ApproxMatMulWithMinMaxVars", "ApproxMatMulWithTable", ApproxMatMul,
                          .HostMemory("a_min").HostMemory("a_max").HostMemory("b_min").HostMemory("b_max"))

}  // namespace
}  // namespace tfapprox
