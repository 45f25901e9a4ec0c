"""Models with approximate convolutions from ordinary ones."""

import warnings

import keras

from tfapprox.common import load_table

from .fake_approx_conv2d import FakeApproxConv2D

CONVOLUTIONS = tuple(layer for name, layer in vars(keras.layers).items() if "Conv" in name)


def approximate_model(model, mul_map_file="", num_bits=8):
    """A copy of a Keras model in which every `Conv2D` uses an approximate multiplier, those of nested models too.

    The weights are copied; the new model is not compiled. Other layers stay exact: those without convolution quietly,
    convolutions of another kind (grouped, depthwise, transposed, of a subclass, inside of a wrapper) with a warning.

    Args:
        model: a built functional or sequential `keras.Model`.
        mul_map_file: name of a multiplier or path of a truth table; `""` is the exact product of the codes.
        num_bits: width of the codes, 2 to 8.

    Returns:
        A `keras.Model` with the inputs, outputs and layer names of `model`.

    Raises:
        FileNotFoundError: if there is no such multiplier or file.
        ValueError: if the table does not fit `num_bits`, or no layer of the model can be replaced.

    Warns:
        UserWarning: with the names of the convolutions that stay exact.

    Example:
        >>> model = keras.Sequential([keras.Input([8, 8, 1]), keras.layers.Conv2D(4, 3)])
        >>> approximate_model(model, "mul8u_mitchell").layers[0].mul_map_file
        'mul8u_mitchell'
    """
    load_table(mul_map_file, num_bits)  # its errors, which Keras would wrap in one of its own

    clones = {}  # by identity: Keras 3.0 asks once for each call of a shared layer

    def clone(layer):
        if id(layer) not in clones:
            clones[id(layer)] = clone_once(layer)
        return clones[id(layer)]

    def clone_once(layer):
        if isinstance(layer, keras.Model):
            return keras.models.clone_model(layer, clone_function=clone)
        if type(layer) in (keras.layers.Conv2D, FakeApproxConv2D) and layer.groups == 1:
            config = {**layer.get_config(), "num_bits": num_bits, "mul_map_file": mul_map_file}
            return FakeApproxConv2D.from_config(config)
        return layer.__class__.from_config(layer.get_config())

    copy = keras.models.clone_model(model, clone_function=clone)
    layers = list(copy._flatten_layers())  # with those inside of nested models and wrappers
    if not any(isinstance(layer, FakeApproxConv2D) for layer in layers):
        raise ValueError(f"model must have a Conv2D layer; received layers {[layer.name for layer in model.layers]}")
    exact = [layer for layer in layers if isinstance(layer, CONVOLUTIONS) and not isinstance(layer, FakeApproxConv2D)]
    if exact:
        names = ", ".join(f"{layer.name} ({type(layer).__name__})" for layer in exact)
        warnings.warn(f"convolutions that stay exact: {names}", stacklevel=2)
    copy.set_weights(model.get_weights())
    for layer in layers:
        if hasattr(layer, "finalize_state"):  # Normalization computes with values that it derives from its weights
            layer.finalize_state()
    return copy
