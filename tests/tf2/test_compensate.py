"""Compensation of layers and models: what it computes, how it is kept, and what it leaves alone."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfapprox.common import TruthTable, reference
from tfapprox.common.compensation import ErrorFit, compensated
from tfapprox.tf2 import approximate_model, compensate, set_multiplier

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.uniform(-1, 1, (12, 8, 8, 4)).astype(np.float32)
BAD, WORSE = "mul8u_trunc9", "mul8u_drum3"  # multipliers with a bias
SIGNED = TruthTable(reference.exact_table(8, signed=True) & ~511, "mul8s_floor9")
L = keras.layers

KINDS = {
    "conv": (L.Conv2D(6, 3, strides=2, padding="same"), [8, 8, 4]),
    "groups": (L.Conv2D(6, 3, groups=2, dilation_rate=2), [8, 8, 4]),
    "depthwise": (L.DepthwiseConv2D(3, depth_multiplier=2, padding="same"), [8, 8, 4]),
    "separable": (L.SeparableConv2D(5, 3, depth_multiplier=2), [8, 8, 4]),
    "transposed": (L.Conv2DTranspose(3, 3, strides=2, padding="same"), [8, 8, 4]),
    "causal": (L.Conv1D(5, 3, padding="causal"), [32, 8]),
    "separable 1-D": (L.SeparableConv1D(5, 3), [32, 8]),
    "dense": (L.Dense(5, activation="relu"), [256]),
    "einsum": (L.EinsumDense("abc,cde->aedb", [3, 2, 8], bias_axes="d"), [8, 32]),
}


def model_of(kind, multiplier=BAD, **options):
    layer, shape = KINDS[kind]
    exact = keras.Sequential([keras.Input(shape), type(layer).from_config(layer.get_config())])
    inputs = IMAGES.reshape(-1, *shape)
    return approximate_model(exact, multiplier, data=inputs, **options), inputs


def small_model(multiplier=BAD):
    keras.utils.set_random_seed(0)
    exact = keras.Sequential(
        [
            keras.Input([8, 8, 4]),
            L.Conv2D(6, 3, activation="relu", name="first"),
            L.DepthwiseConv2D(3, name="depthwise"),
            L.Flatten(),
            L.Dense(5, name="last"),
        ]
    )
    return approximate_model(exact, multiplier, data=IMAGES)


@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_errors_of_every_kind_of_layer_become_smaller(kind, per_channel):
    model, inputs = model_of(kind, per_channel=per_channel)
    set_multiplier(model, "mul8u_exact")
    exact = model(inputs).numpy()
    set_multiplier(model, BAD)
    before = model(inputs).numpy()
    compensate(model, inputs)
    errors = [np.square(x - exact).mean() for x in (before, model(inputs).numpy())]
    assert errors[1] < 0.6 * errors[0]


@pytest.mark.parametrize("signed", [False, True], ids=["unsigned", "signed"])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("per_channel", [False, True])
def test_bits_of_the_reference(signed, data_format, per_channel):
    """A grouped convolution, whose corrections and outputs follow from those of the reference."""
    keras.utils.set_random_seed(1)
    shape = [8, 8, 4] if data_format == "channels_last" else [4, 8, 8]
    layer = L.Conv2D(6, 3, groups=2, padding="same", strides=2, data_format=data_format, use_bias=False)
    multiplier = SIGNED if signed else BAD
    exact = keras.Sequential([keras.Input(shape), layer])
    images = IMAGES.reshape(-1, *shape)
    model = approximate_model(exact, multiplier, data=images, per_channel=per_channel)
    layer = model.layers[0]
    operands = [np.asarray(x) for x in layer._quantised_operands(images, layer.kernel)]
    geometry = {**layer._geometry(), "table": layer.multiplier}
    del geometry["mul_map_file"]
    outputs = reference.approx_conv2d_with_min_max_vars(*operands, **geometry)
    table = reference.exact_table(8, signed)
    products = reference.approx_conv2d_with_min_max_vars(*operands, **{**geometry, "table": table})
    ends = [-127, 127] if signed else [0, 255]
    ones = [operands[0], np.ones((3, 3, 2, 2)), *operands[2:4], *ends]
    windows = reference.approx_conv2d_with_min_max_vars(*ones, **{**geometry, "table": table})
    axis = 3 if data_format == "channels_last" else 1
    outputs, products, windows = (np.moveaxis(x, axis, -1) for x in (outputs, products, np.repeat(windows, 3, axis)))
    input_scale = reference.quantiser("input", *operands[2:4], 8, signed).scale
    scales = [x.scale for x in reference.filter_quantisers(*operands[4:], 6, 8, signed)]
    scale = np.float64(input_scale) * np.float64(scales)
    fit = ErrorFit()
    fit.add((outputs.astype(np.float64) - products) / scale, windows.astype(np.float64) / input_scale)
    expected = compensated(outputs, windows, input_scale, np.float32(scales), fit.correction("affine"))

    compensate(model, images)
    np.testing.assert_array_equal(layer.compensation["input"], fit.correction("affine"))
    for result in (model(images), model.predict(images, batch_size=5, verbose=0)):
        np.testing.assert_array_equal(np.moveaxis(np.asarray(result), axis, -1), expected)


def test_corrections_are_swapped_with_the_multiplier():
    model = small_model()
    plain = {}
    for multiplier in (BAD, WORSE):
        set_multiplier(model, multiplier)
        plain[multiplier] = model.predict(IMAGES, verbose=0)
    compensate(model, IMAGES)  # WORSE
    better = model.predict(IMAGES, verbose=0)
    predict = model.predict_function
    assert np.any(better != plain[WORSE])
    set_multiplier(model, BAD)
    np.testing.assert_array_equal(model.predict(IMAGES, verbose=0), plain[BAD])
    assert model.layers[0].compensation == {}
    compensate(model, IMAGES, method="constant")
    assert not model.layers[0].compensation["input"][1].any()
    assert np.any(model.predict(IMAGES, verbose=0) != plain[BAD])
    set_multiplier(model, {"*": WORSE})
    np.testing.assert_array_equal(model.predict(IMAGES, verbose=0), better)
    assert model.predict_function is predict


def test_layers_see_what_the_compensated_layers_before_them_compute():
    model = small_model()
    compensate(model, IMAGES)
    front = keras.Sequential([keras.Input([8, 8, 4]), *model.layers[:-1]])
    alone = keras.Sequential([keras.Input([96]), keras.models.clone_model(model).layers[-1]])
    alone.set_weights(model.layers[-1].get_weights())
    set_multiplier(alone, WORSE)
    set_multiplier(alone, BAD)
    compensate(alone, front(IMAGES))
    np.testing.assert_array_equal(alone.layers[0].compensation["input"], model.layers[-1].compensation["input"])


def test_results_do_not_depend_on_the_batch():
    model = small_model()
    compensate(model, IMAGES)
    expected = model(IMAGES).numpy()
    for size in (1, 5):
        np.testing.assert_array_equal(model.predict(IMAGES, batch_size=size, verbose=0), expected)


def test_files_and_clones_keep_the_corrections_of_all_multipliers(tmp_path):
    model = small_model()
    uncompensated = model.get_weights()
    compensate(model, IMAGES)
    set_multiplier(model, WORSE)
    compensate(model, IMAGES)
    worse = model(IMAGES).numpy()
    set_multiplier(model, BAD)
    expected = model(IMAGES).numpy()
    for ours, theirs in zip(model.get_weights(), uncompensated):
        np.testing.assert_array_equal(ours, theirs)
    clone = keras.models.clone_model(model)
    clone.set_weights(model.get_weights())
    model.save(tmp_path / "model.keras")
    model.save_weights(tmp_path / "model.weights.h5")
    weights = small_model("mul8u_exact")
    with pytest.warns(UserWarning, match="has the multiplier of the file"):
        weights.load_weights(tmp_path / "model.weights.h5")
    for other in (clone, keras.models.load_model(tmp_path / "model.keras"), weights):
        np.testing.assert_array_equal(other(IMAGES), expected)
        set_multiplier(other, WORSE)
        np.testing.assert_array_equal(other(IMAGES), worse)
    model.export(tmp_path / "export")
    exported = tf.saved_model.load(tmp_path / "export")
    np.testing.assert_array_equal(exported.serve(IMAGES), expected)
    small_model().save_weights(tmp_path / "plain.weights.h5")
    model.load_weights(tmp_path / "plain.weights.h5")
    np.testing.assert_array_equal(model(IMAGES), small_model()(IMAGES))
    np.testing.assert_array_equal(approximate_model(clone, BAD)(IMAGES), small_model()(IMAGES))


def test_values_that_are_not_in_memory_are_never_left_out():
    model = small_model()
    compensate(model, IMAGES)
    config, lost = model.layers[0].get_config(), {"sha256": "0" * 64, "filters": {"input": 6}}
    layer = type(model.layers[0]).from_config({**config, "compensation": lost})
    with pytest.raises(tf.errors.InvalidArgumentError, match="'first' has lost its corrections: load the weights"):
        layer(IMAGES)
    assert layer.get_config()["compensation"] == lost


def test_functions_that_were_traced_before():
    model = small_model()
    function = tf.function(model)
    function(IMAGES)
    plain = model.predict(IMAGES, verbose=0)
    compensate(model, IMAGES)
    assert np.any(model.predict(IMAGES, verbose=0) != plain)
    with pytest.raises(tf.errors.InvalidArgumentError, match="was compensated after this function was traced"):
        function(IMAGES)
    set_multiplier(model, WORSE)
    with pytest.raises(tf.errors.InvalidArgumentError, match="was compensated after this function was traced"):
        function(IMAGES)


def test_corrections_have_no_gradient():
    def gradients(model):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(model.layers[0](IMAGES) * np.linspace(0, 1, 6))
        return tape.gradient(loss, model.layers[0].kernel)

    exact = keras.Sequential([keras.Input([8, 8, 4]), L.Conv2D(6, 3)])
    model = approximate_model(exact, BAD, data=IMAGES)
    before = gradients(model)
    compensate(model, IMAGES)
    np.testing.assert_array_equal(gradients(model), before)


def test_a_shared_layer_is_fitted_to_all_of_its_calls():
    keras.utils.set_random_seed(0)
    inputs, shared = keras.Input([16]), L.Dense(16)
    exact = keras.Model(inputs, shared(L.ReLU()(shared(inputs))))
    data = IMAGES.reshape(-1, 16)
    model = approximate_model(exact, BAD, data=data)
    compensate(model, data)
    layer = type(model.layers[1]).from_config(model.layers[1].get_config())
    once = keras.Sequential([keras.Input([16]), layer])
    layer.set_weights(model.layers[1].get_weights())
    compensate(once, data)
    assert np.any(once.layers[0].compensation["input"] != model.layers[1].compensation["input"])


def test_attention_is_compensated_in_its_projections():
    inputs = keras.Input([8, 32])
    exact = keras.Model(inputs, L.MultiHeadAttention(2, 4)(inputs, inputs))
    data = IMAGES.reshape(-1, 8, 32)
    model = approximate_model(exact, BAD, data=data)
    compensate(model, data)
    attention = model.layers[1]
    assert attention.compensation == {}
    assert attention._query_dense.compensation["input"].shape == (2, 8)


@pytest.mark.parametrize(
    ("data", "method", "message"),
    [
        (IMAGES, "linear", "method must be 'affine' or 'constant'; received 'linear'"),
        (IMAGES[:0], "affine", "data must have at least one sample, and samples of one shape; received none"),
    ],
)
def test_refused_arguments_change_nothing(data, method, message):
    model = small_model()
    expected = model(IMAGES).numpy()
    with pytest.raises(ValueError, match=message):
        compensate(model, data, method)
    assert not model.layers[0].corrections.is_applied("input")
    np.testing.assert_array_equal(model(IMAGES), expected)


@pytest.mark.parametrize("weight", [3e38, np.nan])
def test_an_error_in_a_later_layer_changes_nothing(weight):
    model = small_model()
    kernel, bias = model.layers[-1].get_weights()
    front = keras.Sequential([keras.Input([8, 8, 4]), *model.layers[:-1]])
    expected = front.predict(IMAGES, verbose=0)
    model.layers[-1].set_weights([np.full_like(kernel, weight), bias])
    with pytest.raises((ValueError, tf.errors.InvalidArgumentError), match="must be finite"):
        compensate(model, IMAGES)
    assert not model.layers[0].corrections.is_applied("input")
    np.testing.assert_array_equal(front.predict(IMAGES, verbose=0), expected)


def test_a_model_without_approximate_layers():
    model = keras.Sequential([keras.Input([4]), L.Dense(2)], name="plain")
    with pytest.raises(ValueError, match="must have approximate layers; received 'plain'"):
        compensate(model, np.ones((2, 4)))
