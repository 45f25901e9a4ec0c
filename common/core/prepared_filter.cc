// Codes of the filter, transposed so that the taps of one filter are contiguous, their coefficients and sums.
#include "prepared_filter.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace tfapprox {
namespace {

// A block of codes between its quantisation and its transposition: 4 KiB.
constexpr int64_t kBlockTaps = 16, kBlockFilters = 256;

// Returns the sum of at most 16,384 codes. Four sums of 16 bits in a number of 64 bits take 128 pairs of codes each.
uint32_t SumOf(const uint8_t* codes, int64_t count) {
  constexpr uint64_t kWords = 0x00FF00FF00FF00FF;
  uint64_t sum = 0;
  int64_t k = 0;
  while (k + 8 <= count) {
    uint64_t words = 0;
    for (const int64_t end = std::min(count - 7, k + 8 * 128); k < end; k += 8) {
      uint64_t eight;
      std::memcpy(&eight, codes + k, 8);
      words += (eight & kWords) + (eight >> 8 & kWords);
    }
    sum += (words & 0xFFFF) + (words >> 16 & 0xFFFF) + (words >> 32 & 0xFFFF) + (words >> 48);
  }
  for (; k < count; ++k) sum += codes[k];
  return static_cast<uint32_t>(sum);
}

struct Preparation {
  const tfapprox_problem& shape;
  const Program& program;
  const Source& source;
  const PreparedFilter& prepared;
  const FilterRange range;
  const tfapprox_filter_steps steps;  // of a filter; not used for windows

  // write_codes(box, codes) writes those of the range in codes[out_channels][taps of the box].
  template <typename WriteCodes>
  void Prepare(const Division& division, WriteCodes write_codes) const {
    std::fill(prepared.code_sums + range.begin, prepared.code_sums + range.end, 0);
    std::fill(prepared.touches_nan + range.begin, prepared.touches_nan + range.end, 0);
    uint8_t* box_codes = prepared.codes;
    int8_t* coefficients = prepared.coefficients;
    for (int64_t i = 0; i < division.boxes; ++i) {
      const Box box = division.BoxAt(shape, i);
      write_codes(box, box_codes);
      AddSums(box, box_codes, prepared.weight_sums + i * shape.out_channels);
      MapBox(box, box_codes, coefficients);
      box_codes += box.taps() * shape.out_channels;
      coefficients += static_cast<int64_t>(program.terms.size()) * 4 * box.quads() * shape.out_channels;
    }
  }

  static bool TouchesNan(const float* x, int64_t count, int64_t step) {
    bool is_nan = false;
    for (int64_t i = 0; i < count; ++i) is_nan |= std::isnan(x[i * step]);
    return is_nan;
  }

  // Up to kBlockTaps taps and kBlockFilters filters from element `first` to target[filter][tap].
  void Transpose(int64_t first, int64_t taps, int64_t filter, int64_t filters, uint8_t* target, int64_t step) const {
    const ElementLoops& loops = *program.path->loops;
    const int64_t channels = steps.channel;
    if (source.reals == nullptr) {
      return loops.transpose(source.codes + first, channels, taps, filters, 1, step, /*slack=*/false, target);
    }
    const float* x = source.reals + first;
    if (source.per_filter != nullptr || steps.filter != 1) {
      for (int64_t f = 0; f < filters; ++f, x += steps.filter) {
        const tfapprox_quantiser& quantiser =
            source.per_filter != nullptr ? source.per_filter[filter + f] : *source.quantiser;
        prepared.touches_nan[filter + f] |=
            loops.quantise(x, taps, channels, 1, quantiser, target + f * step) && TouchesNan(x, taps, channels);
      }
      return;
    }
    uint8_t block[kBlockTaps * kBlockFilters];
    if (loops.quantise(x, taps, channels, filters, *source.quantiser, block)) {
      for (int64_t k = 0; k < taps; ++k) {
        for (int64_t f = 0; f < filters; ++f) prepared.touches_nan[filter + f] |= std::isnan(x[k * channels + f]);
      }
    }
    loops.transpose(block, filters, taps, filters, 1, step, /*slack=*/false, target);
  }

  void TransposeBox(const Box& box, uint8_t* target) const {
    for (int64_t position = 0; position < box.rows * box.columns; ++position) {
      const int64_t row = box.row + position / box.columns, column = box.column + position % box.columns;
      const int64_t first = steps.first + row * steps.row + column * steps.column + box.channel * steps.channel;
      for (int64_t c = 0; c < box.channels; c += kBlockTaps) {
        for (int64_t f = range.begin; f < range.end; f += kBlockFilters) {
          Transpose(first + c * steps.channel + f * steps.filter, std::min(kBlockTaps, box.channels - c), f,
                    std::min(kBlockFilters, range.end - f), target + f * box.taps() + position * box.channels + c,
                    box.taps());
        }
      }
    }
  }

  // The taps of a box of channels of each window.
  void GatherBox(const tfapprox_problem& windows, const Box& box, uint8_t* target) const {
    target += range.begin * box.taps();
    for (int64_t pixel = range.begin; pixel < range.end; ++pixel) {
      const int64_t row = pixel / windows.out_width, image = row / windows.out_height;
      const int64_t top = row % windows.out_height * windows.stride_height - windows.pad_top;
      const int64_t left = pixel % windows.out_width * windows.stride_width - windows.pad_left;
      for (int64_t tap = box.channel; tap < box.channel + box.channels;) {
        const int64_t position = tap / windows.in_channels, channel = tap % windows.in_channels;
        const int64_t count = std::min(windows.in_channels - channel, box.channel + box.channels - tap);
        const int64_t y = top + position / windows.filter_width * windows.dilation_height;
        const int64_t x = left + position % windows.filter_width * windows.dilation_width;
        if (y >= 0 && y < windows.in_height && x >= 0 && x < windows.in_width) {
          const int64_t first =
              ((image * windows.in_height + y) * windows.in_width + x) * windows.in_channels + channel;
          Copy(first, count, pixel, target);
        } else {
          std::memset(target, source.padding, static_cast<size_t>(count));
        }
        tap += count;
        target += count;
      }
    }
  }

  void Copy(int64_t first, int64_t count, int64_t pixel, uint8_t* target) const {
    if (source.reals == nullptr) {
      std::memcpy(target, source.codes + first, static_cast<size_t>(count));
    } else if (program.path->loops->quantise(source.reals + first, 1, count, count, *source.quantiser, target)) {
      prepared.touches_nan[pixel] = 1;
    }
  }

  // Where weight[code] is slope * code + intercept, modulo 2^32, the sum of codes gives the sum of weights.
  void AddSums(const Box& box, const uint8_t* filter_codes, int32_t* weight_sums) const {
    const AffineCodes& weight = program.weight;
    const auto taps = static_cast<uint32_t>(box.taps());  // at most 16,384
    filter_codes += range.begin * box.taps();
    for (int64_t f = range.begin; f < range.end; ++f, filter_codes += box.taps()) {
      const uint32_t code_sum = SumOf(filter_codes, box.taps());
      uint32_t weight_sum = weight.slope * code_sum + weight.intercept * taps;
      if (!weight.holds) {
        weight_sum = 0;
        for (int64_t k = 0; k < box.taps(); ++k)
          weight_sum += static_cast<uint32_t>(program.plan->weight[filter_codes[k]]);
      }
      prepared.code_sums[f] += code_sum;
      weight_sums[f] = static_cast<int32_t>(weight_sum);
    }
  }

  void MapBox(const Box& box, const uint8_t* filter_codes, int8_t* coefficients) const {
    const int64_t positions = box.rows * box.columns, quad_bytes = RoundUp(box.channels, 4);
    for (const PlanTerm* term : program.terms) {
      const auto* table = reinterpret_cast<const uint8_t*>(term->coefficient);
      for (int64_t i = range.begin * positions; i < range.end * positions; ++i) {
        int8_t* to = coefficients + i * quad_bytes;
        program.path->kernels->map(table, filter_codes + i * box.channels, box.channels,
                                   reinterpret_cast<uint8_t*>(to));
        std::memset(to + box.channels, 0, static_cast<size_t>(quad_bytes - box.channels));
      }
      coefficients += shape.out_channels * positions * quad_bytes;
    }
  }
};

}  // namespace

PreparedFilter MakePreparedFilter(const tfapprox_problem& shape, const Program& program, const Division& division,
                                  MemoryLayout* layout) {
  const int64_t channels = shape.out_channels;
  PreparedFilter prepared;
  prepared.code_sums = layout->Take<int64_t>(channels);
  prepared.touches_nan = layout->Take<uint8_t>(channels);
  prepared.weight_sums = layout->Take<int32_t>(division.boxes * channels);
  prepared.codes = layout->Take<uint8_t>(Taps(shape) * channels);
  const int64_t quads =
      shape.filter_height * shape.filter_width * division.box_channels * CeilDivide(division.box.channels, 4);
  const auto terms = static_cast<int64_t>(program.terms.size());
  prepared.coefficients = layout->Take<int8_t>(terms * (4 * quads * channels));
  return prepared;
}

void PrepareFilter(const tfapprox_problem& shape, const tfapprox_filter_steps& steps, const Program& program,
                   const Division& division, const Source& filter, const PreparedFilter& prepared, FilterRange range) {
  const Preparation preparation{shape, program, filter, prepared, range, steps};
  preparation.Prepare(division, [&](const Box& box, uint8_t* codes) { preparation.TransposeBox(box, codes); });
}

void PrepareWindows(const tfapprox_problem& windows, const tfapprox_problem& shape, const Program& program,
                    const Division& division, const Source& input, const PreparedFilter& prepared, FilterRange range) {
  const Preparation preparation{shape, program, input, prepared, range, {}};
  preparation.Prepare(division, [&](const Box& box, uint8_t* codes) { preparation.GatherBox(windows, box, codes); });
}

}  // namespace tfapprox
