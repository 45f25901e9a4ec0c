"""Conversion of a model: what is replaced, what is kept, and the numbers."""

import keras
import numpy as np
import pytest

from tfapprox.tf2 import FakeApproxConv2D, FakeApproxDepthwiseConv2D, approximate_model

APPROXIMATE = (FakeApproxConv2D, FakeApproxDepthwiseConv2D)
IMAGES = np.random.RandomState(0).uniform(0, 1, (6, 8, 8, 4)).astype(np.float32)


def residual_model():
    inputs = keras.Input([8, 8, 4])
    x = keras.layers.Conv2D(4, 3, padding="same", activation="relu", name="first")(inputs)
    x = keras.layers.BatchNormalization()(x)
    x = keras.layers.Conv2D(4, 3, padding="same", groups=2, name="grouped")(x)
    x = keras.layers.DepthwiseConv2D(3, padding="same", name="depthwise")(x)
    x = keras.layers.Add()([inputs, x])
    x = keras.layers.Conv2D(3, 1, strides=2, use_bias=False, name="last")(x)
    return keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(x))


def test_convolutions_are_replaced_and_weights_copied():
    model = residual_model()
    copy = approximate_model(model, "mul8u_drum4")
    assert {layer.name for layer in copy.layers[1:]} == {layer.name for layer in model.layers[1:]}
    replaced = {layer.name: layer for layer in copy.layers if isinstance(layer, APPROXIMATE)}
    assert set(replaced) == {"first", "grouped", "depthwise", "last"}
    assert all(layer.mul_map_file == "mul8u_drum4" for layer in replaced.values())
    for ours, theirs in zip(copy.get_weights(), model.get_weights()):
        np.testing.assert_array_equal(ours, theirs)


def test_signed_products_are_near_the_float_model():
    model = residual_model()
    copy = approximate_model(model, "mul8s_exact")
    assert {layer.mul_map_file for layer in copy.layers if isinstance(layer, APPROXIMATE)} == {"mul8s_exact"}
    exact = model(IMAGES).numpy()
    assert 0 < np.abs(copy(IMAGES).numpy() - exact).max() < 0.03 * np.abs(exact).max()


def test_nested_models_are_converted_too():
    block = keras.Sequential([keras.Input([8, 8, 4]), keras.layers.Conv2D(4, 3, padding="same", name="inner")])
    inputs = keras.Input([8, 8, 4])
    residual = keras.Model(inputs, keras.layers.Add()([inputs, block(inputs)]))
    model = keras.Sequential([keras.Input([8, 8, 4]), residual, keras.layers.Conv2D(2, 1)])
    copy = approximate_model(model, "mul8u_drum3")
    convolutions = [layer for layer in copy._flatten_layers() if isinstance(layer, keras.layers.Conv2D)]
    assert [type(layer) for layer in convolutions] == [FakeApproxConv2D] * 2
    assert np.all(copy(IMAGES).numpy() != approximate_model(model, "")(IMAGES).numpy())


def test_a_shared_layer_stays_shared():
    shared = keras.layers.Conv2D(4, 3, padding="same")
    inputs = keras.Input([8, 8, 4])
    model = keras.Model(inputs, shared(shared(inputs)))
    assert len(approximate_model(model).get_weights()) == len(model.get_weights()) == 2


@pytest.mark.parametrize("inner", ["layer", "model"])
def test_a_convolution_in_a_wrapper_is_replaced(inner):
    layer = keras.layers.Conv2D(4, 3)
    wrapped = layer if inner == "layer" else keras.Sequential([keras.Input([8, 8, 4]), layer])
    model = keras.Sequential([keras.Input([2, 8, 8, 4]), keras.layers.TimeDistributed(wrapped)])
    plain = keras.Sequential([keras.Input([8, 8, 4]), layer])
    model, plain = (approximate_model(exact, "mul8u_drum3") for exact in (model, plain))
    videos = IMAGES.reshape(3, 2, 8, 8, 4)
    # TimeDistributed calls its layer once per step, each with a range of its own.
    np.testing.assert_array_equal(model(videos), np.stack([plain(videos[:, step]) for step in (0, 1)], axis=1))


class OwnConvolution(keras.layers.Conv2D):
    """A subclass, whose call is unknown."""


class OwnDense(keras.layers.Dense):
    """A subclass, whose call is unknown."""


class OwnApproximation(FakeApproxConv2D):
    """A subclass, which keeps its multiplier."""


@pytest.mark.parametrize(
    ("layer", "share"),
    [
        (OwnConvolution(4, 3, name="own"), "83.5%"),  # 6 * 6 * 9 * 4 * 4 MACs of these and 8 * 8 * 4 * 4 others
        (lambda x: keras.ops.conv(x, keras.ops.ones([3, 3, 4, 4])), "83.5%"),
        (keras.layers.Lambda(lambda x: keras.ops.matmul(x, keras.ops.ones([4, 5])), (8, 8, 5), name="own"), "55.6%"),
        (keras.layers.Conv3D(2, 3, padding="same", name="own"), None),
        (OwnDense(4, name="own"), "50.0%"),
    ],
)
def test_what_cannot_be_replaced_is_named_with_its_share(layer, share):
    inputs = keras.Input([8, 8, 4])
    if share is None:
        shaped = keras.layers.Reshape([8, 8, 4, 1])(inputs)
        outputs, share = layer(shaped), "93.1%"  # 256 * 27 * 2 of 13824 + 1024 MACs
    else:
        outputs = layer(inputs)
    model = keras.Model(inputs, [outputs, keras.layers.Conv2D(4, 1)(inputs)])
    with pytest.warns(UserWarning, match=rf"^layers that stay exact: (own|conv\w*) \(\w+, {share} of the MACs\)$"):
        copy = approximate_model(model, "mul8u_drum4")
    np.testing.assert_array_equal(copy(IMAGES)[0], model(IMAGES)[0])


def test_the_exact_product_is_near_the_float_model_and_others_are_not_equal_to_it():
    model = residual_model()
    outputs = [approximate_model(model, name)(IMAGES).numpy() for name in ("", "mul8u_exact", "mul8u_drum3")]
    exact = model(IMAGES).numpy()
    assert np.abs(outputs[0] - exact).max() < 0.03 * np.abs(exact).max()
    np.testing.assert_array_equal(outputs[0], outputs[1])
    assert np.all(outputs[2] != outputs[0])


def test_an_approximate_model_can_get_another_multiplier():
    copy = approximate_model(approximate_model(residual_model(), "mul8u_drum3"), "mul4u_exact", num_bits=4)
    assert {layer.num_bits for layer in copy.layers if isinstance(layer, APPROXIMATE)} == {4}


@pytest.mark.parametrize(
    ("arguments", "error"), [(("mul8u_NONE",), FileNotFoundError), (("mul8u_exact", 4), ValueError)]
)
def test_a_wrong_table_is_an_error_of_its_own(arguments, error):
    with pytest.raises(error, match=r"^multipliers"):
        approximate_model(residual_model(), *arguments)


def test_a_model_without_convolutions_is_an_error():
    with pytest.raises(ValueError, match=r"model must have a layer of one of the kinds Conv1D, .*; received layers"):
        approximate_model(keras.Sequential([keras.Input([3]), keras.layers.PReLU(name="only")]))


def test_a_model_that_only_keeps_another_multiplier_is_an_error():
    model = keras.Sequential([keras.Input([8, 8, 4]), OwnApproximation(4, 3, mul_map_file="mul8u_drum3")])
    with pytest.raises(ValueError, match="model must have a layer of one of the kinds Conv1D,"):
        approximate_model(model, "mul8u_drum4")


def test_a_subclass_that_keeps_its_multiplier_is_named():
    layers = [OwnApproximation(4, 3, mul_map_file="mul8u_drum3", name="own"), keras.layers.Conv2D(4, 1)]
    with pytest.warns(UserWarning, match=r"which keep their multiplier: own \(OwnApproximation, mul8u_drum3\)$"):
        approximate_model(keras.Sequential([keras.Input([8, 8, 4]), *layers]), "mul8u_drum4")


class Needy(keras.layers.Layer):
    """A layer that cannot be made from its configuration."""

    def __init__(self, function):
        super().__init__(name="needy")
        self.function = function
        self.dense = keras.layers.Dense(2)

    def call(self, x):
        return self.function(self.dense(x))


def test_a_layer_that_keras_cannot_make_again_is_named():
    model = keras.Sequential([keras.Input([8, 8, 4]), keras.layers.Conv2D(4, 3), Needy(abs)])
    with pytest.raises(ValueError, match=r"model must be built of layers that .*; received 'needy' of class Needy: "):
        approximate_model(model)


def test_an_adapted_normalization_keeps_its_statistics():
    normalization = keras.layers.Normalization()
    normalization.adapt(5 + 3 * IMAGES)
    model = keras.Sequential([keras.Input([8, 8, 4]), normalization, keras.layers.Conv2D(4, 3)])
    np.testing.assert_array_equal(approximate_model(model).layers[0].mean, normalization.mean)
