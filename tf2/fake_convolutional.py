"""The convolution layers of TFApprox4IL for Keras 2, as its scripts import them; needs the package tf_keras."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
import tf_keras

from tfapprox.common.tables import NameOrPath

from .approx_conv2d import approx_conv2d_with_min_max_vars
from .approx_depthwise_conv2d import approx_depthwise_conv2d_with_min_max_vars
from .approximate_products import ApproximateProducts
from .pinned_table import PinnedTable

PACKAGE = "TFApprox4IL"  # the name under which Keras 2 registers the layers for its files


class SuccessorLayer(PinnedTable, ApproximateProducts):
    """A mixin for layers of Keras 2 with the arguments of TFApprox4IL; it comes before the layer's own class.

    Subclasses have `_approximate(inputs)` and `_exact(inputs)`, which compute the outputs without bias and activation.

    Args:
        *args: arguments of the layer of Keras by position.
        approx_num_bits: width of the codes, 2 to 8; 8 for a signed multiplier.
        approx_mul_table_file: name of a built-in multiplier, path of a `.bin` truth table, or name of one in a
            multiplier folder; `""` is the exact product. The configuration of the layer keeps it, pinned to its
            content.
        **kwargs: arguments of the layer of Keras by name.

    Raises:
        FileNotFoundError: if there is no such multiplier or file.
        ValueError: if the table does not fit `approx_num_bits`, or an argument is not possible.
    """

    def __init__(
        self, *args: Any, approx_num_bits: int = 8, approx_mul_table_file: NameOrPath = "", **kwargs: Any
    ) -> None:
        super().__init__(*args, num_bits=approx_num_bits, mul_map_file=approx_mul_table_file, **kwargs)

    def _operands(self, inputs: Any, kernel: tf.Tensor) -> list[tf.Tensor]:
        """Activations, weights and ranges: here the values of the codes, in the ranges of the batch and the weights."""
        return self._quantised_operands(inputs, kernel)

    def _geometry(self) -> dict[str, Any]:
        return {**super()._geometry(), **self._gradient_options()}

    def _tensor(self, inputs: Any) -> tf.Tensor:
        """The activations among the inputs."""
        return inputs

    def _outputs(self, inputs: Any) -> tf.Tensor:
        layer: Any = self
        return layer._approximate(inputs)

    def call(self, inputs: Any) -> tf.Tensor:
        """The layer's output; called by Keras."""
        layer: Any = self
        outputs = tf.cast(self._outputs(inputs), layer.compute_dtype)
        if layer.use_bias:
            outputs = tf_keras.backend.bias_add(outputs, layer.bias, data_format=layer.data_format)
        return outputs if layer.activation is None else layer.activation(outputs)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config = super().get_config()
        config["approx_num_bits"] = config.pop("num_bits")
        config["approx_mul_table_file"] = config.pop("mul_map_file")
        return config


class Convolution(SuccessorLayer):
    """A mixin that computes a `tf_keras.layers.Conv2D`."""

    def _approximate(self, inputs: Any) -> tf.Tensor:
        layer: Any = self
        return approx_conv2d_with_min_max_vars(*self._operands(inputs, layer.kernel), **self._geometry())

    def _exact(self, inputs: Any) -> tf.Tensor:
        layer: Any = self
        return layer.convolution_op(self._tensor(inputs), layer.kernel)


class DepthwiseConvolution(SuccessorLayer):
    """A mixin that computes a `tf_keras.layers.DepthwiseConv2D`."""

    def _approximate(self, inputs: Any) -> tf.Tensor:
        layer: Any = self
        operands = self._operands(inputs, layer.depthwise_kernel)
        return approx_depthwise_conv2d_with_min_max_vars(*operands, **self._geometry())

    def _exact(self, inputs: Any) -> tf.Tensor:
        layer: Any = self
        names = ("strides", "padding", "data_format", "dilation_rate")
        arguments = {name: getattr(layer, name) for name in names}
        return tf_keras.backend.depthwise_conv2d(self._tensor(inputs), layer.depthwise_kernel, **arguments)


@tf_keras.saving.register_keras_serializable(package=PACKAGE)
class FakeApproxConv2D(Convolution, tf_keras.layers.Conv2D):
    """A Conv2D of Keras 2 with an approximate multiplier, in the ranges of each batch.

    It computes what `tfapprox.tf2.FakeApproxConv2D` computes, which is the same layer for Keras 3.

    Args:
        *args: arguments of `tf_keras.layers.Conv2D` by position.
        per_channel: is ignored, as in TFApprox4IL: the weights have one range for all filters.
        **kwargs: as in `SuccessorLayer`.
    """

    per_channel: Any = True

    def __init__(self, *args: Any, per_channel: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.per_channel = per_channel

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "per_channel": self.per_channel}


@tf_keras.saving.register_keras_serializable(package=PACKAGE)
class FakeApproxDepthwiseConv2D(DepthwiseConvolution, tf_keras.layers.DepthwiseConv2D):
    """A DepthwiseConv2D of Keras 2 with an approximate multiplier, in the ranges of each batch.

    It computes what `tfapprox.tf2.FakeApproxDepthwiseConv2D` computes, which is the same layer for Keras 3. Its
    arguments are those of `tf_keras.layers.DepthwiseConv2D` and of `SuccessorLayer`.
    """


@tf_keras.saving.register_keras_serializable(package=PACKAGE)
class FakeApproxSeparableConv2D(SuccessorLayer, tf_keras.layers.SeparableConv2D):
    """A SeparableConv2D of Keras 2 with an approximate multiplier in both steps, in the ranges of each batch.

    The result of the depthwise step is quantised in a range of its own before the pointwise step. The arguments are
    those of `tf_keras.layers.SeparableConv2D` and of `SuccessorLayer`.
    """

    def _approximate(self, inputs: tf.Tensor) -> tf.Tensor:
        geometry, ones = self._geometry(), [1, 1, 1, 1]
        operands = self._operands(inputs, self.depthwise_kernel)
        between = approx_depthwise_conv2d_with_min_max_vars(*operands, **geometry)
        operands = self._operands(between, self.pointwise_kernel)
        return approx_conv2d_with_min_max_vars(*operands, **{**geometry, "strides": ones, "dilations": ones})

    def _exact(self, inputs: tf.Tensor) -> tf.Tensor:
        names = ("strides", "padding", "data_format")
        geometry = {name: self._geometry()[name] for name in names}
        kernels = (self.depthwise_kernel, self.pointwise_kernel)
        return tf.nn.separable_conv2d(inputs, *kernels, dilations=self.dilation_rate, **geometry)
