// A table and its plan as the kernels read them, in the memory of one device.
#ifndef TFAPPROX_COMMON_CORE_CUDA_DEVICE_TABLE_H_
#define TFAPPROX_COMMON_CORE_CUDA_DEVICE_TABLE_H_

#include <vector>

#include "kernels.h"
#include "tfapprox_cuda.h"

struct tfapprox_cuda_table {
  const char* plan;
  int device;  // number of the GPU
  int32_t multiprocessors;
  int64_t max_chunks;     // of the taps whose sums fit 32 bits, a multiple of kPaddedChunks
  int64_t signed_chunks;  // of the taps whose sums, terms and residual together, fit int32_t

  // The input's planes: [planes][256] from codes to bytes; `maps` is null if the one plane has the codes.
  std::vector<uint8_t> host_maps;
  int32_t planes;

  // A term per feature, in the order in which the kernel takes them.
  int32_t terms, groups, final_shift;

  // The residual: columns [256 weights][1 << log_rows] of 1 or 2 bytes, or none.
  int32_t entry_bytes, log_rows;

  // On the device.
  int32_t *activation, *weight;
  uint8_t* maps;
  int8_t* coefficients;
  tfapprox::cuda::Term* term_masks;
  tfapprox::cuda::TermGroup* term_groups;
  void* columns;
  uint16_t* table_columns;  // [256 weights][256] of the whole table (table.h), whatever the plan, for ChannelLut
  int32_t* table_weight;    // [256] what is added to each entry of a column to give the product
};

#endif  // TFAPPROX_COMMON_CORE_CUDA_DEVICE_TABLE_H_
