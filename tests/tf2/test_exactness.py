"""What stays exact is named, however the code of a model hides its products."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from tfapprox.tf2 import approximate_model, summary

FEATURES = np.float32(np.random.default_rng(0).uniform(-1, 1, [2, 5, 16]))


class Product(keras.layers.Layer):
    """A layer of the user that multiplies by `function`, a function of inputs and weights."""

    def __init__(self, function, **arguments):
        super().__init__(**arguments)
        self.function = function

    def build(self, shape):
        self.w = self.add_weight(shape=[16, 16])

    def call(self, x):
        return self.function(x, self.w)

    def get_config(self):
        return {**super().get_config(), "function": self.function}


def scanned(x, w):
    return ops.scan(lambda carry, step: (ops.matmul(carry, w) + step, carry), x[:, 0], ops.transpose(x, (1, 0, 2)))[1]


def opaque(x, w):
    return tf.ensure_shape(tf.numpy_function(lambda x, w: x @ w, [x, w], tf.float32), [None, 5, 16])


# Each product of [5, 16] and [16, 16] has as many MACs as the approximate layer before it.
@pytest.mark.parametrize(
    ("function", "share"),
    [
        (lambda x, w: tf.function(lambda x: tf.matmul(x, w))(x), "50.0%"),
        (lambda x, w: tf.function(lambda x: tf.matmul(x, w), jit_compile=True)(x), "50.0%"),
        (lambda x, w: tf.cond(tf.reduce_sum(x) > 0, lambda: tf.matmul(x, w), lambda: x), "50.0%"),
        (lambda x, w: tf.reduce_sum(x[..., None] * w, -2), "50.0%"),
        (lambda x, w: tf.reduce_mean(tf.transpose(x[..., None] * w, [0, 1, 3, 2]), -1), "50.0%"),
        (lambda x, w: tf.add_n([x[..., i, None] * w[i] for i in range(16)]), "50.0%"),
        (lambda x, w: sum(x[..., i, None] * w[i] for i in range(16)), "50.0%"),
        (lambda x, w: tf.map_fn(lambda row: tf.reduce_sum(row[..., None] * w, -2), x), "unknown share"),
        (lambda x, w: tf.map_fn(lambda row: tf.matmul(row, w), x), "unknown share"),
        pytest.param(scanned, "unknown share", marks=pytest.mark.skipif(not hasattr(ops, "scan"), reason="old Keras")),
        (opaque, "unknown share"),
    ],
    ids=["function", "xla", "condition", "sum", "mean", "add_n", "unrolled", "map_sum", "map", "scan", "numpy"],
)
def test_products_in_functions(function, share):
    layers = [keras.Input([5, 16]), keras.layers.Dense(16), Product(function, name="own")]
    with pytest.warns(UserWarning, match=rf"stay exact: own \(Product, {share} of the MACs\)$"):
        approximate_model(keras.Sequential(layers), "mul8u_drum4")


def sum_of(function):
    """A function of inputs and weights that sums what `function` computes of them in columns."""
    return lambda x, w: tf.reduce_sum(function(x[..., None], w), -2)


# Each layer is counted by `summary`, which does not convert the model.
@pytest.mark.parametrize(
    ("function", "macs"),
    [
        (sum_of(lambda x, w: x / w), 1280),
        (sum_of(tf.math.divide_no_nan), 1280),
        (sum_of(tf.math.multiply_no_nan), 1280),
        (sum_of(tf.math.xdivy), 1280),
        (sum_of(lambda x, w: x * tf.math.reciprocal(w)), 1280),
        (sum_of(lambda x, w: 2 * (x * w) / 3), 1280),
        (sum_of(lambda x, w: 1 - x * w), 1280),
        (sum_of(lambda x, w: -x * w + x * tf.transpose(w)), 2560),
        (sum_of(lambda x, w: tf.where(w > 0, x * w, 0.0)), 1280),
        (sum_of(lambda x, w: (x * w)[..., 1:]), 1280),
        (sum_of(lambda x, w: tf.pad(x * w, [[0, 0], [0, 0], [1, 0], [0, 0]])), 1280),
        (sum_of(lambda x, w: tf.roll(tf.reverse(x * w, [-1]), 1, -1)), 1280),
        (lambda x, w: tf.reduce_sum(tf.stack([x * w[0], x * w[1]]), 0), 160),
        (sum_of(lambda x, w: tf.concat([x * w, x[..., :1] * w[:1] - 2 * x * w], 2)), 3 * 1280),
        (lambda x, w: tf.reduce_sum(tf.stack([x * w[0] + x * w[1] + x * w[2], x]) + x, 0), 240),
        (sum_of(lambda x, w: tf.gather(tf.tile(x * w, [1, 1, 2, 1]), [0, 20], axis=-2)), 1280),
        (sum_of(tf.math.squared_difference), 1280),
        (sum_of(lambda x, w: (x - w) ** 2), 1280),
        (lambda x, w: tf.math.reduce_euclidean_norm(x[..., None] - w, -2), 1280),
        (lambda x, w: sum(x[..., i, None] / w[i] for i in range(16)), 1280),
        (lambda x, w: x[..., :1] * w[0] - x[..., 1:2] * w[1] - x[..., 2:3] * w[2], 240),
        (lambda x, w: tf.scatter_nd([[0], [0], [1], [1], [2]], x[0] * w[:5], [5, 16])[None], 80),
        (lambda x, w: tf.tensordot(x, w, 1), 1280),
        (lambda x, w: tf.matmul(x, np.eye(16, dtype=np.float32)), 1280),
        (lambda x, w: tf.linalg.matvec(w, x), 1280),
        (lambda x, w: ops.sum(ops.divide(ops.expand_dims(x, -1), w), -2), 1280),
        (lambda x, w: x + tf.linalg.det(w), None),
        (lambda x, w: x + tf.linalg.logdet(tf.matmul(w, w, transpose_a=True)), None),
        (lambda x, w: x + tf.linalg.eigvalsh(w), None),
        (lambda x, w: keras.layers.Attention()([x, x]), 800),
    ],
)
def test_products_by_other_names(function, macs):
    model = keras.Sequential([keras.Input([5, 16]), Product(function, name="own")])
    assert [(row.path, row.macs) for row in summary(model).layers] == [("own", macs)]


def test_a_long_sum_in_one_line():
    """Neither its length, nor a tensor that is added to itself again and again, nor one that is moved and joined with
    itself, takes time or recursion."""

    def doubled(x, w):
        y = sum(x[..., :1] * w[i % 16] for i in range(1200))
        for _ in range(50):
            y += y
        return y

    def moved(x, w):
        y = x * w[0] + x * w[1] + x * w[2]
        for _ in range(1200):
            y = tf.where(x > 0, -y, tf.reverse(y, [-1]))
        return y

    for function, macs in ((doubled, 1200 * 80), (moved, 3 * 80)):
        model = keras.Sequential([keras.Input([5, 16]), Product(function, name="own")])
        assert [row.macs for row in summary(model).layers] == [macs]


# What is no sum of products: a gate of two products, as in highway networks, a scaled mean, and a variance.
@pytest.mark.parametrize(
    "function",
    [
        lambda x, w: x * w[0] + (1 - x) * w[1],
        lambda x, w: x / w[0] - (1 - x) / w[1],
        lambda x, w: x + tf.concat([x * w[0] + (1 - x) * w[1], x * w[2] + (1 - x) * w[3]], 1)[:, :5],
        lambda x, w: tf.reduce_mean(x / 255.0 - 0.5, -1, keepdims=True) + x,
        lambda x, w: tf.reduce_sum(1.0 / (1.0 + tf.exp(x)), -1, keepdims=True) + x,
        lambda x, w: (x - tf.reduce_mean(x, -1, keepdims=True)) / tf.math.reduce_std(x, -1, keepdims=True),
        lambda x, w: x - tf.nn.moments(x, [-1], keepdims=True)[1],
        lambda x, w: tf.exp(x) / tf.reduce_sum(tf.exp(x), -1, keepdims=True),
        lambda x, w: x * tf.math.rsqrt(tf.reduce_mean(tf.square(x), -1, keepdims=True)),
    ],
)
def test_what_is_no_sum_of_products(function, recwarn):
    layer = Product(function, name="own")
    approximate_model(keras.Sequential([keras.Input([5, 16]), keras.layers.Dense(16), layer]), "mul8u_drum4")
    assert not [warning for warning in recwarn if "exact" in str(warning.message)]


@pytest.mark.parametrize(
    ("function", "kind"),
    [
        (lambda x: ops.tensordot(x, np.eye(16, dtype=np.float32), 1), "Tensordot"),
        (lambda x: ops.sum(x[..., None] * np.eye(16, dtype=np.float32), -2), "Sum"),
        (lambda x: ops.fori_loop(0, 2, lambda _, y: ops.matmul(y, np.eye(16, dtype=np.float32)), x), "ForiLoop"),
    ],
)
def test_operations_of_keras(function, kind):
    inputs = keras.Input([5, 16])
    model = keras.Model(inputs, function(keras.layers.Dense(16)(inputs)))
    with pytest.warns(UserWarning, match=rf"stay exact: \S+ \({kind}, "):
        approximate_model(model, "mul8u_drum4")


class Net(keras.Model):
    """A model whose own code multiplies, by weights of its own and by those of a layer that it does not call."""

    def __init__(self, **arguments):
        super().__init__(**arguments)
        self.first, self.second = keras.layers.Dense(16, name="first"), keras.layers.Dense(16, name="second")

    def build(self, shape):
        self.first.build(shape)
        self.second.build(shape)
        self.w = self.add_weight(shape=[16, 16])

    def call(self, x):
        return tf.matmul(tf.matmul(self.first(x), self.second.kernel), self.w)


def test_products_of_the_model_itself():
    model = Net(name="net")
    model(FEATURES)
    with pytest.warns(UserWarning, match=r"stay exact: net \(Net, 66.7% of the MACs\)$"):
        approximate = approximate_model(model, "mul8u_drum4")
    assert [(row.path, row.macs) for row in summary(approximate).layers] == [(approximate.name, 2560), ("first", 1280)]


@pytest.mark.skipif(not hasattr(keras.layers, "ReversibleEmbedding"), reason="this Keras has no ReversibleEmbedding")
def test_layers_of_keras_with_unusual_names():
    inputs = keras.Input([16])
    model = keras.Model(
        inputs, keras.layers.ReversibleEmbedding(10, 16, name="words")(keras.layers.Dense(16)(inputs), reverse=True)
    )
    with pytest.warns(UserWarning, match=r"stay exact: words \(ReversibleEmbedding, 38.5% of the MACs\)$"):
        approximate_model(model, "mul8u_drum4")


def test_elementwise_products_are_no_macs(recwarn):
    inputs = keras.Input([5, 16])
    x = keras.layers.LayerNormalization()(keras.layers.Rescaling(0.5)(inputs))
    gate = keras.layers.Dense(16, activation="sigmoid")(keras.layers.GlobalAveragePooling1D()(x))
    approximate_model(keras.Model(inputs, x * gate[:, None]), "mul8u_drum4")
    assert not [warning for warning in recwarn if "stay exact" in str(warning.message)]


@pytest.mark.skipif(not hasattr(keras.layers.Dense, "quantize"), reason="this Keras cannot quantise")
def test_a_model_that_keras_has_quantised_is_refused():
    model = keras.Sequential([keras.Input([16]), keras.layers.Dense(4, name="eight")])
    model.layers[0].quantize("int8")
    with pytest.raises(ValueError, match="received layer 'eight', which Keras has quantised to int8"):
        approximate_model(model, "mul8u_drum4")


@pytest.mark.skipif(keras.__version__.startswith("3.0."), reason="Keras 3.0 has no LoRA in configurations")
def test_low_rank_adaptation_is_kept():
    model = keras.Sequential([keras.Input([16]), keras.layers.Dense(4)])
    model.layers[0].enable_lora(2)
    model.layers[0].lora_kernel_b.assign(np.ones([2, 4]))
    approximate = approximate_model(model, "mul8u_exact")
    np.testing.assert_array_equal(approximate.layers[0].kernel, model.layers[0].kernel)
    np.testing.assert_allclose(approximate(FEATURES[0]), model(FEATURES[0]), atol=0.05)
