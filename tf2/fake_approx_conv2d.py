"""`FakeApproxConv2D`: a Keras Conv2D whose products are those of an approximate multiplier."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from tfapprox.common import native
from tfapprox.common.tables import NameOrPath, pin_table

from .approx_conv2d import approx_conv2d_with_min_max_vars


def _fake_quantised(tensor, num_bits):
    """The tensor rounded to the values of its codes, and the minimum and maximum of its quantisation range.

    The range contains 0, because padding has the value 0.
    """
    minimum = tf.minimum(tf.reduce_min(tensor), 0.0)
    maximum = tf.maximum(tf.reduce_max(tensor), 0.0)
    return tf.quantization.fake_quant_with_min_max_vars(tensor, minimum, maximum, num_bits), minimum, maximum


def _symmetrically_fake_quantised(tensor, num_bits):
    """The tensor rounded to the values of the codes of a signed table, (2.5)-(2.7), and its symmetric range."""
    limit = tf.maximum(tf.reduce_max(tf.abs(tensor)), 0.0)  # 0 if there is no element
    quantised = tf.quantization.quantize_and_dequantize_v2(
        tensor, -limit, limit, num_bits=num_bits, range_given=True, round_mode="HALF_TO_EVEN", narrow_range=True
    )
    return quantised, -limit, limit


def _fixed(name: str) -> Any:
    """A read-only property: the functions that Keras has traced would silently keep the old value."""

    def refuse(layer, value):
        raise AttributeError(
            f"{name} must stay as the layer was created, {getattr(layer, name)!r}; received {value!r}. "
            "approximate_model makes a copy of a model with another multiplier"
        )

    return property(lambda layer: getattr(layer, f"_{name}"), refuse)


@keras.saving.register_keras_serializable(package="tfapprox")
class FakeApproxConv2D(keras.layers.Conv2D):
    """2-D convolution by an approximate multiplier, on fake-quantised activations and weights.

    The layer is a drop-in replacement for `keras.layers.Conv2D` and has the same arguments, weights and shapes. In
    each call the quantisation range of the activations is the minimum and maximum of the batch, and the range of the
    weights is their minimum and maximum. Both ranges are extended to contain 0. The code of an activation therefore
    depends on the batch that it is in. A signed multiplier (`mul8s_...`) has symmetric ranges, up to the maximum
    magnitude. Gradients are those of the exact convolution of the fake-quantised values (straight-through), so the
    layer can be trained.

    The layer computes in float32 whatever the dtype policy. XLA cannot compile it: Keras compiles a model that has it
    without XLA, and warns if it was asked for `jit_compile=True`.

    Args:
        filters: integer, the number of output channels.
        kernel_size: integer or two integers, height and width of the filters.
        *args: further arguments of `keras.layers.Conv2D` by position: `strides`, `padding`, `data_format`,
            `dilation_rate`, `groups`, which must be 1, `activation`, `use_bias`, ...
        num_bits: width of the codes, 2 to 8; 8 for a signed multiplier.
        mul_map_file: name of a built-in multiplier, path of a `.bin` truth table, or name of one in a multiplier
            folder; `""` is the exact product. The layer checks it at once and keeps it in its configuration, pinned to
            its content. To load a model where its table is missing or has changed is an error.
        **kwargs: further arguments of `keras.layers.Conv2D` by name.

    Input shape:
        A 4-D tensor, `(batch, height, width, channels)` or, with `data_format="channels_first"`, `(batch, channels,
        height, width)`.

    Output shape:
        A 4-D tensor, `(batch, out_height, out_width, filters)` or, with `data_format="channels_first"`, `(batch,
        filters, out_height, out_width)`.

    Raises:
        FileNotFoundError: if there is no such multiplier or file.
        ValueError: if the table does not fit `num_bits`, or an argument is not possible.

    Example:
        >>> layer = FakeApproxConv2D(16, 3, padding="same", activation="relu", mul_map_file="mul8u_drum4")
        >>> layer(tf.ones([1, 8, 8, 3])).shape
        TensorShape([1, 8, 8, 16])
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        *args: Any,
        num_bits: int = 8,
        mul_map_file: NameOrPath = "",
        **kwargs: Any,
    ) -> None:
        if keras.backend.backend() != "tensorflow":
            raise ValueError(f"KERAS_BACKEND must be tensorflow; received {keras.backend.backend()}")
        super().__init__(filters, kernel_size, *args, **kwargs)
        if self.groups != 1:
            raise ValueError(f"groups must be 1; received {self.groups}")
        self._num_bits = num_bits
        self._mul_map_file = pin_table(mul_map_file, num_bits)
        is_signed = native.name_is_signed(self._mul_map_file)
        self._fake_quantised = _symmetrically_fake_quantised if is_signed else _fake_quantised
        self.supports_jit = False

    num_bits = _fixed("num_bits")
    mul_map_file = _fixed("mul_map_file")

    def convolution_op(self, inputs: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
        """The convolution, without bias and activation; called by Keras."""
        inputs, kernel = tf.cast(inputs, tf.float32), tf.cast(kernel, tf.float32)
        inputs, input_min, input_max = self._fake_quantised(inputs, self.num_bits)
        kernel, filter_min, filter_max = self._fake_quantised(kernel, self.num_bits)
        last = self.data_format == "channels_last"
        output = approx_conv2d_with_min_max_vars(
            inputs,
            kernel,
            input_min,
            input_max,
            filter_min,
            filter_max,
            strides=[1, *self.strides, 1] if last else [1, 1, *self.strides],
            padding=self.padding.upper(),
            num_bits=self.num_bits,
            mul_map_file=self.mul_map_file,
            data_format="NHWC" if last else "NCHW",
            dilations=[1, *self.dilation_rate, 1] if last else [1, 1, *self.dilation_rate],
        )
        return tf.cast(output, self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, including `num_bits` and the pinned `mul_map_file`."""
        return {**super().get_config(), "num_bits": self.num_bits, "mul_map_file": self.mul_map_file}
