// lut_gemm with AVX2: look-ups by columns (part_look_up.h) and by rows (row_look_up.h), and products by vpmaddwd (word_products.h).
//
// lut_gemm.cc lists this path; the file is a leaf (path_kernels.h).
#include "map_bytes.h"
#include "part_look_up.h"
#include "path_kernels.h"
#include "row_look_up.h"
#include "word_products.h"

namespace tfapprox {

const PathKernels TFAPPROX_PATH_KERNELS = {FormatParts, LookUpPlanes<PartColumns>, LookUpRows<32>,
                                           32,          MultiplyWords<32, 4>,      MapBytes};

}  // namespace tfapprox
