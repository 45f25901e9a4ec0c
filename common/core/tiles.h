// The loop that every operation shares: blocks of pixels times bundles of filters, packed, summed up and written.
#ifndef TFAPPROX_COMMON_CORE_TILES_H_
#define TFAPPROX_COMMON_CORE_TILES_H_

#include "outputs.h"

namespace tfapprox {

// Returns the call that `work` describes, with the broadcast operand at `prepared`.
Call MakeCall(const tfapprox_work& work, void* prepared);

// Fills the sizes of memory and the number of tiles of `work`, whose problem and program are chosen.
int32_t DivideIntoTiles(tfapprox_work* work, tfapprox_error* error);

// Runs tiles [begin, end). `source` is the operand in lanes, and `output` has elements of 4 bytes.
void RunTiles(const Call& call, const Source& source, Outputs* outputs, void* output, int64_t begin, int64_t end,
              void* workspace);

}  // namespace tfapprox

#endif  // TFAPPROX_COMMON_CORE_TILES_H_
