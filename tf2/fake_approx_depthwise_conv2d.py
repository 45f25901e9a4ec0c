"""`FakeApproxDepthwiseConv2D`: a Keras DepthwiseConv2D whose products are those of an approximate multiplier."""

from __future__ import annotations

import keras

from .channelwise_calls import DepthwiseCall


@keras.saving.register_keras_serializable(package="tfapprox")
class FakeApproxDepthwiseConv2D(DepthwiseCall, keras.layers.DepthwiseConv2D):
    """2-D depthwise convolution by an approximate multiplier, on fake-quantised activations and weights.

    The layer is a drop-in replacement for `keras.layers.DepthwiseConv2D` and has the same arguments, weights and
    shapes. Activations are quantised in the minimum and maximum of the batch, in moving averages of them, or in fixed
    ranges, as `ranges` says; with the first kind, the code of an activation depends on the batch that it is in. Weights
    are quantised in their minimum and maximum. All ranges are extended to contain 0. A signed multiplier (`mul8s_...`)
    has symmetric ranges, up to the maximum magnitude. By default, gradients are those of the exact convolution of the
    fake-quantised values (straight-through), so the layer can be trained.

    The layer computes in float32 whatever the dtype policy. XLA cannot compile it: Keras compiles a model that has it
    without XLA, and warns if it was asked for `jit_compile=True`.

    Args:
        kernel_size: integer or two integers, height and width of the filters.
        *args: further arguments of `keras.layers.DepthwiseConv2D` by position, such as `strides`, `padding`,
            `depth_multiplier`, `data_format`, `dilation_rate`, `activation` and `use_bias`.
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
            `{"input": (minimum, maximum)}`, with a minimum up to 0 and a maximum from 0.
        gradient: where the gradients of the products come from in training: `"straight_through"`, the exact product;
            `"table_1d"`, slopes of the table for each code; or `"table_2d"`, its smoothed differences for each pair of
            codes (docs/arithmetic.md, section 9).
        half_window: codes on each side of the middle of a smoothing window; by default a sixteenth of the codes. It
            must be `None` for `"straight_through"`.
        **kwargs: further arguments of `keras.layers.DepthwiseConv2D` by name.

    Input shape:
        A 4-D tensor, `(batch, height, width, channels)` or, with `data_format="channels_first"`, `(batch, channels,
        height, width)`.

    Output shape:
        A 4-D tensor, `(batch, out_height, out_width, channels * depth_multiplier)` or, with
        `data_format="channels_first"`, `(batch, channels * depth_multiplier, out_height, out_width)`.

    Raises:
        FileNotFoundError: if there is no such multiplier or file.
        TypeError: if the multiplier is neither a name, a path nor a table.
        ValueError: if the table does not fit `num_bits`, or an argument is not possible.

    Example:
        >>> import tensorflow as tf
        >>> layer = FakeApproxDepthwiseConv2D(3, padding="same", depth_multiplier=2, mul_map_file="mul8u_drum4")
        >>> layer(tf.ones([1, 8, 8, 3])).shape
        TensorShape([1, 8, 8, 6])
    """
