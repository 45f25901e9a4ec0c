"""The loss of a training step: that of the labels, mixed with that of a teacher, and checked to be finite."""

from __future__ import annotations

import contextlib
from typing import Any, Iterator

import keras
import tensorflow as tf

from tfapprox.common.argument_error import ArgumentError

from .not_finite import NotFiniteError, explain


@contextlib.contextmanager
def training_loss(
    model: keras.Model, distil: keras.Model | None = None, weight: float = 0.5, temperature: float = 4.0
) -> Iterator[None]:
    """Changes the loss of training steps in a `with` block, in which the model is compiled and fitted.

    A loss that is NaN or infinite ends `fit` before the weights are changed, with an error that names the layer where
    it began. With a teacher, the loss is `(1 - weight) * loss + weight * temperature**2 * KL(p, q)`, where p and q are
    the softmax of the teacher's and of the model's outputs divided by `temperature`, as in G. Hinton et al.,
    "Distilling the knowledge in a neural network", arXiv 1503.02531. Validation has the loss of the labels.

    Args:
        model: a built model with one output, whose last axis counts classes. It can be fitted with any callbacks.
        distil: the teacher, a model with the same inputs and outputs, such as the exact twin of `model`. It is not
            trained.
        weight: the share of the teacher's part, 0 to 1.
        temperature: more than 0.

    Raises:
        ArgumentError: if an argument is not possible.
        ValueError: within the block, if the loss is NaN or infinite.

    Example:
        >>> model = keras.Sequential([keras.Input([4]), keras.layers.Dense(2)])
        >>> twin, x, y = keras.models.clone_model(model), keras.random.normal([8, 4]), keras.ops.zeros(8)
        >>> with training_loss(model, distil=twin):
        ...     model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        ...     history = model.fit(x, y, verbose=0)
    """
    if not 0 <= weight <= 1:
        raise ArgumentError("weight", "must be from 0 to 1", weight)
    if not temperature > 0:
        raise ArgumentError("temperature", "must be more than 0", temperature)
    if distil is not None and (distil is model or len(model.outputs) != 1):
        raise ArgumentError("distil", "must be another model, with one output", f"{distil.name!r}")
    inputs: list[Any] = []  # the inputs of the step whose loss was not finite
    of_labels, test_step = model.compute_loss, model.test_step
    validations: list[
        Any
    ] = []  # the data of the validation step that is being traced; Keras 3.0 does not tell the loss

    def validated(data):
        validations.append(data)
        try:
            return test_step(data)
        finally:
            validations.pop()

    def compute_loss(x=None, y=None, y_pred=None, sample_weight=None, **options):
        loss = of_labels(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, **options)
        if validations or not options.get("training", True):
            return loss
        if distil is not None:
            soft = _difference(distil, distil(x, training=False), model, y_pred, temperature)
            loss = (1 - weight) * loss + weight * tf.cast(soft, loss.dtype)
        return _checked(loss, x, inputs)

    model.compute_loss, model.test_step = compute_loss, validated
    _forget_functions(model)
    try:
        yield
    except (tf.errors.InvalidArgumentError, tf.errors.UnknownError) as error:
        text = explain(model, inputs[0] if inputs else None, error)
        if text is None:
            raise
        raise NotFiniteError(text) from error
    finally:
        del model.compute_loss, model.test_step
        _forget_functions(model)


def _forget_functions(model):
    """Lets `fit` trace its step anew."""
    model.train_function = None


def _difference(teacher, expected, student, outputs, temperature):
    p, q = (_logits(m, x) / temperature for m, x in ((teacher, expected), (student, outputs)))
    p = tf.nn.log_softmax(tf.stop_gradient(p))
    divergence = tf.reduce_sum(tf.exp(p) * (p - tf.nn.log_softmax(q)), axis=-1)
    return temperature**2 * tf.reduce_mean(divergence)


def _logits(model, outputs):
    """The logarithm of outputs that are probabilities; other outputs as they are."""
    outputs = tf.cast(outputs, tf.float32)
    return tf.math.log(tf.maximum(outputs, 1e-7)) if gives_probabilities(model) else outputs


def gives_probabilities(model: keras.Model) -> bool:
    """Whether the last layer of a model ends with a softmax.

    Args:
        model: a built model.
    """
    last = model.layers[-1]
    is_softmax = getattr(last, "activation", None) is keras.activations.softmax
    return is_softmax or isinstance(last, keras.layers.Softmax)


def _checked(loss, x, inputs):
    """The loss, or an error if it is not finite; then the inputs of the step are kept."""

    def keep(*flat):
        inputs[:] = [tf.nest.pack_sequence_as(x, list(flat))]
        return False

    @tf.custom_gradient
    def checked(loss):
        is_finite = tf.cond(
            tf.reduce_all(tf.math.is_finite(loss)),
            lambda: True,
            lambda: tf.ensure_shape(tf.py_function(keep, tf.nest.flatten(x), tf.bool), []),
        )
        check = tf.debugging.Assert(is_finite, ["loss must be finite"])

        def gradient(upstream):
            # The gradient waits for the check, so that an optimizer does not write NaN into the weights before it.
            with tf.control_dependencies([check]):
                return tf.identity(upstream)

        with tf.control_dependencies([check]):
            return tf.identity(loss), gradient

    return checked(loss)
