"""Multiply-accumulate operations of every layer of a model, approximate or exact, for one sample."""

from __future__ import annotations

import math
from typing import Any, Callable, NamedTuple, Sequence

import keras

Shape = Sequence[Any]  # sizes with the batch first; None where a size is not known

layers = keras.layers


class _Sizes(NamedTuple):
    """Shapes in one call of a layer: those of all tensors that it is given, and that of its first output."""

    inputs: list[Shape]
    output: Shape


def _product(sizes):
    """The product of sizes, `None` if one of them is not known."""
    return None if any(size is None for size in sizes) else math.prod(sizes)


def _times(*factors):
    return _product(factors)


def _channels_first(layer):
    return getattr(layer, "data_format", None) == "channels_first"


def _positions(layer, shape):
    """The spatial sizes of a shape, and its batch."""
    return [shape[0], *(shape[2:] if _channels_first(layer) else shape[1:-1])]


def _depth(layer, shape):
    return shape[1] if _channels_first(layer) else shape[-1]


def _convolution(layer, sizes):
    return _times(_product(sizes.output), *layer.kernel_size, layer.kernel.shape[-2])


def _depthwise(layer, sizes):
    return _times(_product(sizes.output), *layer.kernel_size)


def _separable(layer, sizes):
    middle = _times(_product(_positions(layer, sizes.output)), layer.pointwise_kernel.shape[-2])
    return _times(middle, math.prod(layer.kernel_size) + layer.filters)


def _transposed(layer, sizes):
    """The taps of the `strides` sub-convolutions, among them those in the padding, but no inserted zeros."""
    taps = [sizes.output[0]]
    spatial = zip(_positions(layer, sizes.inputs[0])[1:], _positions(layer, sizes.output)[1:])
    for axis, (before, after) in enumerate(spatial):
        if before is None or after is None:
            return None
        extent = (layer.kernel_size[axis] - 1) * layer.dilation_rate[axis] + 1
        stride, pad = layer.strides[axis], 0
        if layer.padding == "same":
            pad = max((before - 1) * stride + extent - after, 0) // 2
        places = range(0, extent, layer.dilation_rate[axis])
        taps.append(sum((out + pad - place) % stride == 0 for out in range(after) for place in places))
    return _times(*taps, _depth(layer, sizes.inputs[0]), layer.filters)


def _dense(layer, sizes):
    return _times(_product(sizes.output), layer.kernel.shape[0])


def _einsum_dense(layer, sizes):
    operands, output = layer.equation.split("->")
    kernel = operands.split(",")[1]
    contracted = [size for letter, size in zip(kernel, layer.kernel.shape) if letter not in output]
    return _times(_product(sizes.output), *contracted)


def _attention(layer, sizes):
    """The scores and the weighted values of `MultiHeadAttention`; its projections are layers of their own."""
    query, value = sizes.inputs[0], sizes.inputs[1]
    positions = _times(_product(query[:-1]), _product(value[1:-1]))
    return _times(positions, layer._num_heads, layer._key_dim + layer._value_dim)


def _grouped_attention(layer, sizes):
    query, value = sizes.inputs[0], sizes.inputs[1]
    return _times(_product(query[:-1]), _product(value[1:-1]), layer.num_query_heads, 2 * layer.head_dim)


_GATES = {layers.SimpleRNNCell: 1, layers.GRUCell: 3, layers.LSTMCell: 4}


def _cell(cell, features):
    if isinstance(cell, layers.StackedRNNCells):
        counts = []
        for part in cell.cells:
            counts.append(_cell(part, features))
            features = part.units if hasattr(part, "units") else None
        return None if None in counts else sum(counts)
    gates = next((gates for kind, gates in _GATES.items() if isinstance(cell, kind)), None)
    return None if gates is None else _times(gates, cell.units, _times_or_none(features, cell.units))


def _times_or_none(features, units):
    return None if features is None else features + units


def _recurrent(layer, sizes):
    batch, steps, features = sizes.inputs[0][:3]
    return _times(batch, steps, _cell(layer.cell, features))


def _convolutional_recurrent(layer, sizes):
    cell, steps, depth = layer.cell, sizes.inputs[0][1], _depth(layer, [0, *sizes.inputs[0][2:]])
    output = sizes.output if not layer.return_sequences else [sizes.output[0], *sizes.output[2:]]
    kernel = math.prod(cell.kernel_size)
    return _times(4, steps, _product(output), kernel, None if depth is None else depth + cell.filters)


# What a layer of each kind multiplies, from the layer and the shapes of a call. The first kind that fits counts, so
# that a class comes before its base.
FORMULAS: list[tuple[tuple[type, ...], Callable[[Any, _Sizes], Any]]] = [
    ((layers.SeparableConv1D, layers.SeparableConv2D), _separable),
    ((layers.DepthwiseConv1D, layers.DepthwiseConv2D), _depthwise),
    ((layers.Conv1DTranspose, layers.Conv2DTranspose, layers.Conv3DTranspose), _transposed),
    ((layers.Conv1D, layers.Conv2D, layers.Conv3D), _convolution),
    ((layers.Dense,), _dense),
    ((layers.EinsumDense,), _einsum_dense),
    ((layers.MultiHeadAttention,), _attention),
    ((layers.GroupQueryAttention,), _grouped_attention),
    ((layers.ConvLSTM1D, layers.ConvLSTM2D, layers.ConvLSTM3D), _convolutional_recurrent),
    ((layers.RNN,), _recurrent),
]


def formula(layer: Any) -> Callable[[Any, _Sizes], Any] | None:
    """The function that counts what a layer multiplies, `None` for a layer without one.

    Args:
        layer: a Keras layer or operation.
    """
    return next((function for kinds, function in FORMULAS if isinstance(layer, kinds)), None)


def macs_of_call(layer: Any, inputs: list[Shape], output: Shape) -> int | None:
    """The products of one call of a layer by its formula; a tap in the padding counts, as the hardware computes it.

    Args:
        layer: a built layer for which `formula` has one.
        inputs: the shapes of all tensors that the layer is given, batch first.
        output: the shape of its first output.

    Returns:
        The number of products for the whole batch, or `None` if a size is not known.

    Example:
        >>> layer = keras.layers.Conv2D(4, 3)
        >>> layer.build([None, 8, 8, 2])
        >>> macs_of_call(layer, [[1, 8, 8, 2]], [1, 6, 6, 4])
        2592
    """
    function = formula(layer)
    return None if function is None else function(layer, _Sizes(inputs, output))
