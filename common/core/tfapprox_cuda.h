/* The C interface of the CUDA kernels: operations on the current device, on the caller's stream.
 *
 * The rules of tfapprox.h hold. Pointers to tensors and workspace are device memory, aligned to 16; `stream` is a
 * cudaStream_t. Operations are queued; only tables, copies and free wait for the device.
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

/* Describes the current device. Returns TFAPPROX_UNAVAILABLE if there is none or no kernel of this build runs on it. */
TFAPPROX_API int32_t tfapprox_cuda_device_describe(tfapprox_cuda_device* device, tfapprox_error* error);

/* Device memory for callers that have no allocator. The functions that copy return when the copy is done, and free
 * waits for all work of the current device. */
TFAPPROX_API int32_t tfapprox_cuda_allocate(int64_t bytes, void** memory, tfapprox_error* error);
TFAPPROX_API void tfapprox_cuda_free(void* memory);
TFAPPROX_API int32_t tfapprox_cuda_upload(void* device, const void* host, int64_t bytes, tfapprox_error* error);
TFAPPROX_API int32_t tfapprox_cuda_download(void* host, const void* device, int64_t bytes, tfapprox_error* error);
TFAPPROX_API int32_t tfapprox_cuda_synchronize(tfapprox_error* error);

/* Queues on `stream` that `bytes` bytes of device memory become 0. */
TFAPPROX_API int32_t tfapprox_cuda_clear(void* device, int64_t bytes, void* stream, tfapprox_error* error);

/* ---- Tables ----------------------------------------------------------------------------------- */

/* A table on one device, with the plan that is cheapest there or that TFAPPROX_PLAN names. */
typedef struct tfapprox_cuda_table tfapprox_cuda_table;

/* Gives the copy of `table` on the current device, which all callers share and which keeps `table` in memory. Returns
 * when the copy is complete. Release it once per acquire, whatever the current device is then. The most recently used
 * copies stay on their device without a user. Before an older one is freed, the release waits for all work that is
 * queued on its device. */
TFAPPROX_API int32_t tfapprox_cuda_table_acquire(const tfapprox_table* table, const tfapprox_cuda_table** copy,
                                                 tfapprox_error* error);
TFAPPROX_API void tfapprox_cuda_table_release(const tfapprox_cuda_table* copy);
TFAPPROX_API const char* tfapprox_cuda_table_plan(const tfapprox_cuda_table* copy);

/* ---- Operations ------------------------------------------------------------------------------- */

/* How a call is divided: into passes over some images, because the workspace of a pass is bounded, and over some taps,
 * because the sums of a pass fit 32 bits. */
typedef struct tfapprox_cuda_work {
  int64_t images;          /* images of a pass */
  int64_t filter_chunks;   /* chunks of 16 channels of a filter that a pass sums up */
  int64_t workspace_bytes; /* device memory that a run needs */
} tfapprox_cuda_work;

/* Divides an operation for the GPU that has `table`, the copy of the operation's table. Refuses sizes of one image
 * beyond 2^30. */
TFAPPROX_API int32_t tfapprox_cuda_operation_init(const tfapprox_operation* operation, const tfapprox_cuda_table* table,
                                                  tfapprox_cuda_work* work, tfapprox_error* error);

/* Queues the whole operation on the GPU of the table, which must be the current one. `workspace` has workspace_bytes
 * and is free for work that is queued after this. `activations`, `weights` and `output` are the three tensors. */
TFAPPROX_API int32_t tfapprox_cuda_operation_run(const tfapprox_operation* operation, const tfapprox_cuda_table* table,
                                                 const tfapprox_cuda_work* work, const void* activations,
                                                 const void* weights, void* output, void* workspace, void* stream,
                                                 tfapprox_error* error);

/* ---- Gradients from the table ------------------------------------------------------------------ */

/* Writes the bytes of device memory that a run needs. Refuses more than 2^30 pixels. */
TFAPPROX_API int32_t tfapprox_cuda_table_gradient_init(const tfapprox_table_gradient* gradient,
                                                       int64_t* workspace_bytes, tfapprox_error* error);

/* Queues the gradients of both operands on the GPU of `table`, the copy of the gradient's table, with the bits of the
 * CPU (9.12). `upstream` is the gradient of the output of the operation. No tensor may be empty. */
TFAPPROX_API int32_t tfapprox_cuda_table_gradient_run(const tfapprox_table_gradient* gradient,
                                                      const tfapprox_cuda_table* table, const float* activations,
                                                      const float* weights, const float* upstream,
                                                      float* activation_gradient, float* weight_gradient,
                                                      void* workspace, void* stream, tfapprox_error* error);

#ifdef __cplusplus
}
#endif

#endif /* TFAPPROX_COMMON_CORE_TFAPPROX_CUDA_H_ */
