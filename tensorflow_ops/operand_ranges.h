// The operands of an operation on real numbers: their type, and their quantisation ranges, which are inputs.
#ifndef TFAPPROX_TENSORFLOW_OPS_OPERAND_RANGES_H_
#define TFAPPROX_TENSORFLOW_OPS_OPERAND_RANGES_H_

#include <string>

#include "core_adapter.h"

namespace tfapprox {

// Checks the attribute T. `operands` is how a message calls both tensors.
inline Status CheckType(tensorflow::OpKernelConstruction* context, const char* operands) {
  tensorflow::DataType dtype;
  TF_RETURN_IF_ERROR(context->GetAttr("T", &dtype));
  if (dtype == tensorflow::DT_FLOAT) return Status();
  return tensorflow::errors::InvalidArgument("T must be float32; received " + tensorflow::DataTypeString(dtype) +
                                             ". Cast " + operands + ": their codes have at most 8 bits");
}

inline Status ReadQuantiser(const char* name, float min, float max, const tfapprox_table* table,
                            tfapprox_quantiser* quantiser) {
  tfapprox_error error;
  return ToStatus(tfapprox_quantiser_init(name, min, max, table, quantiser, &error), error);
}

// Reads the range of the activations, two scalars: inputs `index` and `index` + 1, which are called NAME_min and
// NAME_max.
inline Status ReadRange(tensorflow::OpKernelContext* context, int index, const char* name, const tfapprox_table* table,
                        tfapprox_operand* operand) {
  float ends[2];
  for (int i = 0; i < 2; ++i) {
    const tensorflow::Tensor& tensor = context->input(index + i);
    if (tensor.dims() != 0) {
      return tensorflow::errors::InvalidArgument(std::string(name) + (i == 0 ? "_min" : "_max") +
                                                 " must be a scalar; received shape " + tensor.shape().DebugString());
    }
    ends[i] = tensor.scalar<float>()();
  }
  operand->elements = TFAPPROX_REALS;
  return ReadQuantiser(name, ends[0], ends[1], table, &operand->quantiser);
}

// Reads one range of the weights, or a range for each of the `count` filters, which a message calls `filters`. Instead
// of `count` ranges there may be `period`, a divisor of it: filter f then has range f modulo `period`.
inline Status ReadRanges(tensorflow::OpKernelContext* context, int index, const std::string& name, const char* filters,
                         int64_t count, int64_t period, const tfapprox_table* table, tfapprox_operand* operand,
                         Tensors* tensors) {
  const tensorflow::Tensor &min = context->input(index), &max = context->input(index + 1);
  const int64_t ranges = min.NumElements();
  const bool is_scalar = min.dims() == 0 && max.dims() == 0;
  const bool is_vector = min.dims() == 1 && max.dims() == 1 && max.NumElements() == ranges &&
                         (ranges == count || (ranges == period && count > 0));
  if (!is_scalar && !is_vector) {
    const std::string period_rule = period == count ? "" : " or of the " + std::to_string(period) + " of a channel";
    return tensorflow::errors::InvalidArgument(
        name + "_min and " + name + "_max must be scalars, or vectors with one element for each of the " +
        std::to_string(count) + " " + filters + period_rule + "; received shapes " + min.shape().DebugString() +
        " and " + max.shape().DebugString());
  }
  operand->elements = TFAPPROX_REALS;
  const auto mins = min.flat<float>(), maxs = max.flat<float>();
  // Without filters there may be no range, and the one of 0 only is as good as any other.
  const bool is_empty = ranges == 0;
  TF_RETURN_IF_ERROR(
      ReadQuantiser(name.c_str(), is_empty ? 0.0f : mins(0), is_empty ? 0.0f : maxs(0), table, &operand->quantiser));
  if (is_scalar) return Status();
  tensors->filter_quantisers.resize(count);
  for (int64_t f = 0; f < count; ++f) {
    TF_RETURN_IF_ERROR(
        ReadQuantiser(name.c_str(), mins(f % ranges), maxs(f % ranges), table, &tensors->filter_quantisers[f]));
  }
  operand->per_filter = tensors->filter_quantisers.data();
  return Status();
}

}  // namespace tfapprox

#endif  // TFAPPROX_TENSORFLOW_OPS_OPERAND_RANGES_H_
