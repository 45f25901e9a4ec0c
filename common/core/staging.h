// staging: the codes of all input elements under a block of output pixels, each computed once, in planes of channels.
//
// The pixels of a block are cut into runs, one per output row. The input positions under the windows of the runs,
// padding included, form a patch. For example, 11 pixels from column 2 on, where output rows have 6 pixels:
//
//     output row     pixels of the block
//         0          .  .  0  1  2  3      run 0      There is one patch for each image that the block touches. Where
//         1          4  5  6  7  8  9      run 1      output rows are longer than a block, there is one patch for
//         2          10 .  .  .  .  .      run 2      each run.
//
// Rows and columns of a patch are sorted by their remainder modulo the stride, each remainder in a group of its own.
// Then the codes under one tap of the pixels of a run are contiguous, whatever the stride. One row of a patch with
// stride 2, a filter of 3 columns and a run of 4 pixels, whose tap kx of pixel x lies at input column 2 x + kx:
//
//     input columns        0  1  2  3  4  5  6  7  8  9
//
//     group 0              0  2  4  6  8                  tap 0 of pixels 0 to 3 is 0 2 4 6, tap 2 is 2 4 6 8
//     group 1              1  3  5  7  9                  tap 1 of pixels 0 to 3 is 1 3 5 7
//
// panel.cc then packs a tap of a run with one copy. A staged plane of one channel is
// [patches][row groups][row length][column groups][column length], and a position is an index into it.
#ifndef TFAPPROX_COMMON_CORE_STAGING_H_
#define TFAPPROX_COMMON_CORE_STAGING_H_

#include "division.h"
#include "memory_layout.h"

namespace tfapprox {

// The maximum of the channels, or taps, that ElementLoops::add_channels sums up at a time.
constexpr int64_t kMaxChannels = 256;

// The rows or the columns of a patch: `groups` sequences of `length` input positions. Position i of group g is
// first + g * group_step + i * stride, where `first` is the input position of tap 0 of the patch's first output.
//
// A dense axis stages all positions from the first to the last once, with a group per remainder modulo the stride. If
// the taps are so far apart that this would stage more than the taps need, the axis has a group per tap instead.
struct StagedAxis {
  // `stride` is the step from output to output and `dilation` the step from tap to tap, in input positions. `groups` is
  // the number of groups, `group_step` the step from the first position of a group to that of the next, and `length`
  // the number of positions of a group. A patch with n outputs along this axis uses the first n + `extra` positions of
  // each group.
  int64_t stride, dilation, groups, group_step, length, extra;
  bool dense;  // whether there is a group per remainder; otherwise there is a group per tap

  int64_t size() const { return groups * length; }
  // Returns the index in [groups][length] of the position of tap `tap` of output 0. Output n is n further on.
  int64_t TapOffset(int64_t tap) const {
    if (!dense) return tap * length;
    return tap * dilation % stride * length + tap * dilation / stride;
  }
};

// The input positions under consecutive output pixels of one image: of several output rows, with all their columns, or
// of one row or a part of it.
struct Patch {
  // The outputs of the patch: the `image` in the batch, the first output `row`, the number of `rows`, the first output
  // `column`, and the number of `columns`.
  int64_t image, row, rows, column, columns;
};

// The operand that is staged: a tensor of real numbers or of codes.
struct Source {
  const float* reals;                    // the elements, or null if they are codes
  const uint8_t* codes;                  // the elements as codes; not used if `reals` is not null
  const tfapprox_quantiser* quantiser;   // turns real numbers into codes; not used for codes
  const tfapprox_quantiser* per_filter;  // null, or the quantiser of every filter; for the broadcast operand only
  uint8_t padding;                       // the byte of the code of a tap outside of the input, (3.2) and (5.4)
};

// The staged codes of one block, for some channels of one box, and what is known about them.
struct Staging {
  StagedAxis rows, columns;  // how rows and columns of every patch are staged
  bool within_rows;          // whether output rows are longer than a block, so that each run has a patch of its own
  bool in_panel;             // whether codes are staged in the panel itself (panel.h), whose rows are the staged planes
  int64_t max_runs, max_patches;   // the numbers of runs and of patches for which there is memory
  int64_t groups;                  // how many convolution groups are staged at a time
  int64_t channels;                // how many channels are staged at a time, a multiple of 4
  int64_t area;                    // the number of positions of all patches together
  int64_t plane_step;              // the positions from one staged channel to the next; copy_runs may read area + 31
  bool has_codes, has_quads;       // whether the program looks codes up, and whether it multiplies features
  uint8_t* codes;                  // [channels][plane_step] codes for look-ups, or classes if classes are looked up
  uint8_t* quads;                  // [channels / 4][plane_step][4] codes of 4 channels, for products
  uint8_t* features;               // [channels / 4][plane_step][4] features of one term, made from `quads`
  uint8_t* row_codes;              // scratch: codes of a row, or of a part of it, before their transposition
  bool has_code_sums;              // false where a panel sums its codes itself, before they become classes
  uint32_t* code_sums;             // [groups][plane_step] sum of the codes of each position over the channels so far
  int32_t* activation_sums;        // [groups][plane_step] sum of activation[code], modulo 2^32; empty if affine
  uint8_t* touches_nan;            // [groups][plane_step] 1 if a channel of the position is NaN; unset if none is
  bool any_nan;                    // false only if no element of `touches_nan` is 1
  Run* runs;                       // [run_count] the runs of the block, in the order of its pixels
  Patch* patches;                  // [patch_count] the patches of the block, in the order of its pixels
  int64_t run_count, patch_count;  // the numbers of runs and of patches of the block
  int64_t staged_first, staged_group;  // the first pixel and convolution group that StageGroups staged; -1 at first
};

// Returns the sizes for blocks and boxes of the division's size, with arrays taken from `layout`.
Staging MakeStaging(const tfapprox_problem& shape, const Program& program, const Division& division,
                    MemoryLayout* layout);

// Divides output pixels [first, first + pixels) of the batch into patches and runs, and sets all sums to 0.
void BeginStaging(const tfapprox_problem& shape, const Program& program, const Source& source, int64_t first,
                  int64_t pixels, Staging* staging);

// Stages channels [channel, channel + channels) of the input under the rows and columns of `box`, for the patches that
// BeginStaging has set, and adds their codes to the sums over the channels. `channels` is at most staging->channels.
void StageChannels(const tfapprox_problem& shape, const Program& program, const Source& source, const Box& box,
                   int64_t channel, int64_t channels, Staging* staging);

// Stages all channels of the convolution groups from `group` on, up to staging->groups of them, for output pixels
// [first, first + pixels), unless they are staged already. The filter is one box.
void StageGroups(const tfapprox_problem& shape, const Program& program, const Source& source, const Box& box,
                 int64_t group, int64_t first, int64_t pixels, Staging* staging);

}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_STAGING_H_
