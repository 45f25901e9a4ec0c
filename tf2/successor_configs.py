"""The quantisation configs of TFApprox4IL for Keras 2, and the layer that learns its ranges in training."""

from __future__ import annotations

from typing import Any, Callable

import tensorflow as tf
import tf_keras

from tfapprox.common import native
from tfapprox.common.tables import NameOrPath

from . import successor_layers as layers
from .fake_convolutional import PACKAGE

DECAY = 0.999  # decay of the moving averages of the ranges of activations
LIMIT = 6.0  # ranges begin as -6 to 6


@tf_keras.saving.register_keras_serializable(package=PACKAGE)
class QuantConv2DConfig:
    """How a Conv2D is quantised and multiplied.

    Args:
        num_bits: width of the codes, 2 to 8; 8 for a signed multiplier.
        mul_table_file: name of a multiplier or path of a truth table; `""` is the exact product.
        fake_quant: whether activations and weights are rounded to the values of their codes before the operation, so
            that the gradients are those of the rounded values; not for a signed multiplier.
    """

    layer_class: Any = layers.ApproxConv2DWithMinMaxVars
    replaced: Any = tf_keras.layers.Conv2D

    def __init__(self, num_bits: int, mul_table_file: NameOrPath, fake_quant: bool = False) -> None:
        if fake_quant and native.name_is_signed(str(mul_table_file)):
            raise ValueError(f"fake_quant must be False for a signed multiplier; received {mul_table_file!r}")
        self.num_bits, self.mul_table_file, self.fake_quant = num_bits, mul_table_file, fake_quant

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, for files of annotated models."""
        names = ("num_bits", "mul_table_file", "fake_quant")
        return {name: getattr(self, name) for name in names}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> QuantConv2DConfig:
        """A config from its arguments; called by Keras."""
        return cls(**config)

    def quantised(self, layer: Any) -> QuantizeWrapper:
        """The layer that takes the place of a float one.

        Raises:
            ValueError: if the float layer is of another class.
        """
        if type(layer) is not self.replaced:
            rule = f"must be a {self.replaced.__name__} for {type(self).__name__}"
            raise ValueError(f"layer {layer.name} {rule}; received a {type(layer).__name__}")
        multiplier = {"approx_num_bits": self.num_bits, "approx_mul_table_file": self.mul_table_file}
        approximate = self.layer_class.from_config({**layer.get_config(), **multiplier})
        return QuantizeWrapper(approximate, self.fake_quant, name=f"quant_{layer.name}")


@tf_keras.saving.register_keras_serializable(package=PACKAGE)
class QuantDepthwiseConv2DConfig(QuantConv2DConfig):
    """How a DepthwiseConv2D is quantised and multiplied; the arguments are those of `QuantConv2DConfig`."""

    layer_class = layers.ApproxDepthwiseConv2DWithMinMaxVars
    replaced = tf_keras.layers.DepthwiseConv2D


@tf_keras.saving.register_keras_serializable(package=PACKAGE)
class TunableQuantConv2DConfig(QuantConv2DConfig):
    """`QuantConv2DConfig` for a layer that is exact in float until its weight `tuning_phase` is true."""

    layer_class = layers.TunableApproxConv2DWithMinMaxVars


@tf_keras.saving.register_keras_serializable(package=PACKAGE)
class TunableQuantDepthwiseConv2DConfig(QuantDepthwiseConv2DConfig):
    """`QuantDepthwiseConv2DConfig` for a layer that is exact in float until its weight `tuning_phase` is true."""

    layer_class = layers.TunableApproxDepthwiseConv2DWithMinMaxVars


EXACT: dict[Any, Callable[[], QuantConv2DConfig]] = {
    config.replaced: lambda config=config: config(8, "")  # type: ignore[misc]
    for config in (QuantConv2DConfig, QuantDepthwiseConv2DConfig)
}


@tf_keras.saving.register_keras_serializable(package=PACKAGE)
class QuantizeWrapper(tf_keras.layers.Wrapper):
    """A layer with given ranges, and its ranges as weights that training moves.

    In training, the range of the activations is a moving average of those of the batches, and the range of the weights
    is that of the present ones. Both contain 0.

    Args:
        layer: a layer that is called with `[x, input_min, input_max, filter_min, filter_max]`.
        fake_quant: as in `QuantConv2DConfig`.
        **kwargs: arguments of a Keras layer.
    """

    def __init__(self, layer: Any, fake_quant: bool = False, **kwargs: Any) -> None:
        super().__init__(layer, **kwargs)
        layer.fake_quant = self.fake_quant = fake_quant

    def build(self, input_shape: Any) -> None:
        """Makes the weights; called by Keras."""
        self.layer.build([input_shape, *[tf.TensorShape([])] * 4])
        self.layer.built = True
        self.ranges = [
            self.add_weight(
                name=f"{operand}_{end}",
                shape=(),
                initializer=tf_keras.initializers.Constant(-LIMIT if end == "min" else LIMIT),
                trainable=False,
            )
            for operand in ("input", "filter")
            for end in ("min", "max")
        ]
        super().build(input_shape)

    def call(self, inputs: tf.Tensor, training: Any = None) -> tf.Tensor:
        """The layer's output; called by Keras."""
        if training is not None and training is not False:
            for tensor, (minimum, maximum), decay in (
                (inputs, self.ranges[:2], DECAY),
                (self.layer.weights[0], self.ranges[2:], 0.0),
            ):
                for variable, value in (
                    (minimum, tf.minimum(tf.reduce_min(tensor), 0.0)),
                    (maximum, tf.maximum(tf.reduce_max(tensor), 0.0)),
                ):
                    moved = decay * variable + (1.0 - decay) * tf.cast(value, variable.dtype)
                    variable.assign(tf.where(training, moved, variable))
        return self.layer([inputs, *self.ranges])

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the output; called by Keras."""
        return self.layer.compute_output_shape([input_shape])

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "fake_quant": self.fake_quant}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> QuantizeWrapper:
        """A layer from its configuration; called by Keras."""
        # An HDF5 file has the inner layer without the package that it is registered in.
        with tf_keras.saving.custom_object_scope({name: getattr(layers, name) for name in layers.__all__}):
            return super().from_config(config, custom_objects)
