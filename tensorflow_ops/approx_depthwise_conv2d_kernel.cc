// Kernels of ApproxDepthwiseConv2DWithMinMaxVars and ApproxDepthwiseConv2DWithTable (3.7).
#include "approx_conv2d_operation.h"

namespace tfapprox {
namespace {

TFAPPROX_REGISTER_APPROX_CONV2D("ApproxDepthwiseConv2DWithMinMaxVars", "ApproxDepthwiseConv2DWithTable",
                                ApproxConv2D</*kIsDepthwise=*/true>)

}  // namespace
}  // namespace tfapprox
