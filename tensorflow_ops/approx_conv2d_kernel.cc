// Kernels of ApproxConv2DWithMinMaxVars (3), grouped convolutions (3.6) included.
#include "approx_conv2d_operation.h"

namespace tfapprox {
namespace {

TFAPPROX_REGISTER_APPROX_CONV2D("ApproxConv2DWithMinMaxVars", ApproxConv2D</*kIsDepthwise=*/false>)

}  // namespace
}  // namespace tfapprox
