"""`FakeApproxConv2DTranspose`: a Keras Conv2DTranspose whose products are those of an approximate multiplier."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from .approx_conv2d_transpose import approx_conv2d_transpose_with_min_max_vars
from .approximate_products import ApproximateProducts
from .layer_outputs import with_bias_and_activation


@keras.saving.register_keras_serializable(package="tfapprox")
class FakeApproxConv2DTranspose(ApproximateProducts, keras.layers.Conv2DTranspose):
    """2-D transposed convolution by an approximate multiplier, on fake-quantised activations and weights.

    The layer is a drop-in replacement for `keras.layers.Conv2DTranspose` and has the same arguments, weights and
    shapes. By default, the quantisation range of the activations is the minimum and maximum of the batch, and the range
    of the weights is their minimum and maximum. Both ranges are extended to contain 0. A signed multiplier
    (`mul8s_...`) has symmetric ranges, up to the maximum magnitude. By default, gradients are those of the exact
    transposed convolution of the fake-quantised values (straight-through). The layer computes in float32 whatever the
    dtype policy, and XLA cannot compile it.

    Args:
        filters: integer, the number of output channels.
        kernel_size: integer or two integers, height and width of the filters.
        *args: further arguments of `keras.layers.Conv2DTranspose` by position, such as `strides` and `padding`.
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
        **kwargs: further arguments of `keras.layers.Conv2DTranspose` by name.

    Input shape:
        A 4-D tensor, `(batch, height, width, channels)` or, with `data_format="channels_first"`, `(batch, channels,
        height, width)`.

    Output shape:
        A 4-D tensor, `(batch, out_height, out_width, filters)` or, with `data_format="channels_first"`, `(batch,
        filters, out_height, out_width)`.

    Raises:
        FileNotFoundError: if there is no such multiplier or file.
        TypeError: if the multiplier is neither a name, a path nor a table.
        ValueError: if the table does not fit `num_bits`, or an argument is not possible.

    Example:
        >>> layer = FakeApproxConv2DTranspose(16, 3, strides=2, padding="same", mul_map_file="mul8u_drum4")
        >>> layer(tf.ones([1, 8, 8, 3])).shape
        TensorShape([1, 16, 16, 16])
    """

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """The layer's output; called by Keras."""
        if self._observed(inputs):
            return super().call(inputs)
        sizes = tf.shape(inputs)
        known = [sizes[i] if size is None else size for i, size in enumerate(inputs.shape)]
        shape, axis = self.compute_output_shape(known), 3 if self.data_format == "channels_last" else 1
        geometry = self._geometry()

        def transposed(inputs: tf.Tensor, kernel: tf.Tensor, *ranges: tf.Tensor, **form: Any) -> tf.Tensor:
            sizes = [kernel.shape[2] if i == axis else size for i, size in enumerate(shape)]
            return approx_conv2d_transpose_with_min_max_vars(inputs, kernel, sizes, *ranges, **form)

        operands = self._quantised_operands(inputs, self.kernel)
        outputs = self._corrected_on_images(transposed, operands, geometry, first=np.s_[:, :, :1])
        return with_bias_and_activation(self, outputs)

    def _quantised_weights(self, kernel: tf.Tensor, channel_axes: int) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Weights and their ranges; the output channels are the last axis but one."""
        kernel, minima, maxima = super()._quantised_weights(tf.linalg.matrix_transpose(kernel), channel_axes)
        return tf.linalg.matrix_transpose(kernel), minima, maxima
