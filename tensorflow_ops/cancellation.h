// The cancellation of a step of TensorFlow, as an operation of the core watches it.
#ifndef TFAPPROX_TENSORFLOW_OPS_CANCELLATION_H_
#define TFAPPROX_TENSORFLOW_OPS_CANCELLATION_H_

#include <cstdint>

#include "core_adapter.h"
#include "tensorflow/core/framework/cancellation.h"
#include "tensorflow/core/framework/op_kernel.h"

namespace tfapprox {

// Sets a flag when the step of a context is cancelled: by a time limit, by another operation that fails, or by the
// caller. The flag lives as long as this object.
class Cancellation {
 public:
  explicit Cancellation(tensorflow::OpKernelContext* context);
  ~Cancellation();
  Cancellation(const Cancellation&) = delete;
  Cancellation& operator=(const Cancellation&) = delete;

  // The flag as tfapprox_operation takes it: 1 if the step is cancelled, else 0.
  const int32_t* flag() const { return &flag_; }

  // The error of a kernel whose step is cancelled, else OK.
  Status Check(tensorflow::OpKernelContext* context) const;

 private:
  void Set();

  tensorflow::CancellationManager* const manager_;  // null if the step cannot be cancelled
  tensorflow::CancellationToken token_ = 0;
  bool is_registered_ = false;
  int32_t flag_ = 0;
};

}  // namespace tfapprox

#endif  // TFAPPROX_TENSORFLOW_OPS_CANCELLATION_H_
