"""AxConv2D, the operation of ALWANN and of the papers since 2019, on TensorFlow 1.14 and on TensorFlow 2."""

from .ax_conv2d import ax_conv2d
from .layer_vectors import layer_vectors
from .library import library_path
from .products import products

__all__ = ["ax_conv2d", "layer_vectors", "library_path", "products"]
