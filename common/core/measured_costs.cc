// The numbers that benchmarks/costs.py has measured.
//
// Order of the numbers: the cost of a term, and of a look-up in 64 small errors, in an error plane of 256 entries, and
// in 64 and 128 classes, each relative to a look-up of look_up; the cycles of that look-up; and the costs of rows and of
// operands.
#include "measured_costs.h"

namespace tfapprox {
namespace {

// On Zen 4, a further feature costs avx512vbmi 0.22 cycles where it is made in the panel, as benchmarks/costs.py measures
// it, and up to 0.8 where it is copied; its line has a number in between.
//
// The columns of Sapphire Rapids were measured by a loop around the kernels; its rows were not measured, and have
// the costs of the rows of Zen 4.
constexpr MeasuredCosts kAvx512VbmiLines[] = {
    {CpuFamily::kZen4, 0.13, {0.18, 0.52, 0.68, 0.67}, 0.1, {0.06, 0.12, 0.82, 0.018}, {0.7, 0.45, 0.74, 0.3}},
    {CpuFamily::kSapphireRapids, 0.05, {0.2, 0.58, 0.41, 0.61}, 0.17, {0.06, 0.13, 0.93, 0.016}, {1.5, 0.8, 1.7, 0.3}},
};
constexpr MeasuredCosts kAvx512BwLines[] = {
    {CpuFamily::kZen4, 0.064, {0.19, 0.72, 0.28, 0.54}, 0.63, {0.06, 0.13, 1.1, 0.013}, {1.5, 3.4, 2.4, 0.84}},
};
constexpr MeasuredCosts kAvx2Lines[] = {
    {CpuFamily::kZen4, 0.067, {0.19, 0.66, 0.27, 0.52}, 0.65, {0.05, 0.11, 0.79, 0.015}, {1.6, 3.5, 2.4, 0.83}},
};
// Estimates from counts of instructions, because no CPU with NEON was at hand.
constexpr MeasuredCosts kNeonDotLines[] = {
    {CpuFamily::kOther, 0.03, {0.3, 0.6, 0.3, 0.55}, 1.5, {0.1, 0.15, 0.8, 0.056}, {1.5, 3, 2, 0.5}},
};
constexpr MeasuredCosts kNeonLines[] = {
    {CpuFamily::kOther, 0.17, {0.3, 0.7, 0.3, 0.55}, 1.5, {0.1, 0.15, 0.8, 0.056}, {1.5, 3, 2, 0.5}},
};
constexpr MeasuredCosts kScalarLines[] = {
    {CpuFamily::kZen4, 0.5, {1, 1, 1, 1}, 0.8, {}, {3.1, 3.2, 2, 0.8}},
};

template <int32_t kCount>
constexpr PathCosts CostsIn(const MeasuredCosts (&lines)[kCount]) {
  return {lines, kCount};
}

}  // namespace

const MeasuredCosts& PathCosts::Of(CpuFamily family) const {
  for (int32_t i = 0; i < count; ++i) {
    if (lines[i].family == family) return lines[i];
  }
  return lines[0];
}

const PathCosts kAvx512VbmiCosts = CostsIn(kAvx512VbmiLines), kAvx512BwCosts = CostsIn(kAvx512BwLines),
                kAvx2Costs = CostsIn(kAvx2Lines), kNeonDotCosts = CostsIn(kNeonDotLines),
                kNeonCosts = CostsIn(kNeonLines), kScalarCosts = CostsIn(kScalarLines);

}  // namespace tfapprox
