// Packs panels from staged codes: it copies each run once per tap, and sums the codes up over the window of each pixel.
#include "panel.h"

#include <algorithm>

namespace tfapprox {
namespace {

// Calls function(tap, offset) for each row and column of the box, where `tap` numbers them row by row and `offset` is
// what the tap adds to the position of tap (0, 0) in a staged plane.
template <typename Function>
void ForEachTap(const Box& box, const Staging& staging, Function function) {
  const int64_t row_step = staging.columns.size();
  for (int64_t row = 0; row < box.rows; ++row) {
    for (int64_t column = 0; column < box.columns; ++column) {
      function(row * box.columns + column, staging.rows.TapOffset(row) * row_step + staging.columns.TapOffset(column));
    }
  }
}

// Calls combine(&results[p], staged[position]) for every position of the window of each pixel p.
template <typename T, typename Combine>
void OverWindows(const Box& box, const Staging& staging, const T* staged, T* results, Combine combine) {
  ForEachTap(box, staging, [&](int64_t, int64_t offset) {
    for (int64_t r = 0; r < staging.run_count; ++r) {
      const Run& run = staging.runs[r];
      const T* from = staged + run.source + offset;
      for (int64_t i = 0; i < run.length; ++i) combine(&results[run.pixel + i], from[i]);
    }
  });
}

// Packs staged channels [staged, staged + channels), which are channels from `channel` on of the box, into the codes of
// their taps.
void PackCodes(const Program& program, const Box& box, int64_t channel, int64_t channels, int64_t staged,
               Panel* panel) {
  const Staging& s = panel->staging;
  const uint8_t* codes = s.codes + staged * s.plane_step;
  ForEachTap(box, s, [&](int64_t tap, int64_t offset) {
    for (int64_t c = 0; c < channels; ++c) {
      uint8_t* row = panel->codes + (tap * box.channels + channel + c) * panel->width;
      program.path->loops->copy_runs(s.runs, s.run_count, 1, codes + c * s.plane_step + offset, panel->width, row);
    }
  });
}

// Packs the features of all terms for the same channels. A term whose feature is the code itself takes the staged
// codes.
void PackFeatures(const Program& program, const Box& box, int64_t channel, int64_t channels, int64_t staged,
                  Panel* panel) {
  const Staging& s = panel->staging;
  const int64_t quads = CeilDivide(channels, 4), all_quads = CeilDivide(box.channels, 4);
  const uint8_t* codes = s.quads + staged * s.plane_step;  // `staged` is a multiple of 4
  uint8_t* features = panel->features;
  for (const PlanTerm* term : program.terms) {
    const uint8_t* from = codes;
    if (!IsIdentity(*term)) {
      program.path->kernels->map(term->feature, codes, 4 * quads * s.plane_step, s.features);
      from = s.features;
    }
    ForEachTap(box, s, [&](int64_t tap, int64_t offset) {
      for (int64_t q = 0; q < quads; ++q) {
        uint8_t* row = features + (tap * all_quads + channel / 4 + q) * 4 * panel->width;
        program.path->loops->copy_runs(s.runs, s.run_count, 4, from + 4 * (q * s.plane_step + offset), panel->width,
                                       row);
      }
    });
    features += box.quads() * 4 * panel->width;
  }
}

void PackStaged(const Program& program, const Box& box, int64_t channel, int64_t channels, int64_t staged,
                Panel* panel) {
  if (program.planes != 0) PackCodes(program, box, channel, channels, staged, panel);
  if (panel->staging.has_quads) PackFeatures(program, box, channel, channels, staged, panel);
}

// Sums up the codes of a panel that has all of them, and then replaces them by their classes if classes are looked up.
void SumPanel(const Program& program, const Box& box, Panel* panel) {
  for (int64_t tap = 0; tap < box.taps(); tap += kMaxChannels) {
    const int64_t taps = std::min(kMaxChannels, box.taps() - tap);
    program.path->loops->add_channels(panel->codes + tap * panel->width, panel->pixels, taps, 1, panel->width,
                                      panel->box_sums);
  }
  if (program.class_of == nullptr) return;
  program.path->kernels->map(program.class_of, panel->codes, box.taps() * panel->width, panel->codes);
}

// Sums up codes, activations and NaN marks over the windows. The staged sums cover all channels of the box already, so
// a window adds one number per row and column of the filter, not per tap. The sums of the convolution group begin at
// `offset`.
void AddSums(const Program& program, const Box& box, int64_t offset, Panel* panel) {
  const Staging& s = panel->staging;
  const auto add = [](uint32_t* sum, uint32_t x) { *sum += x; };
  std::fill_n(panel->box_sums, panel->pixels, 0);
  s.has_code_sums ? OverWindows(box, s, s.code_sums + offset, panel->box_sums, add) : SumPanel(program, box, panel);
  const AffineCodes& activation = program.activation;
  if (activation.holds) {
    const uint32_t constant = activation.intercept * static_cast<uint32_t>(box.taps());
    program.path->loops->affine(panel->box_sums, activation.slope, constant, panel->pixels, panel->pixel_sums);
  } else {
    auto* sums = reinterpret_cast<uint32_t*>(panel->pixel_sums);
    std::fill_n(sums, panel->pixels, 0);
    OverWindows(box, s, reinterpret_cast<const uint32_t*>(s.activation_sums + offset), sums, add);
  }
  const auto mark = [](uint8_t* nan, uint8_t x) { *nan |= x; };
  if (s.any_nan) OverWindows(box, s, s.touches_nan + offset, panel->touches_nan, mark);
  panel->any_nan |= s.any_nan;
}

}  // namespace

Panel MakePanel(const tfapprox_problem& shape, const Program& program, const Division& division, MemoryLayout* layout) {
  Panel panel{};
  panel.width = division.lanes;
  panel.codes = layout->Take<uint8_t>(program.planes == 0 ? 0 : division.box.taps() * panel.width);
  panel.features =
      layout->Take<uint8_t>(static_cast<int64_t>(program.terms.size()) * division.box.quads() * 4 * panel.width);
  panel.code_sums = layout->Take<int64_t>(division.boxes == 1 ? 0 : panel.width);
  panel.box_sums = layout->Take<uint32_t>(panel.width);
  panel.pixel_sums = layout->Take<int32_t>(panel.width);
  panel.touches_nan = layout->Take<uint8_t>(panel.width);
  panel.staging = MakeStaging(shape, program, division.box, division.width, layout);
  return panel;
}

void PackPanel(const tfapprox_problem& shape, const Program& program, const Source& source, const Box& box,
               bool is_first, int64_t group, int64_t first, int64_t pixels, Panel* panel) {
  Staging& s = panel->staging;
  panel->first = first;
  panel->pixels = pixels;
  if (is_first) {
    std::fill_n(panel->touches_nan, pixels, 0);
    panel->any_nan = false;
  }
  const int64_t group_channel = group * GroupInputs(shape), local = group % s.groups;
  if (s.groups > 1) {
    StageGroups(shape, program, source, box, group - local, first, pixels, &s);
    PackStaged(program, box, 0, box.channels, local * box.channels, panel);
  } else {
    BeginStaging(shape, program, source, first, pixels, &s);
    for (int64_t c = 0; c < box.channels; c += s.channels) {
      const int64_t channels = std::min(s.channels, box.channels - c);
      StageChannels(shape, program, source, box, group_channel + box.channel + c, channels, &s);
      PackStaged(program, box, c, channels, 0, panel);
    }
  }
  AddSums(program, box, local * s.plane_step, panel);
  if (box.taps() == Taps(shape)) return;
  for (int64_t p = 0; p < pixels; ++p) panel->code_sums[p] = (is_first ? 0 : panel->code_sums[p]) + panel->box_sums[p];
}

}  // namespace tfapprox
