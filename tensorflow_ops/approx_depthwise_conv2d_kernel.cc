// Kernels of ApproxDepthwiseConv2DWithMinMaxVars and ApproxDepthwiseConv2DWithTable (3.7).
#include "approx_conv2d_operation.h"

namespace tfapprox {
namespace {

TFAPPROX_REGISTER_APPROX_CONV2D("ApproxDepthwiseConv2DWithMinMaxVars", ApproxConv2D</*kIsDepthwise=*/true>,
                                AttributeTable)
TFAPPROX_REGISTER_APPROX_CONV2D("ApproxDepthwiseConv2DWithTable", ApproxConv2D</*kIsDepthwise=*/true>, InputTable)

}  // namespace
}  // namespace tfapprox
