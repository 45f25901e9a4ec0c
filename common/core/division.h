// division: how a convolution is cut into pieces that fit the caches, keep threads busy and cannot overflow.
//
// A convolution is a product of two matrices: output pixels by taps (the windows of the input) and taps by filters.
// Three dimensions are cut:
//
//                           filters
//               bundle 0   bundle 1   bundle 2      A block is up to 256 consecutive output pixels, which are numbered
//             +----------+----------+----------+    image by image and row by row. A bundle is 16 to 64 consecutive
//    block 0  |  tile 0  |  tile 1  |  tile 2  |    filters. A tile is a block times a bundle. Tiles are independent
//             +----------+----------+----------+    of each other and are what threads divide among them. Neighbouring
//    block 1  |  tile 3  |  tile 4  |  tile 5  |    tiles have the same block, so that a thread packs its pixels once.
//             +----------+----------+----------+
//    output
//    pixels
//               taps of a filter
//             +----------+----------+               A box is a part of the rows, columns and channels of a filter, the
//             |  box 0   |  box 1   |               same for all filters. Almost every filter is one box.
//             +----------+----------+
//
// In a grouped convolution, a bundle lies within one convolution group if the group has 16 filters or more. Otherwise
// it has all filters of as many convolution groups as make up to 16 filters, and the tile packs a panel for each group.
//
// A panel (panel.h) has the codes and features of one block and one box, tap by tap.
//
// The sizes are the result of these demands:
//
// - A block has a multiple of 64 pixels, because the kernels process 64 lanes at once. It has 256 pixels where
//   possible: a kernel loads the table of a weight once for all pixels of a block. Where windows overlap and blocks are
//   many, it has up to 1,024 pixels, so that fewer input rows are staged for two blocks; their sums are computed and
//   written 256 pixels at a time. Where look-ups are by rows, it has up to 4,096 pixels, which share transposed tables,
//   and threads rather divide the filters among them.
// - A panel stays in the second-level cache; if it would not with 256 pixels, blocks become narrower.
// - Bundles have 64 filters, since a block is packed again by each run of tiles that begins within it. If that gives
//   fewer than 32 tiles, bundles and then blocks get smaller, so that 16 threads have work even at batch 1. Where a
//   filter has several boxes, each bundle packs all of them, and has as many filters as carried sums may take and as
//   leave work for all threads.
// - A box has at most 16,384 taps, so that its sums of products fit int32, whatever has wrapped around on the way. It
//   has fewer if a panel of 64 pixels would be too large. The sums of several boxes are carried in int64.
//
// Every size follows from the shape, the program and the number of threads, so all functions of one call divide alike.
#ifndef TFAPPROX_COMMON_CORE_DIVISION_H_
#define TFAPPROX_COMMON_CORE_DIVISION_H_

#include "problem.h"
#include "program.h"

namespace tfapprox {

// The maximum of the pixels whose sums are computed together, unless look-ups are by rows, and whose outputs are
// written together. The fastest kernel uses a table that it has loaded for 4 vectors of 64 pixels.
constexpr int64_t kMaxWidth = 256;

// The maximum of the pixels of a block of look-ups by rows, which share transposed tables.
constexpr int64_t kMaxRowWidth = 4096;

// The maximum of the filters of a row whose entries have 2 bytes: the longest rows have 64 bytes.
constexpr int64_t kMaxRowFilters = 32;

// A part of the taps of every filter. Its taps are numbered in the order of the filter, from the box's first row,
// column and channel on:
//
//   tap = (row * columns + column) * channels + channel
//
// A quad is 4 consecutive channels at one row and column; the last quad of each row and column is filled up.
struct Box {
  // `row`, `column` and `channel` are the first ones in the filter, `rows`, `columns` and `channels` are how many the
  // box has of each.
  int64_t row, rows, column, columns, channel, channels;

  int64_t taps() const { return rows * columns * channels; }
  int64_t quads() const { return rows * columns * CeilDivide(channels, 4); }
};

// Filters [begin, end) of the out_channels.
struct FilterRange {
  int64_t begin, end;
};

// The sizes and numbers of all pieces.
struct Division {
  int64_t width;            // pixels of a block, a multiple of kLanes; the last block may have fewer pixels
  int64_t lanes;            // lanes from one tap of a panel to the next, an odd multiple of kLanes if `width` is large
  int64_t filters_at_once;  // filters whose sums are computed together: kFilterBlock, or the filters of a row
  int64_t filters;          // filters of a bundle; the last bundle of a convolution group may have fewer
  int64_t blocks, bundles;  // the numbers of blocks and of bundles; there are blocks * bundles tiles
  int64_t bundles_per_group;                    // bundles of a convolution group; 0 if a bundle has several groups
  Box box;                                      // the first box, which is at least as large as any other
  int64_t box_rows, box_columns, box_channels;  // into how many boxes rows, columns and channels are cut
  int64_t boxes;                                // the number of all boxes, the product of these three numbers

  // Returns box number `index`; boxes of the same rows and columns follow each other.
  Box BoxAt(const tfapprox_problem& shape, int64_t index) const;

  // Returns the filters of bundle number `index`.
  FilterRange BundleAt(const tfapprox_problem& shape, int64_t index) const;
};

// Divides the convolution of `work`, which has been simplified by Simplify, for its program and threads.
Division Divide(const tfapprox_work& work);

// Returns the pixels of a block of look-ups by rows of up to `row_filters` filters and `row_bytes` bytes, for a plan
// with `terms` terms: as many as memory allows, unless threads would have no work then.
int64_t RowWidth(const tfapprox_problem& shape, int64_t terms, int64_t row_filters, int64_t row_bytes, int32_t threads);

// Returns an equivalent convolution with fewer and longer rows, or `shape` itself. Two cases need no windows: a filter
// of 1x1 without stride, whose pixels become one row (in layout NCHW, one row per image), and in layout NHWC a filter
// as large as the input, whose images become the pixels of one row.
tfapprox_problem Simplify(const tfapprox_problem& shape);

}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_DIVISION_H_
