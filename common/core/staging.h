// Staging: the codes of the input that a block of output pixels touches, each computed once, in planes of channels.
//
//   rows, columns of the output block     patch (one per image): the input rows and columns of its taps, padding
//   included
//     run 0        . . [ p p p p            group 0: positions origin, origin + stride, ... of rows, the same of
//     columns run 1        p p p p p p p            group 1: ... run 2        p p p ] . . .
//
// In a group, the taps (ky, kx) of a run of output pixels are contiguous: panel.cc copies them, whatever the stride.
#ifndef TFAPPROX_COMMON_CORE_STAGING_H_
#define TFAPPROX_COMMON_CORE_STAGING_H_

#include "division.h"
#include "memory_layout.h"

namespace tfapprox {

// One dimension of a patch: `groups` sequences of `length` input positions, origin + group * group_step + i * stride.
// Either all positions from the first to the last are staged once (dense: a group per remainder), or, where that is
// less, those of each tap (a group per tap).
struct StagedAxis {
  int64_t stride, dilation, groups, group_step, length, extra;
  bool dense;

  int64_t size() const { return groups * length; }
  // Where the position of tap `tap` of output 0 lies in [groups][length].
  int64_t TapOffset(int64_t tap) const {
    if (!dense) return tap * length;
    return tap * dilation % stride * length + tap * dilation / stride;
  }
};

// Consecutive output pixels of one image that share staged rows: whole rows, or a part of one.
struct Patch {
  int64_t image, row, rows, column, columns;
};

// The elements that codes are made of, real numbers or codes.
struct Source {
  const float* reals;  // null if the input consists of codes
  const uint8_t* codes;
  const tfapprox_quantiser* quantiser;
  uint8_t padding;  // code of a tap outside of the input, (3.2) and (5.4)
};

// Memory and sizes of a block's staged codes.
struct Staging {
  StagedAxis rows, columns;
  bool within_rows;  // output rows are longer than a block, so each run has a patch of its own
  int64_t max_runs, max_patches;
  int64_t channels;    // staged at a time
  int64_t area;        // positions of all patches
  int64_t plane_step;  // bytes of a staged channel, at least area + 31
  bool has_codes, has_quads;
  uint8_t* codes;       // [channels][plane_step], for look-ups
  uint8_t* quads;       // [channels / 4][4 * plane_step], for products
  uint8_t* features;    // as quads
  uint8_t* row_codes;   // scratch: one staged row before its transposition
  uint32_t* code_sums;  // [plane_step] over the channels
  int32_t* activation_sums;
  uint8_t* touches_nan;
  bool any_nan;
  Run* runs;
  Patch* patches;
  int64_t run_count, patch_count;
};

// The sizes for blocks of `width` pixels and boxes of up to `box`, and the memory, if `layout` has some.
Staging MakeStaging(const tfapprox_conv2d& shape, const Program& program, const Box& box, int64_t width,
                    MemoryLayout* layout);

// Divides output pixels [first, first + pixels) in patches and runs; a run's source is that of its tap (0, 0).
void SetRuns(const tfapprox_conv2d& shape, int64_t first, int64_t pixels, Staging* staging);

// Stages channels [channel, channel + channels) of the input, and adds them to the sums.
void StageChannels(const tfapprox_conv2d& shape, const Program& program, const Source& source, const Box& box,
                   int64_t channel, int64_t channels, Staging* staging);

}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_STAGING_H_
