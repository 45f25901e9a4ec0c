"""TensorFlow 2: the operations, the Keras layers and the conversion of models.

The compiled plugin is loaded with this package; it was built for one version of TensorFlow. Importing the package
registers the gradients of the operations and the layers for Keras' files.
"""

from tfapprox.common.assignment import read_assignment, write_assignment

from . import required_version  # noqa: F401  # it comes first, and says so where TensorFlow is too old
from .approx_conv2d import approx_conv2d_with_min_max_vars
from .approx_conv2d_transpose import approx_conv2d_transpose_with_min_max_vars
from .approx_depthwise_conv2d import approx_depthwise_conv2d_with_min_max_vars
from .approx_matmul import approx_matmul_with_min_max_vars
from .calibrate import calibrate
from .compare import compare
from .comparison import Comparison
from .compensate import compensate
from .convert import approximate_model
from .distortion import distortion
from .fake_approx_conv1d import FakeApproxConv1D
from .fake_approx_conv2d import FakeApproxConv2D
from .fake_approx_conv2d_transpose import FakeApproxConv2DTranspose
from .fake_approx_dense import FakeApproxDense
from .fake_approx_depthwise_conv1d import FakeApproxDepthwiseConv1D
from .fake_approx_depthwise_conv2d import FakeApproxDepthwiseConv2D
from .fake_approx_einsum_dense import FakeApproxEinsumDense
from .fake_approx_group_query_attention import FakeApproxGroupQueryAttention
from .fake_approx_multi_head_attention import FakeApproxMultiHeadAttention
from .fake_approx_separable_conv1d import FakeApproxSeparableConv1D
from .fake_approx_separable_conv2d import FakeApproxSeparableConv2D
from .float_weights import let_float_weights_load
from .layer_assignment import layer_assignment
from .layer_vectors import layer_vectors
from .library import library_path
from .lite_conversion import refuse_lite_conversion
from .products import depthwise_products, matmul_products, products, transposed_products
from .set_multiplier import set_multiplier
from .summary import summary
from .training.checkpoint import TrainingCheckpoint
from .training.loss import training_loss
from .training.recipes import trained_weights
from .training.retrain import retrain
from .training.swapping import FreezeRanges, GradualSwap, JointChoice

__all__ = [
    "Comparison",
    "FakeApproxConv1D",
    "FakeApproxConv2D",
    "FakeApproxConv2DTranspose",
    "FakeApproxDense",
    "FakeApproxDepthwiseConv1D",
    "FakeApproxDepthwiseConv2D",
    "FakeApproxEinsumDense",
    "FakeApproxGroupQueryAttention",
    "FakeApproxMultiHeadAttention",
    "FakeApproxSeparableConv1D",
    "FakeApproxSeparableConv2D",
    "FreezeRanges",
    "GradualSwap",
    "JointChoice",
    "TrainingCheckpoint",
    "approx_conv2d_transpose_with_min_max_vars",
    "approx_conv2d_with_min_max_vars",
    "approx_depthwise_conv2d_with_min_max_vars",
    "approx_matmul_with_min_max_vars",
    "approximate_model",
    "calibrate",
    "compare",
    "compensate",
    "depthwise_products",
    "distortion",
    "layer_assignment",
    "layer_vectors",
    "library_path",
    "matmul_products",
    "products",
    "read_assignment",
    "retrain",
    "set_multiplier",
    "summary",
    "trained_weights",
    "training_loss",
    "transposed_products",
    "write_assignment",
]

let_float_weights_load()
refuse_lite_conversion()
