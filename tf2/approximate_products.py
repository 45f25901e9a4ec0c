"""What every layer with an approximate multiplier has: the multiplier, its width, and the ranges of the operands."""

from __future__ import annotations

from typing import Any, Callable, Mapping, Sequence

import keras
import numpy as np
import tensorflow as tf

from tfapprox.common.gradient_tables import STRAIGHT_THROUGH, checked_gradient
from tfapprox.common.tables import NameOrPath

from .activation_range import ActivationRange, checked_mode
from .approx_matmul import approx_matmul_with_min_max_vars
from .call_context import is_training
from .corrected_products import Operation, corrected_products
from .fake_quantisation import fake_quantiser, quantised_per_channel
from .state_beside_weights import StateBesideWeights
from .table_argument import MultiplierLike, read_multiplier
from .table_state import SwappableTable


def _fixed(name: str) -> Any:
    """A read-only property: the functions that Keras has traced would silently keep the old value."""

    def refuse(layer, value):
        raise AttributeError(
            f"{name} must stay as the layer was created, {getattr(layer, name)!r}; received {value!r}. "
            "approximate_model makes a copy of a model with another one"
        )

    return property(lambda layer: getattr(layer, f"_{name}"), refuse)


def multiplier_arguments(multiplier: MultiplierLike, num_bits: int, argument: str) -> dict[str, Any]:
    """The entries of the configuration of an approximate layer that are about its multiplier.

    Args:
        multiplier: name of a built-in multiplier, path of a `.bin` truth table, name of one in a multiplier folder,
            `TruthTable`, or integer array `[2**num_bits, 2**num_bits]`, activation code first; `""` is the exact
            product.
        num_bits: width of the codes, 2 to 8; 8 for a signed multiplier.
        argument: the name of the caller's argument, with which errors begin.

    Raises:
        FileNotFoundError: if there is no such multiplier or file.
        TypeError: if `multiplier` is none of these.
        ValueError: if the table does not fit `num_bits`.
    """
    table, source = read_multiplier(multiplier, num_bits, argument)
    multiplier = table if source is None else source
    return {"num_bits": num_bits, "multiplier": multiplier, "mul_map_file": "", "compensation": None}


def changed_config(layer: Any, **entries: Any) -> dict[str, Any]:
    """The configuration of an approximate layer with other entries, which its projections get as well.

    Args:
        layer: an exact or approximate layer.
        **entries: entries that replace the layer's own in the configuration, such as the result of
            `multiplier_arguments`.
    """
    config = {**layer.get_config(), **entries}
    if config.get("projections"):
        config["projections"] = {name: {**own, **entries} for name, own in config["projections"].items()}
    return config


class ApproximateProducts(SwappableTable, StateBesideWeights):
    """A mixin for Keras layers whose products are read from a truth table; it comes before the layer's own class.

    Args:
        *args: arguments of the layer by position.
        num_bits: width of the codes, 2 to 8; 8 for a signed multiplier.
        mul_map_file: name of a built-in multiplier, path of a `.bin` truth table, or name of one in a multiplier
            folder; `""` is the exact product. The layer reads the table at once.
        multiplier: the same, or a `TruthTable`, or an integer array `[2**num_bits, 2**num_bits]`, in place of
            `mul_map_file`; or the entry of this name in the configuration of a layer.
        ranges: the quantisation range of the activations, in which 0 is contained: `"batch"`, that of each batch;
            `"moving"`, moving averages of minimum and maximum, which training updates; or `"fixed"`, the values that
            `calibrate` finds, or `range_values`.
        per_channel: whether the weights of each output channel have a quantisation range of their own.
        range_values: minimum and maximum of the activations by the name of the quantised tensor, which is `"input"` in
            a convolution, for example `{"input": (0.0, 6.0)}`. They are values of `ranges="fixed"`, or the first ones
            of `ranges="moving"`.
        gradient: where the gradients of the products come from in training: `"straight_through"`, the exact product;
            `"table_1d"`, slopes of the table for each code; or `"table_2d"`, its smoothed differences for each pair of
            codes (docs/arithmetic.md, section 9). They follow the table if `set_multiplier` changes it.
        half_window: codes on each side of the middle of a smoothing window; by default a sixteenth of the codes. It
            must be `None` for `"straight_through"`.
        compensation: an entry of the configuration of a layer: the hash and sizes of the corrections that `compensate`
            has computed.
        **kwargs: arguments of the layer by name.

    Raises:
        FileNotFoundError: if there is no such multiplier or file.
        TypeError: if `multiplier` is none of these.
        ValueError: if the table does not fit `num_bits`, both arguments are given, Keras does not run on TensorFlow, or
            an argument is not possible.
    """

    _RANGED: tuple[str, ...] = ("input",)  # the names of the tensors of activations that the layer quantises

    def __init__(
        self,
        *args: Any,
        num_bits: int = 8,
        mul_map_file: NameOrPath = "",
        multiplier: MultiplierLike | dict[str, Any] | None = None,
        ranges: str = "batch",
        per_channel: bool = False,
        range_values: Mapping[str, Sequence[float]] | None = None,
        gradient: str = STRAIGHT_THROUGH,
        half_window: int | None = None,
        compensation: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        if keras.backend.backend() != "tensorflow":
            raise ValueError(f"KERAS_BACKEND must be tensorflow; received {keras.backend.backend()}")
        super().__init__(*args, **kwargs)
        layer: Any = self
        if getattr(layer, "quantization_mode", None) is not None:
            raise ValueError(f"dtype must be no quantised policy of Keras; received {layer.dtype_policy.name}")
        self._num_bits = num_bits
        self._open_table(num_bits, multiplier, mul_map_file, compensation)
        self._fake_quantised = fake_quantiser(self._is_signed())
        self.supports_jit = False
        self._per_channel = bool(per_channel)
        checked_gradient(gradient, half_window, num_bits, self._is_signed())
        self._gradient, self._half_window = gradient, half_window
        self._make_ranges(checked_mode(ranges), dict(range_values or {}))

    def _make_ranges(self, mode: str, values: dict[str, Sequence[float]]) -> None:
        if mode != "batch" and not self._RANGED:
            raise ValueError(f"ranges must be 'batch' in a layer of Keras 2; received {mode!r}")
        unknown = sorted(set(values) - set(self._RANGED))
        if unknown:
            raise ValueError(f"range_values must have the names {list(self._RANGED)}; received {unknown}")
        for name in self._RANGED:
            setattr(self, f"_{name}_range", ActivationRange(mode, values.get(name)))

    num_bits = _fixed("num_bits")
    per_channel = _fixed("per_channel")
    gradient = _fixed("gradient")
    half_window = _fixed("half_window")

    @property
    def activation_ranges(self) -> dict[str, ActivationRange]:
        """The ranges of the tensors of activations that the layer quantises, by name."""
        return {name: getattr(self, f"_{name}_range") for name in self._RANGED}

    @property
    def ranges(self) -> str:
        """Where the quantisation ranges of the activations come from: `"batch"`, `"moving"` or `"fixed"`."""
        return next((range_.mode for range_ in self.activation_ranges.values()), "batch")

    def _state_beside_weights(self) -> dict[str, Any]:
        ranges = {f"{name}_range": range_ for name, range_ in self.activation_ranges.items()}
        return {**super()._state_beside_weights(), **ranges}

    def _observed(self, tensor: tf.Tensor, name: str = "input") -> bool:
        """Whether the layer is being calibrated, and computes with real numbers; shows the activations if so."""
        range_ = self.activation_ranges.get(name)
        if range_ is None or range_.observer is None:
            return False
        range_.observer(tensor.numpy())
        return True

    def _quantised_activations(self, tensor: tf.Tensor, name: str = "input") -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """A tensor of activations rounded to the values of its codes, and minimum and maximum of its range."""
        layer: Any = self
        tensor, ends = tf.cast(tensor, tf.float32), None
        part = "" if name == "input" else f" ({name})"
        message = f"activations of layer '{layer.name}'{part} must be finite; received NaN or infinity"
        # Without the check, a fixed range would clip an infinite activation. An Assert of strings needs no `tf.cond`.
        with tf.control_dependencies([tf.debugging.Assert(tf.reduce_all(tf.math.is_finite(tensor)), [message])]):
            tensor = tf.identity(tensor)
        if name in self.activation_ranges:
            ends = self.activation_ranges[name](tensor, is_training(), layer.name)
        return self._fake_quantised(tensor, self.num_bits, ends)

    def _quantised_weights(self, kernel: tf.Tensor, channel_axes: int) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Weights rounded to the values of their codes, and the minimum and maximum of the range or ranges."""
        kernel = tf.cast(kernel, tf.float32)
        if self._per_channel:
            return quantised_per_channel(kernel, self.num_bits, channel_axes, self._is_signed())
        return self._fake_quantised(kernel, self.num_bits, None)

    def _quantised_operands(
        self, inputs: tf.Tensor, kernel: tf.Tensor, name: str = "input", channel_axes: int = 1
    ) -> list[tf.Tensor]:
        """Activations, weights and their ranges, in the order of the arguments of the operations.

        Args:
            inputs: the activations.
            kernel: the weights.
            name: name of the activations in `_RANGED`.
            channel_axes: how many axes at the end of `kernel` count the output channels.
        """
        inputs, input_min, input_max = self._quantised_activations(inputs, name)
        kernel, filter_min, filter_max = self._quantised_weights(kernel, channel_axes)
        return [inputs, kernel, input_min, input_max, filter_min, filter_max]

    def _image_operands(
        self, inputs: tf.Tensor, kernel: tf.Tensor, name: str = "input", channel_axes: int = 1
    ) -> list[tf.Tensor]:
        """`_quantised_operands` for an operation on images; the steps of a 1-D layer are an image of height 1."""
        layer: Any = self
        inputs, kernel, *ranges = self._quantised_operands(inputs, kernel, name, channel_axes)
        if len(layer.kernel_size) == 1:
            inputs, kernel = tf.expand_dims(inputs, self._height_axis()), kernel[None]
        return [inputs, kernel, *ranges]

    def _from_images(self, outputs: tf.Tensor) -> tf.Tensor:
        """The output of an operation on images in the shape of the layer's output."""
        layer: Any = self
        return tf.squeeze(outputs, self._height_axis()) if len(layer.kernel_size) == 1 else outputs

    def _matmul(self, operands: Sequence[Any], table: Any) -> tf.Tensor:
        """The product of two matrices by a table."""
        options = {"num_bits": self.num_bits, "mul_map_file": table, **self._gradient_options()}
        return approx_matmul_with_min_max_vars(*operands, **options)

    def _gradient_options(self) -> dict[str, Any]:
        """The arguments of the functions of the operations that say where gradients come from."""
        return {"gradient": self._gradient, "half_window": self._half_window}

    def _corrected_on_images(
        self, operation: Callable[..., tf.Tensor], operands: Sequence[Any], geometry: dict[str, Any], **form: Any
    ) -> tf.Tensor:
        """`_corrected` for a function of an operation on images, with the output in the shape of the layer's.

        Args:
            operation: such as `approx_conv2d_with_min_max_vars`.
            operands: as `_image_operands` returns them.
            geometry: further arguments of the function, as `_geometry` returns them.
            **form: `part`, `first` and `repeats` of `corrected_products`.
        """
        layer: Any = self

        def run(operands: Sequence[Any], table: Any) -> tf.Tensor:
            return operation(*operands, **{**geometry, **self._gradient_options(), "mul_map_file": table})

        axis = -1 if layer.data_format == "channels_last" else -3
        outputs = self._corrected(run, operands, geometry["mul_map_file"], channel_axis=axis, **form)
        return self._from_images(outputs)

    def _corrected(self, operation: Operation, operands: Sequence[Any], table: Any, **form: Any) -> tf.Tensor:
        """The outputs of an operation with the table of the layer, minus the errors that `compensate` has found.

        Args:
            operation: function from operands and a table to the outputs.
            operands: activations, weights and their ranges, as `_quantised_operands` returns them.
            table: as `_table_operand` returns it.
            **form: `part`, `first`, `repeats` and `channel_axis` of `corrected_products`.
        """
        form.update(num_bits=self.num_bits, signed=self._is_signed(), gradient=self._gradient)
        return corrected_products(operation, operands, table, self.corrections, **form)

    def _groups(self) -> dict[str, Any]:
        """`first` and `repeats` of `corrected_products` for a convolution, perhaps a grouped one."""
        layer: Any = self
        groups = layer.groups
        return {"first": np.s_[..., :groups], "repeats": layer.filters // groups if groups > 1 else 1}

    def _height_axis(self) -> int:
        layer: Any = self
        return 1 if layer.data_format == "channels_last" else 2

    def _geometry(self) -> dict[str, Any]:
        """Attributes of the operation of a convolution layer, which is one on images."""
        layer: Any = self
        last = layer.data_format == "channels_last"

        def in_format(steps):
            steps = [1] * (2 - len(steps)) + [*steps]
            return [1, *steps, 1] if last else [1, 1, *steps]

        return {
            "strides": in_format(layer.strides),
            "padding": layer.padding.upper(),
            "num_bits": self.num_bits,
            "mul_map_file": self._table_operand(),
            "data_format": "NHWC" if last else "NCHW",
            "dilations": in_format(layer.dilation_rate),
        }

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, including the multiplier, where it came from, and the ranges of this moment."""
        config: dict[str, Any] = super().get_config()  # type: ignore[misc]
        values = {name: range_.values for name, range_ in self.activation_ranges.items() if range_.values}
        return {
            **config,
            "num_bits": self.num_bits,
            **self._table_config(),
            "ranges": self.ranges,
            "per_channel": self._per_channel,
            "range_values": values or None,
            **self._gradient_options(),
        }

    def quantize(self, *args: Any, **kwargs: Any) -> None:
        """Refuses Keras' own quantisation, whose products are exact; `keras.Model.quantize` warns and goes on.

        Raises:
            NotImplementedError: always.
        """
        self._table_state.quantize()
