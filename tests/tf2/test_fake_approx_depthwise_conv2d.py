"""The depthwise layer: its output by the reference, its configuration, files, gradients, and a network that has it."""

import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfapprox.common import load_table, reference
from tfapprox.tf2 import FakeApproxDepthwiseConv2D, approximate_model

IMAGES = np.random.RandomState(0).uniform(-1, 1, (2, 8, 7, 4)).astype(np.float32)


def quantised(layer, tensor):
    values, low, high = layer._fake_quantised(tf.constant(tensor), layer.num_bits, None)
    return values.numpy(), float(low), float(high)


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"padding": "same", "strides": 2, "depth_multiplier": 3},
        {"dilation_rate": (2, 1), "activation": "relu"},
        {"data_format": "channels_first", "padding": "same", "strides": (1, 2)},
        {"num_bits": 4, "mul_map_file": "mul4u_mitchell", "use_bias": False},
        {"mul_map_file": "mul8s_exact"},
        {"mul_map_file": ""},
    ],
)
def test_output(arguments):
    layer = FakeApproxDepthwiseConv2D(3, **{"mul_map_file": "mul8u_drum4", "bias_initializer": "uniform", **arguments})
    images = IMAGES if layer.data_format == "channels_last" else IMAGES.transpose(0, 3, 1, 2)
    output = layer(images).numpy()
    x, *input_range = quantised(layer, images)
    w, *filter_range = quantised(layer, layer.kernel.numpy())
    expected = reference.approx_depthwise_conv2d_with_min_max_vars(
        *(x, w, *input_range, *filter_range, layer._geometry()["strides"], layer.padding.upper()),
        num_bits=layer.num_bits,
        table=load_table(layer.mul_map_file, layer.num_bits),
        data_format=layer._geometry()["data_format"],
        dilations=layer._geometry()["dilations"],
    )
    if layer.use_bias:
        shape = [-1, 1, 1] if layer.data_format == "channels_first" else [-1]
        expected = expected + layer.bias.numpy().reshape(shape)
    np.testing.assert_array_equal(output, layer.activation(expected))
    assert output.shape == layer.compute_output_shape(images.shape)


def test_the_model_of_a_file(tmp_path):
    model = keras.Sequential([keras.Input([8, 7, 4]), FakeApproxDepthwiseConv2D(3, mul_map_file="mul8u_mitchell")])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.layers[0].mul_map_file == "mul8u_mitchell"
    np.testing.assert_array_equal(loaded(IMAGES), model(IMAGES))


def test_a_separable_block_trains():
    """The block is a depthwise and a pointwise convolution, as in MobileNet, both approximate."""
    keras.utils.set_random_seed(0)
    layers = [keras.layers.DepthwiseConv2D(3, padding="same"), keras.layers.Conv2D(8, 1, activation="relu")]
    exact = keras.Sequential([keras.Input([8, 7, 4]), *layers, keras.layers.Flatten(), keras.layers.Dense(2)])
    model = approximate_model(exact, "mul8u_drum6")
    assert [type(layer).__name__ for layer in model.layers[:2]] == ["FakeApproxDepthwiseConv2D", "FakeApproxConv2D"]
    x = np.random.RandomState(0).uniform(-1, 1, (64, 8, 7, 4)).astype(np.float32)
    y = (x[:, :4, :, 0].mean((1, 2)) > x[:, 4:, :, 0].mean((1, 2))).astype(int)
    model.compile(keras.optimizers.Adam(0.01), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    losses = model.fit(x, y, epochs=8, verbose=0).history["loss"]
    assert losses[-1] < 0.5 * losses[0]


def test_mobile_net_v2_has_no_exact_layer():
    exact = keras.applications.MobileNetV2(input_shape=(32, 32, 3), alpha=0.35, weights=None, classes=10)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "layers that stay exact")
        model = approximate_model(exact, "mul8u_exact")
    convolutions = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D, keras.layers.Dense)
    kinds = [layer for layer in model._flatten_layers() if isinstance(layer, convolutions)]
    assert len(kinds) == 53
    assert all(type(layer).__name__.startswith("FakeApprox") for layer in kinds)
    images = np.random.RandomState(0).uniform(0, 1, (2, 32, 32, 3)).astype(np.float32)
    assert np.abs(model(images).numpy() - exact(images).numpy()).max() < 0.05
