// The kernels' arguments, and the functions that launch them on a stream; passes.cc calls them in order.
#ifndef TFAPPROX_COMMON_CORE_CUDA_KERNELS_H_
#define TFAPPROX_COMMON_CORE_CUDA_KERNELS_H_

#include <cuda_runtime.h>

#include <cstdint>

#include "geometry.h"
#include "tfapprox.h"

namespace tfapprox {
namespace cuda {

// A term as the matrix product carries it out: a plane of bytes, and of each byte the bits of a mask, which are 1 if
// all of them are set. A mask of 0 takes the byte as it is.
struct Term {
  uint32_t mask;  // four copies of a byte
};

// Terms of one plane and one shift; the sums so far are shifted before the first of them.
struct TermGroup {
  int32_t plane, first, count, shift_before;
};

// input -> the planes of its codes, each `plane_bytes` long, and of each input pixel the sum of activation[a] - zero *
// a (3.3) with its NaN (3.5). The sums begin as 0.
struct QuantiseArguments {
  Geometry geometry;
  tfapprox_quantiser quantiser;
  const void* input;
  uint8_t padding;  // the code of a tap outside of the input
  int64_t zero;     // the weights' zero point
  const int32_t* activation;
  const uint8_t* maps;  // [planes][256] from codes to the bytes of a plane; null if the one plane has the codes
  int32_t planes;
  int64_t plane_bytes;
  uint8_t* codes;
  int64_t* pixel_sums;  // [input_pixels + 1]
};
template <typename T>
cudaError_t QuantiseInput(const QuantiseArguments& arguments, cudaStream_t stream);

// pixel_sums -> window_sums[output_pixels], their sums over the windows of the filter.
cudaError_t SumWindows(const Geometry& geometry, const int64_t* pixel_sums, int64_t* window_sums, cudaStream_t stream);

// filter -> the weights as the GEMMs read them, and of each filter the sum of weight[w] - zero * w with its NaN. The
// sums begin as 0.
struct PrepareArguments {
  Geometry geometry;
  tfapprox_quantiser quantiser;
  const void* filter;
  int64_t zero;  // the activations' zero point
  const int32_t* weight;
  int64_t* filter_sums;        // [out_channels]
  uint8_t* weights;            // [groups of 16 filters][taps][16] for look-ups, or null
  const int8_t* coefficients;  // [terms][256] of the plan
  int32_t terms;
  int32_t padded_filters;  // a multiple of kPaddedFilters
  int32_t padded_chunks;   // of a filter, a multiple of kPaddedChunks
  uint8_t* matrices;       // [terms][padded_filters][padded_chunks][16], 0 where there is no tap
};
constexpr int32_t kPaddedFilters = 128, kPaddedChunks = 4;
template <typename T>
cudaError_t PrepareFilter(const PrepareArguments& arguments, cudaStream_t stream);

// How both GEMMs end. A sum that carries a NaN is `sum << 1 | nan`, so that one number says both.
struct Epilogue {
  const int64_t* window_sums;  // [output_pixels] what depends on the activations only
  const int64_t* filter_sums;  // [out_channels] what depends on the weights only
  int64_t constant;
  double scale;  // 0 for AxConv2D
  int32_t is_integer;
  int32_t* output;      // bits of float32 or int32; between passes the sum, which fits
  int64_t* wide_sums;   // between passes where 32 bits do not do, else null
  int32_t first, last;  // of the passes that make up an output
};

// Sums of terms over chunks [begin, end) of the filter.
struct TermGemmArguments {
  Geometry geometry;
  Epilogue epilogue;
  const uint8_t* codes;
  int64_t plane_bytes;
  const uint8_t* matrices;
  int32_t padded_filters, padded_chunks;
  const Term* terms;
  const TermGroup* groups;
  int32_t group_count, final_shift;
  int32_t begin, end;
};
cudaError_t TermGemm(const TermGemmArguments& arguments, cudaStream_t stream);

// Sums of look-ups over chunks [begin, end) of the filter, in columns [256 weights][rows] of 1 or 2 bytes.
struct LutGemmArguments {
  Geometry geometry;
  Epilogue epilogue;
  const uint8_t* codes;  // rows of the columns
  const uint8_t* weights;
  const void* columns;
  int32_t entry_bytes, log_rows;
  int32_t begin, end;
  int32_t multiprocessors;
};
cudaError_t LutGemm(const LutGemmArguments& arguments, cudaStream_t stream);

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
