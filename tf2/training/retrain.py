"""Retraining of a network for its approximate multipliers in one call."""

from __future__ import annotations

from typing import Any, Sequence

import keras

from tfapprox.common.argument_error import ArgumentError

from ..convert import approximate_model
from .checkpoint import TrainingCheckpoint
from .epoch_order import OrderOfEpoch, ShuffledBatches
from .loss import gives_probabilities, training_loss
from .recipes import trained_weights


def retrain(
    model: keras.Model,
    data: Any,
    recipe: str = "full",
    *,
    epochs: int = 3,
    learning_rate: float = 1e-3,
    batch_size: int = 64,
    optimizer: Any = None,
    loss: Any = None,
    metrics: Sequence[Any] = ("accuracy",),
    validation_data: Any = None,
    distil: keras.Model | bool = False,
    distil_weight: float = 0.5,
    temperature: float = 4.0,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    checkpoint: TrainingCheckpoint | str | None = None,
    seed: int = 0,
    verbose: int = 0,
) -> dict[str, list[float]]:
    """Trains a network with its approximate multipliers, so that the weights make up for the errors of the multipliers.

    The training is `fit` of Keras with three additions. The order of arrays depends on `seed` and the epoch only, so
    that two runs, interrupted or not, can end in the same weights (call `tf.config.experimental.enable_op_determinism`
    first). A loss that becomes NaN is an error that names the layer where it began. `distil` and `recipe` need no
    changes of the model. Ranges that are `"fixed"` stay as they are, and `"moving"` ranges follow the batches.
    Activations outside of such a range have gradients of 0.

    Call `compensate` before the training, not after it: the weights are then trained with the corrections.

    Args:
        model: a built model with approximate layers, as `approximate_model` returns it. It is changed, and it is
            compiled when the function returns.
        data: `(x, y)`, arrays of samples and labels; or a `tf.data.Dataset` or `keras.utils.PyDataset` of batches, in
            an order that is the data's own.
        recipe: `"full"`: all trainable weights. `"batch_norm"`: only biases and the factors and offsets of
            normalisation layers.
        epochs: number of passes over the data.
        learning_rate: learning rate of the default optimizer, Adam.
        batch_size: number of samples in a batch of arrays.
        optimizer: another optimizer, which is not built yet, or its name.
        loss: a loss of Keras; by default that of the model if it is compiled, and otherwise sparse categorical
            cross-entropy, of probabilities if the last layer has a softmax, and of logits if not.
        metrics: names or objects of metrics for `compile` of Keras.
        validation_data: `(x, y)` or batches of both, on which the metrics are measured after each epoch.
        distil: a teacher, with the inputs and outputs of `model`; or `True` for the exact twin of `model` in floating
            point, with its weights at the beginning. The loss is then mixed with the difference from its outputs.
        distil_weight: the share of the teacher in the loss, 0 to 1.
        temperature: divisor of the logits of both networks, whose softmax is compared; more than 0.
        callbacks: callbacks of Keras, such as `GradualSwap`, `JointChoice` and `FreezeRanges`.
        checkpoint: a folder, or a `TrainingCheckpoint`. A run that was interrupted goes on from it.
        seed: seed of the order of arrays, an integer from 0.
        verbose: what `fit` prints: 0 for nothing, 1 for a bar, 2 for a line for each epoch.

    Returns:
        The figures of each epoch, such as `"loss"`, `"accuracy"` and `"val_accuracy"`, also of epochs before an
        interruption.

    Raises:
        ArgumentError: if an argument is not possible.
        ValueError: if the loss becomes NaN or infinite; the message has the layer where it began.

    Example:
        >>> from tfapprox.tf2 import approximate_model
        >>> exact = keras.Sequential([keras.Input([4]), keras.layers.Dense(3)])
        >>> x, y = keras.random.uniform([64, 4]), keras.ops.arange(64) % 3
        >>> model = approximate_model(exact, "mul8u_trunc6", data=x)
        >>> sorted(retrain(model, (x, y), epochs=1, distil=True))
        ['accuracy', 'loss']
    """
    if epochs < 1:
        raise ArgumentError("epochs", "must be at least 1", epochs)
    own = list(callbacks)
    if isinstance(data, tuple):
        if len(data) != 2:
            raise ArgumentError("data", "must be (x, y), or batches of both", f"a tuple of {len(data)}")
        data = ShuffledBatches(*data, batch_size, seed)
        own.insert(0, OrderOfEpoch(data))
    if checkpoint is not None and not isinstance(checkpoint, TrainingCheckpoint):
        checkpoint = TrainingCheckpoint(checkpoint, callbacks=callbacks)
    loss = loss or model.loss or keras.losses.SparseCategoricalCrossentropy(from_logits=not gives_probabilities(model))
    teacher = approximate_model(model, False) if distil is True else distil or None
    with trained_weights(model, recipe), training_loss(model, teacher, distil_weight, temperature):
        model.compile(optimizer or keras.optimizers.Adam(learning_rate), loss, metrics=list(metrics))
        if checkpoint is not None:
            checkpoint.restore(model)
            own.append(checkpoint)
        start = 0 if checkpoint is None else checkpoint.epoch
        if start > epochs:
            raise ArgumentError("epochs", f"must be at least {start}, the number in the checkpoint", epochs)
        history = model.fit(
            data,
            epochs=epochs,
            initial_epoch=start,
            validation_data=validation_data,
            callbacks=own,
            shuffle=False,
            verbose=verbose,
        ).history
    if checkpoint is None:
        return {name: [float(value) for value in values] for name, values in history.items()}
    return {name: [figures[name] for figures in checkpoint.history] for name in checkpoint.history[0]}
