// Finds the input positions that a block of output pixels needs, and writes their codes in planes of channels.
#include "staging.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace tfapprox {
namespace {

// The bytes that staged codes may take, unless 16 channels take more: so they stay in the second-level cache beside the
// panel.
constexpr int64_t kStagedBytes = int64_t{1} << 18;

// The maximum of the channels of a box for which panels sum the codes up. A panel adds a byte for each tap of a pixel;
// staged sums take 4 bytes for each row and column of the filter, and memory that is cleared for each block.
constexpr int64_t kFewChannels = 4;

// The maximum of the bytes of codes between their quantisation and their transposition, unless 16 pixels have more.
constexpr int64_t kPartBytes = int64_t{1} << 14;

// How many channels ahead rows in layout NCHW are loaded.
constexpr int64_t kAhead = 8;

// Returns how many pixels of `channels` channels are quantised before they are transposed, a multiple of 16.
int64_t PartPixels(int64_t channels) { return std::max<int64_t>(16, kPartBytes / channels / 16 * 16); }

// Whether the output is one row of pixels, each of which sees one input pixel, as Simplify makes of a filter of 1x1: then
// a block has one run, and the staged codes of a channel are its codes in the panel. Rows of a panel have a multiple of
// 64 lanes, so that whole vectors of 16 bytes, which may be written behind the last pixel, stay within a row.
bool IsOneRow(const tfapprox_problem& shape) {
  return shape.groups == 1 && shape.filter_height == 1 && shape.filter_width == 1 && shape.stride_width == 1 &&
         shape.batch == 1 && shape.in_height == 1 && shape.out_height == 1 && shape.in_width == shape.out_width &&
         shape.pad_top == 0 && shape.pad_left == 0;
}

// Returns the smaller of the two forms of an axis, for at most `outputs` outputs.
StagedAxis MakeAxis(int64_t stride, int64_t dilation, int64_t taps, int64_t outputs) {
  const int64_t last = (taps - 1) * dilation;  // from the first tap to the last one, in input positions
  StagedAxis dense{stride, dilation, std::min(stride, last + 1), 1, outputs + last / stride, last / stride, true};
  const StagedAxis sparse{stride, dilation, taps, dilation, outputs, 0, false};
  int64_t size;
  const bool too_large = __builtin_mul_overflow(dense.groups, dense.length, &size);
  return too_large || size > sparse.size() ? sparse : dense;
}

// One input row, at the positions of one group of columns.
struct Row {
  // Row `y` of `image` is staged at `count` positions, which are input columns `first`, first + stride, and so on.
  // Those with an index in [begin, end) lie inside the input; all others are padding.
  int64_t image, y, first, begin, end, count;
  int64_t target;  // the index of the row's first position in a staged plane
};

// Stages rows of some channels.
class Stager {
 public:
  Stager(const tfapprox_problem& shape, const ElementLoops& loops, const Source& source, int64_t channel,
         int64_t channels, Staging* staging)
      : shape_(shape), loops_(loops), source_(source), channel_(channel), channels_(channels), staging_(*staging) {}

  // Writes the codes of all channels of a row, padding included. Whole vectors are written from left to right, also
  // behind the row, where the next row is staged later. Behind the last row, a plane has 31 more positions.
  void StageRow(const Row& row) {
    Fill(row.target, row.begin);
    StageInside(row);
    Fill(row.target + row.end, row.count - row.end);
  }

 private:
  // Writes `count` positions of padding from index `target` on, in all channels.
  void Fill(int64_t target, int64_t count) {
    for (int64_t c = 0; staging_.has_codes && c < channels_; ++c) {
      FillVectors(staging_.codes + c * staging_.plane_step + target, count);
    }
    for (int64_t c = 0; staging_.has_quads && c < channels_; c += 4) {
      FillVectors(staging_.quads + c * staging_.plane_step + 4 * target, 4 * count);
    }
  }

  // Writes `count` bytes of padding, rounded up to whole vectors. A row has few of them, for which a call of memset
  // would take longer.
  void FillVectors(uint8_t* to, int64_t count) {
    uint8_t vector[16];
    std::fill_n(vector, sizeof vector, source_.padding);
    for (int64_t i = 0; i < count; i += sizeof vector) std::memcpy(to + i, vector, sizeof vector);
  }

  // Writes the positions of a row that lie inside the input.
  void StageInside(const Row& row) {
    if (row.begin == row.end) return;
    const int64_t x = row.first + row.begin * shape_.stride_width, count = row.end - row.begin;
    const int64_t target = row.target + row.begin;
    if (shape_.layout == TFAPPROX_LAYOUT_NHWC) {
      const int64_t pixel = (row.image * shape_.in_height + row.y) * shape_.in_width + x;
      StagePixels(pixel * shape_.in_channels + channel_, count, target);
      return;
    }
    const int64_t step = staging_.has_codes ? staging_.plane_step : count;  // from the codes of a channel to the next
    for (int64_t c = 0; c < channels_; c += 4) {
      const int64_t channels = std::min<int64_t>(4, channels_ - c);
      uint8_t* codes = staging_.has_codes ? staging_.codes + c * step + target : staging_.row_codes;
      for (int64_t i = 0; i < channels; ++i) {
        const int64_t plane = row.image * shape_.in_channels + channel_ + c + i;
        StagePlane((plane * shape_.in_height + row.y) * shape_.in_width + x, count, c + i, target, codes + i * step);
      }
      if (!staging_.has_quads) continue;
      loops_.zip_quads(codes, step, channels, count, staging_.quads + c * staging_.plane_step + 4 * target);
    }
  }

  // Stages `count` pixels of a tensor in layout NHWC, whose channels are contiguous; `offset` is the index of the first
  // element. The codes of a part of them stay in the first-level cache until they are transposed.
  void StagePixels(int64_t offset, int64_t count, int64_t target) {
    const int64_t part = PartPixels(staging_.channels), step = shape_.stride_width * shape_.in_channels;
    for (int64_t i = 0; i < count; i += part) {
      StagePart(offset + i * step, step, std::min(part, count - i), target + i);
    }
  }

  // Stages pixels whose first channels are `step` elements apart.
  void StagePart(int64_t offset, int64_t step, int64_t count, int64_t target) {
    const uint8_t* codes = staging_.row_codes;
    int64_t code_step = channels_;
    if (source_.reals != nullptr) {
      Quantise(source_.reals + offset, count, step, channels_, staging_.row_codes, 0, target);
    } else {
      codes = source_.codes + offset;
      code_step = step;
    }
    if (staging_.has_codes) {
      loops_.transpose(codes, code_step, count, channels_, 1, staging_.plane_step, /*slack=*/true,
                       staging_.codes + target);
    }
    if (staging_.has_quads) {
      loops_.transpose(codes, code_step, count, channels_, 4, 4 * staging_.plane_step, /*slack=*/true,
                       staging_.quads + 4 * target);
    }
  }

  // Writes the codes of `count` elements of channel `c` of a tensor in layout NCHW; `offset` is the index of the first
  // element.
  void StagePlane(int64_t offset, int64_t count, int64_t c, int64_t target, uint8_t* codes) {
    if (source_.reals != nullptr) {
      if (c + kAhead < channels_) Prefetch(source_.reals + offset + kAhead * shape_.in_height * shape_.in_width, count);
      Quantise(source_.reals + offset, count, shape_.stride_width, 1, codes, c, target);
    } else {
      for (int64_t i = 0; i < count; ++i) codes[i] = source_.codes[offset + i * shape_.stride_width];
    }
  }

  // Loads elements into the second-level cache. Rows of channels are too short, and too far from each other, for the CPU
  // to do it by itself; from memory, they would take twice as long.
  static void Prefetch(const float* x, int64_t count) {
    constexpr int64_t kLine = 64 / sizeof(float);
    for (int64_t i = 0; i < count; i += kLine) __builtin_prefetch(x + i, /*rw=*/0, /*locality=*/2);
  }

  // Quantises `count` positions of `length` channels from staged channel `c` on. The loop tells only whether there may
  // be a NaN; if so, the elements are looked at one by one.
  void Quantise(const float* x, int64_t count, int64_t step, int64_t length, uint8_t* codes, int64_t c,
                int64_t target) {
    if (!loops_.quantise(x, count, step, length, *source_.quantiser, codes)) return;
    if (!staging_.any_nan) std::fill_n(staging_.touches_nan, staging_.groups * staging_.plane_step, 0);
    staging_.any_nan = true;
    for (int64_t i = 0; i < count; ++i) {
      for (int64_t j = 0; j < length; ++j) {
        const int64_t group = staging_.groups == 1 ? 0 : (c + j) / GroupInputs(shape_);
        staging_.touches_nan[group * staging_.plane_step + target + i] |= std::isnan(x[i * step + j]);
      }
    }
  }

  const tfapprox_problem& shape_;
  const ElementLoops& loops_;
  const Source& source_;
  const int64_t channel_, channels_;  // the first channel of the input, and how many are staged
  Staging& staging_;
};

// Sets `begin` and `end` of a row such that input columns first + i * stride lie in [0, size) for begin <= i < end.
void SetInside(int64_t first, int64_t stride, int64_t size, Row* row) {
  row->begin = first >= 0 ? 0 : std::min(row->count, CeilDivide(-first, stride));
  row->end = first >= size ? 0 : std::min(row->count, CeilDivide(size - first, stride));
  row->end = std::max(row->begin, row->end);
}

// Adds activation[code] of staged channels [first, first + channels) to `sums` of each position, modulo 2^32.
void AddActivations(const int32_t* activation, int64_t first, int64_t channels, const Staging& staging,
                    uint32_t* sums) {
  const bool planar = staging.has_codes;
  const auto codes_of = [&](int64_t c) {
    return planar ? staging.codes + c * staging.plane_step : staging.quads + 4 * (c / 4 * staging.plane_step) + c % 4;
  };
  const auto at = [&](const uint8_t* codes, int64_t i) {
    return static_cast<uint32_t>(activation[codes[planar ? i : 4 * i]]);
  };
  int64_t c = first;
  for (; c + 4 <= first + channels; c += 4) {  // four channels share one pass over the sums
    const uint8_t *a = codes_of(c), *b = codes_of(c + 1), *d = codes_of(c + 2), *e = codes_of(c + 3);
    for (int64_t i = 0; i < staging.area; ++i) sums[i] += at(a, i) + at(b, i) + at(d, i) + at(e, i);
  }
  for (; c < first + channels; ++c) {
    const uint8_t* codes = codes_of(c);
    for (int64_t i = 0; i < staging.area; ++i) sums[i] += at(codes, i);
  }
}

// Stages the codes of channels [channel, channel + channels) of the input, without their sums.
void StageCodes(const tfapprox_problem& shape, const Program& program, const Source& source, const Box& box,
                int64_t channel, int64_t channels, Staging* staging) {
  Staging& s = *staging;
  const StagedAxis &rows = s.rows, &columns = s.columns;
  Stager stager(shape, *program.path->loops, source, channel, channels, staging);
  int64_t target = 0;  // the index of the row in a staged plane
  for (int64_t i = 0; i < s.patch_count; ++i) {
    const Patch& patch = s.patches[i];
    // The input row and column of the box's first tap, for the patch's first output.
    const int64_t top = patch.row * shape.stride_height - shape.pad_top + box.row * shape.dilation_height;
    const int64_t left = patch.column * shape.stride_width - shape.pad_left + box.column * shape.dilation_width;
    for (int64_t gy = 0; gy < rows.groups; ++gy) {
      for (int64_t iy = 0; iy < rows.length; ++iy, target += columns.size()) {
        if (iy >= patch.rows + rows.extra) continue;
        const int64_t y = top + gy * rows.group_step + iy * rows.stride;
        for (int64_t gx = 0; gx < columns.groups; ++gx) {
          Row row{patch.image,
                  y,
                  left + gx * columns.group_step,
                  0,
                  0,
                  patch.columns + columns.extra,
                  target + gx * columns.length};
          const bool inside = y >= 0 && y < shape.in_height;
          SetInside(row.first, columns.stride, inside ? shape.in_width : 0, &row);
          stager.StageRow(row);
        }
      }
    }
  }
}

// Adds the codes of staged channels [first, first + channels) to the sums of staged convolution group `group`.
void AddStaged(const Program& program, int64_t first, int64_t channels, int64_t group, Staging* staging) {
  Staging& s = *staging;
  const ElementLoops& loops = *program.path->loops;
  uint32_t* code_sums = s.code_sums + group * s.plane_step;
  // Where there are no sums of staged codes, the panels sum them up.
  for (int64_t c = 0; s.has_code_sums && c < channels; c += kMaxChannels) {
    const int64_t unit = s.has_codes ? 1 : 4;
    const uint8_t* planes = (s.has_codes ? s.codes : s.quads) + (first + c) * s.plane_step;
    loops.add_channels(planes, s.area, std::min(kMaxChannels, channels - c), unit, unit * s.plane_step, code_sums);
  }
  if (program.activation.holds) return;
  auto* sums = reinterpret_cast<uint32_t*>(s.activation_sums + group * s.plane_step);
  AddActivations(program.plan->activation, first, channels, s, sums);
}

// Replaces the staged codes by their classes if the program looks classes up.
void MapClasses(const Program& program, int64_t channels, Staging* staging) {
  if (program.class_of == nullptr || !staging->has_code_sums) return;
  program.path->kernels->map(program.class_of, staging->codes, channels * staging->plane_step, staging->codes);
}

}  // namespace

Staging MakeStaging(const tfapprox_problem& shape, const Program& program, const Division& division,
                    MemoryLayout* layout) {
  const Box& box = division.box;
  const int64_t width = division.width;
  Staging s{};
  s.in_panel = IsOneRow(shape);
  // The output rows that a block may touch.
  const int64_t rows = s.in_panel ? 1 : CeilDivide(width - 1, shape.out_width) + 1;
  s.within_rows = shape.out_width > width;
  s.max_runs = rows;
  s.max_patches =
      s.within_rows ? rows : std::min(shape.batch, CeilDivide(width - 1, shape.out_height * shape.out_width) + 1);
  s.rows = MakeAxis(shape.stride_height, shape.dilation_height, box.rows,
                    s.within_rows ? 1 : std::min(shape.out_height, rows));
  s.columns = MakeAxis(shape.stride_width, shape.dilation_width, box.columns, std::min(shape.out_width, width));
  s.area = s.max_patches * s.rows.size() * s.columns.size();
  s.plane_step = s.in_panel ? division.lanes : RoundUp(s.area + 31, 64);
  const int64_t channels = std::max<int64_t>(16, kStagedBytes / s.plane_step / 16 * 16);
  s.has_codes = program.planes != 0 || program.terms.empty();
  s.has_quads = !program.terms.empty();
  // Several groups at a time only where the filter is one box, and where quads do not mix the channels of two groups.
  const bool is_one_box = box.taps() == Taps(shape);
  const bool has_whole_quads = !s.has_quads || box.channels % 4 == 0;
  const int64_t groups = std::min(kMaxChannels, channels) / box.channels;
  s.groups = is_one_box && has_whole_quads ? std::max<int64_t>(1, std::min(shape.groups, groups)) : 1;
  s.channels = std::min(channels, RoundUp(s.groups * box.channels, 4));
  s.staged_first = s.staged_group = -1;
  const int64_t bytes = s.channels * s.plane_step;
  s.codes = layout->Take<uint8_t>(s.has_codes && (!s.in_panel || program.planes == 0) ? bytes : 0);
  s.quads = layout->Take<uint8_t>(s.has_quads ? bytes : 0);
  s.features = layout->Take<uint8_t>(s.has_quads && !s.in_panel ? bytes : 0);
  // In layout NCHW, 4 channels of a row; in layout NHWC, a part of its pixels.
  s.row_codes =
      layout->Take<uint8_t>(s.columns.length * 4 + std::min(s.columns.length, PartPixels(s.channels)) * s.channels);
  s.has_code_sums = program.planes == 0 || box.channels > kFewChannels;
  s.code_sums = layout->Take<uint32_t>(s.has_code_sums ? s.groups * s.plane_step : 0);
  s.activation_sums = layout->Take<int32_t>(program.activation.holds ? 0 : s.groups * s.plane_step);
  s.touches_nan = layout->Take<uint8_t>(s.groups * s.plane_step);
  s.runs = layout->Take<Run>(s.max_runs);
  s.patches = layout->Take<Patch>(s.max_patches);
  return s;
}

void BeginStaging(const tfapprox_problem& shape, const Program& program, const Source& source, int64_t first,
                  int64_t pixels, Staging* staging) {
  Staging& s = *staging;
  const int64_t sums = s.groups == 1 ? s.area : s.groups * s.plane_step;
  if (s.has_code_sums) std::fill_n(s.code_sums, sums, 0);
  if (!program.activation.holds) std::fill_n(s.activation_sums, sums, 0);
  s.any_nan = false;
  const int64_t row_step = s.columns.size(), patch_step = s.rows.size() * row_step;
  s.run_count = s.patch_count = 0;
  for (int64_t p = 0; p < pixels;) {
    const int64_t index = first + p, column = index % shape.out_width;
    const int64_t row = index / shape.out_width % shape.out_height, image = index / shape.out_width / shape.out_height;
    const int64_t length = std::min(pixels - p, shape.out_width - column);
    Patch* patch = s.patch_count == 0 ? nullptr : &s.patches[s.patch_count - 1];
    if (patch == nullptr || s.within_rows || patch->image != image) {
      // A patch of several rows has all columns of its rows, even if the block begins or ends within a row.
      const bool has_all_columns = !s.within_rows && p + length < pixels && row + 1 < shape.out_height;
      patch = &s.patches[s.patch_count++];
      *patch = {image, row, 0, has_all_columns ? 0 : column, has_all_columns ? shape.out_width : length};
    }
    const int64_t source = (s.patch_count - 1) * patch_step + patch->rows * row_step + column - patch->column;
    s.runs[s.run_count++] = {p, length, source};
    ++patch->rows;
    p += length;
  }
}

void StageChannels(const tfapprox_problem& shape, const Program& program, const Source& source, const Box& box,
                   int64_t channel, int64_t channels, Staging* staging) {
  StageCodes(shape, program, source, box, channel, channels, staging);
  AddStaged(program, 0, channels, 0, staging);
  MapClasses(program, channels, staging);
}

void StageGroups(const tfapprox_problem& shape, const Program& program, const Source& source, const Box& box,
                 int64_t group, int64_t first, int64_t pixels, Staging* staging) {
  Staging& s = *staging;
  if (s.staged_first == first && s.staged_group == group) return;
  s.staged_first = first;
  s.staged_group = group;
  const int64_t groups = std::min(s.groups, shape.groups - group), inputs = GroupInputs(shape);
  BeginStaging(shape, program, source, first, pixels, &s);
  StageCodes(shape, program, source, box, group * inputs, groups * inputs, &s);
  for (int64_t g = 0; g < groups; ++g) AddStaged(program, g * inputs, inputs, g, &s);
  MapClasses(program, groups * inputs, &s);
}

}  // namespace tfapprox
