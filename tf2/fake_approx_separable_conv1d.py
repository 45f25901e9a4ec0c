"""`FakeApproxSeparableConv1D`: a Keras SeparableConv1D of which both parts have an approximate multiplier."""

from __future__ import annotations

import keras

from .channelwise_calls import SeparableCall


@keras.saving.register_keras_serializable(package="tfapprox")
class FakeApproxSeparableConv1D(SeparableCall, keras.layers.SeparableConv1D):
    """1-D separable convolution by an approximate multiplier: a depthwise convolution, then a pointwise one.

    The layer is a drop-in replacement for `keras.layers.SeparableConv1D` and has the same arguments, weights and
    shapes. Both parts are approximate. By default, the quantisation ranges are the minimum and maximum of the batch, of
    the result of the depthwise part, and of the weights of each part. They are extended to contain 0. A signed
    multiplier (`mul8s_...`) has symmetric ranges, up to the maximum magnitude. By default, gradients are those of the
    exact convolutions of the fake-quantised values (straight-through). The layer computes in float32 whatever the dtype
    policy, and XLA cannot compile it.

    Args:
        filters: integer, the number of output channels.
        kernel_size: integer, the length of the depthwise filters.
        *args: further arguments of `keras.layers.SeparableConv1D` by position, such as `strides` and `padding`.
        num_bits: width of the codes, 2 to 8; 8 for a signed multiplier.
        mul_map_file: name of a built-in multiplier, path of a `.bin` truth table, or name of one in a multiplier
            folder; `""` is the exact product. The layer reads the table at once. Files of the model hold the table
            itself, so that they can be loaded where this file is missing or has changed.
        multiplier: the same, or a `TruthTable`, or an integer array `[2**num_bits, 2**num_bits]`, activation code
            first, int16 if it is signed; in place of `mul_map_file`. `set_multiplier` gives the layer another one.
        ranges: `"batch"`: minimum and maximum of each batch. `"moving"`: moving averages of them, which training
            updates and inference uses. `"fixed"`: the values that `calibrate` finds, or those of `range_values`.
        per_channel: whether the weights of each output channel have a quantisation range of their own.
        range_values: minimum and maximum of the activations for fixed ranges, or the first ones of moving ranges:
            `{"input": (minimum, maximum), "intermediate": (minimum, maximum)}`, each with a minimum up to 0 and a
            maximum from 0. The intermediate result is that of the depthwise part.
        gradient: where the gradients of the products come from in training: `"straight_through"`, the exact product;
            `"table_1d"`, slopes of the table for each code; or `"table_2d"`, its smoothed differences for each pair of
            codes (docs/arithmetic.md, section 9).
        half_window: codes on each side of the middle of a smoothing window; by default a sixteenth of the codes. It
            must be `None` for `"straight_through"`.
        **kwargs: further arguments of `keras.layers.SeparableConv1D` by name.

    Input shape:
        A 3-D tensor, `(batch, steps, channels)` or, with `data_format="channels_first"`, `(batch, channels, steps)`.

    Output shape:
        A 3-D tensor, `(batch, out_steps, filters)` or, with `data_format="channels_first"`, `(batch, filters,
        out_steps)`.

    Raises:
        FileNotFoundError: if there is no such multiplier or file.
        TypeError: if the multiplier is neither a name, a path nor a table.
        ValueError: if the table does not fit `num_bits`, or an argument is not possible.

    Example:
        >>> import tensorflow as tf
        >>> layer = FakeApproxSeparableConv1D(16, 3, padding="same", mul_map_file="mul8u_drum4")
        >>> layer(tf.ones([1, 8, 3])).shape
        TensorShape([1, 8, 16])
    """
