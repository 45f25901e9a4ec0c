"""`FakeApproxConv2D` for Keras 2, as scripts of the predecessor import it; needs the package tf_keras."""

from __future__ import annotations

from typing import Any

import tf_keras

from tfapprox.common.tables import NameOrPath

from . import fake_approx_conv2d
from .approximate_products import ApproximateProducts
from .pinned_table import PinnedTable


@tf_keras.saving.register_keras_serializable(package="tfapprox")
class FakeApproxConv2D(PinnedTable, ApproximateProducts, tf_keras.layers.Conv2D):
    """The layer of the predecessor on this project's operation: a Keras 2 Conv2D with an approximate multiplier.

    It computes what `tfapprox.tf2.FakeApproxConv2D` computes, which is the same layer for Keras 3: the same
    quantisation ranges, products and gradients. The order of its arguments is that of the predecessor, which has no
    `groups`.

    Args:
        filters: integer, the number of output channels.
        kernel_size: integer or two integers, height and width of the filters.
        strides: integer or two integers.
        padding: `"valid"` or `"same"`.
        data_format: `"channels_last"` or `"channels_first"`.
        dilation_rate: integer or two integers.
        activation: as in `tf_keras.layers.Conv2D`, like the eight arguments that follow.
        use_bias: whether a bias is added.
        kernel_initializer: initial values of the filters.
        bias_initializer: initial values of the bias.
        kernel_regularizer: regularisation of the filters.
        bias_regularizer: regularisation of the bias.
        activity_regularizer: regularisation of the output.
        kernel_constraint: constraint on the filters.
        bias_constraint: constraint on the bias.
        num_bits: width of the codes, 2 to 8; 8 for a signed multiplier.
        mul_map_file: name of a built-in multiplier, path of a `.bin` truth table, or name of one in a multiplier
            folder; `""` is the exact product. The configuration of the layer keeps it, pinned to its content.
        **kwargs: further arguments of a Keras layer, such as `name` and `input_shape`.

    Raises:
        FileNotFoundError: if there is no such multiplier or file.
        ValueError: if the table does not fit `num_bits`, or an argument is not possible.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = (1, 1),
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = (1, 1),
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        num_bits: int = 8,
        mul_map_file: NameOrPath = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(
            filters,
            kernel_size,
            strides=strides,
            padding=padding,
            data_format=data_format,
            dilation_rate=dilation_rate,
            activation=activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
            num_bits=num_bits,
            mul_map_file=mul_map_file,
            **kwargs,
        )

    # It reads attributes that the layers of both versions of Keras have, and calls TensorFlow only.
    convolution_op = fake_approx_conv2d.FakeApproxConv2D.convolution_op
