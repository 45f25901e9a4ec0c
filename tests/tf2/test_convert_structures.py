"""Conversion wherever layers are: wrappers, custom layers, subclassed models; and known failures of other tools."""

import keras
import numpy as np
import pytest

from tfapprox.tf2 import FakeApproxConv2D, FakeApproxDepthwiseConv2D, approximate_model
from tfapprox.tf2.layer_paths import layers_by_path

APPROXIMATE = (FakeApproxConv2D, FakeApproxDepthwiseConv2D)
IMAGES = np.random.RandomState(0).uniform(0, 1, (6, 8, 8, 4)).astype(np.float32)


def conv(name, filters=4):
    return keras.layers.Conv2D(filters, 3, padding="same", name=name)


class Block(keras.layers.Layer):
    """A custom layer that holds convolutions in every place that Keras tracks, and makes one when it is built."""

    def __init__(self, **arguments):
        super().__init__(**arguments)
        self.alone = conv("alone")
        self.listed = [conv("listed"), [conv("deeper")]]
        self.named = {"left": conv("left"), "right": (conv("right"),)}
        self.pair = (conv("first"), conv("second"))
        self.net = keras.Sequential([conv("inside"), keras.layers.Activation("linear")], name="net")

    def build(self, shape):
        self.late = conv("late")
        self.scale = self.add_weight(shape=[1], initializer="ones", name="scale")
        super().build(shape)

    def call(self, x):
        for layer in (self.alone, self.listed[0], self.listed[1][0], *self.named["right"], *self.pair, self.late):
            x = layer(x)
        return self.scale * self.net(self.named["left"](x))


class OwnModel(keras.Model):
    """A subclassed model with a block, a nested model and a dense layer."""

    def __init__(self, width=4, **arguments):
        super().__init__(**arguments)
        self.width = width
        self.block = Block(name="block")
        self.stages = [conv(f"stage{index}", width) for index in range(2)]
        inputs = keras.Input([8, 8, width])
        self.head = keras.Model(inputs, conv("pointwise", 2)(inputs), name="head")

    def get_config(self):
        return {"width": self.width, "name": self.name}

    def call(self, x):
        for layer in (self.block, *self.stages, self.head):
            x = layer(x)
        return x


def kinds(model):
    return {
        path: isinstance(layer, APPROXIMATE) for path, layer in layers_by_path(model) if "Conv" in type(layer).__name__
    }


def functional(*layers):
    inputs = x = keras.Input([8, 8, 4])
    for layer in layers:
        x = layer(x)
    return keras.Model(inputs, x)


def check(model, names):
    """Converts a model; checks that all of its convolutions read the table, that weights are equal, and training."""
    copy = approximate_model(model, "mul8u_exact", ranges="batch")
    assert all(kinds(copy).values())
    assert {path.split("/")[-1] for path in kinds(copy)} == set(names)
    assert not any(kinds(model).values())
    for ours, theirs in zip(copy.get_weights(), model.get_weights()):
        np.testing.assert_array_equal(ours, theirs)
    assert len(copy.get_weights()) == len(model.get_weights())
    assert copy.count_params() == model.count_params()
    exact, output = np.asarray(model(IMAGES)), np.asarray(copy(IMAGES))
    assert 0 < np.abs(output - exact).max() < 0.1 * np.abs(exact).max()
    wrong = approximate_model(model, "mul8u_drum3", ranges="batch")
    assert np.all(np.asarray(wrong(IMAGES)) != output)
    copy.compile("sgd", "mse")
    copy.fit(IMAGES, exact, verbose=0)
    return copy


BLOCK = ["alone", "listed", "deeper", "left", "right", "first", "second", "inside", "late"]


def test_a_custom_layer():
    model = functional(Block(name="block"))
    copy = check(model, BLOCK)
    assert isinstance(copy.layers[1], Block)


def test_a_subclassed_model_with_custom_layers_and_models():
    model = OwnModel(width=3, name="own")
    model(IMAGES)
    copy = check(model, [*BLOCK, "stage0", "stage1", "pointwise"])
    assert isinstance(copy, OwnModel)
    assert (copy.width, copy.name) == (3, "own")
    assert isinstance(copy.stages[1], FakeApproxConv2D)


@pytest.mark.skipif(keras.__version__.startswith("3.0."), reason="TimeDistributed of Keras 3.0 takes no Sequential")
def test_a_custom_layer_in_a_wrapper_and_in_a_nested_model():
    inner = keras.Sequential([keras.Input([8, 8, 4]), Block(name="block")], name="inner")
    check(functional(inner, conv("last")), [*BLOCK, "last"])
    inputs = keras.Input([2, 8, 8, 4])
    model = keras.Model(inputs, keras.layers.TimeDistributed(inner, name="steps")(inputs))
    copy = approximate_model(model, "mul8u_drum3")
    assert len(kinds(copy)) == len(BLOCK)
    assert all(kinds(copy).values())
    videos = IMAGES.reshape(3, 2, 8, 8, 4)
    assert np.all(np.asarray(copy(videos)) != np.asarray(model(videos)))


class OwnFunctional(keras.Model):
    """A functional model of a class of its own."""

    def __init__(self, width, **arguments):
        inputs = keras.Input([8, 8, 4])
        stem = conv("stem", width)
        outputs = conv("last", 2)(stem(inputs))
        super().__init__(inputs, outputs, **arguments)
        self.stem, self.width = stem, width

    def get_config(self):
        return {"width": self.width, "name": self.name}

    def features(self, x):
        return self.stem(x)


@pytest.mark.filterwarnings("ignore:Skipping nested container")
def test_a_functional_subclass_keeps_class_arguments_and_attributes(tmp_path):
    model = OwnFunctional(3, name="own")
    copy = check(model, ["stem", "last"])
    config = copy.get_config()
    assert isinstance(copy, OwnFunctional)
    assert (copy.width, config["width"], config["name"]) == (3, 3, "own")
    assert copy.stem is copy.get_layer("stem")
    assert np.any(copy.features(IMAGES).numpy() != model.features(IMAGES).numpy())
    copy.save(tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras", custom_objects={"OwnFunctional": OwnFunctional})
    assert (type(again), again.width, again.stem) == (type(copy), 3, again.get_layer("stem"))
    np.testing.assert_array_equal(again(IMAGES), copy(IMAGES))
    again = approximate_model(OwnFunctional(3), "mul8u_exact")
    copy.save_weights(tmp_path / "m.weights.h5")
    again.load_weights(tmp_path / "m.weights.h5")
    np.testing.assert_array_equal(again(IMAGES), copy(IMAGES))


class Hidden:
    """A container that Keras does not look into."""

    def __init__(self, layer):
        self.layer = layer


class Hiding(keras.layers.Layer):
    """A layer whose convolution Keras tracks, but which the layer finds in a container of its own."""

    def __init__(self, **arguments):
        super().__init__(**arguments)
        self.conv = conv("hidden")
        self.box = Hidden(self.conv)
        del self.__dict__["conv"]

    def call(self, x):
        return self.box.layer(x)


def test_a_layer_without_a_place_is_named_with_path_and_reason():
    model = functional(Hiding(name="hiding"), conv("last"))
    reason = "no attribute, list or dictionary of Hiding holds it"
    with pytest.warns(UserWarning, match=rf"stay exact: hiding/hidden \(Conv2D, 50.0% of the MACs; {reason}\)$"):
        copy = approximate_model(model, "mul8u_drum4")
    np.testing.assert_array_equal(copy.layers[1](IMAGES), model.layers[1](IMAGES))


class Multiplying(keras.layers.Layer):
    """A custom layer whose product Keras does not see."""

    def build(self, shape):
        self.matrix = self.add_weight(shape=[shape[-1], 6])

    def call(self, x):
        return keras.ops.matmul(x, self.matrix)


def test_products_in_the_code_of_a_layer_are_named():
    model = functional(keras.layers.Conv2D(4, 1, name="conv"), Multiplying(name="own"))
    with pytest.warns(UserWarning, match=r"stay exact: own \(Multiplying, 60.0% of the MACs\)$"):
        approximate_model(model, "mul8u_drum4")


def test_known_failures_of_other_tools(tmp_path):
    """Rescaling, lambdas, operations of `keras.ops`, slices, a nested model, and a file without custom objects."""
    nested = keras.Sequential([keras.Input([8, 8, 4]), conv("nested"), keras.layers.BatchNormalization()], name="net")
    inputs = keras.Input([8, 8, 4])
    x = keras.layers.Rescaling(2.0, offset=-1)(inputs)
    x = keras.layers.Lambda(lambda tensor: tensor * 0.5)(x)
    x = keras.ops.relu(keras.ops.add(x, 1.0) - inputs)
    x = keras.layers.Concatenate()([x[..., :2], x[..., 2:]])
    x = nested(nested(x))
    model = keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(x))
    copy = check(model, ["nested"])
    np.testing.assert_array_equal(copy.layers[1].scale, 2.0)
    plain = functional(keras.layers.Rescaling(2.0), nested)
    plain = approximate_model(plain, "mul8u_drum4", data=IMAGES)
    plain.save(tmp_path / "m.keras")
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "m.keras")(IMAGES), plain(IMAGES))


def test_a_nested_mobile_net():
    base = keras.applications.MobileNetV2(input_shape=(32, 32, 3), alpha=0.35, weights=None, include_top=False)
    inputs = keras.Input([32, 32, 3])
    x = base(keras.layers.Rescaling(1 / 127.5, offset=-1)(inputs))
    model = keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(x))
    images = np.random.RandomState(0).uniform(0, 255, (4, 32, 32, 3)).astype(np.float32)
    copy = approximate_model(model, "mul8u_exact", data=images)
    assert len(kinds(copy)) == 52
    assert all(kinds(copy).values())
    assert np.abs(np.asarray(copy(images)) - np.asarray(model(images))).max() < 0.05


@pytest.mark.parametrize("model", [object(), keras.layers.Conv2D(1, 1)])
def test_what_is_no_model_is_an_error(model):
    with pytest.raises(TypeError, match=f"model must be a keras.Model; received {type(model).__name__}"):
        approximate_model(model)


def test_a_model_of_keras_2_gets_a_sentence():
    tf_keras = pytest.importorskip("tf_keras")
    model = tf_keras.Sequential([tf_keras.layers.Conv2D(2, 3, input_shape=[8, 8, 1])])
    with pytest.raises(TypeError, match=r"model must be a model of Keras 3; received one of Keras 2 \(tf_keras\)"):
        approximate_model(model)


@pytest.mark.skipif(keras.__version__.startswith("3.0."), reason="SpectralNormalization of Keras 3.0 cannot be trained")
def test_a_wrapper_that_holds_a_variable_of_its_layer():
    """`SpectralNormalization` divides the kernel of its layer, and must not divide that of a layer that is gone."""
    wrapper = keras.layers.SpectralNormalization(keras.layers.Conv2D(3, 1))
    exact = keras.Sequential([keras.Input([8, 8, 4]), wrapper])
    model = approximate_model(exact, "mul8u_exact")
    assert [w.path.split("/")[-1] for w in model.weights] == [w.path.split("/")[-1] for w in exact.weights]
    kernel = model.layers[0].layer.kernel
    assert model.layers[0].kernel is kernel
    before = kernel.numpy()
    assert np.any(model(IMAGES, training=True) != 0)
    assert np.any(kernel.numpy() != before)
    exact(IMAGES, training=True)
    np.testing.assert_allclose(kernel.numpy(), exact.layers[0].layer.kernel.numpy(), rtol=1e-6)
