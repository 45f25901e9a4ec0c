// The tiles of a convolution, and the memory that they need.
#include "conv2d_tiles.h"

#include <algorithm>
#include <cstring>

#include "error.h"
#include "exchange.h"

namespace tfapprox {
namespace {

// What a run has of its own.
struct Workspace {
  Panel panel;
  int32_t* sums;      // [kFilterBlock][width]
  uint32_t* outputs;  // [kFilterBlock][width]
  int64_t* carried;   // [filters of a tile][width], if a filter has several boxes
};

Workspace MakeWorkspace(const tfapprox_conv2d& shape, const Program& program, const Division& division,
                        MemoryLayout* layout) {
  Workspace workspace;
  workspace.panel = MakePanel(shape, program, division, layout);
  workspace.sums = layout->Take<int32_t>(kFilterBlock * division.width);
  workspace.outputs = layout->Take<uint32_t>(kFilterBlock * division.width);
  workspace.carried = layout->Take<int64_t>(division.boxes == 1 ? 0 : division.filters * division.width);
  return workspace;
}

class TileRunner {
 public:
  TileRunner(const Conv2DCall& call, const Source& source, Outputs* outputs, void* output, void* memory)
      : call_(call), source_(source), outputs_(*outputs), output_(static_cast<uint32_t*>(output)) {
    MemoryLayout layout(memory);
    workspace_ = MakeWorkspace(call.shape, call.program, call.division, &layout);
  }

  void Tile(int64_t block, int64_t group) {
    const Division& division = call_.division;
    const int64_t first = group * division.filters;
    const int64_t last = std::min(first + division.filters, call_.shape.out_channels);
    const bool carries = division.boxes > 1;
    if (carries) std::fill_n(workspace_.carried, division.filters * division.width, 0);
    int64_t taps = 0, quads = 0;  // of the boxes before
    for (int64_t i = 0; i < division.boxes; ++i) {
      const Box box = division.BoxAt(call_.shape, i);
      Pack(block, i, box);
      for (int64_t f = first; f < last; f += kFilterBlock) {
        const int64_t count = std::min(kFilterBlock, last - f);
        Compute(box, taps, quads, f, count);
        carries ? Carry(i, f, count, f - first) : Write(f, count, nullptr);
      }
      taps += box.taps();
      quads += box.quads();
    }
    for (int64_t f = first; carries && f < last; f += kFilterBlock) {
      Write(f, std::min(kFilterBlock, last - f), workspace_.carried + (f - first) * division.width);
    }
  }

 private:
  // The panel of a block stays for all groups of filters if it holds all taps.
  void Pack(int64_t block, int64_t box_index, const Box& box) {
    const Division& division = call_.division;
    if (division.boxes == 1 && packed_ == block) return;
    packed_ = block;
    const int64_t first = block * division.width, pixels = std::min(division.width, Pixels(call_.shape) - first);
    PackPanel(call_.shape, call_.program, source_, box, box_index == 0, first, pixels, &workspace_.panel);
    if (box_index + 1 == division.boxes) outputs_.Begin(workspace_.panel);
  }

  void Compute(const Box& box, int64_t taps, int64_t quads, int64_t filter, int64_t count) {
    const Program& program = call_.program;
    const Panel& panel = workspace_.panel;
    const int64_t channels = call_.shape.out_channels, terms = static_cast<int64_t>(program.terms.size());
    std::fill_n(workspace_.sums, count * panel.width, 0);
    if (terms != 0) {
      const int64_t step = 4 * box.quads();
      const int8_t* coefficients = call_.filter.coefficients + terms * 4 * quads * channels + filter * step;
      program.path->kernels->multiply({panel.features, step * panel.width, coefficients, step * channels,
                                       program.raises.data(), terms, box.quads(), panel.width, panel.pixels, count,
                                       workspace_.sums});
    }
    if (program.planes != 0) {
      const uint8_t* weights = call_.filter.codes + taps * channels + filter * box.taps();
      program.path->kernels->look_up({program.tables, program.entries, program.planes, panel.codes, weights, box.taps(),
                                      panel.width, panel.pixels, count, workspace_.sums});
    }
  }

  // Adds the exact sums of a box, below 2^31, to those of the boxes before.
  void Carry(int64_t box, int64_t filter, int64_t count, int64_t target) {
    const Panel& panel = workspace_.panel;
    for (int64_t f = 0; f < count; ++f) {
      const auto weight_sum =
          static_cast<uint32_t>(call_.filter.weight_sums[box * call_.shape.out_channels + filter + f]);
      int64_t* carried = workspace_.carried + (target + f) * panel.width;
      for (int64_t p = 0; p < panel.pixels; ++p) {
        carried[p] += static_cast<int32_t>(static_cast<uint32_t>(workspace_.sums[f * panel.width + p]) +
                                           static_cast<uint32_t>(panel.pixel_sums[p]) + weight_sum);
      }
    }
  }

  void Write(int64_t filter, int64_t count, const int64_t* carried) {
    const Panel& panel = workspace_.panel;
    for (int64_t f = 0; f < count; ++f) {
      const FilterSums sums = {workspace_.sums + f * panel.width, panel.pixel_sums,
                               call_.filter.weight_sums[filter + f],
                               carried == nullptr ? nullptr : carried + f * panel.width};
      outputs_.Convert(panel, filter + f, sums, workspace_.outputs + f * panel.width);
    }
    call_.shape.layout == TFAPPROX_LAYOUT_NHWC ? StorePixels(filter, count) : StorePlanes(filter, count);
  }

  void StorePixels(int64_t filter, int64_t count) {
    const Panel& panel = workspace_.panel;
    const int64_t channels = call_.shape.out_channels;
    call_.program.path->loops->interleave(workspace_.outputs, panel.width, count, panel.pixels,
                                          output_ + panel.first * channels + filter, channels);
  }

  void StorePlanes(int64_t filter, int64_t count) {
    const Panel& panel = workspace_.panel;
    const int64_t plane = call_.shape.out_height * call_.shape.out_width;
    for (int64_t p = 0; p < panel.pixels;) {
      const int64_t image = (panel.first + p) / plane, begin = (panel.first + p) % plane;
      const int64_t length = std::min(panel.pixels - p, plane - begin);
      for (int64_t f = 0; f < count; ++f) {
        std::memcpy(output_ + (image * call_.shape.out_channels + filter + f) * plane + begin,
                    workspace_.outputs + f * panel.width + p, static_cast<size_t>(length) * sizeof(uint32_t));
      }
      p += length;
    }
  }

  const Conv2DCall& call_;
  const Source& source_;
  Outputs& outputs_;
  uint32_t* const output_;
  Workspace workspace_;
  int64_t packed_ = -1;
};

}  // namespace

Conv2DCall MakeCall(const tfapprox_conv2d_work& work, void* prepared) {
  const Division division = Divide(work.shape, *work.program);
  MemoryLayout layout(prepared);
  return {work.shape, *work.program, division, MakePreparedFilter(work.shape, *work.program, division, &layout)};
}

int32_t InitWork(const tfapprox_table& table, const tfapprox_conv2d& shape, tfapprox_conv2d_work* work,
                 tfapprox_error* error) {
  *work = {};
  const int32_t path = ChooseLutGemm(error);
  if (path < 0) return TFAPPROX_INVALID_ARGUMENT;
  if (const int32_t status = FindProgram(table, path, &work->program, error)) return status;
  work->shape = Simplify(shape);
  if (const int32_t status = ExchangeOperands(table, path, shape, work, error)) return status;
  // Codes and coefficients, 4 bytes where a channel fills a quad alone, fit 63 bits.
  const auto terms = static_cast<int64_t>(work->program->terms.size());
  int64_t bytes;
  if (__builtin_mul_overflow(Taps(work->shape) * (4 * terms + 2), 2 * work->shape.out_channels, &bytes)) {
    return Fail(error, TFAPPROX_INVALID_ARGUMENT, "the filter must have less than 2^63 elements");
  }
  if (Pixels(work->shape) == 0) return TFAPPROX_OK;
  const Division division = Divide(work->shape, *work->program);
  MemoryLayout prepared(nullptr), workspace(nullptr);
  MakePreparedFilter(work->shape, *work->program, division, &prepared);
  MakeWorkspace(work->shape, *work->program, division, &workspace);
  work->tiles = division.blocks * division.groups;
  work->tiles_per_block = division.groups;
  work->filter_bytes = prepared.bytes();
  work->workspace_bytes = workspace.bytes();
  const LutGemmPath& kernels = LutGemmPathAt(path);
  work->cycles_per_tile =
      static_cast<int64_t>(kernels.look_up_cycles * static_cast<double>(Taps(work->shape)) *
                           static_cast<double>(division.width * std::min(division.filters, work->shape.out_channels)));
  return TFAPPROX_OK;
}

void RunTiles(const Conv2DCall& call, const Source& source, Outputs* outputs, void* output, int64_t begin, int64_t end,
              void* workspace) {
  TileRunner run(call, source, outputs, output, workspace);
  for (int64_t tile = begin; tile < end; ++tile) run.Tile(tile / call.division.groups, tile % call.division.groups);
}

}  // namespace tfapprox
