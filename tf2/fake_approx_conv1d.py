"""`FakeApproxConv1D`: a Keras Conv1D whose products are those of an approximate multiplier."""

from __future__ import annotations

import keras
import tensorflow as tf

from .approx_conv2d import approx_conv2d_with_min_max_vars
from .approximate_products import ApproximateProducts
from .layer_outputs import with_bias_and_activation


@keras.saving.register_keras_serializable(package="tfapprox")
class FakeApproxConv1D(ApproximateProducts, keras.layers.Conv1D):
    """1-D convolution by an approximate multiplier, on fake-quantised activations and weights.

    The layer is a drop-in replacement for `keras.layers.Conv1D` and has the same arguments, weights and shapes. It
    computes a 2-D convolution of height 1. With `padding="causal"` the zeros before the first step are taps in the
    padding. By default, the quantisation range of the activations is the minimum and maximum of the batch, and the
    range of the weights is their minimum and maximum. Both ranges are extended to contain 0. A signed multiplier
    (`mul8s_...`) has symmetric ranges, up to the maximum magnitude. By default, gradients are those of the exact
    convolution of the fake-quantised values (straight-through). The layer computes in float32 whatever the dtype
    policy, and XLA cannot compile it.

    Args:
        filters: integer, the number of output channels.
        kernel_size: integer, the length of the filters.
        *args: further arguments of `keras.layers.Conv1D` by position, such as `strides` and `padding`.
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
        **kwargs: further arguments of `keras.layers.Conv1D` by name.

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
        >>> layer = FakeApproxConv1D(16, 3, padding="causal", mul_map_file="mul8u_drum4")
        >>> layer(tf.ones([1, 8, 3])).shape
        TensorShape([1, 8, 16])
    """

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """The layer's output; called by Keras."""
        if self._observed(inputs):
            return super().call(inputs)
        form = self._geometry()
        if self.padding == "causal":
            before = (self.kernel_size[0] - 1) * self.dilation_rate[0]
            channels_last = [0, 0, 0, 0, before, 0, 0, 0]
            pads = channels_last if self.data_format == "channels_last" else [0, 0, *channels_last[:6]]
            form.update(padding="EXPLICIT", explicit_paddings=pads)
        operands = self._image_operands(inputs, self.kernel)
        outputs = self._corrected_on_images(approx_conv2d_with_min_max_vars, operands, form, **self._groups())
        return with_bias_and_activation(self, outputs)
