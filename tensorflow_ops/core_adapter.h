// The core's statuses, tables and problems in TensorFlow's terms, for the kernels of all operations.
//
// The files are compiled for TensorFlow 1.14 and for 2.x, whose Status is another type. Status here is the type that
// errors::* return.
#ifndef TFAPPROX_TENSORFLOW_OPS_CORE_ADAPTER_H_
#define TFAPPROX_TENSORFLOW_OPS_CORE_ADAPTER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tensorflow/core/framework/op_kernel.h"
#include "tensorflow/core/framework/tensor.h"
#include "tensorflow/core/lib/core/errors.h"
#include "tfapprox.h"

namespace tfapprox {

using Status = decltype(tensorflow::errors::Internal(""));

// A user of a table of the core, which stays in memory as long as there is one.
using TableHandle = std::shared_ptr<const tfapprox_table>;

// TensorFlow's status for a status and message of the core.
Status ToStatus(int32_t status, const tfapprox_error& error);

// The table that the attribute `argument` names, shared by all kernels that have the same table. `tables` is one of
// TFAPPROX_TABLES_ANY, _UNSIGNED and _TUNED.
Status OpenTable(const char* argument, const std::string& name_or_path, int32_t num_bits, int32_t tables,
                 TableHandle* table);

// Such as "[1, 2, 3]".
std::string Join(const std::vector<int64_t>& values);

// Checks strides or dilations: 4 integers, 1 for batch and channels, which lie at the two axes given.
Status CheckSteps(const char* name, const std::vector<int64_t>& steps, int batch_axis, int channel_axis);

// Whether an operation takes a filter of fewer channels than the input (3.6).
enum class Groups { kOne, kAny };

// Adds the sizes of the two tensors to `problem`, which has the attributes, and resolves it. The axes are those of the
// input. The number of groups is what the channels of input and filter say.
Status ReadShapes(const tensorflow::TensorShape& input, const tensorflow::TensorShape& filter, int height_axis,
                  int width_axis, int channel_axis, Groups groups, tfapprox_problem* problem);

// The tensors of one call. The core sees their bytes; tfapprox_operation says what they are.
struct Tensors {
  const void* activations;
  const void* weights;
  void* output;
  std::vector<tfapprox_quantiser> filter_quantisers;    // one for each filter, if filters have ranges of their own
  std::vector<int64_t> activation_items, weight_items;  // of tfapprox_operation, if it has items
  // Problems and filter steps of the parts of a transposed convolution (3.9), each of which is an operation; empty for
  // any other operation.
  std::vector<tfapprox_operation> parts;
};

// The tensors of one call for gradients from the table (9.8).
struct GradientTensors {
  const float *activations, *weights, *upstream;
  float *activation_gradient, *weight_gradient;
};

// The pointer to the elements of a tensor of any type.
inline void* Elements(const tensorflow::Tensor& tensor) { return const_cast<char*>(tensor.tensor_data().data()); }

}  // namespace tfapprox

#endif  // TFAPPROX_TENSORFLOW_OPS_CORE_ADAPTER_H_
