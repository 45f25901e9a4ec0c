"""Layers that call operations of other layers: outputs by the reference, files, gradients, and their conversion."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfapprox.common import load_table, reference
from tfapprox.tf2 import (
    FakeApproxConv1D,
    FakeApproxConv2DTranspose,
    FakeApproxDepthwiseConv1D,
    FakeApproxEinsumDense,
    FakeApproxSeparableConv1D,
    FakeApproxSeparableConv2D,
    approximate_model,
)
from tfapprox.tf2.approx_einsum import labels_of

IMAGES = np.random.RandomState(0).uniform(-1, 1, (2, 8, 7, 4)).astype(np.float32)
DRUM = {"mul_map_file": "mul8u_drum4", "bias_initializer": "uniform"}
CASES = [
    (FakeApproxConv1D, (8, 4), (5, 3), {}),
    (FakeApproxConv1D, (8, 4), (5, 3), {"padding": "causal", "dilation_rate": 2, "activation": "relu"}),
    (FakeApproxConv1D, (4, 8), (5, 3), {"padding": "causal", "data_format": "channels_first", "groups": 1}),
    (FakeApproxConv1D, (8, 4), (6, 3), {"padding": "same", "strides": 2, "groups": 2, "mul_map_file": "mul8s_exact"}),
    (FakeApproxConv2DTranspose, (8, 7, 4), (5, 3), {}),
    (FakeApproxConv2DTranspose, (8, 7, 4), (5, 3), {"padding": "same", "strides": (2, 3), "activation": "relu"}),
    (FakeApproxConv2DTranspose, (8, 7, 4), (5, 3), {"padding": "same", "strides": 2, "output_padding": 1}),
    (FakeApproxConv2DTranspose, (8, 7, 4), (5, 2), {"strides": 3, "mul_map_file": "mul8s_exact"}),
    (FakeApproxConv2DTranspose, (4, 8, 7), (5, 3), {"strides": 2, "data_format": "channels_first"}),
    (FakeApproxConv2DTranspose, (8, 7, 4), (5, 3), {"dilation_rate": 2, "num_bits": 4, "mul_map_file": ""}),
    (FakeApproxSeparableConv2D, (8, 7, 4), (5, 3), {"depth_multiplier": 2, "activation": "relu"}),
    (FakeApproxSeparableConv2D, (8, 7, 4), (5, 3), {"strides": 2, "padding": "same", "use_bias": False}),
    (FakeApproxSeparableConv2D, (4, 8, 7), (5, 3), {"data_format": "channels_first", "mul_map_file": "mul8s_exact"}),
    (FakeApproxDepthwiseConv1D, (8, 4), (3,), {"depth_multiplier": 2, "activation": "relu"}),
    (FakeApproxDepthwiseConv1D, (8, 4), (3,), {"padding": "same", "strides": 2, "mul_map_file": "mul8s_exact"}),
    (FakeApproxDepthwiseConv1D, (4, 8), (3,), {"dilation_rate": 2, "data_format": "channels_first"}),
    (FakeApproxSeparableConv1D, (8, 4), (5, 3), {"depth_multiplier": 2, "padding": "same", "strides": 2}),
    (FakeApproxSeparableConv1D, (4, 8), (5, 3), {"data_format": "channels_first", "activation": "relu"}),
    (FakeApproxEinsumDense, (8, 4), ("abc,cde->abde",), {"output_shape": (None, 3, 5), "bias_axes": "e"}),
    (FakeApproxEinsumDense, (8, 4), ("abc,bcf->abf",), {"output_shape": (8, 3), "activation": "relu"}),
    (FakeApproxEinsumDense, (8, 7, 4), ("...x,xy->...y",), {"output_shape": 6, "bias_axes": "y"}),
    (FakeApproxEinsumDense, (8, 7, 4), ("aBcd,dcf->afB",), {"output_shape": (6, 8), "mul_map_file": "mul8s_exact"}),
]


def make(kind, sizes, options):
    return kind(*sizes, **{**(DRUM if "use_bias" not in options else {"mul_map_file": "mul8u_drum4"}), **options})


def quantised(layer, tensor):
    values, low, high = layer._fake_quantised(tf.constant(tensor), layer.num_bits)
    return values.numpy(), float(low), float(high)


def operands(layer, inputs, kernel):
    x, *input_range = quantised(layer, inputs)
    w, *filter_range = quantised(layer, kernel)
    return x, w, [*input_range, *filter_range]


def expected_conv1d(layer, inputs, multiplier):
    x, w, ranges = operands(layer, inputs, layer.kernel.numpy())
    x = x if layer.data_format == "channels_last" else x.transpose(0, 2, 1)
    padding, pads = layer.padding.upper(), []
    if padding == "CAUSAL":
        padding, pads = "EXPLICIT", [0, 0, 0, 0, 2 * layer.dilation_rate[0], 0, 0, 0]
    steps = [1, 1, layer.strides[0], 1]
    output = reference.approx_conv2d_with_min_max_vars(
        *(x[:, None], w[None], *ranges, steps, padding),
        explicit_paddings=pads,
        dilations=[1, 1, layer.dilation_rate[0], 1],
        **multiplier,
    )[:, 0]
    return output if layer.data_format == "channels_last" else output.transpose(0, 2, 1)


def expected_transpose(layer, inputs, multiplier):
    x, w, ranges = operands(layer, inputs, layer.kernel.numpy())
    geometry = {name: layer._geometry()[name] for name in ("strides", "padding", "data_format", "dilations")}
    shape = layer.compute_output_shape(inputs.shape)
    return reference.approx_conv2d_transpose_with_min_max_vars(x, w, shape, *ranges, **geometry, **multiplier)


def expected_separable(layer, inputs, multiplier):
    geometry = {name: layer._geometry()[name] for name in ("strides", "padding", "data_format", "dilations")}
    x, w, ranges = operands(layer, inputs, layer.depthwise_kernel.numpy())
    x = reference.approx_depthwise_conv2d_with_min_max_vars(x, w, *ranges, **geometry, **multiplier)
    x, w, ranges = operands(layer, x, layer.pointwise_kernel.numpy())
    geometry.update(strides=[1, 1, 1, 1])
    return reference.approx_conv2d_with_min_max_vars(x, w, *ranges, **geometry, **multiplier)


def as_image(layer, sequences):
    """Sequences as images of height 1."""
    return np.expand_dims(sequences, 1 if layer.data_format == "channels_last" else 2)


def from_image(layer, images):
    return images.squeeze(1 if layer.data_format == "channels_last" else 2)


def expected_depthwise_1d(layer, inputs, multiplier):
    geometry = {name: layer._geometry()[name] for name in ("strides", "padding", "data_format", "dilations")}
    x, w, ranges = operands(layer, inputs, layer.kernel.numpy())
    x = as_image(layer, x)
    output = reference.approx_depthwise_conv2d_with_min_max_vars(x, w[None], *ranges, **geometry, **multiplier)
    return from_image(layer, output)


def expected_separable_1d(layer, inputs, multiplier):
    geometry = {name: layer._geometry()[name] for name in ("strides", "padding", "data_format", "dilations")}
    x, w, ranges = operands(layer, as_image(layer, inputs), layer.depthwise_kernel.numpy()[None])
    x = reference.approx_depthwise_conv2d_with_min_max_vars(x, w, *ranges, **geometry, **multiplier)
    x, w, ranges = operands(layer, x, layer.pointwise_kernel.numpy()[None])
    geometry.update(strides=[1, 1, 1, 1])
    return from_image(layer, reference.approx_conv2d_with_min_max_vars(x, w, *ranges, **geometry, **multiplier))


def expected_einsum(layer, inputs, multiplier):
    """The outputs by one matrix product for each element."""
    x, w, ranges = operands(layer, inputs, layer.kernel.numpy())
    equation = layer.equation.replace("...", "ABC"[: x.ndim - 1])
    (a, b), output = equation.split("->")[0].split(","), equation.split("->")[1]
    sizes = dict(zip(a + b, x.shape + w.shape))
    result = np.empty([sizes[label] for label in output], np.float32)
    for index in np.ndindex(*result.shape):
        place = dict(zip(output, index))
        row, column = (
            tensor[tuple(place.get(label, slice(None)) for label in labels)] for tensor, labels in ((x, a), (w, b))
        )
        rest = [label for label in a if label not in output]
        column = column.transpose([[label for label in b if label not in output].index(label) for label in rest])
        product = reference.approx_matmul_with_min_max_vars(
            row.reshape(1, -1), column.reshape(-1, 1), *ranges, **multiplier
        )
        result[index] = product[0, 0]
    return result


EXPECTED = {
    FakeApproxConv1D: expected_conv1d,
    FakeApproxConv2DTranspose: expected_transpose,
    FakeApproxDepthwiseConv1D: expected_depthwise_1d,
    FakeApproxSeparableConv1D: expected_separable_1d,
    FakeApproxSeparableConv2D: expected_separable,
    FakeApproxEinsumDense: expected_einsum,
}


def inputs_of(shape):
    return np.resize(IMAGES, (2, *shape))


@pytest.mark.parametrize(("kind", "shape", "sizes", "options"), CASES)
def test_output(kind, shape, sizes, options):
    layer, inputs = make(kind, sizes, options), inputs_of(shape)
    output = layer(inputs).numpy()
    multiplier = {"num_bits": layer.num_bits, "table": load_table(layer.mul_map_file, layer.num_bits)}
    expected = EXPECTED[kind](layer, inputs, multiplier)
    if layer.bias is not None:
        first = getattr(layer, "data_format", "") == "channels_first"
        expected = expected + layer.bias.numpy().reshape([-1] + [1] * (inputs.ndim - 2) if first else [-1])
    np.testing.assert_array_equal(output, layer.activation(expected))
    assert output.shape == expected.shape


@pytest.mark.parametrize(("kind", "shape", "sizes", "options"), CASES)
def test_the_exact_product_is_near_the_layer_of_keras(kind, shape, sizes, options):
    """The model has an unknown batch size. After the conversion, every weight has a gradient."""
    if "..." in str(sizes[0]) and tf.__version__.startswith("2.16."):
        pytest.skip("tf.einsum of TensorFlow 2.16 permutes the axes that ... stands for")
    options = {name: value for name, value in options.items() if name not in ("mul_map_file", "num_bits")}
    exact = keras.Sequential([keras.Input(shape), kind.__bases__[-1](*sizes, **options)])
    model, inputs = approximate_model(exact, "mul8u_exact"), inputs_of(shape)
    assert type(model.layers[0]) is kind
    expected = exact(inputs).numpy()
    assert np.abs(model(inputs).numpy() - expected).max() < 0.05 * np.abs(expected).max()
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model(inputs) ** 2)
    gradients = tape.gradient(loss, model.trainable_weights)
    assert all(np.any(gradient.numpy()) for gradient in gradients)


@pytest.mark.parametrize(("kind", "shape", "sizes", "options"), CASES)
def test_the_model_of_a_file(tmp_path, kind, shape, sizes, options):
    model = keras.Sequential([keras.Input(shape), make(kind, sizes, options)])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.layers[0].get_config() == model.layers[0].get_config()
    np.testing.assert_array_equal(loaded(inputs_of(shape)), model(inputs_of(shape)))


@pytest.mark.parametrize("equation", ["abc,cd->ad", "aab,bc->ac", "ab,bcd->ac", "ab,bc->acd"])
def test_sums_that_are_no_matrix_products(equation):
    with pytest.raises(ValueError, match=f"each label occurs once .*; received '{equation}' for a first tensor of"):
        labels_of(equation, len(equation.split(",")[0]))


def test_unknown_sizes():
    """A fully convolutional network takes images of any size, and an einsum layer takes sequences of any length."""
    decoder = keras.Sequential([keras.Input([None, None, 4]), FakeApproxConv2DTranspose(2, 3, strides=2, **DRUM)])
    assert decoder.output_shape == (None, None, None, 2)
    assert decoder(IMAGES).shape == decoder.predict(IMAGES, verbose=0).shape == (2, 17, 15, 2)
    dense = keras.Sequential([keras.Input([None, 4]), FakeApproxEinsumDense("abc,cf->abf", (None, 3))])
    assert dense.predict(IMAGES[0], verbose=0).shape == (8, 7, 3)
