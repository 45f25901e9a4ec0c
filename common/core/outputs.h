// The last step of an operation: sums of products, corrected for the zero points, become the numbers of the output.
//
// TileRunner (tiles.cc) calls an Outputs once per panel of pixels and once per filter of that panel.
#ifndef TFAPPROX_COMMON_CORE_OUTPUTS_H_
#define TFAPPROX_COMMON_CORE_OUTPUTS_H_

#include <memory>

#include "panel.h"
#include "prepared_filter.h"
#include "roles.h"

namespace tfapprox {

// Consecutive pixels of a panel, at most kMaxWidth.
struct PixelRange {
  int64_t first, count;
};

// What all tiles of a call share. Each function of the C interface makes it from a tfapprox_work and the prepared
// operand.
struct Call {
  const tfapprox_problem& problem;  // the sizes of what is computed, as in tfapprox_work
  const Program& program;           // the plan of the table, ready for the path
  Division division;                // how the problem is divided into tiles
  PreparedFilter filter;            // the broadcast operand
};

// The sums of products of one filter and a range of pixels of a panel:
//   total[p] = sums[p] + pixel_sums[p] of the panel + filter_sum, modulo 2^32.
// Where the taps of a filter were divided into several boxes, `carried` has the totals in 64 bits instead.
struct FilterSums {
  const int32_t* sums;     // [pixels], the sums of terms and look-ups
  int32_t filter_sum;      // the sum of weight[w] of the plan
  const int64_t* carried;  // [pixels], or null for one box
};

class Outputs {
 public:
  virtual ~Outputs() = default;

  // Computes what depends on some pixels of a complete panel only.
  virtual void Begin(const Panel& panel, PixelRange pixels) = 0;
  // Writes the outputs of filter `channel` for the pixels with which Begin was called last, 4 bytes each.
  virtual void Convert(const Panel& panel, int64_t channel, const FilterSums& sums, void* outputs) = 0;

  // Whether ConvertPixels may be called.
  virtual bool TakesPixels() const { return false; }
  // Writes the outputs of `count` filters, at most kMaxRowFilters, and of all pixels of a panel that has all taps.
  // `sums` is [pixels][sum_step], and `outputs` has the out_channels of each pixel, from the first filter on.
  virtual void ConvertPixels(const Panel&, int64_t, int64_t, const int32_t*, int64_t, void*) {}
};

// Writes float32 outputs: the total, corrected (3.3) and scaled (3.4), and NaN where an operand is NaN (3.5).
class RealOutputs : public Outputs {
 public:
  RealOutputs(const Sides& sides, const Call& call);
  void Begin(const Panel& panel, PixelRange pixels) override;
  void Convert(const Panel& panel, int64_t channel, const FilterSums& sums, void* outputs) override;
  bool TakesPixels() const override { return true; }
  void ConvertPixels(const Panel& panel, int64_t channel, int64_t count, const int32_t* sums, int64_t sum_step,
                     void* outputs) override;

 private:
  const tfapprox_quantiser& FilterQuantiser(int64_t channel) const;
  // Returns the product of the scales of both operands (3.4).
  double ScaleOf(int64_t channel) const;
  // Returns the part of (3.3) that depends on the filter only.
  int64_t ConstantOf(int64_t channel) const;
  // Computes the part of a total and of (3.3) that depends on the codes of the pixels, modulo 2^32, for filters of this
  // zero point and one box.
  void Correct(const Panel& panel, int64_t broadcast_zero);

  const Call& call_;
  const tfapprox_quantiser& lanes_;       // the quantiser of the operand in lanes
  const tfapprox_quantiser& broadcast_;   // the quantiser of the broadcast operand, where all filters share it
  const tfapprox_quantiser* per_filter_;  // null, or the quantiser of every filter
  PixelRange pixels_ = {0, 0};            // the pixels for which Begin was called
  int64_t corrected_zero_ = 0;            // the zero point for which `corrections_` were computed
  int32_t corrections_[kMaxWidth];        // [pixels] what Correct computes; not used where a filter has several boxes
};

// Writes int32 outputs: the total and the corrections (5.2), all of it modulo 2^32.
class WrappedOutputs : public Outputs {
 public:
  WrappedOutputs(const Sides& sides, const Call& call);
  void Begin(const Panel& panel, PixelRange pixels) override;
  void Convert(const Panel& panel, int64_t channel, const FilterSums& sums, void* outputs) override;

 private:
  const Call& call_;
  const uint64_t lanes_zero_, broadcast_zero_;
  PixelRange pixels_ = {0, 0};  // the pixels for which Begin was called
  // The part of each pixel's total and of (5.2) that is the same for all filters.
  int32_t corrections_[kMaxWidth];
};

}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_OUTPUTS_H_
