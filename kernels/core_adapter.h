// What TensorFlow's kernels share: the core's statuses, tables and tiles in TensorFlow's terms.
//
// Compiled for TensorFlow 1.14 and for 2.x, whose Status is another type; so Status here is what errors::* return.
#ifndef TFAPPROX_KERNELS_CORE_ADAPTER_H_
#define TFAPPROX_KERNELS_CORE_ADAPTER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tensorflow/core/framework/op_kernel.h"
#include "tensorflow/core/lib/core/errors.h"
#include "tfapprox.h"

namespace tfapprox {

using Status = decltype(tensorflow::errors::Internal(""));

struct ReleaseTable {
  void operator()(const tfapprox_table* table) const { tfapprox_table_release(table); }
};
using TableHandle = std::unique_ptr<const tfapprox_table, ReleaseTable>;

// The core's status and message.
Status ToStatus(int32_t status, const tfapprox_error& error);

// Which tables an operation takes: any, or unsigned ones, as they are or tuned by (5.6).
enum class Tables { kAny, kUnsigned, kTuned };

// The table that the attribute `argument` names, shared with all who have the same.
Status LoadTable(const char* argument, const std::string& name_or_path, int32_t num_bits, Tables tables,
                 TableHandle* table);

// "[1, 2, 3]"
std::string Join(const std::vector<int64_t>& values);

// Strides or dilations: 4 integers, 1 for batch and channels, which lie at the two axes given.
Status CheckSteps(const char* name, const std::vector<int64_t>& steps, int batch_axis, int channel_axis);

// The sizes of input and filter, resolved, where `shape` has the attributes and the axes are those of the input.
Status ReadShapes(const tensorflow::TensorShape& input, const tensorflow::TensorShape& filter, int height_axis,
                  int width_axis, int channel_axis, tfapprox_conv2d* shape);

// Shares the filters out over TensorFlow's pool: prepare(begin, end).
void PrepareFilters(tensorflow::OpKernelContext* context, const tfapprox_conv2d_work& work,
                    const std::function<void(int64_t, int64_t)>& prepare);

// Shares the tiles out likewise; each run(begin, end, workspace) has a workspace of its own.
Status RunTiles(tensorflow::OpKernelContext* context, const tfapprox_conv2d_work& work,
                const std::function<void(int64_t, int64_t, void*)>& run);

}  // namespace tfapprox

#endif  // TFAPPROX_KERNELS_CORE_ADAPTER_H_
