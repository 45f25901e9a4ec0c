"""`FakeApproxConv2D`: a Keras Conv2D whose products are those of an approximate multiplier."""

import keras
import tensorflow as tf

from tfapprox.common import native, pin_table

from .approx_conv2d import approx_conv2d_with_min_max_vars


def _fake_quantised(tensor, num_bits):
    """The tensor rounded to its codes, with the range that gives them; the range contains 0, which padding needs."""
    minimum = tf.minimum(tf.reduce_min(tensor), 0.0)
    maximum = tf.maximum(tf.reduce_max(tensor), 0.0)
    return tf.quantization.fake_quant_with_min_max_vars(tensor, minimum, maximum, num_bits), minimum, maximum


def _symmetrically_fake_quantised(tensor, num_bits):
    """The same for the codes of a signed table, (2.5)-(2.7)."""
    limit = tf.maximum(tf.reduce_max(tf.abs(tensor)), 0.0)  # 0 if there is no element
    quantised = tf.quantization.quantize_and_dequantize_v2(
        tensor, -limit, limit, num_bits=num_bits, range_given=True, round_mode="HALF_TO_EVEN", narrow_range=True
    )
    return quantised, -limit, limit


def _fixed(name):
    """A property for good: functions that Keras has traced would keep the old value without a word."""

    def refuse(layer, value):
        raise AttributeError(
            f"{name} must stay as the layer was created, {getattr(layer, name)!r}; received {value!r}. "
            "approximate_model makes a copy of a model with another multiplier"
        )

    return property(lambda layer: getattr(layer, f"_{name}"), refuse)


@keras.saving.register_keras_serializable(package="tfapprox")
class FakeApproxConv2D(keras.layers.Conv2D):
    """2-D convolution by an approximate multiplier, on fake-quantised activations and weights.

    A drop-in replacement for `keras.layers.Conv2D`: same arguments, weights and shapes. In each call the range of
    the activations is the least and greatest value of the batch, that of the weights the least and greatest weight,
    both extended to contain 0; so an activation's code depends on the batch that it is in. A signed multiplier
    (`mul8s_...`) has symmetric ranges, up to the greatest magnitude. Gradients are those of the exact convolution of
    the fake-quantised values (straight-through), so the layer can be trained.

    The computation is in float32 whatever the dtype policy. XLA cannot compile the layer: Keras compiles a model that
    has it without XLA, and warns if it was asked for `jit_compile=True`.

    Args:
        filters: as in `keras.layers.Conv2D`, and so all its arguments; `groups` must be 1.
        kernel_size: as in `keras.layers.Conv2D`.
        num_bits: width of the codes, 2 to 8; 8 for a signed multiplier.
        mul_map_file: name of a multiplier or path of a truth table, as `tfapprox.common.load_table` takes it; `""`
            is the exact product. It is checked at once and kept in the layer's configuration, pinned to its content
            (`tfapprox.common.pin_table`); to load a model where its table is missing or has changed is an error.
        **kwargs: as in `keras.layers.Conv2D`.

    Input shape:
        A 4-D tensor, `(batch, height, width, channels)` or, with `data_format="channels_first"`, `(batch, channels,
        height, width)`.

    Output shape:
        That of `keras.layers.Conv2D`.

    Raises:
        FileNotFoundError: if there is no such multiplier or file.
        ValueError: if the table does not fit `num_bits`, or an argument is not possible.

    Example:
        >>> layer = FakeApproxConv2D(16, 3, padding="same", activation="relu", mul_map_file="mul8u_drum4")
        >>> layer(tf.ones([1, 8, 8, 3])).shape
        TensorShape([1, 8, 8, 16])
    """

    def __init__(self, filters, kernel_size, *args, num_bits=8, mul_map_file="", **kwargs):
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

    def convolution_op(self, inputs, kernel):
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

    def get_config(self):
        """The constructor's arguments, the multiplier among them."""
        return {**super().get_config(), "num_bits": self.num_bits, "mul_map_file": self.mul_map_file}
