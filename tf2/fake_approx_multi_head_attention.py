"""`FakeApproxMultiHeadAttention`: a Keras MultiHeadAttention whose products are those of an approximate multiplier."""

from __future__ import annotations

import keras

from .attention_products import AttentionProducts


@keras.saving.register_keras_serializable(package="tfapprox")
class FakeApproxMultiHeadAttention(AttentionProducts, keras.layers.MultiHeadAttention):
    """Multi-head attention by an approximate multiplier, on fake-quantised tensors.

    The layer is a drop-in replacement for `keras.layers.MultiHeadAttention` and has the same arguments, weights and
    shapes. All its products are approximate: those of the projections, which are `FakeApproxEinsumDense` layers, those
    of queries (the first operand) and keys, and those of attention weights (the first operand) and values. By default,
    each of these tensors is quantised in the range from its minimum to its maximum, extended to contain 0. A signed
    multiplier (`mul8s_...`) has symmetric ranges. The scale of the queries and the softmax are exact. By default,
    gradients are those of the exact products of the fake-quantised values (straight-through). A query whose keys are
    all masked has the weights that the layer of Keras gives it with `return_attention_scores=True`; Keras' fused
    attention gives it others. The layer computes its products in float32 whatever the dtype policy, never by flash
    attention, and XLA cannot compile it.

    Args:
        num_heads: integer, the number of heads.
        key_dim: integer, the size of each query and key.
        *args: further arguments of `keras.layers.MultiHeadAttention` by position, such as `value_dim` and `dropout`.
        projections: an entry of the configuration of a layer: what the projections have of their own, by the names of
            their attributes.
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
            pairs of a minimum up to 0 and a maximum from 0 by the names `"query"`, `"key"`, `"weights"` and
            `"value"`. The projections have ranges of their own.
        gradient: where the gradients of the products come from in training: `"straight_through"`, the exact product;
            `"table_1d"`, slopes of the table for each code; or `"table_2d"`, its smoothed differences for each pair of
            codes (docs/arithmetic.md, section 9).
        half_window: codes on each side of the middle of a smoothing window; by default a sixteenth of the codes. It
            must be `None` for `"straight_through"`.
        **kwargs: further arguments of `keras.layers.MultiHeadAttention` by name.

    Input shape:
        Query, value and key, each `(batch, steps, features)`, or with more dimensions of steps.

    Output shape:
        The shape of the query, with `output_shape` in the place of the features if that is given.

    Raises:
        FileNotFoundError: if there is no such multiplier or file.
        TypeError: if the multiplier is neither a name, a path nor a table.
        ValueError: if the table does not fit `num_bits`, or an argument is not possible.

    Example:
        >>> import tensorflow as tf
        >>> layer = FakeApproxMultiHeadAttention(2, 8, mul_map_file="mul8u_drum4")
        >>> layer(tf.ones([1, 5, 16]), tf.ones([1, 7, 16])).shape
        TensorShape([1, 5, 16])
    """

    def _attention_settings(self) -> tuple[float, float, str]:
        # Keras has the keys first in this equation.
        keys, queries, scores = self._dot_product_equation.replace("->", ",").split(",")
        return self._inverse_sqrt_key_dim, self._dropout, f"{queries},{keys}->{scores}"
