// How an operation is computed on a GPU: in one round or in a round for each convolution group, and in which memory.
#ifndef TFAPPROX_COMMON_CORE_CUDA_WORKSPACE_H_
#define TFAPPROX_COMMON_CORE_CUDA_WORKSPACE_H_

#include "device_table.h"

namespace tfapprox {
namespace cuda {

// The problem whose images the passes divide: `shape`, or one of the same outputs whose images are smaller.
tfapprox_problem Divisible(tfapprox_problem shape);

// The numbers that sizes of memory and of launches come from.
struct Sizes {
  // ChannelLut computes all convolution groups in one round. The GEMM kernels compute one group in a round.
  bool by_channel;
  int64_t rounds;
  // Of one round: the input channels, the filters, and the channels that a filter reads.
  int64_t inputs, filters, filter_inputs;
  int64_t chunks;         // of a pixel
  int64_t filter_chunks;  // of a filter
  int64_t padded_filters, padded_chunks;
  int64_t in_plane, out_plane;  // pixels of an image
  int64_t tensor_plane;         // pixels of an image of the output tensor

  explicit Sizes(const tfapprox_problem& shape);
};

// The workspace of a round, in order; offsets from its begin.
struct Layout {
  int64_t quantisers, filter_sums, weights, matrices, pixel_sums, code_sums, window_sums, window_code_sums, codes;
  int64_t wide_sums, bytes;
  int64_t plane_bytes;
  bool has_weights;  // whether `weights` are needed, for look-ups
  bool is_wide;      // whether sums between passes are in wide_sums, and not in the output
};
Layout LayOut(const tfapprox_operation& operation, const Sizes& sizes, const tfapprox_cuda_table& table,
              const tfapprox_cuda_work& work);

// Divides an operation into passes; an error if one image is too large.
int32_t DivideWork(const tfapprox_operation& operation, const tfapprox_cuda_table& table, tfapprox_cuda_work* work,
                   tfapprox_error* error);

}  // namespace cuda
}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_CUDA_WORKSPACE_H_
