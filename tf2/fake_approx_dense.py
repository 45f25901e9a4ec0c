"""`FakeApproxDense`: a Keras Dense layer whose products are those of an approximate multiplier."""

from __future__ import annotations

import keras
import tensorflow as tf

from .approximate_products import ApproximateProducts
from .layer_outputs import with_bias_and_activation


@keras.saving.register_keras_serializable(package="tfapprox")
class FakeApproxDense(ApproximateProducts, keras.layers.Dense):
    """Densely connected layer by an approximate multiplier, on fake-quantised activations and weights.

    The layer is a drop-in replacement for `keras.layers.Dense` and has the same arguments, weights and shapes. By
    default, the quantisation range of the activations is the minimum and maximum of the batch, and the range of the
    weights is their minimum and maximum. Both ranges are extended to contain 0. A signed multiplier (`mul8s_...`) has
    symmetric ranges, up to the maximum magnitude. By default, gradients are those of the exact product of the
    fake-quantised values (straight-through). The layer computes in float32 whatever the dtype policy, and XLA cannot
    compile it.

    Args:
        units: integer, the number of outputs.
        *args: further arguments of `keras.layers.Dense` by position, such as `activation` and `use_bias`.
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
        **kwargs: further arguments of `keras.layers.Dense` by name.

    Input shape:
        A tensor `(batch, ..., inputs)` of two dimensions or more.

    Output shape:
        A tensor `(batch, ..., units)`.

    Raises:
        FileNotFoundError: if there is no such multiplier or file.
        TypeError: if the multiplier is neither a name, a path nor a table.
        ValueError: if the table does not fit `num_bits`, or an argument is not possible.

    Example:
        >>> layer = FakeApproxDense(10, activation="softmax", mul_map_file="mul8u_drum4")
        >>> layer(tf.ones([2, 8])).shape
        TensorShape([2, 10])
    """

    def call(self, inputs: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        """The layer's output; called by Keras."""
        if self._observed(inputs):
            return super().call(inputs)
        products = self._corrected(self._matmul, self._quantised_operands(inputs, self.kernel), self._table_operand())
        return with_bias_and_activation(self, products)
