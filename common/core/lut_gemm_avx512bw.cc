// lut_gemm with AVX-512 BW, without VBMI and VNNI: look-ups by columns with 256 bits (part_look_up.h) and by rows with 512
// bits (row_look_up.h), and products by vpmaddwd (word_products.h).
//
// lut_gemm.cc lists this path; the file is a leaf (path_kernels.h).
#include "map_bytes.h"
#include "part_look_up.h"
#include "path_kernels.h"
#include "row_look_up.h"
#include "word_products.h"

namespace tfapprox {

const PathKernels TFAPPROX_PATH_KERNELS = {FormatParts, LookUpPlanes<PartColumns>, LookUpRows<64>,
                                           64,          MultiplyWords<64, 8>,      MapBytes};

}  // namespace tfapprox
