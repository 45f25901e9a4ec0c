"""Golden vectors: the integers of one layer for given inputs, as files with which a hardware design is tested.

`convolution_vectors` computes them by the reference, and `write` writes them with a test bench in Verilog.
"""

from .convolution import Vectors, convolution_vectors
from .files import write

__all__ = ["Vectors", "convolution_vectors", "write"]
