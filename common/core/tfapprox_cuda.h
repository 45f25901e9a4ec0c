/* The C interface of the CUDA kernels: convolutions on the current device, on the caller's stream.
 *
 * The rules of tfapprox.h hold. Pointers to tensors and workspace are device memory, aligned to 16; `stream` is a
 * cudaStream_t. Work is queued, and only tables, copies and free wait for it.
 */
#ifndef TFAPPROX_COMMON_CORE_TFAPPROX_CUDA_H_
#define TFAPPROX_COMMON_CORE_TFAPPROX_CUDA_H_

#include "tfapprox.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Device ----------------------------------------------------------------------------------- */

typedef struct tfapprox_cuda_device {
  char name[256];
  int32_t major, minor; /* compute capability */
  int32_t multiprocessors;
} tfapprox_cuda_device;

/* The current device; TFAPPROX_UNAVAILABLE if there is none, or no kernel of this build runs on it. */
TFAPPROX_API int32_t tfapprox_cuda_device_describe(tfapprox_cuda_device* device, tfapprox_error* error);

/* Device memory, for callers without an allocator of their own; copies wait until they are done, and free for all work
 * of the current device. */
TFAPPROX_API int32_t tfapprox_cuda_allocate(int64_t bytes, void** memory, tfapprox_error* error);
TFAPPROX_API void tfapprox_cuda_free(void* memory);
TFAPPROX_API int32_t tfapprox_cuda_upload(void* device, const void* host, int64_t bytes, tfapprox_error* error);
TFAPPROX_API int32_t tfapprox_cuda_download(void* host, const void* device, int64_t bytes, tfapprox_error* error);
TFAPPROX_API int32_t tfapprox_cuda_synchronize(tfapprox_error* error);

/* ---- Tables ----------------------------------------------------------------------------------- */

/* A table on one device, with the plan that is cheapest there or that TFAPPROX_PLAN names. */
typedef struct tfapprox_cuda_table tfapprox_cuda_table;

/* Shares one copy for all who give the same table on the current device; `table` must outlive it. Waits for the copy.
 * Release it once per acquire, whatever the current device; the last release waits for what is queued on its device. */
TFAPPROX_API int32_t tfapprox_cuda_table_acquire(const tfapprox_table* table, const tfapprox_cuda_table** copy,
                                                 tfapprox_error* error);
TFAPPROX_API void tfapprox_cuda_table_release(const tfapprox_cuda_table* copy);
TFAPPROX_API const char* tfapprox_cuda_table_plan(const tfapprox_cuda_table* copy);

/* ---- Operations ------------------------------------------------------------------------------- */

/* How a call is divided: passes over some images, because the workspace of a pass is bounded, and over some taps,
 * because the sums of a pass fit 32 bits. */
typedef struct tfapprox_cuda_work {
  int64_t images;        /* of a pass */
  int64_t filter_chunks; /* of a pass, of 16 channels */
  int64_t workspace_bytes;
} tfapprox_cuda_work;

typedef struct tfapprox_cuda_approx_conv2d {
  tfapprox_conv2d shape;
  tfapprox_quantiser input, filter;
  const tfapprox_cuda_table* table;
  tfapprox_cuda_work work;
} tfapprox_cuda_approx_conv2d;

/* As tfapprox_approx_conv2d_init. Refuses sizes of one image beyond 2^30. */
TFAPPROX_API int32_t tfapprox_cuda_approx_conv2d_init(const tfapprox_conv2d* shape, const tfapprox_quantiser* input,
                                                      const tfapprox_quantiser* filter,
                                                      const tfapprox_cuda_table* table, tfapprox_cuda_approx_conv2d* op,
                                                      tfapprox_error* error);

/* Queues the whole operation (3) on the GPU of the table, which must be the current one; `workspace` has
 * workspace_bytes, and is free for work that is queued after this. */
TFAPPROX_API int32_t tfapprox_cuda_approx_conv2d_run(const tfapprox_cuda_approx_conv2d* op, const float* input,
                                                     const float* filter, float* output, void* workspace, void* stream,
                                                     tfapprox_error* error);

/* `op` is initialised by tfapprox_ax_conv2d_init, of the same table. */
TFAPPROX_API int32_t tfapprox_cuda_ax_conv2d_init(const tfapprox_ax_conv2d* op, const tfapprox_cuda_table* table,
                                                  tfapprox_cuda_work* work, tfapprox_error* error);
TFAPPROX_API int32_t tfapprox_cuda_ax_conv2d_run(const tfapprox_ax_conv2d* op, const tfapprox_cuda_table* table,
                                                 const tfapprox_cuda_work* work, const uint8_t* input,
                                                 const uint8_t* filter, int32_t* output, void* workspace, void* stream,
                                                 tfapprox_error* error);

#ifdef __cplusplus
}
#endif

#endif /* TFAPPROX_COMMON_CORE_TFAPPROX_CUDA_H_ */
