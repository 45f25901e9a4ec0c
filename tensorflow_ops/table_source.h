// Where the truth table of an operation comes from: an attribute that names it, or an input that holds it.
#ifndef TFAPPROX_TENSORFLOW_OPS_TABLE_SOURCE_H_
#define TFAPPROX_TENSORFLOW_OPS_TABLE_SOURCE_H_

#include <memory>
#include <mutex>

#include "core_adapter.h"

namespace tfapprox {

// A table that is opened once, when the kernel is made. Read of the derived class opens it.
class FixedTable {
 public:
  Status Find(tensorflow::OpKernelContext*, TableHandle* table) const {
    *table = table_;
    return Status();
  }

 protected:
  TableHandle table_;
};

// The table that the attributes num_bits and mul_map_file say.
class AttributeTable : public FixedTable {
 public:
  Status Read(tensorflow::OpKernelConstruction* context);
};

// The table that the input "table" holds, in host memory: uint16, or int16 if it is signed, [2^n, 2^n].
//
// The entries of the last call are kept. If the next call has equal entries, which a comparison of 128 KiB finds
// out in microseconds, its shared table is known; otherwise the core looks the table up by its content hash.
class InputTable {
 public:
  Status Read(tensorflow::OpKernelConstruction*) { return Status(); }
  Status Find(tensorflow::OpKernelContext* context, TableHandle* table);

 private:
  struct Known;

  std::mutex mutex_;  // of last_, which several threads may replace; each continues with the table that it has found
  std::shared_ptr<const Known> last_;
};

}  // namespace tfapprox

#endif  // TFAPPROX_TENSORFLOW_OPS_TABLE_SOURCE_H_
