"""Multiply-accumulate operations as the ALWANN publication counts them."""

from __future__ import annotations

import math
from typing import Any

import keras

_CONVOLUTIONS = (
    keras.layers.Conv1D,
    keras.layers.Conv2D,
    keras.layers.DepthwiseConv1D,
    keras.layers.DepthwiseConv2D,
)


def published_macs(layer: Any, macs: int) -> int:
    """The MACs of a layer, where a convolution with a stride has an output for each pixel of its padded input.

    The published figures of ResNet-8 (CIFAR-10) have, for a kernel of 3 x 3 and a stride of 2 on 32 x 32 pixels, the
    34 x 34 pixels of the input with its padding instead of the 16 x 16 pixels of the output.

    Args:
        layer: a built layer.
        macs: its MACs for one sample.

    Returns:
        The number of MACs; `macs` for other layers, and where a size of the input is not known.

    Example:
        >>> layer = keras.layers.Conv2D(32, 3, strides=2, padding="same")
        >>> layer.build([None, 32, 32, 16])
        >>> published_macs(layer, 16 * 16 * 9 * 16 * 32)
        5326848
    """
    if not isinstance(layer, _CONVOLUTIONS) or max(layer.strides) == 1:
        return macs
    shape = (layer.get_build_config() or {}).get("input_shape")
    if not shape:
        return macs
    spatial = shape[1:-1] if layer.data_format == "channels_last" else shape[2:]
    if None in spatial:
        return macs
    computed = counted = 1
    for size, kernel, stride, dilation in zip(spatial, layer.kernel_size, layer.strides, layer.dilation_rate):
        extent = (kernel - 1) * dilation + 1
        is_padded = layer.padding != "valid"
        computed *= math.ceil(size / stride) if is_padded else (size - extent) // stride + 1
        counted *= size + extent - 1 if is_padded else size
    return macs // computed * counted
