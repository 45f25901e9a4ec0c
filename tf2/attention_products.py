"""What attention layers compute: approximate projections, scores and weighted values."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from .approx_einsum import approx_einsum
from .approximate_products import ApproximateProducts
from .fake_approx_einsum_dense import FakeApproxEinsumDense

# The projections, in the order in which Keras builds them; a gate exists in later versions.
PROJECTIONS = ["_query_dense", "_key_dense", "_gate_dense", "_value_dense", "_output_dense"]
# What the configuration says of each projection.
_OPTIONS = ["num_bits", "multiplier", "mul_map_file", "ranges", "per_channel", "range_values", "compensation"]
_OPTIONS += ["gradient", "half_window"]


class AttentionProducts(ApproximateProducts):
    """A mixin for attention layers of Keras with projections; it comes before the layer's own class."""

    _RANGED = ("query", "key", "weights", "value")
    _CORRECTED = ()  # the projections have corrections of their own

    def __init__(self, *args: Any, projections: dict[str, dict[str, Any]] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._projection_options = {name: dict(options) for name, options in (projections or {}).items()}

    def build(self, query_shape: Any, value_shape: Any, key_shape: Any = None) -> None:
        """Builds the layer of Keras, and then approximate projections in the place of its own; called by Keras."""
        super().build(query_shape, value_shape, key_shape)  # type: ignore[misc]
        layer: Any = self
        for name in PROJECTIONS:
            exact = getattr(self, name, None)
            if exact is None:
                continue
            own = {"num_bits": self.num_bits, **self._table_config(), "per_channel": self._per_channel}
            own.update(self._gradient_options())
            own.update({"ranges": self.ranges, **self._projection_options.get(name, {})})
            dense = FakeApproxEinsumDense.from_config({**exact.get_config(), **own})
            dense.build_from_config(exact.get_build_config())
            dense.set_weights(exact.get_weights())
            layer._layers.remove(exact)
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
        layer: Any = self
        if use_causal_mask:
            causal = layer._compute_causal_mask(query, value)
            attention_mask = causal if attention_mask is None else tf.cast(attention_mask, tf.bool) & causal
        scale, dropout, equation = self._attention_settings()
        products = self._products(equation, query=query * tf.cast(scale, query.dtype), key=key)
        scores = layer._masked_softmax(products, attention_mask)
        weights = layer._dropout_layer(scores, training=training) if dropout > 0 else scores
        return self._products(layer._combine_equation, weights=weights, value=value), scores

    def _attention_settings(self) -> tuple[float, float, str]:
        """The scale of the queries, the rate of dropout, and the equation of queries, keys and scores."""
        raise NotImplementedError

    def _products(self, equation, **activations):
        """Products of two tensors of activations, by the names of their ranges."""
        layer: Any = self
        observed = [self._observed(tensor, name) for name, tensor in activations.items()]
        if any(observed):
            return tf.einsum(equation, *activations.values())
        quantised = [self._quantised_activations(tensor, name) for name, tensor in activations.items()]
        tensors, ends = [tensor for tensor, *_ in quantised], [end for _, *ends in quantised for end in ends]
        (a, b), table = tensors, self._table_operand()
        products = approx_einsum(equation, a, b, lambda a, b: self._matmul([a, b, *ends], table))
        return tf.cast(products, layer.compute_dtype)
