// Registration of an operation in two forms: its truth table is named by attributes, or is an input of the call.
#ifndef TFAPPROX_TENSORFLOW_OPS_TABLE_DEFINITION_H_
#define TFAPPROX_TENSORFLOW_OPS_TABLE_DEFINITION_H_

#include <string>

#include "tensorflow/core/framework/op.h"
#include "tensorflow/core/framework/shape_inference.h"

namespace tfapprox {

enum class TableIn { kAttributes, kInput };

using OpDefinition = tensorflow::register_op::OpDefBuilderWrapper;
using ShapeFunction = absl::Status (*)(tensorflow::shape_inference::InferenceContext*);

// Begins a definition: the name of the form, the operands under their names, the ends of their ranges, output, and T.
OpDefinition Begin(TableIn table, const char* name, const char* name_with_table, const std::string& activation,
                   const std::string& weight);

// Ends a definition: the table, which for kInput is the last input; the shape function, which for kInput also checks the
// shape of the table; and the documentation. `doc` may describe arguments at its end.
void End(TableIn table, ShapeFunction shape, const char* doc, OpDefinition* definition);

}  // namespace tfapprox

// Registers both forms of an operation. DEFINE is a function from TableIn to OpDefinition, whose name is unique in the
// plugin, because several sources are compiled as one.
#define TFAPPROX_REGISTER_OP_IN_BOTH_FORMS(DEFINE)                               \
  [[maybe_unused]] const ::tensorflow::InitOnStartupMarker DEFINE##Markers[] = { \
      DEFINE(::tfapprox::TableIn::kAttributes)(), DEFINE(::tfapprox::TableIn::kInput)()};

#endif  // TFAPPROX_TENSORFLOW_OPS_TABLE_DEFINITION_H_
