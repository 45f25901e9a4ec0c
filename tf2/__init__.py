"""TensorFlow 2: the operations, the Keras layers and the conversion of models.

The compiled plugin is loaded with this package; it was built for one version of TensorFlow. Importing the package
registers the gradients of the operations and the layers for Keras' files.
"""

from .approx_conv2d import approx_conv2d_with_min_max_vars
from .approx_depthwise_conv2d import approx_depthwise_conv2d_with_min_max_vars
from .convert import approximate_model
from .fake_approx_conv2d import FakeApproxConv2D
from .fake_approx_depthwise_conv2d import FakeApproxDepthwiseConv2D
from .layer_vectors import layer_vectors
from .library import library_path
from .products import products

__all__ = [
    "FakeApproxConv2D",
    "FakeApproxDepthwiseConv2D",
    "approx_conv2d_with_min_max_vars",
    "approx_depthwise_conv2d_with_min_max_vars",
    "approximate_model",
    "layer_vectors",
    "library_path",
    "products",
]
