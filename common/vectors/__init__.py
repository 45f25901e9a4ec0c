"""Golden vectors: the integers of one layer for given inputs, as files with which a hardware design is tested.

`convolution_vectors` and `ax_convolution_vectors` compute them by the reference, and `write` writes them with a test
bench in Verilog.
"""

from .ax_convolution import ax_convolution_vectors
from .convolution import Vectors, convolution_vectors
from .files import write

__all__ = ["Vectors", "ax_convolution_vectors", "convolution_vectors", "write"]
