// Registers a flag with the cancellation manager of a step.
#include "cancellation.h"

namespace tfapprox {

Cancellation::Cancellation(tensorflow::OpKernelContext* context) : manager_(context->cancellation_manager()) {
  if (manager_ == nullptr) return;
  token_ = manager_->get_cancellation_token();
  is_registered_ = manager_->RegisterCallback(token_, [this] { Set(); });
  if (!is_registered_) Set();  // the step was cancelled before
}

// Waits for a callback that is running, so that none uses this object afterwards.
Cancellation::~Cancellation() {
  if (is_registered_) manager_->DeregisterCallback(token_);
}

Status Cancellation::Check(tensorflow::OpKernelContext* context) const {
  if (__atomic_load_n(&flag_, __ATOMIC_RELAXED) == 0) return Status();
  return tensorflow::errors::Cancelled(context->op_kernel().name(), " (", context->op_kernel().type_string(),
                                       ") was cancelled while it ran");
}

void Cancellation::Set() { __atomic_store_n(&flag_, 1, __ATOMIC_RELAXED); }

}  // namespace tfapprox
