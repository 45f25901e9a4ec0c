// The loop that every convolution shares: blocks of pixels times groups of filters, packed, summed up and written.
//
// An operation brings a source of codes and an Outputs, which turns the sums of some filters into numbers.
#ifndef TFAPPROX_COMMON_CORE_CONV2D_TILES_H_
#define TFAPPROX_COMMON_CORE_CONV2D_TILES_H_

#include "panel.h"
#include "prepared_filter.h"
#include "tfapprox.h"

namespace tfapprox {

// What all tiles of a call share; made again from its parts by each function of the C interface.
struct Conv2DCall {
  const tfapprox_conv2d& shape;
  const Program& program;
  Division division;
  PreparedFilter filter;
};

Conv2DCall MakeCall(const tfapprox_conv2d_work& work, void* prepared);

// Finds the path, the program, and what is computed in place of `shape`: of which sizes, with how much memory.
int32_t InitWork(const tfapprox_table& table, const tfapprox_conv2d& shape, tfapprox_conv2d_work* work,
                 tfapprox_error* error);

// The sums of products of one filter and the panel, without those of `pixel_sums` and `filter_sum`; where a filter has
// several boxes, all of it is in `carried`.
struct FilterSums {
  const int32_t* sums;
  const int32_t* pixel_sums;
  int32_t filter_sum;
  const int64_t* carried;  // null for one box
};

class Outputs {
 public:
  virtual ~Outputs() = default;

  // A panel is complete: what depends on its pixels only.
  virtual void Begin(const Panel& panel) = 0;
  // Writes the panel.pixels outputs, of 4 bytes, of filter `channel`.
  virtual void Convert(const Panel& panel, int64_t channel, const FilterSums& sums, void* outputs) = 0;
};

// Runs tiles [begin, end); `output` has elements of 4 bytes.
void RunTiles(const Conv2DCall& call, const Source& source, Outputs* outputs, void* output, int64_t begin, int64_t end,
              void* workspace);

}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_CONV2D_TILES_H_
