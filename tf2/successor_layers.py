"""The layers of TFApprox4IL for Keras 2: with ranges of the batch, with given ranges, and with a switch."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
import tf_keras

from .fake_convolutional import (
    PACKAGE,
    Convolution,
    DepthwiseConvolution,
    FakeApproxConv2D,
    FakeApproxDepthwiseConv2D,
    FakeApproxSeparableConv2D,
    SuccessorLayer,
)

__all__ = [
    "ApproxConv2DWithMinMaxVars",
    "ApproxDepthwiseConv2DWithMinMaxVars",
    "FakeApproxConv2D",
    "FakeApproxDepthwiseConv2D",
    "FakeApproxSeparableConv2D",
    "TunableApproxConv2DWithMinMaxVars",
    "TunableApproxDepthwiseConv2DWithMinMaxVars",
    "TunableFakeApproxConv2D",
    "TunableFakeApproxDepthwiseConv2D",
    "TunableFakeApproxSeparableConv2D",
]


class WithRanges(SuccessorLayer):
    """A mixin for layers that are called with `[x, input_min, input_max, filter_min, filter_max]`."""

    fake_quant = False  # whether activations and weights are rounded to the values of their codes first

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.input_spec = None

    def build(self, input_shape: Any) -> None:
        """Makes the weights; called by Keras."""
        layer: Any = super()
        layer.build(input_shape[0])
        self.input_spec = None  # the specification of one tensor

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the output; called by Keras with the shape of all inputs, or of the first one in `build`."""
        layer: Any = super()
        is_one = input_shape[0] is None or isinstance(input_shape[0], int)
        return layer.compute_output_shape(input_shape if is_one else input_shape[0])

    def _operands(self, inputs: Any, kernel: tf.Tensor) -> list[tf.Tensor]:
        tensor, *ranges = (tf.cast(value, tf.float32) for value in inputs)
        kernel = tf.cast(kernel, tf.float32)
        if self.fake_quant:
            tensor = tf.quantization.fake_quant_with_min_max_vars(tensor, *ranges[:2], self.num_bits)
            kernel = tf.quantization.fake_quant_with_min_max_vars(kernel, *ranges[2:], self.num_bits)
        return [tensor, kernel, *ranges]

    def _tensor(self, inputs: Any) -> tf.Tensor:
        return inputs[0]


@tf_keras.saving.register_keras_serializable(package=PACKAGE)
class ApproxConv2DWithMinMaxVars(WithRanges, Convolution, tf_keras.layers.Conv2D):
    """A Conv2D of Keras 2 with an approximate multiplier, in given ranges.

    It is called with `[x, input_min, input_max, filter_min, filter_max]`. The ranges of the filter are scalars or
    `[filters]`. The arguments are those of `tf_keras.layers.Conv2D` and of `SuccessorLayer`.
    """


@tf_keras.saving.register_keras_serializable(package=PACKAGE)
class ApproxDepthwiseConv2DWithMinMaxVars(WithRanges, DepthwiseConvolution, tf_keras.layers.DepthwiseConv2D):
    """A DepthwiseConv2D of Keras 2 with an approximate multiplier, in given ranges.

    It is called with `[x, input_min, input_max, filter_min, filter_max]`. The ranges of the filter are scalars,
    `[depth_multiplier]` or `[channels * depth_multiplier]`. The arguments are those of
    `tf_keras.layers.DepthwiseConv2D` and of `SuccessorLayer`.
    """


class Tunable(SuccessorLayer):
    """A mixin for a layer that is exact in float until its weight `tuning_phase` is true.

    Attributes:
        tuning_phase: boolean variable, the last weight of the layer. It is false at first.
    """

    def build(self, input_shape: Any) -> None:
        """Makes the weights; called by Keras."""
        layer: Any = super()
        layer.build(input_shape)
        layer = self
        self.tuning_phase = layer.add_weight(
            name="tuning_phase", shape=(), dtype=tf.bool, initializer=lambda *_, **__: False, trainable=False
        )

    def _outputs(self, inputs: Any) -> tf.Tensor:
        layer: Any = self
        approximate, exact = (lambda: layer._approximate(inputs)), (lambda: tf.cast(layer._exact(inputs), tf.float32))
        return tf.cond(tf.convert_to_tensor(self.tuning_phase), approximate, exact)


def _tunable(layer: Any) -> Any:
    description = f"`{layer.__name__}` that is exact in float until its weight `tuning_phase` is true."
    names = {"__module__": __name__, "__doc__": description}
    return tf_keras.saving.register_keras_serializable(package=PACKAGE)(
        type(f"Tunable{layer.__name__}", (Tunable, layer), names)
    )


TunableApproxConv2DWithMinMaxVars: Any = _tunable(ApproxConv2DWithMinMaxVars)
TunableApproxDepthwiseConv2DWithMinMaxVars: Any = _tunable(ApproxDepthwiseConv2DWithMinMaxVars)
TunableFakeApproxConv2D: Any = _tunable(FakeApproxConv2D)
TunableFakeApproxDepthwiseConv2D: Any = _tunable(FakeApproxDepthwiseConv2D)
TunableFakeApproxSeparableConv2D: Any = _tunable(FakeApproxSeparableConv2D)
