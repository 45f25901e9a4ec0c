"""Models with approximate convolutions from ordinary ones."""

import keras

from tfapprox.common import load_table

from .fake_approx_conv2d import FakeApproxConv2D


def approximate_model(model, mul_map_file="", num_bits=8):
    """A copy of a Keras model in which every `Conv2D` uses an approximate multiplier.

    The weights are copied; the new model is not compiled. Convolutions with groups stay exact, and so do all other
    kinds of layers.

    Args:
        model: a built functional or sequential `keras.Model`.
        mul_map_file: name of a multiplier or path of a truth table; `""` is the exact product of the codes.
        num_bits: width of the codes, 2 to 8.

    Returns:
        A `keras.Model` with the inputs, outputs and layer names of `model`.

    Raises:
        FileNotFoundError: if there is no such multiplier or file.
        ValueError: if the table does not fit `num_bits`, or no layer of the model can be replaced.

    Example:
        >>> model = keras.Sequential([keras.Input([8, 8, 1]), keras.layers.Conv2D(4, 3)])
        >>> approximate_model(model, "mul8u_mitchell").layers[0].mul_map_file
        'mul8u_mitchell'
    """
    load_table(mul_map_file, num_bits)  # its errors, which Keras would wrap in one of its own
    replaced = []

    def clone(layer):
        if not isinstance(layer, keras.layers.Conv2D) or layer.groups != 1:
            return layer.__class__.from_config(layer.get_config())
        replaced.append(layer.name)
        return FakeApproxConv2D.from_config(
            {**layer.get_config(), "num_bits": num_bits, "mul_map_file": mul_map_file},
        )

    copy = keras.models.clone_model(model, clone_function=clone)
    if not replaced:
        raise ValueError(f"model must have a Conv2D layer; received layers {[layer.name for layer in model.layers]}")
    copy.set_weights(model.get_weights())
    return copy
