// lut_gemm with NEON on AArch64: look-ups by columns (neon_look_up.h) and by rows (row_look_up.h), and products by smull
// (word_products.h).
//
// lut_gemm.cc lists this path; the file is a leaf (path_kernels.h).
#include "map_bytes.h"
#include "neon_look_up.h"
#include "path_kernels.h"
#include "row_look_up.h"
#include "word_products.h"

namespace tfapprox {

const PathKernels TFAPPROX_PATH_KERNELS = {FormatPlanes, LookUpPlanes<NeonColumns>, LookUpRows<16>,
                                           16,           MultiplyWords<16, 8>,      MapBytes};

}  // namespace tfapprox
