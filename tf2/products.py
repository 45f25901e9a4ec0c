"""Products of the operations for every pair of codes, for `tfapprox.common.multipliers.check`."""

from __future__ import annotations

from typing import Callable, Sequence

import numpy as np
import tensorflow as tf

from tfapprox.common.tables import NameOrPath

from .approx_conv2d import approx_conv2d_with_min_max_vars
from .approx_conv2d_transpose import approx_conv2d_transpose_with_min_max_vars
from .approx_depthwise_conv2d import approx_depthwise_conv2d_with_min_max_vars
from .approx_matmul import approx_matmul_with_min_max_vars


def _pointwise(
    operation: Callable[..., tf.Tensor], name_or_path: NameOrPath, codes: Sequence[float], num_bits: int
) -> np.ndarray:
    """Products of all pairs of codes by a convolution: each code is a pixel, and each code is a filter of one tap."""
    pixels, weights = tf.reshape(codes, [1, -1, 1, 1]), tf.reshape(codes, [1, 1, 1, -1])
    ranges = [np.min(codes), np.max(codes)] * 2
    output = operation(pixels, weights, *ranges, [1, 1, 1, 1], "VALID", num_bits=num_bits, mul_map_file=name_or_path)
    return output.numpy().reshape(len(codes), len(codes))


def products(name_or_path: NameOrPath, codes: Sequence[float], num_bits: int) -> np.ndarray:
    """Products of all pairs of codes by `ApproxConv2DWithMinMaxVars`.

    Args:
        name_or_path: name or path of the multiplier, which becomes `mul_map_file`.
        codes: float32 array, the values of all codes that the operation has, ascending.
        num_bits: width of both operands, 2 to 8.

    Returns:
        float32 array `[len(codes), len(codes)]`, activation first.

    Example:
        >>> products("mul2u_exact", np.float32([0, 1, 2, 3]), 2)[3].tolist()
        [0.0, 3.0, 6.0, 9.0]
    """
    return _pointwise(approx_conv2d_with_min_max_vars, name_or_path, codes, num_bits)


def depthwise_products(name_or_path: NameOrPath, codes: Sequence[float], num_bits: int) -> np.ndarray:
    """Products of all pairs of codes by `ApproxDepthwiseConv2DWithMinMaxVars`.

    Args:
        name_or_path: name or path of the multiplier, which becomes `mul_map_file`.
        codes: float32 array, the values of all codes that the operation has, ascending.
        num_bits: width of both operands, 2 to 8.

    Returns:
        float32 array `[len(codes), len(codes)]`, activation first.

    Example:
        >>> depthwise_products("mul2u_exact", np.float32([0, 1, 2, 3]), 2)[3].tolist()
        [0.0, 3.0, 6.0, 9.0]
    """
    return _pointwise(approx_depthwise_conv2d_with_min_max_vars, name_or_path, codes, num_bits)


def transposed_products(name_or_path: NameOrPath, codes: Sequence[float], num_bits: int) -> np.ndarray:
    """Products of all pairs of codes by `ApproxConv2DTransposeWithMinMaxVars`.

    Args:
        name_or_path: name or path of the multiplier, which becomes `mul_map_file`.
        codes: float32 array, the values of all codes that the operation has, ascending.
        num_bits: width of both operands, 2 to 8.

    Returns:
        float32 array `[len(codes), len(codes)]`, activation first.

    Example:
        >>> transposed_products("mul2u_exact", np.float32([0, 1, 2, 3]), 2)[3].tolist()
        [0.0, 3.0, 6.0, 9.0]
    """

    def transposed(pixels, weights, *arguments, **multiplier):
        output_shape = [1, len(codes), 1, len(codes)]
        filters = tf.reshape(weights, [1, 1, -1, 1])
        return approx_conv2d_transpose_with_min_max_vars(pixels, filters, output_shape, *arguments, **multiplier)

    return _pointwise(transposed, name_or_path, codes, num_bits)


def matmul_products(name_or_path: NameOrPath, codes: Sequence[float], num_bits: int) -> np.ndarray:
    """Products of all pairs of codes by `ApproxMatMulWithMinMaxVars`.

    Args:
        name_or_path: name or path of the multiplier, which becomes `mul_map_file`.
        codes: float32 array, the values of all codes that the operation has, ascending.
        num_bits: width of both operands, 2 to 8.

    Returns:
        float32 array `[len(codes), len(codes)]`, activation first.

    Example:
        >>> matmul_products("mul2u_exact", np.float32([0, 1, 2, 3]), 2)[3].tolist()
        [0.0, 3.0, 6.0, 9.0]
    """
    column = np.reshape(codes, [-1, 1])
    ranges = [np.min(codes), np.max(codes)] * 2
    multiplier = {"num_bits": num_bits, "mul_map_file": name_or_path}
    return approx_matmul_with_min_max_vars(column, column, *ranges, transpose_b=True, **multiplier).numpy()
