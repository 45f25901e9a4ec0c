// Kernels of ApproxConv2DWithMinMaxVars and ApproxConv2DWithTable (3), grouped convolutions (3.6) included.
#include "approx_conv2d_operation.h"

namespace tfapprox {
namespace {

TFAPPROX_REGISTER_APPROX_CONV2D("ApproxConv2DWithMinMaxVars", "ApproxConv2DWithTable",
                                ApproxConv2D</*kIsDepthwise=*/false>)

}  // namespace
}  // namespace tfapprox
