"""Models with approximate layers from ordinary ones."""

from __future__ import annotations

import warnings
from typing import Any

import keras

from tfapprox.common.tables import NameOrPath, pin_table

from .approximate_products import ApproximateProducts
from .fake_approx_conv1d import FakeApproxConv1D
from .fake_approx_conv2d import FakeApproxConv2D
from .fake_approx_conv2d_transpose import FakeApproxConv2DTranspose
from .fake_approx_dense import FakeApproxDense
from .fake_approx_depthwise_conv2d import FakeApproxDepthwiseConv2D
from .fake_approx_einsum_dense import FakeApproxEinsumDense
from .fake_approx_multi_head_attention import FakeApproxMultiHeadAttention
from .fake_approx_separable_conv2d import FakeApproxSeparableConv2D

# The layers that are replaced, and by what.
APPROXIMATE: dict[type, Any] = {
    keras.layers.Conv1D: FakeApproxConv1D,
    keras.layers.Conv2D: FakeApproxConv2D,
    keras.layers.Conv2DTranspose: FakeApproxConv2DTranspose,
    keras.layers.Dense: FakeApproxDense,
    keras.layers.DepthwiseConv2D: FakeApproxDepthwiseConv2D,
    keras.layers.EinsumDense: FakeApproxEinsumDense,
    keras.layers.MultiHeadAttention: FakeApproxMultiHeadAttention,
    keras.layers.SeparableConv2D: FakeApproxSeparableConv2D,
}
APPROXIMATE.update({layer: layer for layer in APPROXIMATE.values()})  # an approximate layer gets another multiplier
# The layers of which a model has a warning where they are not replaced.
MULTIPLYING = tuple(
    layer for name, layer in vars(keras.layers).items() if any(kind in name for kind in ("Conv", "Dense", "Attention"))
)


def approximate_model(model: keras.Model, mul_map_file: NameOrPath = "", num_bits: int = 8) -> keras.Model:
    """A copy of a Keras model whose convolutions, dense layers and attention use an approximate multiplier.

    Every `Conv1D`, `Conv2D`, `Conv2DTranspose`, `DepthwiseConv2D`, `SeparableConv2D`, `Dense`, `EinsumDense` and
    `MultiHeadAttention` is replaced, also inside of nested models and of wrappers such as `TimeDistributed`. The
    weights are copied; the new model is not compiled. All other layers stay as they are. The function warns of other
    layers with convolutions, dense products or attention among them (3-D ones, those of a subclass, `keras.ops.conv`).
    It cannot see what a custom layer multiplies.

    Args:
        model: a built `keras.Model`, functional or sequential. Models inside of it must be functional or sequential,
            too.
        mul_map_file: name of a built-in multiplier, path of a `.bin` truth table, or name of one in a multiplier
            folder. `""` is the exact product of the codes.
        num_bits: width of the codes, 2 to 8; 8 for a signed multiplier.

    Returns:
        A `keras.Model` with the inputs, outputs and layer names of `model`.

    Raises:
        FileNotFoundError: if there is no such multiplier or file.
        ValueError: if the table does not fit `num_bits`, no layer of the model can be replaced, or a model in it is of
            a class that Keras cannot copy.

    Warns:
        UserWarning: if such layers stay as they are; the message has their names.

    Example:
        >>> model = keras.Sequential([keras.Input([8, 8, 1]), keras.layers.Conv2D(4, 3)])
        >>> approximate_model(model, "mul8u_mitchell").layers[0].mul_map_file
        'mul8u_mitchell'
    """
    multiplier = {"num_bits": num_bits, "mul_map_file": pin_table(mul_map_file, num_bits)}
    # A shared layer is cloned once, although Keras 3.0 asks for each of its calls. Keys are the identities of layers.
    clones = {}

    def clone(layer):
        if id(layer) not in clones:
            clones[id(layer)] = clone_once(layer)
        return clones[id(layer)]

    def clone_once(layer):
        if isinstance(layer, keras.Model):
            return _copy(layer, clone)
        config = layer.get_config()
        if type(layer) in APPROXIMATE:
            return APPROXIMATE[type(layer)].from_config({**config, **multiplier})
        if isinstance(layer, keras.layers.Wrapper):
            config["layer"] = keras.saving.serialize_keras_object(clone(layer.layer))
        return layer.__class__.from_config(config)

    copy = _copy(model, clone)
    layers = list(copy._flatten_layers())  # includes the layers inside of nested models and wrappers
    approximate = [layer for layer in layers if isinstance(layer, ApproximateProducts) and _has(layer, multiplier)]
    if not approximate:
        received = [layer.name for layer in model.layers]
        kinds = ", ".join(sorted(kind.__name__ for kind in set(APPROXIMATE) - set(APPROXIMATE.values())))
        raise ValueError(f"model must have a layer of one of the kinds {kinds}; received layers {received}")
    unchanged = [x for x in _multiplying(layers) if not any(x is layer for layer in approximate)]
    if unchanged:
        names = ", ".join(f"{x.name} ({type(x).__name__})" for x in unchanged)
        warnings.warn(f"layers that stay as they are: {names}", stacklevel=2)
    copy.set_weights(model.get_weights())
    for layer in layers:
        if hasattr(layer, "finalize_state"):  # Normalization derives values from its weights, and computes with these
            layer.finalize_state()
    return copy


def _copy(model, clone):
    if not hasattr(model, "operations") and not isinstance(model, keras.Sequential):
        raise ValueError(
            f"model must be functional or sequential, and so the models inside of it; received '{model.name}' of class "
            f"{type(model).__name__}, which Keras cannot copy layer by layer"
        )
    return keras.models.clone_model(model, clone_function=clone)


def _has(layer, multiplier):
    return all(getattr(layer, name) == value for name, value in multiplier.items())


def _multiplying(layers):
    """What multiplies in a model: layers, and operations such as `keras.ops.conv` that belong to no layer."""
    yield from (layer for layer in layers if isinstance(layer, MULTIPLYING))
    for model in layers:
        for operation in getattr(model, "operations", []):
            if not isinstance(operation, keras.layers.Layer) and "Conv" in type(operation).__name__:
                yield operation
