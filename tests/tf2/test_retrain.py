"""Retraining: recipes, distillation, callbacks that swap tables, runs that resume, and numbers that are not finite."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfapprox.tf2 import (
    FreezeRanges,
    GradualSwap,
    JointChoice,
    TrainingCheckpoint,
    approximate_model,
    compensate,
    retrain,
    trained_weights,
    training_loss,
)
from tfapprox.tf2.training.epoch_order import ShuffledBatches

L = keras.layers
RANDOM = np.random.default_rng(0)
X = RANDOM.uniform(-1, 1, (48, 6, 6, 2)).astype(np.float32)
Y = RANDOM.integers(0, 3, 48)


def network(multiplier="mul8u_trunc8", data=X, **options):
    keras.utils.set_random_seed(0)
    exact = keras.Sequential(
        [
            keras.Input([6, 6, 2]),
            L.Conv2D(4, 3, name="conv"),
            L.BatchNormalization(name="norm"),
            L.ReLU(),
            L.Flatten(),
            L.Dropout(0.2),
            L.Dense(3, name="dense"),
        ],
        name="net",
    )
    return approximate_model(exact, multiplier, data=data, **options)


def weights(model):
    return {weight.path: weight.numpy() for weight in model.weights if "seed" not in weight.path}


def equal(first, second):
    return all(np.array_equal(array, second[path]) for path, array in first.items())


class Interruption(keras.callbacks.Callback):
    """Ends `fit` like Ctrl-C, in the middle of an epoch."""

    def __init__(self, epoch):
        super().__init__()
        self.epoch, self.now = epoch, 0

    def on_epoch_begin(self, epoch, logs=None):
        self.now = epoch

    def on_train_batch_end(self, batch, logs=None):
        if self.now == self.epoch and batch == 1:
            raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("callbacks", "options"),
    [
        (lambda: [JointChoice({"a": "mul8u_trunc8", "b": "mul8u_drum4"}, every=2)], {"recipe": "batch_norm"}),
        (
            lambda: [GradualSwap(["mul8u_trunc4", "mul8u_trunc8"]), FreezeRanges(2)],
            {"ranges": "moving", "distil": True},
        ),
    ],
    ids=["joint", "gradual"],
)
def test_an_interrupted_run_ends_in_the_same_weights(determinism, tmp_path, callbacks, options):
    options = dict(options)
    ranges = {"data": None, "ranges": options.pop("ranges")} if "ranges" in options else {}
    options.update(epochs=3, batch_size=8, seed=3)
    whole = network(**ranges)
    history = retrain(whole, (X, Y), callbacks=callbacks(), checkpoint=str(tmp_path / "whole"), **options)
    again = network(**ranges)
    with pytest.raises(KeyboardInterrupt):
        retrain(again, (X, Y), callbacks=[*callbacks(), Interruption(2)], checkpoint=str(tmp_path / "cut"), **options)
    resumed = network(**ranges)
    continued = retrain(resumed, (X, Y), callbacks=callbacks(), checkpoint=str(tmp_path / "cut"), **options)
    assert equal(weights(whole), weights(resumed))
    assert continued == history
    assert len(history["loss"]) == 3
    for one, other in zip(whole.layers, resumed.layers):
        if hasattr(one, "multiplier"):
            assert one.multiplier.sha256 == other.multiplier.sha256
            assert one.activation_ranges["input"].values == other.activation_ranges["input"].values
    np.testing.assert_array_equal(whole.predict(X, verbose=0), resumed.predict(X, verbose=0))


def test_the_order_of_samples_depends_on_seed_and_epoch():
    orders = []
    for seed, epoch in ((0, 0), (0, 1), (1, 0), (0, 0)):
        batches = ShuffledBatches(X, Y, 20, seed)
        batches.start(epoch)
        assert [len(batches[index][1]) for index in range(len(batches))] == [20, 20, 8]
        orders.append(np.concatenate([batches[index][0] for index in range(len(batches))]))
    assert [np.array_equal(orders[0], order) for order in orders] == [True, False, False, True]
    np.testing.assert_array_equal(np.sort(orders[0], axis=None), np.sort(X, axis=None))


def test_batch_norm_trains_offsets_and_factors_only():
    model = network()
    before = weights(model)
    retrain(model, (X, Y), "batch_norm", epochs=1, batch_size=16)
    changed = {path for path, array in weights(model).items() if not np.array_equal(array, before[path])}
    trained = {"net/conv/bias", "net/norm/gamma", "net/norm/beta", "net/dense/bias"}
    assert changed == trained | {"net/norm/moving_mean", "net/norm/moving_variance"}
    assert {weight.path for weight in model.trainable_weights} == trained | {"net/conv/kernel", "net/dense/kernel"}


def test_a_recipe_without_weights_is_refused():
    model = approximate_model(keras.Sequential([keras.Input([4]), L.Dense(3, use_bias=False)]), data=np.ones((2, 4)))
    with pytest.raises(ValueError, match="model must have trainable weights for recipe='batch_norm'; received 'seq"):
        retrain(model, (np.ones((2, 4)), np.zeros(2)), "batch_norm")
    with pytest.raises(ValueError, match="recipe must be one of full, batch_norm; received 'half'"):
        retrain(model, (np.ones((2, 4)), np.zeros(2)), "half")
    with trained_weights(model, "full"):
        assert len(model.trainable_weights) == 1


def test_a_teacher_pulls_the_outputs_to_its_own():
    """With the whole weight on the teacher, labels do not count."""
    inputs, losses = X.reshape(48, -1), []
    for labels in (Y, (Y + 1) % 3):
        keras.utils.set_random_seed(0)
        exact = keras.Sequential([keras.Input([72]), L.Dense(8, activation="relu"), L.Dense(3)])
        model = approximate_model(exact, "mul8u_trunc10", data=inputs)
        options = {"epochs": 4, "distil": exact, "distil_weight": 1, "learning_rate": 1e-2, "batch_size": 8}
        losses.append(retrain(model, (inputs, labels), **options)["loss"])
    assert losses[0] == losses[1]
    assert losses[0][-1] < 0.8 * losses[0][0]


def test_the_loss_of_a_teacher_is_that_of_the_definition():
    teacher, student = network(""), network("mul8u_trunc10")
    q, p = (model(X, training=False).numpy().astype(np.float64) / 2 for model in (student, teacher))
    p, q = (x - np.log(np.exp(x).sum(axis=1, keepdims=True)) for x in (p, q))
    expected = 4 * (np.exp(p) * (p - q)).sum(axis=1).mean()
    student.layers[4].rate = 0.0
    with training_loss(student, teacher, 0.25, 2.0):
        student.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        outputs = student(X, training=False)
        labels = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(Y, outputs)
        mixed = student.compute_loss(X, Y, outputs)
        validation = student.evaluate(X, Y, batch_size=len(X), verbose=0)
    np.testing.assert_allclose(validation, labels, rtol=1e-5)
    np.testing.assert_allclose(mixed, 0.75 * labels + 0.25 * expected, rtol=1e-5)
    assert "compute_loss" not in vars(student)


def test_gradual_swap_goes_through_the_list():
    model, seen = network(), []
    watch = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: seen.append(model.layers[0].multiplier.name))
    retrain(model, (X, Y), epochs=5, callbacks=[GradualSwap(["mul8u_trunc2", {"conv": "mul8u_trunc6"}], 2), watch])
    assert seen == ["mul8u_trunc2", "mul8u_trunc2", "mul8u_trunc6", "mul8u_trunc6", "mul8u_trunc6"]
    assert model.layers[-1].multiplier.name == "mul8u_trunc2"


def test_joint_choice_prefers_good_and_then_cheap_candidates():
    candidates = {"good": "mul8u_trunc2", "bad": "mul8u_drum3"}
    compare = JointChoice(candidates, every=1, seed=1)
    compare.set_model(network())
    # The loss is 3 where any layer has the bad candidate, else 1. Keras gives the mean of the steps so far.
    total = 0
    for step in range(60):
        compare.on_train_batch_begin(step)
        layers = compare.model.layers[0], compare.model.layers[-1]
        total += 3 if any(layer.multiplier.name == "mul8u_drum3" for layer in layers) else 1
        compare.on_train_batch_end(step, {"loss": total / (step + 1)})
    assert compare.best == {"conv": "good", "dense": "good"}
    cheap = JointChoice(candidates, every=1, costs={"good": 1.0, "bad": 0.0}, cost_weight=10, layers=["conv"])
    cheap.set_model(compare.model)
    assert cheap.best == {"conv": "bad"}


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: GradualSwap([]), "multipliers must have at least one; received none"),
        (lambda: GradualSwap(["mul8u_trunc2"], 0), "epochs must be at least 1; received 0"),
        (lambda: JointChoice({}), "candidates must have at least one multiplier; received none"),
        (lambda: JointChoice({"a": ""}, 0), "every must be at least 1; received 0"),
        (lambda: JointChoice({"a": ""}, temperature=0), "temperature must be more than 0; received 0"),
        (lambda: JointChoice({"a": ""}, costs={}), "costs must be known for all candidates; received none for 'a'"),
        (lambda: retrain(network(), (X, Y), epochs=0), "epochs must be at least 1; received 0"),
        (lambda: retrain(network(), (X, Y, X)), r"data must be \(x, y\), or batches of both; received a tuple of 3"),
        (lambda: retrain(network(), (X, Y[1:])), r"data must have samples, and as many labels; received lengths \[47"),
        (lambda: retrain(network(), (X, Y), batch_size=0), "batch_size must be at least 1; received 0"),
        (lambda: retrain(network(), (X, Y), distil=True, distil_weight=2), "weight must be from 0 to 1; received 2"),
        (lambda: retrain(network(), (X, Y), distil=True, temperature=0), "temperature must be more than 0; received 0"),
    ],
)
def test_impossible_arguments(make, text):
    with pytest.raises(ValueError, match=text):
        make()


def test_a_checkpoint_of_another_run_is_refused(tmp_path):
    folder = str(tmp_path)
    retrain(network(), (X, Y), epochs=1, checkpoint=TrainingCheckpoint(folder, {"epochs": 1}))
    with pytest.raises(ValueError, match="checkpoint must be of the same run, or a new folder; received "):
        TrainingCheckpoint(folder, {"epochs": 2})
    assert TrainingCheckpoint(folder, {"epochs": 1}).epoch == 1


def test_moving_ranges_freeze_and_activations_outside_of_them_have_no_gradient():
    model = network(data=None, ranges="moving")
    values, conv = [], model.layers[0]
    watch = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda *_: values.append(conv.activation_ranges["input"].values)
    )
    retrain(model, (X, Y), epochs=3, callbacks=[FreezeRanges(2), watch], batch_size=16)
    assert values[0] != values[1] == values[2]
    low, high = values[2]
    inputs = tf.constant(np.linspace(low - 0.5, high + 0.5, 72, dtype=np.float32).reshape(1, 6, 6, 2))
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        loss = tf.reduce_sum(conv(inputs) ** 2)
    gradient = tape.gradient(loss, inputs).numpy()
    scale = (high - low) / 255
    outside = (inputs < low - scale).numpy() | (inputs > high + scale).numpy()
    assert outside.any()
    assert not gradient[outside].any()
    assert (gradient[(inputs > low).numpy() & (inputs < high).numpy()] != 0).all()


@pytest.mark.parametrize("options", [{"ranges": "batch", "data": None}, {"ranges": "moving", "data": None}, {}])
def test_constant_and_saturated_activations_train_without_nan(options):
    model = network(**options)
    images = np.concatenate([np.zeros_like(X), np.full_like(X, 1e-30), np.full_like(X, 1e6)])
    history = retrain(model, (images, np.tile(Y, 3)), epochs=1, learning_rate=1e-4, batch_size=16)
    assert np.isfinite(history["loss"]).all()
    assert all(np.isfinite(array).all() for array in weights(model).values())


def test_mixed_precision_and_data_sets():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = network()
        compensate(model, X)
    finally:
        keras.config.set_dtype_policy("float32")
    batches = tf.data.Dataset.from_tensor_slices((X, Y)).batch(16)
    history = retrain(model, batches, epochs=3, validation_data=batches, learning_rate=1e-2)
    assert history["loss"][-1] < history["loss"][0]
    assert len(history["val_accuracy"]) == 3


def test_a_network_with_folded_normalisation_trains():
    folded = approximate_model(keras.models.clone_model(_float()), "mul8u_trunc8", data=X, fold_batch_norm=True)
    history = retrain(folded, (X, Y), epochs=4, batch_size=16)
    assert history["loss"][-1] < history["loss"][0]


def _float():
    return keras.Sequential([keras.Input([6, 6, 2]), L.Conv2D(4, 3), L.BatchNormalization(), L.Flatten(), L.Dense(3)])


class Breaks(L.Layer):
    """Computes the logarithm, which is NaN for what is negative."""

    def call(self, inputs):
        return tf.math.log(inputs) if self.name == "log" else inputs


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda model: None, "loss must be finite; received NaN or infinity: it began in the outputs of layer 'log'"),
        (lambda model: model.get_layer("a").bias.assign([np.nan] * 4), "weights must be .* layer 'a' after the step"),
        (lambda model: model.get_layer("b").kernel.assign(np.full((4, 3), np.inf)), "weights must be .* in layer 'b'"),
    ],
)
def test_a_loss_that_is_not_finite_names_the_layer(change, text):
    exact = keras.Sequential(
        [keras.Input([4]), L.Dense(4, name="a"), L.BatchNormalization(), L.Dense(3, name="b"), Breaks(name="log")]
    )
    inputs = X.reshape(-1, 4)[:48]
    model = approximate_model(exact, "mul8u_trunc6", data=inputs)
    change(model)
    before = [weight.numpy() for weight in model.trainable_weights]
    with pytest.raises(ValueError, match=text):
        retrain(model, (inputs, Y), epochs=1)
    for weight, array in zip(model.trainable_weights, before):
        np.testing.assert_array_equal(weight.numpy(), array)
    assert "call" not in vars(model.get_layer("a"))


def test_samples_and_activations_that_are_not_finite_are_named():
    bad = X.copy()
    bad[3] = np.nan
    with pytest.raises(ValueError, match=r"activations of layer 'conv' must be finite; .*: it began in what comes bef"):
        retrain(network(), (bad, Y), epochs=1)
    with pytest.raises(ValueError, match="loss must be finite; received NaN or infinity: outputs are finite"):
        retrain(network(), (X, Y.astype(np.float32)), epochs=1, loss=lambda y, outputs: tf.math.log(-tf.abs(outputs)))
