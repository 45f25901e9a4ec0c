/* The C interface of the look-up-multiply core: the only header that a caller needs.
 *
 * The TensorFlow plugins call it and, through ctypes, tfapprox.common.native.
 *
 * These rules hold for every function: no exception leaves it, it prints nothing, starts no thread and never aborts.
 * The caller owns the thread pool and all memory that grows with the problem. Any thread may call any function.
 * A process may fork while other threads are in the core: fork() waits until their changes of shared data are
 * complete, and the child can use the core and every table that it inherits. CUDA cannot be used in such a child.
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

/* The text of the last failure: the argument, its rule and the value received. A function that succeeds does not write
 * it. */
typedef struct tfapprox_error {
  char message[8192];
} tfapprox_error;

/* "OK", "invalid argument", ... for a status that one of the functions below returned. */
TFAPPROX_API const char* tfapprox_status_string(int32_t status);

/* ---- Settings --------------------------------------------------------------------------------- */

/* The values of environment variables that the core obeys; null for a variable that is not set. */
typedef struct tfapprox_settings {
  const char* force_path;      /* TFAPPROX_FORCE_PATH: the CPU path to use */
  const char* plan;            /* TFAPPROX_PLAN: the plan to use */
  const char* multiplier_path; /* TFAPPROX_MULTIPLIER_PATH: folders of multipliers, separated by colons */
  const char* data_home;       /* XDG_DATA_HOME, in which the user's folder of multipliers lies */
  const char* home;            /* HOME, which stands in for XDG_DATA_HOME */
} tfapprox_settings;

/* Replaces the settings by copies of the values in `settings`. If `settings` is null, the settings come from the
 * environment. Calls that are running in other threads keep the settings that they have read.
 *
 * The core reads the environment when a function first needs a setting, and afterwards only in this function, because
 * getenv must not run while another thread calls setenv or putenv. A caller that gives the settings before it calls any
 * other function makes sure that the environment is never read. */
TFAPPROX_API int32_t tfapprox_settings_reload(const tfapprox_settings* settings, tfapprox_error* error);

/* ---- Truth tables ---------------------------------------------------------------------------- */

/* Entry (a << num_bits) | w is the product of activation code a and weight code w (1). In a signed table (1.3) the
 * entries are the bits of int16, and the codes in their index are two's complement numbers. */
typedef struct tfapprox_table tfapprox_table;

enum { TFAPPROX_MIN_BITS = 2, TFAPPROX_MAX_BITS = 8 };

/* Gives the table of this content and sign, which all callers share. Release it once per acquire. The content is looked
 * up by its hash first, and a table is built only if the content is new. */
TFAPPROX_API int32_t tfapprox_table_acquire(const uint16_t* entries, int32_t num_bits, int32_t is_signed,
                                            const tfapprox_table** table, tfapprox_error* error);

/* Gives the table of the unsigned `entries` after the weight map of ALWANN (5.6), which all callers share. Release it
 * once per acquire. The map is searched for once per content. */
TFAPPROX_API int32_t tfapprox_table_acquire_tuned(const uint16_t* entries, int32_t num_bits,
                                                  const tfapprox_table** table, tfapprox_error* error);

/* Gives a table back. The most recently used tables stay in memory with what was computed from them, so that a table
 * that was swapped out and comes back is found by its hash. */
TFAPPROX_API void tfapprox_table_release(const tfapprox_table* table);

/* Counts one more user of a table that the caller has acquired. This user must release the table, too. */
TFAPPROX_API void tfapprox_table_retain(const tfapprox_table* table);
TFAPPROX_API int32_t tfapprox_table_num_bits(const tfapprox_table* table);
TFAPPROX_API int32_t tfapprox_table_is_signed(const tfapprox_table* table);

/* The content hash of a table: FNV-1a, 64 bits, over its entries as little-endian bytes. The second function returns
 * the hash that acquire has computed. */
TFAPPROX_API uint64_t tfapprox_table_hash(const uint16_t* entries, int32_t num_bits);
TFAPPROX_API uint64_t tfapprox_table_hash_of(const tfapprox_table* table);

/* The weight map of ALWANN applied to a table: writes its 4^num_bits entries to `tuned` (5.6). */
TFAPPROX_API void tfapprox_table_tune(const uint16_t* entries, int32_t num_bits, uint16_t* tuned);

/* Where tfapprox_table_load looks for a name or path: a path contains a / or ends in .bin. */
enum { TFAPPROX_SOURCE_BUILT_IN = 0, TFAPPROX_SOURCE_PATH = 1, TFAPPROX_SOURCE_SEARCH_PATH = 2 };
TFAPPROX_API int32_t tfapprox_table_source(const char* name_or_path);

/* Whether a name or path is that of a signed table: its last part begins with mul<bits>s_ (1.3). */
TFAPPROX_API int32_t tfapprox_name_is_signed(const char* name_or_path);

/* Finds a table by the name of a built-in multiplier, by path, or as NAME.bin in a multiplier folder, and writes its
 * 4^num_bits entries and whether it is signed. Only a regular file of exactly the size of the table is read. If
 * `is_signed` is null, signed tables are refused. An empty name is the exact product of unsigned codes. Error messages
 * start with `argument`; control characters of names are escaped in them. Names of 4,096 bytes (PATH_MAX) or more are
 * refused.
 *
 * A name or path may end in #fnv1a= and 16 hexadecimal digits, its pin. Then it is an error if the table has another
 * hash, so that a pinned name never gives a table that was written to the same place later. If there is no file at a
 * pinned path, the file of this name in the multiplier folders is read. */
TFAPPROX_API int32_t tfapprox_table_load(const char* argument, const char* name_or_path, int32_t num_bits,
                                         uint16_t* entries, int32_t* is_signed, tfapprox_error* error);

/* Which tables an operation takes. */
enum {
  TFAPPROX_TABLES_ANY = 0,
  TFAPPROX_TABLES_UNSIGNED = 1, /* signed tables are refused */
  TFAPPROX_TABLES_TUNED = 2,    /* signed tables are refused, and the weight map of ALWANN (5.6) is applied */
};

/* tfapprox_table_load and tfapprox_table_acquire in one step. The file of a pinned name is not read again where a table
 * of that hash, width and sign is in memory. */
TFAPPROX_API int32_t tfapprox_table_open(const char* argument, const char* name_or_path, int32_t num_bits,
                                         int32_t tables, const tfapprox_table** table, tfapprox_error* error);

/* Writes the path of multiplier folder number `index`, from 0, in the order of the search: the folders of
 * TFAPPROX_MULTIPLIER_PATH, then the user's folder, which is $XDG_DATA_HOME/tfapprox/multipliers and by default
 * ~/.local/share/tfapprox/multipliers. TFAPPROX_USER_FOLDER as an index asks for the user's folder alone. Returns
 * TFAPPROX_NOT_FOUND after the last folder, TFAPPROX_INVALID_ARGUMENT if `size` bytes do not suffice. */
enum { TFAPPROX_USER_FOLDER = -1 };
TFAPPROX_API int32_t tfapprox_multiplier_folder(int32_t index, char* path, int32_t size);

/* Gives name and description of the built-in multiplier number `index`, from 0. Returns TFAPPROX_NOT_FOUND after the
 * last one. */
TFAPPROX_API int32_t tfapprox_multiplier_describe(int32_t index, const char** name, const char** description);

/* ---- Plans ------------------------------------------------------------------------------------ */

/* A way to compute sums of a table's products that is proven on every pair of codes (docs/plans.md). Arrays live as
 * long as the table; arrays that a plan of this name does not use are null. Codes of a signed table are code + 128 here
 * and in the memory of operations. */
typedef struct tfapprox_plan {
  const char* name;              /* exact, polynomial, error_plane, classes or look_up */
  const int32_t* activation;     /* [256], the number that is added for each activation code */
  const int32_t* weight;         /* [256], the number that is added for each weight code */
  int32_t terms;                 /* number of products of bytes that stand for one product of the table */
  int32_t taps_per_flush;        /* number of taps over which the terms of one shift fit 32 bits */
  int32_t classes;               /* number of different rows of the table, for `classes` */
  int32_t class_stride;          /* entries of a column of `class_columns`: 64 or 128 */
  const uint8_t* error;          /* [256 weights][256 activations], for `error_plane` */
  const uint8_t* class_of;       /* [256], the class of each activation code, for `classes` */
  const uint16_t* class_columns; /* [256 weights][class_stride] */
} tfapprox_plan;

/* What a product costs, in look-ups of any table. A cost of 0 says that a path cannot do it; look_up is never 0. */
typedef struct tfapprox_plan_costs {
  double term;        /* one product of bytes */
  double error_plane; /* one look-up in a plane of bytes */
  double classes_64;  /* one look-up of a word among 64 classes */
  double classes_128; /* one look-up of a word among 128 classes */
  double look_up;     /* one look-up of a word in a whole column */
} tfapprox_plan_costs;

/* Describes plan number `index` of a table, from 0. Returns TFAPPROX_NOT_FOUND after the last one. The first call for a
 * table finds its plans. */
TFAPPROX_API int32_t tfapprox_plan_describe(const tfapprox_table* table, int32_t index, tfapprox_plan* plan,
                                            tfapprox_error* error);

/* Gives term number `term` of plan number `index`: 256 activation features, 256 weight coefficients, and the shift of
 * their product. */
TFAPPROX_API int32_t tfapprox_plan_term(const tfapprox_table* table, int32_t index, int32_t term,
                                        const uint8_t** feature, const int8_t** coefficient, int32_t* shift,
                                        tfapprox_error* error);

/* Writes the number of the plan that TFAPPROX_PLAN names or, without this variable, of the plan of the least cost. A
 * name of TFAPPROX_PLAN that is no plan of this table is an error. If `costs` is null, the costs of the CPU path in use
 * count. */
TFAPPROX_API int32_t tfapprox_plan_choose(const tfapprox_table* table, const tfapprox_plan_costs* costs, int32_t* index,
                                          tfapprox_error* error);

/* ---- Quantisation ---------------------------------------------------------------------------- */

/* How real numbers become codes min_code..max_code (2). Codes of an unsigned table begin at 0, and the range is nudged
 * so that 0 has a code; codes of a signed table are -127..127, and the range is symmetric. */
typedef struct tfapprox_quantiser {
  float scale;                /* real numbers per code */
  float inverse_scale;        /* codes per real number */
  float nudged_min;           /* the real number of code 0 of an unsigned table */
  int32_t zero_point;         /* the code of the real number 0, which the corrections (3.3) and (5.2) subtract */
  int32_t min_code, max_code; /* ends of the range of codes */
} tfapprox_quantiser;

/* Makes the quantiser of the range from `min` to `max` for codes of `table`. `name` is "input" or "filter" and begins
 * the names of the ranges in messages. */
TFAPPROX_API int32_t tfapprox_quantiser_init(const char* name, float min, float max, const tfapprox_table* table,
                                             tfapprox_quantiser* quantiser, tfapprox_error* error);

/* ---- Problem: the geometry of a convolution ---------------------------------------------------- */

enum { TFAPPROX_PADDING_VALID = 0, TFAPPROX_PADDING_SAME = 1, TFAPPROX_PADDING_EXPLICIT = 2 };
enum { TFAPPROX_LAYOUT_NHWC = 0, TFAPPROX_LAYOUT_NCHW = 1 };

/* The sizes of a 2-D convolution. Input and output lie in `layout`; the filter lies in
 * [filter_height][filter_width][in_channels / groups][out_channels], whatever the layout. */
typedef struct tfapprox_problem {
  int64_t batch, in_height, in_width, in_channels;  /* sizes of the input */
  int64_t filter_height, filter_width;              /* taps of a window */
  int64_t out_channels;                             /* filters, which are the channels of the output */
  int64_t groups;                                   /* parts of the channels that are convolved apart (3.6) */
  int64_t stride_height, stride_width;              /* input positions between the windows of two outputs */
  int64_t dilation_height, dilation_width;          /* input positions between two taps */
  int64_t out_stride_height, out_stride_width;      /* steps in the output tensor between two outputs */
  int64_t out_first_row, out_first_column;          /* place of the first output in its tensor; 0 if both steps are 1 */
  int64_t out_tensor_height, out_tensor_width;      /* sizes of the output tensor, if a step is not 1 */
  int32_t padding, layout;                          /* one of the constants above */
  int64_t pad_top, pad_bottom, pad_left, pad_right; /* given for EXPLICIT, else set by resolve */
  int64_t out_height, out_width;                    /* set by resolve */
} tfapprox_problem;

/* Where the elements of a filter lie, in elements: the distances of two rows, columns, channels and filters, of which
 * some may be negative, and the place of the first element of the first row. */
typedef struct tfapprox_filter_steps {
  int64_t row, column, channel, filter, first;
} tfapprox_filter_steps;

/* Checks the sizes and sets the output size and the padding, as TensorFlow's conv2d does (4). */
TFAPPROX_API int32_t tfapprox_problem_resolve(tfapprox_problem* problem, tfapprox_error* error);

/* ---- Operations ------------------------------------------------------------------------------- */

/* What the elements of an operand are in memory. */
enum {
  TFAPPROX_REALS = 0, /* float, which the quantiser turns into codes */
  TFAPPROX_CODES = 1, /* uint8_t codes; the zero point of the quantiser need not be one of them */
};

/* One operand of the products. A tap in the padding has the code of the zero point, modulo 2^8 (3.2), (5.4). */
typedef struct tfapprox_operand {
  int32_t elements;                     /* TFAPPROX_REALS or TFAPPROX_CODES */
  tfapprox_quantiser quantiser;         /* quantiser of the whole tensor; of codes, only the zero point counts */
  const tfapprox_quantiser* per_filter; /* null, or [out_channels] quantisers of the weights */
} tfapprox_operand;

/* What becomes of the corrected sum of products. */
enum {
  TFAPPROX_OUTPUT_REAL = 0,    /* float: the sum (3.3) times both scales (3.4); NaN where an operand is NaN (3.5) */
  TFAPPROX_OUTPUT_WRAPPED = 1, /* int32_t: the sum (5.2) modulo 2^32 */
};

/* One call of an operation, on a CPU or a GPU. The caller fills it; it stays as it is until the output is complete.
 * Equations (3) and (5) differ only in what is filled in here. */
typedef struct tfapprox_operation {
  tfapprox_problem problem;    /* the sizes, after tfapprox_problem_resolve */
  tfapprox_operand activation; /* the input tensor */
  tfapprox_operand weight;     /* the filter tensor */
  int32_t output;              /* TFAPPROX_OUTPUT_REAL or TFAPPROX_OUTPUT_WRAPPED */
  const tfapprox_table* table; /* the truth table, which must outlive the call */

  /* Null, or a number that any thread may set from 0 to 1, atomically, to cancel the call: prepare and run then return
   * soon, on a CPU between two tiles, on a GPU before the next pass is queued, and the output is not complete. Kernels
   * that were queued before still run. */
  const int32_t* cancelled;

  /* A batched matrix product (3.8) has several products, all of the sizes of the problem, which are computed one after
   * the other. `items` is their number; it is 0 for a single product. Item i multiplies the input with the number
   * activation_items[i] by the filter with the number weight_items[i], and writes the output with the number i. The
   * numbers in each array begin at 0 and leave none out. */
  int64_t items;
  const int64_t *activation_items, *weight_items;

  /* All 0 if the filter lies as tfapprox_problem says; else it consists of real numbers, and there are no items. */
  tfapprox_filter_steps filter_steps;
} tfapprox_operation;

/* Fills problem and items of ApproxMatMulWithMinMaxVars (3.8) for `a` [..., m, k] and `b` [..., k, n], whose shapes
 * have a_rank and b_rank sizes. If `b` has one matrix, the matrices of `a` are one input, whose pixels are their rows;
 * else each matrix of the output is an item. Writes the max(a_rank, b_rank) sizes of the output to `output_shape`, and
 * the number of items to `items`. Afterwards, tfapprox_matmul_set_items gives `operation` the numbers of the items. */
TFAPPROX_API int32_t tfapprox_matmul_fill(const int64_t* a_shape, int32_t a_rank, const int64_t* b_shape,
                                          int32_t b_rank, tfapprox_operation* operation, int64_t* output_shape,
                                          int64_t* items, tfapprox_error* error);

/* Writes the numbers of the items to two arrays, [items] each, and lets the operation point to them. They must live as
 * long as the operation. */
TFAPPROX_API void tfapprox_matmul_set_items(const int64_t* a_shape, int32_t a_rank, const int64_t* b_shape,
                                            int32_t b_rank, int64_t items, int64_t* activation_items,
                                            int64_t* weight_items, tfapprox_operation* operation);

/* Fills problem and filter steps of part number `index`, from 0, of ApproxConv2DTransposeWithMinMaxVars (3.9) with the
 * input [in_height][in_width] and the filter [filter_height][filter_width][out_channels][in_channels]. `convolution` is
 * the convolution of one group that has the output as its input, resolved: its output must have the input's height and
 * width, and its in_channels and out_channels are the output's and the input's channels. Each part writes other
 * elements of the output. A part without taps gets an output of height 0: its elements must be 0 (3.10), and the
 * operation does not write them. Returns TFAPPROX_NOT_FOUND after the last part. */
TFAPPROX_API int32_t tfapprox_conv2d_transpose_fill(const tfapprox_problem* convolution, int64_t in_height,
                                                    int64_t in_width, int64_t index, tfapprox_operation* operation,
                                                    tfapprox_error* error);

/* Fails unless this version of the core carries an operation out: activations must have one quantiser, and a filter
 * with steps must consist of real numbers. */
TFAPPROX_API int32_t tfapprox_operation_check(const tfapprox_operation* operation, tfapprox_error* error);

/* Fills `operation` as AxConv2D (5): codes in, wrapped sums out, padding (5.3), and writes the real numbers of the
 * least and greatest int32 (5.5). `problem` is resolved: NHWC, SAME or VALID, without dilation. The table has 8 bits
 * and is unsigned, and the caller has applied the weight map (5.6) to it if AxTune is true. */
TFAPPROX_API int32_t tfapprox_ax_conv2d_fill(const tfapprox_problem* problem, float min_input, float max_input,
                                             float min_filter, float max_filter, const tfapprox_table* table,
                                             tfapprox_operation* operation, float* min_output, float* max_output,
                                             tfapprox_error* error);

/* How a CPU path computes with a table; lives as long as the table. */
typedef struct tfapprox_program tfapprox_program;

/* Which operand lies in vector lanes: many elements of it are looked up beside each other under one broadcast element
 * of the second operand. */
enum { TFAPPROX_LANES_ACTIVATION = 0, TFAPPROX_LANES_WEIGHT = 1 };

/* How a CPU carries an operation out, and how the work is divided among threads.
 *
 *   prepare, in `prepare_parts` parts, any number at the same time
 *      the broadcast operand -> its codes and sums in `prepared_bytes` that all threads share
 *   run, in `run_parts` parts, any number at the same time, after all parts are prepared
 *      the operand in lanes -> outputs, with `workspace_bytes` for each part that is running
 */
typedef struct tfapprox_work {
  const tfapprox_program* program; /* program of the path and the plan that were chosen */
  tfapprox_problem problem;        /* problem that is computed: the call's, or an equivalent one of simpler geometry */
  int32_t lanes;                   /* TFAPPROX_LANES_ACTIVATION or TFAPPROX_LANES_WEIGHT */
  int32_t threads;                 /* number of threads among which an item is divided */
  int64_t tiles, tiles_per_unit;   /* tiles of an item, and of a unit; a part has a whole number of units */
  int64_t prepare_parts;           /* 0 for an empty output */
  int64_t run_parts;               /* 0 for an empty output */
  int64_t item_prepare_parts;      /* parts for each tensor of the broadcast operand */
  int64_t item_run_parts;          /* parts for each item */
  int64_t cycles_per_prepare_part; /* an estimate, for the caller's scheduler */
  int64_t cycles_per_run_part;     /* an estimate, for the caller's scheduler */
  int64_t prepared_bytes;          /* size of the prepared operand, whose memory is aligned to 64 bytes */
  int64_t item_prepared_bytes;     /* size of each prepared tensor */
  int64_t workspace_bytes;         /* size of the memory of each concurrent run, which is aligned to 64 bytes */
} tfapprox_work;

/* Chooses path, plan and roles of the operands, and divides the work for `threads` threads, 1 or more. */
TFAPPROX_API int32_t tfapprox_operation_init(const tfapprox_operation* operation, int32_t threads, tfapprox_work* work,
                                             tfapprox_error* error);

/* Prepares parts [begin, end) of the broadcast operand. `activations` and `weights` are the two tensors. Everything
 * that is passed must stay in memory until the function returns. */
TFAPPROX_API void tfapprox_operation_prepare(const tfapprox_operation* operation, const tfapprox_work* work,
                                             const void* activations, const void* weights, void* prepared,
                                             int64_t begin, int64_t end);

/* Computes parts [begin, end) of the output. Everything that is passed must stay in memory until the function
 * returns. */
TFAPPROX_API void tfapprox_operation_run(const tfapprox_operation* operation, const tfapprox_work* work,
                                         const void* activations, const void* weights, const void* prepared,
                                         void* output, int64_t begin, int64_t end, void* workspace);

/* ---- Gradients from the table ------------------------------------------------------------------ */

/* Writes the slopes of a table (9.5) to two arrays, [256] each: for each byte of a weight code, the slope with respect
 * to the activation code, and for each byte of an activation code, the slope with respect to the weight code. The byte
 * of a code of a signed table is code + 128. Slopes of bytes that no code has are 0. */
TFAPPROX_API int32_t tfapprox_table_slopes(const tfapprox_table* table, int32_t half_window, double* activation,
                                           double* weight, tfapprox_error* error);

/* Sets outputs[i] = scale * (slopes[code of x[i]] - zero_point) (9.6) for i from `begin` to `end`. Element i has the
 * quantiser number (i / inner) modulo `quantiser_count`. */
TFAPPROX_API int32_t tfapprox_slope_values(const tfapprox_quantiser* quantisers, int64_t quantiser_count, int64_t inner,
                                           const double* slopes, const float* x, int64_t begin, int64_t end,
                                           float* outputs, tfapprox_error* error);

/* Gradients by the smoothed differences of the table (9.8), (9.10) to (9.12), of one operation on real numbers in NHWC,
 * without items and filter steps. The caller fills it. A gradient has the sizes of its operand. */
typedef struct tfapprox_table_gradient {
  tfapprox_operation operation; /* problem, operands and table; for a transposed convolution (3.9), the problem is the
                                   convolution that has its output as the input, of one group, and ranges of filters are
                                   those of the problem's in_channels */
  int32_t is_transposed;        /* whether it is a transposed convolution */
  int32_t half_window;          /* half window of (9.1) */
} tfapprox_table_gradient;

/* How a CPU computes gradients, in four steps: begin, prepare, run and finish. The last three have parts, any number of
 * which may run at the same time. All parts of a step must be complete before the next step begins. */
typedef struct tfapprox_gradient_work {
  int32_t path, threads;
  int64_t shared_bytes;    /* size of the memory that all threads share, which is aligned to 64 bytes */
  int64_t workspace_bytes; /* size of the memory of each concurrent run, which is aligned to 64 bytes */
  int64_t prepare_parts, run_parts, finish_parts;
  int64_t cycles_per_prepare_part, cycles_per_run_part,
      cycles_per_finish_part; /* estimates for the caller's scheduler */
} tfapprox_gradient_work;

TFAPPROX_API int32_t tfapprox_table_gradient_init(const tfapprox_table_gradient* gradient, int32_t threads,
                                                  tfapprox_gradient_work* work, tfapprox_error* error);

/* `upstream` is the gradient of the output of the operation. */
TFAPPROX_API void tfapprox_table_gradient_begin(const tfapprox_table_gradient* gradient,
                                                const tfapprox_gradient_work* work, const float* weights,
                                                const float* upstream, void* shared);
TFAPPROX_API void tfapprox_table_gradient_prepare(const tfapprox_table_gradient* gradient,
                                                  const tfapprox_gradient_work* work, const float* activations,
                                                  const float* upstream, void* shared, int64_t begin, int64_t end);
TFAPPROX_API void tfapprox_table_gradient_run(const tfapprox_table_gradient* gradient,
                                              const tfapprox_gradient_work* work, void* shared,
                                              float* activation_gradient, int64_t begin, int64_t end, void* workspace);
TFAPPROX_API void tfapprox_table_gradient_finish(const tfapprox_table_gradient* gradient,
                                                 const tfapprox_gradient_work* work, const void* shared,
                                                 float* weight_gradient, int64_t begin, int64_t end);

/* ---- Paths ------------------------------------------------------------------------------------ */

/* The name of the CPU path that runs the look-ups: the best one that this CPU supports, or the path that
 * TFAPPROX_FORCE_PATH names. It is an error if that path is unknown, not built or not supported. */
TFAPPROX_API int32_t tfapprox_path(const char** name, tfapprox_error* error);

/* The family of this CPU, by whose measured costs plans and ways of look-ups are chosen: "zen3", "zen4", "zen5",
 * "skylake-x", "ice-lake", "sapphire-rapids" or "other". */
TFAPPROX_API const char* tfapprox_cpu_family(void);

/* Describes path number `index`, from 0, best first: its name, whether the compiler built it, and whether this CPU
 * supports it. Returns TFAPPROX_NOT_FOUND after the last one. */
TFAPPROX_API int32_t tfapprox_path_describe(int32_t index, const char** name, int32_t* built, int32_t* supported);

/* The names of the path and of the plan of a program. The path's name ends in _columns or _rows where the program looks
 * products up and the path can do it in both ways (docs/cpu_kernels.md). */
TFAPPROX_API void tfapprox_program_describe(const tfapprox_program* program, const char** path, const char** plan);

#ifdef __cplusplus
}
#endif

#endif /* TFAPPROX_COMMON_CORE_TFAPPROX_H_ */
