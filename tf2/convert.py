"""Models with approximate convolutions from ordinary ones."""

import warnings

import keras

from tfapprox.common import pin_table

from .fake_approx_conv2d import FakeApproxConv2D

CONVOLUTIONS = tuple(layer for name, layer in vars(keras.layers).items() if "Conv" in name)


def approximate_model(model, mul_map_file="", num_bits=8):
    """A copy of a Keras model in which every `Conv2D` uses an approximate multiplier.

    Those of nested models and of wrappers such as `TimeDistributed` too. The weights are copied; the new model is not
    compiled. Other layers stay as they are: those without convolution quietly, convolutions of another kind (grouped,
    depthwise, transposed, of a subclass, `keras.ops.conv`) with a warning. What a layer of one's own computes is not
    seen.

    Args:
        model: a built functional or sequential `keras.Model`, as must be the models inside of it.
        mul_map_file: name of a multiplier or path of a truth table; `""` is the exact product of the codes.
        num_bits: width of the codes, 2 to 8.

    Returns:
        A `keras.Model` with the inputs, outputs and layer names of `model`.

    Raises:
        FileNotFoundError: if there is no such multiplier or file.
        ValueError: if the table does not fit `num_bits`, no layer of the model can be replaced, or a model in it is of
            a class that Keras cannot copy.

    Warns:
        UserWarning: with the names of the convolutions that stay as they are.

    Example:
        >>> model = keras.Sequential([keras.Input([8, 8, 1]), keras.layers.Conv2D(4, 3)])
        >>> approximate_model(model, "mul8u_mitchell").layers[0].mul_map_file
        'mul8u_mitchell'
    """
    multiplier = {"num_bits": num_bits, "mul_map_file": pin_table(mul_map_file, num_bits)}
    clones = {}  # by identity: Keras 3.0 asks once for each call of a shared layer

    def clone(layer):
        if id(layer) not in clones:
            clones[id(layer)] = clone_once(layer)
        return clones[id(layer)]

    def clone_once(layer):
        if isinstance(layer, keras.Model):
            return _copy(layer, clone)
        config = layer.get_config()
        if type(layer) in (keras.layers.Conv2D, FakeApproxConv2D) and layer.groups == 1:
            return FakeApproxConv2D.from_config({**config, **multiplier})
        if isinstance(layer, keras.layers.Wrapper):
            config["layer"] = keras.saving.serialize_keras_object(clone(layer.layer))
        return layer.__class__.from_config(config)

    copy = _copy(model, clone)
    layers = list(copy._flatten_layers())  # with those inside of nested models and wrappers
    approximate = [layer for layer in layers if isinstance(layer, FakeApproxConv2D) and _has(layer, multiplier)]
    if not approximate:
        raise ValueError(f"model must have a Conv2D layer; received layers {[layer.name for layer in model.layers]}")
    others = [x for x in _convolutions(layers) if not any(x is layer for layer in approximate)]
    if others:
        names = ", ".join(f"{x.name} ({type(x).__name__})" for x in others)
        warnings.warn(f"convolutions that stay as they are: {names}", stacklevel=2)
    copy.set_weights(model.get_weights())
    for layer in layers:
        if hasattr(layer, "finalize_state"):  # Normalization computes with values that it derives from its weights
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


def _convolutions(layers):
    """The convolutions among layers, and the operations without a layer in the models among them."""
    yield from (layer for layer in layers if isinstance(layer, CONVOLUTIONS))
    for model in layers:
        for operation in getattr(model, "operations", []):
            if not isinstance(operation, keras.layers.Layer) and "Conv" in type(operation).__name__:
                yield operation
