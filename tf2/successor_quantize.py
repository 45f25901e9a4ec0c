"""`python.keras.utils.quantize` of TFApprox4IL for Keras 2: annotate the layers of a model, then quantise them."""

from __future__ import annotations

from typing import Any, Callable, Mapping

import tf_keras

from .successor_configs import (
    EXACT,
    QuantConv2DConfig,
    QuantDepthwiseConv2DConfig,
    QuantizeWrapper,
    TunableQuantConv2DConfig,
    TunableQuantDepthwiseConv2DConfig,
)
from .successor_copies import QuantizeAnnotate, copy_of, layers_of

__all__ = [
    "QuantConv2DConfig",
    "QuantDepthwiseConv2DConfig",
    "QuantizeWrapper",
    "TunableQuantConv2DConfig",
    "TunableQuantDepthwiseConv2DConfig",
    "quantize_annotate_layer",
    "quantize_annotate_model",
    "quantize_apply",
]

CLASSES = (
    QuantConv2DConfig,
    QuantDepthwiseConv2DConfig,
    TunableQuantConv2DConfig,
    TunableQuantDepthwiseConv2DConfig,
    QuantizeAnnotate,
    QuantizeWrapper,
)
# An HDF5 file has what lies within a wrapper without the package that it is registered in.
tf_keras.saving.get_custom_objects().update({item.__name__: item for item in CLASSES})


def quantize_annotate_layer(to_annotate: Any, quantize_config: QuantConv2DConfig | None = None) -> QuantizeAnnotate:
    """A layer with the note that `quantize_apply` is to quantise it.

    Args:
        to_annotate: a Conv2D or DepthwiseConv2D of Keras 2.
        quantize_config: how the layer is quantised; by default to 8 bits, with exact products.

    Returns:
        A layer that takes the place of `to_annotate` in a model.

    Raises:
        ValueError: if the layer is of another class.
    """
    if quantize_config is None:
        if type(to_annotate) not in EXACT:
            rule = "to_annotate must be a Conv2D or DepthwiseConv2D where there is no quantize_config"
            raise ValueError(f"{rule}; received a {type(to_annotate).__name__}")
        quantize_config = EXACT[type(to_annotate)]()
    return QuantizeAnnotate(to_annotate, quantize_config, name=f"annotated_{to_annotate.name}")


def quantize_annotate_model(
    model: Any,
    layer_type_quantize_map: Mapping[type, Callable[[], QuantConv2DConfig]] | None = None,
    layer_override_quantize_map: Mapping[str, QuantConv2DConfig] | None = None,
) -> Any:
    """A copy of a model whose layers have notes for `quantize_apply`.

    Layers in models within the model, and in wrappers such as TimeDistributed, get notes, too.

    Args:
        model: a built functional or sequential model of Keras 2.
        layer_type_quantize_map: dictionary from the class of layers to a function without arguments that returns their
            config; by default all Conv2D and DepthwiseConv2D get 8 bits and exact products.
        layer_override_quantize_map: dictionary from the name of a layer to its config, which wins over that of its
            class.

    Returns:
        A model with the same weights. Layers without a config stay as they are.

    Raises:
        ValueError: if the model has no layer of a name, is not built, or is or has a subclassed model.
    """
    by_class = EXACT if layer_type_quantize_map is None else layer_type_quantize_map
    by_name = layer_override_quantize_map or {}
    unknown = sorted(set(by_name) - {layer.name for layer in layers_of(model.layers)})
    if unknown:
        raise ValueError(f"layer_override_quantize_map must name layers of the model; received {unknown[0]!r}")

    def annotated(layer, copy):
        if layer.name in by_name:
            return quantize_annotate_layer(copy, by_name[layer.name])
        return quantize_annotate_layer(copy, by_class[type(layer)]()) if type(layer) in by_class else copy

    return copy_of(model, annotated)


def quantize_apply(model: Any) -> Any:
    """A copy of a model in which each annotated layer is approximate and has ranges that training moves.

    The ranges begin as -6 to 6: a model that was not trained after this call is quantised in these.

    Args:
        model: a built functional or sequential model of Keras 2 with annotated layers.

    Returns:
        A model with the same weights, not compiled.

    Raises:
        FileNotFoundError: if there is no such multiplier or file.
        ValueError: if no layer is annotated, a config is not for the class of its layer, or the model is not built or
            has a subclassed model inside.
    """
    if not any(isinstance(layer, QuantizeAnnotate) for layer in layers_of(model.layers)):
        raise ValueError(f"model must have annotated layers; received {[layer.name for layer in model.layers]}")

    def quantised(layer, copy):
        return layer.quantize_config.quantised(layer.layer) if isinstance(layer, QuantizeAnnotate) else copy

    return copy_of(model, quantised)
