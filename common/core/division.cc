// Computes the sizes of blocks, bundles and boxes from cache sizes and from the number of tiles that keeps threads
// busy.
#include "division.h"

#include <algorithm>

namespace tfapprox {
namespace {

// The maximum size of a panel, in bytes. A panel without codes stays in a second-level cache of 1 to 2 MiB. A panel
// with codes for look-ups may be larger: narrower blocks would load the table of a weight for fewer look-ups, and that
// costs more than codes that come from the third-level cache.
constexpr int64_t kFeatureBytes = int64_t{1} << 20, kCodeBytes = 5 * kFeatureBytes / 2;

// The maximum of the pixels of a block without look-ups by rows, and the maximum size of a panel of more than kMaxWidth
// pixels, in bytes.
constexpr int64_t kMaxStagedWidth = 1024, kWideBytes = int64_t{1} << 18;

// The maximum size of the panel and of all sums of a block of look-ups by rows, in bytes.
constexpr int64_t kRowPanelBytes = int64_t{1} << 21, kRowSumBytes = int64_t{1} << 20;

// The maximum of the taps of a box: the sum of 16,384 products of magnitude 65,535 at most is below 2^31.
constexpr int64_t kMaxTaps = 16384;

// The maximum of the filters of a bundle, and the number of tiles below which bundles are halved. With 64 filters,
// packing a block is a small part of a tile's work, even where each tile is a run of its own. 32 tiles keep 16 threads
// busy.
constexpr int64_t kMaxFilters = 64, kEnoughTiles = 32;

// The maximum size of the sums of a tile that are carried from box to box, in bytes.
constexpr int64_t kCarriedBytes = int64_t{1} << 18;

// Returns a box with as many columns as `max_taps` allows, then as many rows, then as many channels. Channels are cut
// at a multiple of 4, so that quads stay full, unless fewer than 4 channels fit.
Box FirstBox(const tfapprox_problem& shape, int64_t max_taps) {
  Box box{};
  box.columns = std::min(shape.filter_width, max_taps);
  box.rows = std::min(shape.filter_height, max_taps / box.columns);
  box.channels = std::min(GroupInputs(shape), max_taps / (box.columns * box.rows));
  if (box.channels < GroupInputs(shape) && box.channels > 4) box.channels = box.channels / 4 * 4;
  return box;
}

}  // namespace

Box Division::BoxAt(const tfapprox_problem& shape, int64_t index) const {
  Box result = box;
  result.channel = index % box_channels * box.channels;
  result.column = index / box_channels % box_columns * box.columns;
  result.row = index / box_channels / box_columns * box.rows;
  result.channels = std::min(box.channels, GroupInputs(shape) - result.channel);
  result.columns = std::min(box.columns, shape.filter_width - result.column);
  result.rows = std::min(box.rows, shape.filter_height - result.row);
  return result;
}

FilterRange Division::BundleAt(const tfapprox_problem& shape, int64_t index) const {
  if (bundles_per_group == 0) {
    return {index * filters, std::min((index + 1) * filters, shape.out_channels)};
  }
  const int64_t group = index / bundles_per_group, group_filters = GroupFilters(shape);
  const int64_t begin = group * group_filters + index % bundles_per_group * filters;
  return {begin, std::min(begin + filters, (group + 1) * group_filters)};
}

int64_t RowWidth(const tfapprox_problem& shape, int64_t terms, int64_t row_filters, int64_t row_bytes,
                 int32_t threads) {
  // A pixel has a byte of a code and of each feature for each tap, sums of 32 bits, and sums of 16 bits of two kinds.
  // A part of a transposed convolution may have no tap.
  const int64_t taps = std::max<int64_t>(1, std::min(Taps(shape), kMaxTaps));
  const int64_t panel_limit = kRowPanelBytes / ((1 + terms) * taps);
  const int64_t sums_limit = kRowSumBytes / (4 * row_filters + 2 * row_bytes);
  const int64_t limit = std::max<int64_t>(1, std::min({kMaxRowWidth, panel_limit, sums_limit}) / kLanes) * kLanes;
  const int64_t pixels = std::max<int64_t>(1, Pixels(shape));
  const int64_t rows = shape.groups * CeilDivide(GroupFilters(shape), row_filters);
  int64_t blocks = CeilDivide(pixels, limit);
  // Tiles divide evenly among the threads, or there are many.
  while (blocks * rows < 4 * threads && blocks * rows % threads != 0) ++blocks;
  return RoundUp(CeilDivide(pixels, blocks), kLanes);
}

Division Divide(const tfapprox_work& work) {
  const tfapprox_problem& shape = work.problem;
  const Program& program = *work.program;
  Division division;
  // The bytes of a panel for each tap and pixel: one for the code, if codes are looked up, and one for each feature.
  const auto terms = static_cast<int64_t>(program.terms.size());
  const int64_t bytes = (program.planes != 0) + terms;
  const int64_t panel_bytes = program.planes == 0 ? kFeatureBytes : kCodeBytes;
  const int64_t max_taps = std::min(kMaxTaps, panel_bytes / kLanes / std::max<int64_t>(1, bytes));
  division.box = FirstBox(shape, std::max<int64_t>(4, max_taps));
  division.box_rows = CeilDivide(shape.filter_height, division.box.rows);
  division.box_columns = CeilDivide(shape.filter_width, division.box.columns);
  division.box_channels = CeilDivide(GroupInputs(shape), division.box.channels);
  division.boxes = division.box_rows * division.box_columns * division.box_channels;

  const int64_t pixels = Pixels(shape);
  const int64_t group_filters = GroupFilters(shape);
  const bool has_several = group_filters < kFilterBlock && shape.groups > 1;
  const auto bundles = [&] {
    return has_several ? CeilDivide(shape.out_channels, division.filters)
                       : shape.groups * CeilDivide(group_filters, division.filters);
  };
  const auto tiles = [&] { return CeilDivide(pixels, division.width) * bundles(); };
  division.filters = has_several ? kFilterBlock / group_filters * group_filters : kMaxFilters;
  division.filters_at_once = kFilterBlock;
  division.width = std::min(kMaxWidth, RoundUp(std::max<int64_t>(1, pixels), kLanes));
  if (program.by_rows && !has_several) {
    const int64_t row_bytes = program.path->kernels->row_bytes;
    division.filters_at_once = std::max(kFilterBlock, row_bytes / program.planes);
    division.width = RowWidth(shape, terms, row_bytes / program.planes, row_bytes, work.threads);
    while (division.filters > division.filters_at_once && tiles() % work.threads != 0) division.filters /= 2;
  } else {
    while (division.width > kLanes && division.width * bytes * division.box.taps() > panel_bytes) {
      division.width = RoundUp(division.width / 2, kLanes);
    }
    const bool is_packed_again = division.boxes > 1 && !has_several;
    if (is_packed_again) {
      const int64_t carried = kCarriedBytes / static_cast<int64_t>(sizeof(int64_t)) / division.width;
      division.filters = std::min(RoundUp(group_filters, kFilterBlock), carried);
    }
    const auto is_enough = [&] {
      return is_packed_again ? tiles() % work.threads == 0 || tiles() >= 4 * work.threads : tiles() >= kEnoughTiles;
    };
    while (division.filters > kFilterBlock && !is_enough())
      division.filters = RoundUp(division.filters / 2, kFilterBlock);
    while (division.width > kLanes && tiles() < kEnoughTiles / 4) division.width = RoundUp(division.width / 2, kLanes);
    // Blocks that are next to each other stage the input rows that both need twice.
    const bool overlap = division.boxes == 1 && division.box.rows > 1;
    while (overlap && division.width >= kMaxWidth && division.width < kMaxStagedWidth &&
           2 * division.width * bytes * division.box.taps() <= kWideBytes && tiles() >= 2 * kEnoughTiles) {
      division.width *= 2;
    }
  }
  // Rows of a panel that are a power of two apart would share a few sets of the first-level cache.
  division.lanes = division.width > kMaxWidth ? division.width / kLanes / 2 * 2 * kLanes + kLanes : division.width;
  division.blocks = CeilDivide(pixels, division.width);
  division.bundles = bundles();
  division.bundles_per_group = has_several ? 0 : division.bundles / shape.groups;
  return division;
}

tfapprox_problem Simplify(const tfapprox_problem& shape) {
  // Without padding, a tap is never outside of the input in the two cases below.
  const bool unpadded = shape.pad_top == 0 && shape.pad_left == 0;
  const bool nhwc = shape.layout == TFAPPROX_LAYOUT_NHWC;
  tfapprox_problem simple = shape;
  if (unpadded && shape.filter_height == 1 && shape.filter_width == 1 && shape.stride_height == 1 &&
      shape.stride_width == 1 && shape.out_height == shape.in_height && shape.out_width == shape.in_width) {
    simple.batch = nhwc ? 1 : shape.batch;
    simple.in_width = shape.in_height * shape.in_width * (nhwc ? shape.batch : 1);
  } else if (unpadded && nhwc && shape.groups == 1 && shape.filter_height == shape.in_height &&
             shape.filter_width == shape.in_width && shape.dilation_height == 1 && shape.dilation_width == 1 &&
             shape.out_height * shape.out_width == 1) {
    simple.in_channels = Taps(shape);
    simple.batch = simple.filter_height = simple.filter_width = 1;
    simple.in_width = shape.batch;
  } else {
    return shape;
  }
  simple.in_height = simple.out_height = simple.stride_height = simple.stride_width = 1;
  simple.out_width = simple.in_width;
  return simple;
}

}  // namespace tfapprox
