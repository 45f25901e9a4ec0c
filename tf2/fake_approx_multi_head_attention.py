"""`FakeApproxMultiHeadAttention`: a Keras MultiHeadAttention whose products are those of an approximate multiplier."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from .approx_einsum import approx_einsum
from .approximate_products import ApproximateProducts
from .fake_approx_einsum_dense import FakeApproxEinsumDense

# The projections, in the order in which Keras builds them; a gate exists in later versions.
PROJECTIONS = ["_query_dense", "_key_dense", "_gate_dense", "_value_dense", "_output_dense"]
# What the configuration says of each of them.
_OPTIONS = ["num_bits", "multiplier", "mul_map_file", "ranges", "per_channel", "range_values"]


@keras.saving.register_keras_serializable(package="tfapprox")
class FakeApproxMultiHeadAttention(ApproximateProducts, keras.layers.MultiHeadAttention):
    """Multi-head attention by an approximate multiplier, on fake-quantised tensors.

    The layer is a drop-in replacement for `keras.layers.MultiHeadAttention` and has the same arguments, weights and
    shapes. All its products are approximate: those of the projections, which are `FakeApproxEinsumDense` layers, those
    of queries (the first operand) and keys, and those of attention weights (the first operand) and values. By default,
    each of these tensors is quantised in the range from its minimum to its maximum, extended to contain 0. A signed
    multiplier (`mul8s_...`) has symmetric ranges. The scale of the queries and the softmax are exact. Gradients are
    those of the exact products of the fake-quantised values (straight-through). A query whose keys are all masked has
    the weights of the layer of Keras with `return_attention_scores=True`; its fused attention has others. The layer
    computes its products in float32 whatever the dtype policy, never by flash attention, and XLA cannot compile it.

    Args:
        num_heads: integer, the number of heads.
        key_dim: integer, the size of each query and key.
        *args: further arguments of `keras.layers.MultiHeadAttention` by position: `value_dim`, `dropout`, ...
        projections: for the configuration: what the projections have of their own, by their attributes.
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
        **kwargs: further arguments of `keras.layers.MultiHeadAttention` by name.

    Input shape:
        Query, value and key, each `(batch, steps, features)`, or with more dimensions of steps.

    Output shape:
        The shape of the query, with `output_shape` in the place of the features if that is given.

    Raises:
        FileNotFoundError: if there is no such multiplier or file.
        ValueError: if the table does not fit `num_bits`, or an argument is not possible.

    Example:
        >>> layer = FakeApproxMultiHeadAttention(2, 8, mul_map_file="mul8u_drum4")
        >>> layer(tf.ones([1, 5, 16]), tf.ones([1, 7, 16])).shape
        TensorShape([1, 5, 16])
    """

    _RANGED = ("query", "key", "weights", "value")

    def __init__(self, *args: Any, projections: dict[str, dict[str, Any]] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._projection_options = {name: dict(options) for name, options in (projections or {}).items()}

    def build(self, query_shape: Any, value_shape: Any, key_shape: Any = None) -> None:
        """Builds the layer of Keras, and then approximate projections in the place of its own; called by Keras."""
        super().build(query_shape, value_shape, key_shape)
        for name in PROJECTIONS:
            exact = getattr(self, name, None)
            if exact is None:
                continue
            own = {"num_bits": self.num_bits, **self._table_config(), "per_channel": self._per_channel}
            own.update({"ranges": self.ranges, **self._projection_options.get(name, {})})
            dense = FakeApproxEinsumDense.from_config({**exact.get_config(), **own})
            dense.build_from_config(exact.get_build_config())
            dense.set_weights(exact.get_weights())
            self._layers.remove(exact)
            setattr(self, name, dense)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, among them the multipliers and ranges of the projections of this moment."""
        layers = {name: getattr(self, name, None) for name in PROJECTIONS}
        configs = {
            name: layer.get_config() for name, layer in layers.items() if isinstance(layer, FakeApproxEinsumDense)
        }
        options = {name: {key: config[key] for key in _OPTIONS} for name, config in configs.items()}
        return {**super().get_config(), "projections": options or self._projection_options or None}

    def _compute_attention(
        self,
        query: tf.Tensor,
        key: tf.Tensor,
        value: tf.Tensor,
        attention_mask: tf.Tensor | None = None,
        training: bool | None = None,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """The heads of the output and the attention weights; called by Keras, with fewer arguments by old versions."""
        if use_causal_mask:
            causal = self._compute_causal_mask(query, value)
            attention_mask = causal if attention_mask is None else tf.cast(attention_mask, tf.bool) & causal
        query = query * tf.cast(self._inverse_sqrt_key_dim, query.dtype)
        # Keras has the keys first in this equation.
        keys, queries, scores = self._dot_product_equation.replace("->", ",").split(",")
        products = self._products(f"{queries},{keys}->{scores}", query=query, key=key)
        scores = self._masked_softmax(products, attention_mask)
        weights = self._dropout_layer(scores, training=training) if self._dropout > 0 else scores
        return self._products(self._combine_equation, weights=weights, value=value), scores

    def _products(self, equation, **activations):
        """Products of two tensors of activations, by the names of their ranges."""
        observed = [self._observed(tensor, name) for name, tensor in activations.items()]
        if any(observed):
            return tf.einsum(equation, *activations.values())
        quantised = [self._quantised_activations(tensor, name) for name, tensor in activations.items()]
        tensors, ends = [tensor for tensor, *_ in quantised], [end for _, *ends in quantised for end in ends]
        multiplier = {"num_bits": self.num_bits, "mul_map_file": self._table_operand()}
        return tf.cast(approx_einsum(equation, *tensors, *ends, **multiplier), self.compute_dtype)
