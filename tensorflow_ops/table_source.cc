// Finds the shared truth table of a call.
#include "table_source.h"

#include <cstring>
#include <string>
#include <vector>

namespace tfapprox {
namespace {

// The width of the operands of a table of this type and shape, or 0 if it is none.
int32_t NumBits(const tensorflow::Tensor& table) {
  if (table.dims() != 2 || table.dim_size(0) != table.dim_size(1)) return 0;
  const int32_t least = table.dtype() == tensorflow::DT_INT16 ? TFAPPROX_MAX_BITS : TFAPPROX_MIN_BITS;
  for (int32_t bits = least; bits <= TFAPPROX_MAX_BITS; ++bits) {
    if (table.dim_size(0) == int64_t{1} << bits) return bits;
  }
  return 0;
}

}  // namespace

Status AttributeTable::Read(tensorflow::OpKernelConstruction* context) {
  std::string multiplier;
  int32_t num_bits;
  TF_RETURN_IF_ERROR(context->GetAttr("num_bits", &num_bits));
  TF_RETURN_IF_ERROR(context->GetAttr("mul_map_file", &multiplier));
  return OpenTable("mul_map_file", multiplier, num_bits, TFAPPROX_TABLES_ANY, &table_);
}

struct InputTable::Known {
  std::vector<uint16_t> entries;
  bool is_signed;
  TableHandle table;
};

Status InputTable::Find(tensorflow::OpKernelContext* context, TableHandle* table) {
  const tensorflow::Tensor* tensor;
  TF_RETURN_IF_ERROR(context->input("table", &tensor));
  const int32_t num_bits = NumBits(*tensor);
  if (num_bits == 0) {
    return tensorflow::errors::InvalidArgument(
        "table must be uint16 [2^n, 2^n] with n from 2 to 8, or int16 [256, 256]; received ",
        tensorflow::DataTypeString(tensor->dtype()), " ", tensor->shape().DebugString());
  }
  const auto* entries = static_cast<const uint16_t*>(Elements(*tensor));
  const size_t count = tensor->NumElements();
  const bool is_signed = tensor->dtype() == tensorflow::DT_INT16;
  std::shared_ptr<const Known> known;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    known = last_;
  }
  if (known == nullptr || known->is_signed != is_signed || known->entries.size() != count ||
      std::memcmp(known->entries.data(), entries, count * sizeof(uint16_t)) != 0) {
    // The copy is hashed, not the tensor: another thread may write to a variable while this call reads it.
    std::vector<uint16_t> copy(entries, entries + count);
    const tfapprox_table* shared = nullptr;
    tfapprox_error error;
    TF_RETURN_IF_ERROR(ToStatus(tfapprox_table_acquire(copy.data(), num_bits, is_signed, &shared, &error), error));
    TableHandle handle(shared, tfapprox_table_release);
    known = std::make_shared<const Known>(Known{std::move(copy), is_signed, std::move(handle)});
    const std::lock_guard<std::mutex> lock(mutex_);
    last_ = known;
  }
  *table = known->table;
  return Status();
}

}  // namespace tfapprox
