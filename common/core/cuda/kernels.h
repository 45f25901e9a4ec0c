// The arguments of the CUDA kernels, and the functions that launch them on a stream.
//
//   input  ---QuantiseInput---> codes [planes][input_pixels + 1][chunks][16], pixel_sums
//                                                  pixel_sums ---SumWindows---> window_sums
//   filter ---PrepareFilter---> matrices [terms][padded_filters][padded_chunks][16]     for TermGemm
//                               weights [groups of 16 filters][taps][16]                for LutGemm
//                               filter_sums
//   TermGemm, LutGemm: codes x matrices, codes x weights, + window_sums + filter_sums ---> output
//   FinishOutputs:     sums of the GEMM kernels, where filters have ranges of their own ---> output
//   ChannelLut:        codes, weights ---> output, instead of the GEMM kernels, for small convolution groups
//
// passes.cc launches PrepareFilter once per call or convolution group, QuantiseInput and SumWindows once per pass over
// some images, and the GEMM kernels once per pass over some taps. Each function returns the status of its launch. Each
// structure begins with the geometry of the pass, of which PrepareFilter uses the sizes of the filter only; its arrays
// lie in the device's memory.
#ifndef TFAPPROX_COMMON_CORE_CUDA_KERNELS_H_
#define TFAPPROX_COMMON_CORE_CUDA_KERNELS_H_

#include <cuda_runtime.h>

#include <cstdint>

#include "geometry.h"
#include "tfapprox.h"

namespace tfapprox {
namespace cuda {

// How the matrix product makes the feature of a term from a byte of a plane. A mask of 0 takes the byte as it is. With
// any other mask, the feature is 1 if the byte has all bits of the mask, else 0: a product of bits of the activation
// code.
struct Term {
  uint32_t mask;  // the mask in each of the four bytes
};

// Terms that read the same plane of bytes and have the same shift.
struct TermGroup {
  // `plane` is the number of the plane, `first` the number of the first term and `count` the number of terms. The sums
  // so far are shifted to the left by `shift_before` bits before the first term is added.
  int32_t plane, first, count, shift_before;
};

// QuantiseInput writes the planes of bytes of an input, and adds to the sum of each input pixel. A plane has the codes,
// or for each code a byte of a map: a feature that is no product of bits, or a class.
struct QuantiseArguments {
  Geometry geometry;
  tfapprox_quantiser quantiser;  // turns real numbers into codes; not used if the input consists of codes
  const void* input;             // the elements of the pass, float or uint8_t
  uint8_t padding;               // the code of a tap outside of the input
  int64_t zero;                  // the zero point of the weights
  const int32_t* activation;     // [256] of the plan (plan.h)
  const uint8_t* maps;           // [planes][256] the byte of each code; null if there is one plane, of the codes
  int32_t planes;                // the number of planes
  int64_t plane_bytes;           // bytes from one plane to the next
  uint8_t* codes;                // [planes][input_pixels + 1][chunks][16]
  // [input_pixels + 1] sums over the channels of activation[a] - zero * a (3.3), with NaN mark (3.5); must be 0 before.
  int64_t* pixel_sums;
  // Null, or [input_pixels + 1] sums over the channels of the codes a, with a NaN mark of 0; must be 0 before. Filters
  // with ranges of their own need them, and have `zero` 0.
  int64_t* code_sums;
};
template <typename T>
cudaError_t QuantiseInput(const QuantiseArguments& arguments, cudaStream_t stream);

// Writes window_sums[output_pixels], the sums of pixel_sums over the window of each output pixel, with NaN marks.
cudaError_t SumWindows(const Geometry& geometry, const int64_t* pixel_sums, int64_t* window_sums, cudaStream_t stream);

// PrepareFilter writes the weights in the forms that the two GEMM kernels read, and adds to the sum of each filter.
struct PrepareArguments {
  Geometry geometry;
  tfapprox_quantiser quantiser;          // turns real numbers into codes; not used if the filter consists of codes
  const tfapprox_quantiser* per_filter;  // null, or [out_channels] quantisers that take the place of `quantiser`
  const void* filter;                    // the first element of the first row, float or uint8_t
  tfapprox_filter_steps steps;           // where its elements lie; `first` is not used
  int64_t zero;                          // the zero point of the activations
  const int32_t* weight;                 // [256] of the plan (plan.h)
  int64_t* filter_sums;                  // [out_channels] sums of weight[w] - zero * w, with NaN mark; must be 0 before
  uint8_t* weights;                      // [groups of 16 filters][taps][16] codes for look-ups, or null
  const int8_t* coefficients;            // [terms][256] the coefficients of each term of the plan
  int32_t terms;                         // the number of terms
  int32_t padded_filters;                // the filters of `matrices`, a multiple of kPaddedFilters
  int32_t padded_chunks;                 // the chunks of each filter in `matrices`, a multiple of kPaddedChunks
  uint8_t* matrices;  // [terms][padded_filters][padded_chunks][16] coefficients, 0 where there is no tap
};

// Matrices have whole tiles of term_gemm.cu: at most 128 filters and 4 chunks, which are 64 taps.
constexpr int32_t kPaddedFilters = 128, kPaddedChunks = 4;
template <typename T>
cudaError_t PrepareFilter(const PrepareArguments& arguments, cudaStream_t stream);

// What the GEMM kernels need to finish a sum of products (epilogue.cuh). A sum with a NaN mark is (sum << 1) | mark,
// where the mark is 1 if an element of the sum was NaN.
struct Epilogue {
  const int64_t* window_sums;  // [output_pixels] the part of an output that depends on the activations only, with mark
  const int64_t* filter_sums;  // [out_channels] the part of an output that depends on the weights only, with mark
  int64_t constant;            // taps * zero point of the activations * zero point of the weights (3.3)
  double scale;                // the product of both scales (3.4); 0 for AxConv2D
  int32_t is_integer;          // 1 if outputs are int32 (5.2), 0 if they are float32
  int32_t* output;             // the bits of the outputs; between passes the sums so far, if they fit 32 bits
  int64_t* wide_sums;          // [outputs] the sums so far between passes, if they need 64 bits; else null
  int32_t first, last;         // 1 if this kernel is the first one, or the last one, that adds to the outputs
};

// TermGemm adds the terms of the plan, over filter chunks [begin, end), to the outputs.
struct TermGemmArguments {
  Geometry geometry;
  Epilogue epilogue;
  const uint8_t* codes;                   // [planes][input_pixels + 1][chunks][16], from QuantiseInput
  int64_t plane_bytes;                    // bytes from one plane to the next
  const uint8_t* matrices;                // [terms][padded_filters][padded_chunks][16], from PrepareFilter
  int32_t padded_filters, padded_chunks;  // the sizes of `matrices`
  const Term* terms;                      // [terms] in the order of the groups
  const TermGroup* groups;                // [group_count] by descending shift
  int32_t group_count, final_shift;       // the number of groups; the shift of the sums after the last group
  int32_t begin, end;                     // filter chunks of this pass; `begin` is a multiple of kPaddedChunks
};
cudaError_t TermGemm(const TermGemmArguments& arguments, cudaStream_t stream);

// LutGemm adds the residual of the plan, which is looked up, over filter chunks [begin, end), to the outputs.
struct LutGemmArguments {
  Geometry geometry;
  Epilogue epilogue;
  const uint8_t* codes;           // [input_pixels + 1][chunks][16] rows of the residual: codes or classes
  const uint8_t* weights;         // [groups of 16 filters][taps][16], from PrepareFilter
  const void* columns;            // [256 weights][rows] entries of the residual
  int32_t entry_bytes, log_rows;  // bytes of an entry, 1 or 2; the binary logarithm of the number of rows
  int32_t begin, end;             // filter chunks of this pass
  int32_t multiprocessors;        // the multiprocessors of the device, each of which should get a block
};
cudaError_t LutGemm(const LutGemmArguments& arguments, cudaStream_t stream);

// Copies quantisers from host memory, in kernel arguments: the call may return, and its caller free `quantisers`,
// before the stream comes to the copy. A copy from pageable memory could make the stream wait, or read the memory
// later.
cudaError_t SendQuantisers(const tfapprox_quantiser* quantisers, int64_t count, tfapprox_quantiser* target,
                           cudaStream_t stream);

// The ranges from which the corrections of (3.3) and the scale of (3.4) follow.
struct Ranges {
  tfapprox_quantiser activation, weight;
  const tfapprox_quantiser* per_filter;  // null, or [out_channels] quantisers that take the place of `weight`
  int64_t taps;                          // K of (3.3)
};

// FinishOutputs turns the sums that the GEMM kernels left, none of which was the last one, into outputs.
struct FinishArguments {
  Geometry geometry;
  Epilogue epilogue;                // `constant` and `scale` are not used
  Ranges ranges;                    // per filter
  const int64_t* window_code_sums;  // [output_pixels] sums of the codes under each window, with a NaN mark of 0
};
cudaError_t FinishOutputs(const FinishArguments& arguments, cudaStream_t stream);

// ChannelLut computes whole outputs, of all convolution groups, by look-ups in the columns of the table.
struct ChannelLutArguments {
  Geometry geometry;        // of all channels
  Epilogue epilogue;        // of `window_sums`, only the marks are used; `constant` and `scale` are not used
  Ranges ranges;            // of one range or per filter
  int32_t group_inputs;     // channels of a convolution group: those that one filter reads
  int32_t group_filters;    // filters of a convolution group
  const void* input;        // the elements of the pass; float if a window sum has a NaN mark
  const uint8_t* codes;     // [input_pixels + 1][chunks][16], from QuantiseInput
  const uint8_t* weights;   // [groups of 16 filters][taps][16], from PrepareFilter
  const uint16_t* columns;  // [256 weights][256] of the table
};
cudaError_t ChannelLut(const ChannelLutArguments& arguments, cudaStream_t stream);

// Launches a kernel with one argument on a one-dimensional grid, or does nothing if `blocks` is 0.
template <typename Arguments>
cudaError_t Launch(void (*kernel)(Arguments), int64_t blocks, int32_t threads, size_t shared_bytes, cudaStream_t stream,
                   const Arguments& arguments) {
  if (blocks == 0) return cudaSuccess;
  cudaLaunchConfig_t config = {};
  config.gridDim = dim3(static_cast<unsigned>(blocks));
  config.blockDim = dim3(threads);
  config.dynamicSmemBytes = shared_bytes;
  config.stream = stream;
  return cudaLaunchKernelEx(&config, kernel, arguments);
}

}  // namespace cuda
}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_CUDA_KERNELS_H_
