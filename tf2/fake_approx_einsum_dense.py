"""`FakeApproxEinsumDense`: a Keras EinsumDense whose products are those of an approximate multiplier."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from .approx_einsum import approx_einsum, labels_of
from .approximate_products import ApproximateProducts
from .layer_outputs import with_bias_and_activation


@keras.saving.register_keras_serializable(package="tfapprox")
class FakeApproxEinsumDense(ApproximateProducts, keras.layers.EinsumDense):
    """Einsum layer by an approximate multiplier, on fake-quantised activations and weights.

    The layer is a drop-in replacement for `keras.layers.EinsumDense` and has the same arguments, weights and shapes. By
    default, the quantisation range of the activations is the minimum and maximum of the batch, and the range of the
    weights is their minimum and maximum. Both ranges are extended to contain 0. A signed multiplier (`mul8s_...`) has
    symmetric ranges, up to the maximum magnitude. By default, gradients are those of the exact product of the
    fake-quantised values (straight-through). The layer computes in float32 whatever the dtype policy, and XLA cannot
    compile it.

    Args:
        equation: such as `"abc,cde->abde"`. Each label occurs in two of the three terms at least.
        *args: further arguments of `keras.layers.EinsumDense` by position, such as `output_shape`, `activation` and
            `bias_axes`.
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
        **kwargs: further arguments of `keras.layers.EinsumDense` by name.

    Input shape:
        A tensor with the dimensions of the first term of `equation`.

    Output shape:
        A tensor with the dimensions of the output of `equation`.

    Raises:
        FileNotFoundError: if there is no such multiplier or file.
        TypeError: if the multiplier is neither a name, a path nor a table.
        ValueError: if the table does not fit `num_bits`, or an argument is not possible.

    Example:
        >>> layer = FakeApproxEinsumDense("abc,cf->abf", [None, 16], mul_map_file="mul8u_drum4")
        >>> layer(tf.ones([2, 5, 8])).shape
        TensorShape([2, 5, 16])
    """

    def build(self, input_shape: Any) -> None:
        """Builds the layer of Keras, and checks that its weights can have the ranges that are asked for.

        Raises:
            ValueError: if each output channel is to have a range, and the weights of a channel are several matrices.
        """
        super().build(input_shape)
        if self.per_channel and labels_of(self.equation, len(input_shape)).batch:
            raise ValueError(
                f"per_channel must be False for layer '{self.name}' with the equation {self.equation!r}, whose weights "
                "have a label of the inputs and outputs; received True"
            )

    def call(self, inputs: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        """The layer's output; called by Keras."""
        if self._observed(inputs):
            return super().call(inputs)
        kernel, *kernel_ends = self._quantised_kernel(labels_of(self.equation, len(inputs.shape)))
        inputs, *ends = self._quantised_activations(inputs)
        ranges, table = [*ends, *kernel_ends], self._table_operand()
        products = approx_einsum(
            self.equation, inputs, kernel, lambda a, b: self._corrected(self._matmul, [a, b, *ranges], table)
        )
        return with_bias_and_activation(self, products)

    def _quantised_kernel(self, labels):
        """Weights and their ranges. The output channels are the columns of the product of matrices, in its order."""
        if not self.per_channel:
            return self._quantised_weights(self.kernel, 1)
        if not labels.columns:  # one channel
            return self._fake_quantised(tf.cast(self.kernel, tf.float32), self.num_bits, None)
        order = [labels.b.index(name) for name in labels.depth + labels.columns]
        kernel, minima, maxima = self._quantised_weights(tf.transpose(self.kernel, order), len(labels.columns))
        return tf.transpose(kernel, [order.index(axis) for axis in range(len(order))]), minima, maxima
