/* The C interface of the look-up-multiply core: the only header that a caller needs.
 *
 * Called by the TensorFlow plugins and, through ctypes, by tfapprox.common.native.
 * Rules that hold for every function: no exception leaves it, it prints nothing, starts no thread and
 * never aborts; memory that grows with the problem and the thread pool belong to the caller.
 * Equation numbers, such as (3), are those of docs/arithmetic.md.
 */
#ifndef TFAPPROX_COMMON_CORE_TFAPPROX_H_
#define TFAPPROX_COMMON_CORE_TFAPPROX_H_

#include <stddef.h>
#include <stdint.h>

#define TFAPPROX_API __attribute__((visibility("default")))

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Errors ---------------------------------------------------------------------------------- */

enum {
  TFAPPROX_OK = 0,
  TFAPPROX_INVALID_ARGUMENT = 1,
  TFAPPROX_NOT_FOUND = 2,
  TFAPPROX_RESOURCE_EXHAUSTED = 3,
  TFAPPROX_UNAVAILABLE = 4, /* no GPU, or none that this build has kernels for */
  TFAPPROX_INTERNAL = 5,    /* CUDA failed */
};

/* The text of the last failure: argument, rule, value received. Written only on failure. */
typedef struct tfapprox_error {
  char message[8192];
} tfapprox_error;

/* "OK", "invalid argument", ... for a status that one of the functions below returned. */
TFAPPROX_API const char* tfapprox_status_string(int32_t status);

/* ---- Truth tables ---------------------------------------------------------------------------- */

/* Entry (a << num_bits) | w is the product of activation code a and weight code w (1). Where a table is signed (1.3),
 * the entries are the bits of int16, and their numbers those of two's complement codes. */
typedef struct tfapprox_table tfapprox_table;

enum { TFAPPROX_MIN_BITS = 2, TFAPPROX_MAX_BITS = 8 };

/* Shares one table for all callers that give the same content and sign; release it once per acquire. The other one
 * shares the table that the weight map of ALWANN makes of an unsigned one (5.6), searched for once per content. */
TFAPPROX_API int32_t tfapprox_table_acquire(const uint16_t* entries, int32_t num_bits, int32_t is_signed,
                                            const tfapprox_table** table, tfapprox_error* error);
TFAPPROX_API int32_t tfapprox_table_acquire_tuned(const uint16_t* entries, int32_t num_bits,
                                                  const tfapprox_table** table, tfapprox_error* error);
TFAPPROX_API void tfapprox_table_release(const tfapprox_table* table);
TFAPPROX_API int32_t tfapprox_table_num_bits(const tfapprox_table* table);
TFAPPROX_API int32_t tfapprox_table_is_signed(const tfapprox_table* table);

/* The content hash of a table: FNV-1a, 64 bits, over its entries as little-endian bytes. */
TFAPPROX_API uint64_t tfapprox_table_hash(const uint16_t* entries, int32_t num_bits);

/* The weight map of ALWANN applied to a table: writes its 4^num_bits entries to `tuned` (5.6). */
TFAPPROX_API void tfapprox_table_tune(const uint16_t* entries, int32_t num_bits, uint16_t* tuned);

/* Where tfapprox_table_load looks for a name or path: a path contains a / or ends in .bin. */
enum { TFAPPROX_SOURCE_BUILT_IN = 0, TFAPPROX_SOURCE_PATH = 1, TFAPPROX_SOURCE_SEARCH_PATH = 2 };
TFAPPROX_API int32_t tfapprox_table_source(const char* name_or_path);

/* Whether a name or path is that of a signed table: its last part begins with mul<bits>s_ (1.3). */
TFAPPROX_API int32_t tfapprox_name_is_signed(const char* name_or_path);

/* Finds a table by registered name, by path, or as NAME.bin in a multiplier folder, and
 * writes its 4^num_bits entries and whether it is signed; where `is_signed` is null, signed ones are refused.
 * `argument` begins the messages, which are whole where the name or path has less than 4,096 bytes, as Linux has it;
 * longer ones are refused. An empty name is the exact product of unsigned codes. A name or path
 * that ends in #fnv1a= and 16 hexadecimal digits is an error unless the table has that hash: who pins a table this way
 * is never given another one that was written in its place since. */
TFAPPROX_API int32_t tfapprox_table_load(const char* argument, const char* name_or_path, int32_t num_bits,
                                         uint16_t* entries, int32_t* is_signed, tfapprox_error* error);

/* Multiplier folder number `index`, from 0, in the order of the search: those of TFAPPROX_MULTIPLIER_PATH, then the
 * user's, $XDG_DATA_HOME/tfapprox/multipliers, by default ~/.local/share/tfapprox/multipliers; or the user's alone.
 * Writes the path; TFAPPROX_NOT_FOUND after the last one, TFAPPROX_INVALID_ARGUMENT if `size` bytes do not suffice. */
enum { TFAPPROX_USER_FOLDER = -1 };
TFAPPROX_API int32_t tfapprox_multiplier_folder(int32_t index, char* path, int32_t size);

/* The multipliers that this core generates: name and description of number `index`, from 0;
 * TFAPPROX_NOT_FOUND after the last one. */
TFAPPROX_API int32_t tfapprox_multiplier_describe(int32_t index, const char** name, const char** description);

/* ---- Plans ------------------------------------------------------------------------------------ */

/* A way to compute sums of a table's products that is proven on every pair of codes (docs/plans.md); arrays live as
 * long as the table, and those that a plan of this name has not are null. Codes of a signed table are code + 128 in
 * plans, and so they are in the memory of operations. */
typedef struct tfapprox_plan {
  const char* name;          /* exact, polynomial, error_plane, classes or look_up */
  const int32_t* activation; /* [256] */
  const int32_t* weight;     /* [256] */
  int32_t terms, taps_per_flush;
  int32_t classes, class_stride;
  const uint8_t* error;          /* [256 weights][256 activations] */
  const uint8_t* class_of;       /* [256] */
  const uint16_t* class_columns; /* [256 weights][class_stride] */
} tfapprox_plan;

/* What a product costs, in look-ups of any table; 0 where a path cannot do it, which look_up never is. */
typedef struct tfapprox_plan_costs {
  double term;        /* one product of bytes */
  double error_plane; /* one look-up in a plane of bytes */
  double classes_64;  /* one look-up of a word among 64 classes */
  double classes_128;
  double look_up;
} tfapprox_plan_costs;

/* Plan number `index` of a table, from 0; TFAPPROX_NOT_FOUND after the last one. The first call for a table finds its
 * plans. */
TFAPPROX_API int32_t tfapprox_plan_describe(const tfapprox_table* table, int32_t index, tfapprox_plan* plan,
                                            tfapprox_error* error);

/* Term number `term` of that plan: 256 activation features, 256 weight coefficients, and the shift of their product. */
TFAPPROX_API int32_t tfapprox_plan_term(const tfapprox_table* table, int32_t index, int32_t term,
                                        const uint8_t** feature, const int8_t** coefficient, int32_t* shift,
                                        tfapprox_error* error);

/* The number of the plan of the least cost, or of the one that TFAPPROX_PLAN names; an error if that one is unknown or
 * does not apply. Null costs are those of the CPU path in use. */
TFAPPROX_API int32_t tfapprox_plan_choose(const tfapprox_table* table, const tfapprox_plan_costs* costs, int32_t* index,
                                          tfapprox_error* error);

/* ---- Quantisation ---------------------------------------------------------------------------- */

/* A range of real numbers as codes min_code..max_code (2): from 0, nudged so that 0 has a code; or, of a signed table,
 * -127..127, symmetric. */
typedef struct tfapprox_quantiser {
  float scale;
  float inverse_scale;
  float nudged_min;
  int32_t zero_point;
  int32_t min_code, max_code;
} tfapprox_quantiser;

/* To codes of `table`. `name` is "input" or "filter" and begins the names of the ranges in messages. */
TFAPPROX_API int32_t tfapprox_quantiser_init(const char* name, float min, float max, const tfapprox_table* table,
                                             tfapprox_quantiser* quantiser, tfapprox_error* error);

/* ---- Geometry of a 2-D convolution ------------------------------------------------------------ */

enum { TFAPPROX_PADDING_VALID = 0, TFAPPROX_PADDING_SAME = 1, TFAPPROX_PADDING_EXPLICIT = 2 };
enum { TFAPPROX_LAYOUT_NHWC = 0, TFAPPROX_LAYOUT_NCHW = 1 };

/* Input and output lie in `layout`; the filter is always HWIO. */
typedef struct tfapprox_conv2d {
  int64_t batch, in_height, in_width, in_channels;
  int64_t filter_height, filter_width, out_channels;
  int64_t stride_height, stride_width;
  int64_t dilation_height, dilation_width;
  int32_t padding, layout;
  int64_t pad_top, pad_bottom, pad_left, pad_right; /* given for EXPLICIT, else set by resolve */
  int64_t out_height, out_width;                    /* set by resolve */
} tfapprox_conv2d;

/* Checks the sizes and sets the output size and the padding, as TensorFlow's conv2d does (4). */
TFAPPROX_API int32_t tfapprox_conv2d_resolve(tfapprox_conv2d* shape, tfapprox_error* error);

/* How a CPU path computes with a table; lives as long as the table. */
typedef struct tfapprox_program tfapprox_program;

/* The work of one call of an operation, divided in independent tiles. */
typedef struct tfapprox_conv2d_work {
  const tfapprox_program* program; /* of the path and the plan that were chosen */
  tfapprox_conv2d shape;           /* what is computed: equal to the call's shape, of simpler geometry perhaps */
  int32_t is_exchanged;            /* input and filter have each other's part in `shape` and `program` */
  int64_t tiles;
  int64_t tiles_per_block; /* neighbours, from a multiple of it on, for which a run packs the same pixels */
  int64_t cycles_per_tile; /* an estimate, for the caller's scheduler */
  int64_t filter_bytes;    /* of the prepared filter */
  int64_t workspace_bytes; /* of each concurrent run */
} tfapprox_conv2d_work;

/* ---- ApproxConv2DWithMinMaxVars --------------------------------------------------------------- */

/* One call of the operation. */
typedef struct tfapprox_approx_conv2d {
  tfapprox_conv2d shape;
  tfapprox_quantiser input, filter;
  const tfapprox_table* table;
  tfapprox_conv2d_work work;
} tfapprox_approx_conv2d;

/* `shape` is resolved; the quantisers are initialised, for this table. */
TFAPPROX_API int32_t tfapprox_approx_conv2d_init(const tfapprox_conv2d* shape, const tfapprox_quantiser* input,
                                                 const tfapprox_quantiser* filter, const tfapprox_table* table,
                                                 tfapprox_approx_conv2d* op, tfapprox_error* error);

/* Writes filters [filter_begin, filter_end) of the work.shape.out_channels at `prepared`, filter_bytes bytes, aligned
 * to 64: their codes and sums; where operands are exchanged, those of the input. Disjoint ranges may be concurrent. */
TFAPPROX_API void tfapprox_approx_conv2d_prepare(const tfapprox_approx_conv2d* op, const float* input,
                                                 const float* filter, void* prepared, int64_t filter_begin,
                                                 int64_t filter_end);

/* Computes tiles [tile_begin, tile_end) of the output (3), when all filters are prepared. Runs of disjoint tiles may be
 * concurrent, each with its own workspace of workspace_bytes, aligned to 64. */
TFAPPROX_API void tfapprox_approx_conv2d_run(const tfapprox_approx_conv2d* op, const float* input, const float* filter,
                                             const void* prepared, float* output, int64_t tile_begin, int64_t tile_end,
                                             void* workspace);

/* ---- AxConv2D --------------------------------------------------------------------------------- */

/* One call of the operation. */
typedef struct tfapprox_ax_conv2d {
  tfapprox_conv2d shape; /* with the padding of (5.3) */
  int32_t input_offset, filter_offset;
  float min_output, max_output;
  const tfapprox_table* table;
  tfapprox_conv2d_work work;
} tfapprox_ax_conv2d;

/* `shape` is resolved: NHWC, SAME or VALID, without dilation. The table has 8 bits, is unsigned, and is tuned if it is
 * to be. */
TFAPPROX_API int32_t tfapprox_ax_conv2d_init(const tfapprox_conv2d* shape, float min_input, float max_input,
                                             float min_filter, float max_filter, const tfapprox_table* table,
                                             tfapprox_ax_conv2d* op, tfapprox_error* error);

/* As tfapprox_approx_conv2d_prepare and _run, from codes to sums (5.2). */
TFAPPROX_API void tfapprox_ax_conv2d_prepare(const tfapprox_ax_conv2d* op, const uint8_t* input, const uint8_t* filter,
                                             void* prepared, int64_t filter_begin, int64_t filter_end);
TFAPPROX_API void tfapprox_ax_conv2d_run(const tfapprox_ax_conv2d* op, const uint8_t* input, const uint8_t* filter,
                                         const void* prepared, int32_t* output, int64_t tile_begin, int64_t tile_end,
                                         void* workspace);

/* ---- Paths ------------------------------------------------------------------------------------ */

/* The name of the CPU path that runs the look-ups: the best one that this CPU supports, or the one that
 * TFAPPROX_FORCE_PATH names; an error if that one is unknown, not built or not supported. */
TFAPPROX_API int32_t tfapprox_path(const char** name, tfapprox_error* error);

/* Path number `index`, from 0, best first: its name, whether the compiler built it, whether this CPU supports it;
 * TFAPPROX_NOT_FOUND after the last one. */
TFAPPROX_API int32_t tfapprox_path_describe(int32_t index, const char** name, int32_t* built, int32_t* supported);

/* The names of the path and of the plan of a program. */
TFAPPROX_API void tfapprox_program_describe(const tfapprox_program* program, const char** path, const char** plan);

#ifdef __cplusplus
}
#endif

#endif /* TFAPPROX_COMMON_CORE_TFAPPROX_H_ */
