// The tiles of an operation, and the memory that they need.
#include "tiles.h"

#include <algorithm>
#include <cstring>

#include "error.h"

namespace tfapprox {
namespace {

// The memory of one run, which no other run touches.
struct Workspace {
  Panel panel;        // the operand in lanes, packed
  int32_t* sums;      // [filters_at_once][width] of one box
  uint8_t* rows;      // the scratch memory of look-ups by rows
  uint32_t* outputs;  // [kFilterBlock][OutputStep] bits of the outputs before they are stored
  int64_t* carried;   // [filters of a tile][width] sums of the boxes so far; empty if a filter is one box
};

// Returns the step from one row of a workspace's outputs to the next. A bundle of several convolution groups keeps the
// outputs of all pixels until its last group is done. Another bundle stores its outputs after each range of pixels.
int64_t OutputStep(const Division& division) { return division.bundles_per_group == 0 ? division.lanes : kMaxWidth; }

Workspace MakeWorkspace(const tfapprox_problem& problem, const Program& program, const Division& division,
                        MemoryLayout* layout) {
  Workspace workspace;
  workspace.panel = MakePanel(problem, program, division, layout);
  workspace.sums = layout->Take<int32_t>(division.filters_at_once * division.lanes);
  const int64_t row_bytes = program.path->kernels->row_bytes;
  workspace.rows = layout->Take<uint8_t>(program.by_rows ? RowScratchBytes(row_bytes, division.lanes) : 0);
  workspace.outputs = layout->Take<uint32_t>(kFilterBlock * OutputStep(division));
  workspace.carried = layout->Take<int64_t>(division.boxes == 1 ? 0 : division.filters * division.lanes);
  return workspace;
}

// Whether look-ups by rows write the sums of all filters of a pixel side by side, as the output has them.
bool SumsByPixels(const Call& call, const Outputs& outputs) {
  const Program& program = call.program;
  return program.by_rows && program.planes == 2 && program.terms.empty() && call.division.boxes == 1 &&
         call.division.bundles_per_group != 0 && call.problem.layout == TFAPPROX_LAYOUT_NHWC &&
         !IsStrided(call.problem) && outputs.TakesPixels();
}

class TileRunner {
 public:
  TileRunner(const Call& call, const Source& source, Outputs* outputs, void* output, void* memory)
      : call_(call),
        source_(source),
        outputs_(*outputs),
        output_(static_cast<uint32_t*>(output)),
        output_step_(OutputStep(call.division)),
        by_pixels_(SumsByPixels(call, *outputs)) {
    MemoryLayout layout(memory);
    workspace_ = MakeWorkspace(call.problem, call.program, call.division, &layout);
  }

  void Tile(int64_t block, int64_t bundle) {
    const FilterRange filters = call_.division.BundleAt(call_.problem, bundle);
    const int64_t group_filters = GroupFilters(call_.problem);
    const bool has_several = call_.division.bundles_per_group == 0;
    for (int64_t f = filters.begin; f < filters.end;) {
      const int64_t group = f / group_filters, end = std::min(filters.end, (group + 1) * group_filters);
      // The outputs of several convolution groups are stored together, a row of `outputs` for each filter.
      ComputeGroup(block, group, {f, end}, has_several ? f - filters.begin : 0);
      f = end;
    }
    if (has_several) Store(filters.begin, filters.end - filters.begin, {0, workspace_.panel.pixels});
  }

 private:
  // Computes filters of one convolution group, and stores them unless the bundle has several groups.
  void ComputeGroup(int64_t block, int64_t group, FilterRange filters, int64_t row) {
    const Division& division = call_.division;
    const bool carries = division.boxes > 1;
    if (carries) std::fill_n(workspace_.carried, division.filters * division.lanes, 0);
    int64_t taps = 0, quads = 0;  // of the boxes that are done
    for (int64_t i = 0; i < division.boxes; ++i) {
      const Box box = division.BoxAt(call_.problem, i);
      Pack(block, group, i, box);
      // Rows are transposed for all pixels of the block; otherwise, few sums stay in the first-level cache.
      const int64_t step = call_.program.by_rows ? division.width : kMaxWidth;
      for (int64_t p = 0; p < workspace_.panel.pixels; p += step) {
        const PixelRange pixels = {p, std::min(step, workspace_.panel.pixels - p)};
        for (int64_t f = filters.begin; f < filters.end; f += division.filters_at_once) {
          const int64_t count = std::min(division.filters_at_once, filters.end - f);
          Compute(box, taps, quads, f, count, pixels);
          carries      ? Carry(i, f, count, f - filters.begin, pixels)
          : by_pixels_ ? WritePixels(f, count)
                       : Write(f, count, row, pixels, nullptr);
        }
      }
      taps += box.taps();
      quads += box.quads();
    }
    if (carries) {
      Write(filters.begin, filters.end - filters.begin, row, {0, workspace_.panel.pixels}, workspace_.carried);
    }
  }

  // Packs a box of the taps of a block of pixels and a convolution group. A panel that holds all taps stays for all
  // bundles of the group.
  void Pack(int64_t block, int64_t group, int64_t box_index, const Box& box) {
    const Division& division = call_.division;
    if (division.boxes == 1 && packed_block_ == block && packed_group_ == group) return;
    packed_block_ = block;
    packed_group_ = group;
    const int64_t first = block * division.width, pixels = std::min(division.width, Pixels(call_.problem) - first);
    PackPanel(call_.problem, call_.program, source_, box, box_index == 0, group, first, pixels, &workspace_.panel);
  }

  // Computes the sums of `count` filters, whose first pixel is the first one of the range.
  void Compute(const Box& box, int64_t taps, int64_t quads, int64_t filter, int64_t count, PixelRange pixels) {
    const Program& program = call_.program;
    const Panel& panel = workspace_.panel;
    const int64_t channels = call_.problem.out_channels, terms = static_cast<int64_t>(program.terms.size());
    const int64_t lanes = RoundUp(pixels.count, kLanes);
    // Terms come first, and overwrite the sums. Without terms, look-ups add to sums that must be 0 before; only look-ups
    // that write their sums by pixels do not read them.
    for (int64_t f = 0; terms == 0 && !by_pixels_ && f < count; ++f) {
      std::fill_n(workspace_.sums + f * panel.width, lanes, 0);
    }
    if (terms != 0) {
      const int64_t step = 4 * box.quads();
      const int8_t* coefficients = call_.filter.coefficients + terms * 4 * quads * channels + filter * step;
      program.path->kernels->multiply({panel.features + 4 * pixels.first, step * panel.width, coefficients,
                                       step * channels, program.raises.data(), terms, box.quads(), panel.width,
                                       pixels.count, count, workspace_.sums});
    }
    if (program.planes != 0) {
      const uint8_t* weights = call_.filter.codes + taps * channels + filter * box.taps();
      const LookUpArguments arguments = {program.tables,
                                         program.entries,
                                         program.planes,
                                         panel.codes + pixels.first,
                                         weights,
                                         box.taps(),
                                         panel.width,
                                         pixels.count,
                                         count,
                                         workspace_.sums,
                                         by_pixels_ ? call_.division.filters_at_once : 0,
                                         program.max_entry == 0 ? box.taps() : std::max(1, 255 / program.max_entry)};
      program.by_rows ? program.path->kernels->look_up_rows(arguments, workspace_.rows)
                      : program.path->kernels->look_up(arguments);
    }
  }

  // Adds the sums of a box, which are exact because they are below 2^31, to the sums carried so far.
  void Carry(int64_t box, int64_t filter, int64_t count, int64_t target, PixelRange pixels) {
    const Panel& panel = workspace_.panel;
    for (int64_t f = 0; f < count; ++f) {
      const auto weight_sum =
          static_cast<uint32_t>(call_.filter.weight_sums[box * call_.problem.out_channels + filter + f]);
      int64_t* carried = workspace_.carried + (target + f) * panel.width + pixels.first;
      for (int64_t p = 0; p < pixels.count; ++p) {
        carried[p] += static_cast<int32_t>(static_cast<uint32_t>(workspace_.sums[f * panel.width + p]) +
                                           static_cast<uint32_t>(panel.pixel_sums[pixels.first + p]) + weight_sum);
      }
    }
  }

  // Writes the outputs of `count` filters and all pixels of the block, whose sums lie pixel by pixel as the outputs do.
  void WritePixels(int64_t filter, int64_t count) {
    outputs_.ConvertPixels(workspace_.panel, filter, count, workspace_.sums, call_.division.filters_at_once,
                           output_ + workspace_.panel.first * call_.problem.out_channels + filter);
  }

  // Writes the outputs of `count` filters and a range of pixels, whose sums or carried sums begin with the first filter
  // and pixel, to the rows of `outputs` from `row` on, and stores them where a bundle has one convolution group.
  void Write(int64_t filter, int64_t count, int64_t row, PixelRange range, const int64_t* carried) {
    const Panel& panel = workspace_.panel;
    const bool has_several = call_.division.bundles_per_group == 0;
    for (int64_t p = 0; p < range.count; p += kMaxWidth) {
      const PixelRange pixels = {range.first + p, std::min(kMaxWidth, range.count - p)};
      uint32_t* outputs = workspace_.outputs + row * output_step_ + (has_several ? pixels.first : 0);
      outputs_.Begin(panel, pixels);
      for (int64_t f = 0; f < count; f += kFilterBlock) {
        const int64_t end = std::min(f + kFilterBlock, count);
        for (int64_t i = f; i < end; ++i) {
          const int64_t from = i * panel.width + p;
          const FilterSums sums = {carried == nullptr ? workspace_.sums + from : nullptr,
                                   call_.filter.weight_sums[filter + i], carried == nullptr ? nullptr : carried + from};
          outputs_.Convert(panel, filter + i, sums, outputs + (i - f) * output_step_);
        }
        if (!has_several) Store(filter + f, end - f, pixels);
      }
    }
  }

  // Stores the outputs of `count` filters, at most kFilterBlock, and of some pixels.
  void Store(int64_t filter, int64_t count, PixelRange pixels) {
    if (IsStrided(call_.problem)) return StoreStrided(filter, count, pixels);
    call_.problem.layout == TFAPPROX_LAYOUT_NHWC ? StorePixels(filter, count, pixels)
                                                 : StorePlanes(filter, count, pixels);
  }

  // Stores outputs that are only some of the elements of the output tensor, row by row.
  void StoreStrided(int64_t filter, int64_t count, PixelRange pixels) {
    const tfapprox_problem& problem = call_.problem;
    const int64_t first = workspace_.panel.first + pixels.first;
    const int64_t plane = problem.out_tensor_height * problem.out_tensor_width, step = problem.out_stride_width;
    for (int64_t p = 0, length; p < pixels.count; p += length) {
      const int64_t row = (first + p) / problem.out_width, column = (first + p) % problem.out_width;
      length = std::min(pixels.count - p, problem.out_width - column);
      const int64_t image = row / problem.out_height;
      const int64_t y = problem.out_first_row + row % problem.out_height * problem.out_stride_height;
      const int64_t position = y * problem.out_tensor_width + problem.out_first_column + column * step;
      const uint32_t* outputs = workspace_.outputs + p;
      if (problem.layout == TFAPPROX_LAYOUT_NHWC) {
        call_.program.path->loops->interleave(outputs, output_step_, count, length,
                                              output_ + (image * plane + position) * problem.out_channels + filter,
                                              step * problem.out_channels);
        continue;
      }
      for (int64_t f = 0; f < count; ++f) {
        uint32_t* target = output_ + (image * problem.out_channels + filter + f) * plane + position;
        for (int64_t i = 0; i < length; ++i) target[i * step] = outputs[f * output_step_ + i];
      }
    }
  }

  void StorePixels(int64_t filter, int64_t count, PixelRange pixels) {
    const int64_t channels = call_.problem.out_channels, first = workspace_.panel.first + pixels.first;
    call_.program.path->loops->interleave(workspace_.outputs, output_step_, count, pixels.count,
                                          output_ + first * channels + filter, channels);
  }

  void StorePlanes(int64_t filter, int64_t count, PixelRange pixels) {
    const int64_t plane = call_.problem.out_height * call_.problem.out_width;
    const int64_t first = workspace_.panel.first + pixels.first;
    for (int64_t p = 0; p < pixels.count;) {
      const int64_t image = (first + p) / plane, begin = (first + p) % plane;
      const int64_t length = std::min(pixels.count - p, plane - begin);
      for (int64_t f = 0; f < count; ++f) {
        std::memcpy(output_ + (image * call_.problem.out_channels + filter + f) * plane + begin,
                    workspace_.outputs + f * output_step_ + p, static_cast<size_t>(length) * sizeof(uint32_t));
      }
      p += length;
    }
  }

  const Call& call_;
  const Source& source_;
  Outputs& outputs_;
  uint32_t* const output_;
  const int64_t output_step_;  // from one row of `outputs` to the next
  const bool by_pixels_;       // whether sums lie pixel by pixel
  Workspace workspace_;
  int64_t packed_block_ = -1, packed_group_ = -1;  // of the panel
};

}  // namespace

Call MakeCall(const tfapprox_work& work, void* prepared) {
  const Division division = Divide(work);
  MemoryLayout layout(prepared);
  return {work.problem, *work.program, division, MakePreparedFilter(work.problem, *work.program, division, &layout)};
}

int32_t DivideIntoTiles(tfapprox_work* work, tfapprox_error* error) {
  const tfapprox_problem& problem = work->problem;
  const Program& program = *work->program;
  // Codes and coefficients fit 63 bits; a quad of 4 bytes may hold a single channel.
  const auto terms = static_cast<int64_t>(program.terms.size());
  int64_t bytes;
  if (__builtin_mul_overflow(Taps(problem) * (4 * terms + 2), 2 * problem.out_channels, &bytes)) {
    return Fail(error, TFAPPROX_INVALID_ARGUMENT, "the filter must have less than 2^63 elements");
  }
  if (Pixels(problem) == 0) return TFAPPROX_OK;
  const Division division = Divide(*work);
  MemoryLayout prepared(nullptr), workspace(nullptr);
  MakePreparedFilter(problem, program, division, &prepared);
  MakeWorkspace(problem, program, division, &workspace);
  work->tiles = division.blocks * division.bundles;
  work->tiles_per_unit = division.bundles;
  work->prepared_bytes = prepared.bytes();
  work->workspace_bytes = workspace.bytes();
  return TFAPPROX_OK;
}

void RunTiles(const Call& call, const Source& source, Outputs* outputs, void* output, int64_t begin, int64_t end,
              void* workspace) {
  TileRunner run(call, source, outputs, output, workspace);
  const int64_t bundles = call.division.bundles;
  for (int64_t tile = begin; tile < end; ++tile) run.Tile(tile / bundles, tile % bundles);
}

}  // namespace tfapprox
