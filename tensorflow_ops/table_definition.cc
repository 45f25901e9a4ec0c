// What the definitions of operations in two forms have in common.
#include "table_definition.h"

#include "tensorflow/core/framework/op_kernel.h"
#include "tfapprox.h"

namespace tfapprox {
namespace {

using tensorflow::shape_inference::DimensionHandle;
using tensorflow::shape_inference::InferenceContext;
using tensorflow::shape_inference::ShapeHandle;

constexpr char kGradientDoc[] =
    R"doc(gradient: where the gradients of the operands come from: the exact product, slopes of
  the table, or its smoothed differences (docs/arithmetic.md, section 9). The kernel of the operation ignores it.
half_window: codes on each side of the middle of a smoothing window; -1 if gradient is straight_through.
)doc";

// Checks the shape of the last input as far as it is known: that of a table.
absl::Status CheckTableShape(InferenceContext* context) {
  ShapeHandle table;
  DimensionHandle codes;
  TF_RETURN_IF_ERROR(context->WithRank(context->input(context->num_inputs() - 1), 2, &table));
  TF_RETURN_IF_ERROR(context->Merge(context->Dim(table, 0), context->Dim(table, 1), &codes));
  if (!context->ValueKnown(codes)) return absl::OkStatus();
  tensorflow::DataType dtype;
  TF_RETURN_IF_ERROR(context->GetAttr("Ttable", &dtype));
  const int64_t received = context->Value(codes);
  for (int bits = dtype == tensorflow::DT_INT16 ? TFAPPROX_MAX_BITS : TFAPPROX_MIN_BITS; bits <= TFAPPROX_MAX_BITS;
       ++bits) {
    if (received == int64_t{1} << bits) return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      "table must be uint16 [2^n, 2^n] with n from 2 to 8, or int16 [256, 256]; received " +
      tensorflow::DataTypeString(dtype) + " [" + std::to_string(received) + ", " + std::to_string(received) + "]");
}

}  // namespace

OpDefinition Begin(TableIn table, const char* name, const char* name_with_table, const std::string& activation,
                   const std::string& weight) {
  OpDefinition definition(table == TableIn::kInput ? name_with_table : name);
  definition.Input(activation + ": T")
      .Input(weight + ": T")
      .Input(activation + "_min: float")
      .Input(activation + "_max: float")
      .Input(weight + "_min: float")
      .Input(weight + "_max: float")
      .Output("output: T")
      .Attr("T: {half, bfloat16, float, double}");
  return definition;
}

void End(TableIn table, ShapeFunction shape, const char* doc, OpDefinition* definition) {
  std::string text = doc;
  if (table == TableIn::kAttributes) {
    definition->SetShapeFn(shape).Doc(text +
                                      "mul_map_file: name or path of the truth table; empty for the exact product.\n");
    return;
  }
  definition->Input("table: Ttable")
      .Attr("Ttable: {uint16, int16}")
      .Attr("gradient: {'straight_through', 'table_1d', 'table_2d'} = 'straight_through'")
      .Attr("half_window: int = -1")
      .SetShapeFn([shape](InferenceContext* context) -> absl::Status {
        TF_RETURN_IF_ERROR(CheckTableShape(context));
        return shape(context);
      })
      .Doc(text + "table: the truth table, activation code first, [2^n, 2^n] for codes of n bits; int16 if signed.\n" +
           kGradientDoc);
}

}  // namespace tfapprox
