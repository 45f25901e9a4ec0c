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

// Adds staged sums at every position of the window of each pixel to the sum of the pixel.
void AddWindows(const Program& program, const Box& box, const Staging& staging, const uint32_t* staged,
                uint32_t* sums) {
  ForEachTap(box, staging, [&](int64_t, int64_t offset) {
    program.path->loops->add_runs(staging.runs, staging.run_count, staged + offset, sums);
  });
}

// Marks each pixel whose window has a marked position.
void MarkWindows(const Box& box, const Staging& staging, const uint8_t* staged, uint8_t* marks) {
  ForEachTap(box, staging, [&](int64_t, int64_t offset) {
    for (int64_t r = 0; r < staging.run_count; ++r) {
      const Run& run = staging.runs[r];
      for (int64_t i = 0; i < run.length; ++i) marks[run.pixel + i] |= staged[run.source + offset + i];
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

// Sets where the channels from `channel` on are staged in the panel: codes for look-ups in their rows, and quads in the
// rows of the term whose feature is the code itself, if there is one.
void StageInPanel(const Program& program, const Box& box, int64_t channel, Panel* panel) {
  Staging& s = panel->staging;
  if (program.planes != 0) s.codes = panel->codes + channel * panel->width;
  uint8_t* features = panel->features + channel * panel->width;
  for (const PlanTerm* term : program.terms) {
    if (IsIdentity(*term)) {
      s.quads = features;
      return;
    }
    features += box.quads() * 4 * panel->width;
  }
}

// Makes the features of all terms but the one in whose rows the quads are staged.
void MapFeatures(const Program& program, const Box& box, int64_t channel, int64_t channels, Panel* panel) {
  const Staging& s = panel->staging;
  uint8_t* features = panel->features + channel * panel->width;
  for (const PlanTerm* term : program.terms) {
    if (features != s.quads) {
      program.path->kernels->map(term->feature, s.quads, 4 * CeilDivide(channels, 4) * panel->width, features);
    }
    features += box.quads() * 4 * panel->width;
  }
}

void PackStaged(const Program& program, const Box& box, int64_t channel, int64_t channels, int64_t staged,
                Panel* panel) {
  if (panel->staging.in_panel) return MapFeatures(program, box, channel, channels, panel);
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
  std::fill_n(panel->box_sums, panel->pixels, 0);
  s.has_code_sums ? AddWindows(program, box, s, s.code_sums + offset, panel->box_sums) : SumPanel(program, box, panel);
  const AffineCodes& activation = program.activation;
  if (activation.holds) {
    const uint32_t constant = activation.intercept * static_cast<uint32_t>(box.taps());
    program.path->loops->affine(panel->box_sums, activation.slope, constant, panel->pixels, panel->pixel_sums);
  } else {
    auto* sums = reinterpret_cast<uint32_t*>(panel->pixel_sums);
    std::fill_n(sums, panel->pixels, 0);
    AddWindows(program, box, s, reinterpret_cast<const uint32_t*>(s.activation_sums + offset), sums);
  }
  if (s.any_nan) MarkWindows(box, s, s.touches_nan + offset, panel->touches_nan);
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
  panel.staging = MakeStaging(shape, program, division, layout);
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
      if (s.in_panel) StageInPanel(program, box, c, panel);
      StageChannels(shape, program, source, box, group_channel + box.channel + c, channels, &s);
      PackStaged(program, box, c, channels, 0, panel);
    }
  }
  AddSums(program, box, local * s.plane_step, panel);
  if (box.taps() == Taps(shape)) return;
  for (int64_t p = 0; p < pixels; ++p) panel->code_sums[p] = (is_first ? 0 : panel->code_sums[p]) + panel->box_sums[p];
}

}  // namespace tfapprox
