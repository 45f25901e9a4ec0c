"""What every layer with an approximate multiplier has: the multiplier, its width, and the ranges of the operands."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from tfapprox.common.tables import NameOrPath

from .table_argument import MultiplierLike
from .table_state import SwappableTable


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


class ApproximateProducts(SwappableTable):
    """A mixin for Keras layers whose products are read from a truth table; it comes before the layer's own class.

    Args:
        *args: arguments of the layer by position.
        num_bits: width of the codes, 2 to 8; 8 for a signed multiplier.
        mul_map_file: name of a built-in multiplier, path of a `.bin` truth table, or name of one in a multiplier
            folder; `""` is the exact product. It is checked at once and kept pinned to its content.
        multiplier: the same, or a `TruthTable`, or an integer array `[2**num_bits, 2**num_bits]`, in place of
            `mul_map_file`; or the entry of this name in the configuration of a layer.
        **kwargs: arguments of the layer by name.

    Raises:
        FileNotFoundError: if there is no such multiplier or file.
        TypeError: if `multiplier` is none of these.
        ValueError: if the table does not fit `num_bits`, both arguments are given, or Keras does not run on TensorFlow.
    """

    def __init__(
        self,
        *args: Any,
        num_bits: int = 8,
        mul_map_file: NameOrPath = "",
        multiplier: MultiplierLike | dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        if keras.backend.backend() != "tensorflow":
            raise ValueError(f"KERAS_BACKEND must be tensorflow; received {keras.backend.backend()}")
        super().__init__(*args, **kwargs)
        layer: Any = self
        if getattr(layer, "quantization_mode", None) is not None:
            raise ValueError(f"dtype must be no quantised policy of Keras; received {layer.dtype_policy.name}")
        self._num_bits = num_bits
        self._open_table(num_bits, multiplier, mul_map_file)
        self._fake_quantised = _symmetrically_fake_quantised if self._is_signed() else _fake_quantised
        self.supports_jit = False

    @property
    def num_bits(self) -> int:
        """Width of the codes. Functions that Keras has traced would silently keep another one."""
        return self._num_bits

    @num_bits.setter
    def num_bits(self, value: Any) -> None:
        raise AttributeError(
            f"num_bits must stay as the layer was created, {self._num_bits!r}; received {value!r}. "
            "approximate_model makes a copy of a model with another width"
        )

    def _quantised_operands(self, inputs: tf.Tensor, kernel: tf.Tensor) -> list[tf.Tensor]:
        """Activations, weights and their ranges, in the order of the arguments of the operations."""
        inputs, kernel = tf.cast(inputs, tf.float32), tf.cast(kernel, tf.float32)
        inputs, input_min, input_max = self._fake_quantised(inputs, self.num_bits)
        kernel, filter_min, filter_max = self._fake_quantised(kernel, self.num_bits)
        return [inputs, kernel, input_min, input_max, filter_min, filter_max]

    def _geometry(self) -> dict[str, Any]:
        """Attributes of the operation of a 2-D convolution layer."""
        layer: Any = self
        last = layer.data_format == "channels_last"
        return {
            "strides": [1, *layer.strides, 1] if last else [1, 1, *layer.strides],
            "padding": layer.padding.upper(),
            "num_bits": self.num_bits,
            "mul_map_file": self._table_operand(),
            "data_format": "NHWC" if last else "NCHW",
            "dilations": [1, *layer.dilation_rate, 1] if last else [1, 1, *layer.dilation_rate],
        }

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, including `num_bits`, the multiplier, and where it came from."""
        config: dict[str, Any] = super().get_config()  # type: ignore[misc]
        return {**config, "num_bits": self.num_bits, **self._table_config()}

    def quantize(self, *args: Any, **kwargs: Any) -> None:
        """Refuses Keras' own quantisation, whose products are exact; `keras.Model.quantize` warns and goes on.

        Raises:
            NotImplementedError: always.
        """
        layer: Any = self
        raise NotImplementedError(f"{layer.name} is quantised for its multiplier; Keras' quantize would replace it")
