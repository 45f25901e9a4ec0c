// Kernels of ApproxDepthwiseConv2DWithMinMaxVars (3.7).
#include "approx_conv2d_operation.h"

namespace tfapprox {
namespace {

TFAPPROX_REGISTER_APPROX_CONV2D("ApproxDepthwiseConv2DWithMinMaxVars", ApproxConv2D</*kIsDepthwise=*/true>)

}  // namespace
}  // namespace tfapprox
