"""Products of the operation for every pair of codes, for `tfapprox.common.multipliers.check`."""

from __future__ import annotations

from typing import Sequence

import numpy as np
import tensorflow as tf

from tfapprox.common.tables import NameOrPath

from .ax_conv2d import ax_conv2d


def products(name_or_path: NameOrPath, codes: Sequence[float], num_bits: int) -> np.ndarray:
    """Products of all pairs of codes by `AxConv2D`, untuned.

    Args:
        name_or_path: name or path of the multiplier, which becomes `ax_mult`.
        codes: values of the codes, integers from 0 to 255.
        num_bits: width of both operands, which must be 8.

    Returns:
        int32 array `[len(codes), len(codes)]`, activation first.

    Raises:
        ValueError: if `num_bits` is not 8, or the multiplier is signed.

    Example:
        >>> products("mul8u_trunc2", [0, 1, 2, 3], 8)[3].tolist()
        [0, 0, 4, 4]
    """
    if num_bits != 8:
        raise ValueError(f"multiplier must have 8 bits for AxConv2D; received {name_or_path!r}, with {num_bits}")
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        pixels = tf.reshape(tf.cast(codes, tf.quint8), [1, -1, 1, 1])
        weights = tf.reshape(tf.cast(codes, tf.quint8), [1, 1, 1, -1])
        result = ax_conv2d(
            pixels, weights, 0.0, 255.0, 0.0, 255.0, [1, 1, 1, 1], "VALID", ax_mult=name_or_path, ax_tune=False
        )
        return session.run(tf.cast(result.output, tf.int32)).reshape(len(codes), len(codes))
