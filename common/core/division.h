// How a convolution is divided: blocks of output pixels, groups of filters, and boxes of taps.
//
// A box is a part of the taps whose panel fits the second-level cache and whose sums fit 32 bits; almost every filter
// is one box.
#ifndef TFAPPROX_COMMON_CORE_DIVISION_H_
#define TFAPPROX_COMMON_CORE_DIVISION_H_

#include "problem.h"
#include "program.h"

namespace tfapprox {

// Pixels of a block at most: a table that a kernel has loaded is in use for 4 vectors of 64.
constexpr int64_t kMaxWidth = 256;

// Rows, columns and channels of the filter from the first of each, and how many. Taps of a box are numbered in the
// order of the filter; quads are its groups of 4 channels, the last one filled up.
struct Box {
  int64_t row, rows, column, columns, channel, channels;

  int64_t taps() const { return rows * columns * channels; }
  int64_t quads() const { return rows * columns * CeilDivide(channels, 4); }
};

struct Division {
  int64_t width;    // pixels of a block
  int64_t filters;  // of a tile
  int64_t blocks, groups;
  Box box;                                      // the first and greatest one
  int64_t box_rows, box_columns, box_channels;  // how many
  int64_t boxes;

  Box BoxAt(const tfapprox_conv2d& shape, int64_t index) const;
};

// `shape` as Simplify returns it.
Division Divide(const tfapprox_conv2d& shape, const Program& program);

// The same convolution with fewer and longer rows: what has one tap per channel, or one pixel per image, needs no
// windows.
tfapprox_conv2d Simplify(const tfapprox_conv2d& shape);

}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_DIVISION_H_
