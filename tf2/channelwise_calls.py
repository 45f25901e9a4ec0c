"""What depthwise and separable layers compute, in one and in two dimensions."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from .approx_conv2d import approx_conv2d_with_min_max_vars
from .approx_depthwise_conv2d import approx_depthwise_conv2d_with_min_max_vars
from .approximate_products import ApproximateProducts
from .layer_outputs import with_bias_and_activation


class DepthwiseCall(ApproximateProducts):
    """A mixin for depthwise convolution layers of Keras; it comes before the layer's own class."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """The layer's output; called by Keras."""
        layer: Any = self
        if self._observed(inputs):
            return super().call(inputs)  # type: ignore[misc]
        operands = self._image_operands(inputs, layer.kernel, channel_axes=2)
        geometry, repeats = self._geometry(), layer.depth_multiplier
        outputs = self._corrected_on_images(
            approx_depthwise_conv2d_with_min_max_vars, operands, geometry, repeats=repeats
        )
        return with_bias_and_activation(self, outputs)


class SeparableCall(ApproximateProducts):
    """A mixin for separable convolution layers of Keras; it comes before the layer's own class."""

    _RANGED = ("input", "intermediate")
    _CORRECTED = _RANGED

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """The layer's output; called by Keras."""
        layer: Any = self
        if self._observed(inputs):
            self._observed(self._exact_depthwise(inputs), "intermediate")
            return super().call(inputs)  # type: ignore[misc]
        geometry, ones = self._geometry(), [1, 1, 1, 1]
        operands = self._image_operands(inputs, layer.depthwise_kernel, channel_axes=2)
        intermediate = self._corrected_on_images(
            approx_depthwise_conv2d_with_min_max_vars, operands, geometry, repeats=layer.depth_multiplier
        )
        operands = self._image_operands(intermediate, layer.pointwise_kernel, "intermediate")
        geometry.update(strides=ones, dilations=ones)
        outputs = self._corrected_on_images(approx_conv2d_with_min_max_vars, operands, geometry, part="intermediate")
        return with_bias_and_activation(self, outputs)

    def _exact_depthwise(self, inputs: tf.Tensor) -> tf.Tensor:
        """The result of the depthwise part with real numbers, for calibration."""
        layer: Any = self
        form = layer.strides, layer.padding, layer.data_format, layer.dilation_rate
        return keras.ops.depthwise_conv(inputs, layer.depthwise_kernel, *form)
