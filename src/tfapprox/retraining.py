"""Retraining of a model file for a multiplier: accuracy before and after, a plot, and a run that can be interrupted."""

from __future__ import annotations

import csv
import hashlib
import importlib
import io
import json
import math
import os
from typing import Any, Callable, NamedTuple, Sequence

import numpy as np

from . import __version__
from .common import atomic_files
from .common.argument_error import ArgumentError
from .common.classes import class_labels, has_classes
from .common.gradient_tables import STRAIGHT_THROUGH, search_half_window
from .common.network import Samples
from .search import loading, plots

_HELD_OUT = 0.2  # share of the samples that are held out to measure accuracy
_CALIBRATION = 500  # number of samples for ranges and corrections
_SEARCH = 2000  # number of samples for the search of the half window
_SEARCHED = "half_windows.json"  # the file with what the search has found so far
_HALF_WINDOWS: Sequence[int] | None = None  # the candidates of the search; `None` lets `search_half_window` choose them


class Options(NamedTuple):
    """How a model is retrained.

    Attributes:
        recipe: `"full"`, all weights, or `"batch_norm"`, only biases and the factors and offsets of normalisation.
        gradient: kind of the gradients of the products: `"straight_through"`, `"table_1d"` or `"table_2d"`.
        half_window: half window of the smoothing by `"table_1d"` and `"table_2d"`; `None` is their default,
            and `"auto"` the best of a short search, (9.7) of docs/arithmetic.md.
        compensate: whether errors are compensated before the training.
        distil: whether the exact twin of the model teaches it.
        gradual: multipliers that are used before the last one, one epoch each.
        learning_rate: learning rate of Adam.
        batch_size: number of samples in a step.
        seed: seed of all random numbers.
    """

    recipe: str = "full"
    gradient: str = "straight_through"
    half_window: int | str | None = None
    compensate: bool = True
    distil: bool = False
    gradual: tuple[str, ...] = ()
    learning_rate: float = 1e-3
    batch_size: int = 64
    seed: int = 0


def held_out(data: Samples, seed: int) -> tuple[Samples, Samples]:
    """A random four fifths of labelled samples to train with, and the others to measure accuracy.

    Args:
        data: the samples, at least 5.
        seed: seed of the random choice.

    Raises:
        ArgumentError: if there are fewer samples, or no labels.

    Example:
        >>> training, others = held_out(Samples(np.arange(10), np.arange(10)), seed=0)
        >>> len(training.x), len(others.x)
        (8, 2)
    """
    if data.y is None or len(data.x) < 5:
        received = f"{len(data.x)} samples {'without labels' if data.y is None else ''}".strip()
        raise ArgumentError("data", "must have at least 5 samples and their labels", received)
    order = np.random.RandomState(seed).permutation(len(data.x))
    parts = np.split(order, [int(len(order) * (1 - _HELD_OUT))])
    training, others = (Samples(data.x[part], data.y[part]) for part in parts)
    return training, others


def retrain_model(
    model: Any,
    multiplier: Any,
    training: Samples,
    validation: Samples,
    folder: str,
    epochs: int,
    options: Options = Options(),  # noqa: B008, it is immutable
    source: str = "",
    callbacks: Sequence[Any] = (),
) -> dict[str, Any]:
    """Retrains a Keras model for a multiplier, and writes the model and its accuracies.

    The folder gets `model.keras`, `history.csv`, `accuracy.pdf`, `accuracy.png` and `retrain.json`, and a checkpoint of
    each epoch, from which the same call goes on after an interruption, to the same weights.

    Args:
        model: a Keras model, with or without approximate layers. It is not changed.
        multiplier: name, path, `TruthTable` or integer array of one multiplier; or an assignment: a dictionary from
            layers to multipliers, a function from a layer to a multiplier, or the path of a `.json` file.
        training: samples and labels.
        validation: samples and labels that measure accuracy.
        folder: folder of the files, which is made if it does not exist.
        epochs: number of passes over the samples.
        options: how the model is retrained.
        source: what the model was loaded from, by which a checkpoint of another model is told apart.
        callbacks: further callbacks of Keras.

    Returns:
        A dictionary that `retrain.json` has, too: `exact`, the accuracy in floating point; `before`, that with the
        multiplier before the training; and `accuracy`, a list with the accuracy after each epoch. If the half window
        was searched, it has `half_windows`, the accuracy with each candidate, and `lost_half_windows`, why the loss was
        not finite with others.

    Raises:
        ArgumentError: if an argument is not possible, or the folder has another run.
        OSError: if a file cannot be written.
        ValueError: if the loss becomes NaN or infinite.
    """
    if training.y is None or validation.y is None:
        raise ArgumentError("data", "must have labels", "samples without them")
    keras: Any = importlib.import_module("keras")
    if not isinstance(model, keras.Model):
        raise ArgumentError("model", "must be a Keras model", type(model).__name__)
    determinism: Any = importlib.import_module("tfapprox.tf2.training.determinism")
    training, validation = (
        _with_classes(samples, model, name) for samples, name in ((training, "data"), (validation, "validation"))
    )
    with determinism.deterministic_operations():
        return _retrain(model, multiplier, training, validation, folder, epochs, options, source, callbacks)


def _with_classes(samples, model, argument):
    """The samples with integers as labels, which the loss of a retraining takes."""
    loading.check_ends(model)
    loading.check_samples(model, samples.x, argument)
    outputs = model(samples.x[:1])
    shape = tuple(getattr(outputs, "shape", ()))
    if not has_classes(shape):
        received = f"outputs of shape {shape}" if shape else f"a {type(outputs).__name__} of outputs"
        raise ArgumentError("model", "must have one output, with an element for each class", received)
    return Samples(samples.x, class_labels(samples.y, [len(samples.x), *shape[1:]], argument, lowest=0))


def _retrain(model, multiplier, training, validation, folder, epochs, options, source, callbacks):
    tf2: Any = importlib.import_module("tfapprox.tf2")
    keras: Any = importlib.import_module("keras")
    keras.utils.set_random_seed(options.seed)
    losses: Any = importlib.import_module("tfapprox.tf2.training.loss")
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=not losses.gives_probabilities(model))
    exact, half_window = tf2.approximate_model(model, False), options.half_window
    run: dict[str, Any] = {
        "model": source,
        "options": options._asdict(),
        "samples": [len(training.x), len(validation.x)],
        "sha256": _hash([*model.get_weights(), *training, *validation]),
    }
    if half_window == "auto" and options.gradient != STRAIGHT_THROUGH:
        half_window, searched = _searched_half_window(model, multiplier, training, options, loss, folder, run)
        keras.utils.set_random_seed(options.seed)
        run.update(searched)
    approximate = _approximated(model, multiplier, training, options, half_window)
    run["multipliers"] = _identities(approximate)
    swaps = [tf2.GradualSwap([*options.gradual, multiplier])] if options.gradual else []
    checkpoint = tf2.TrainingCheckpoint(os.path.join(folder, "checkpoint"), run, callbacks)
    accuracies = [_accuracy(x, loss, validation) for x in (exact, approximate)]
    figures = tf2.retrain(
        approximate,
        (training.x, training.y),
        options.recipe,
        epochs=epochs,
        learning_rate=options.learning_rate,
        batch_size=options.batch_size,
        loss=loss,
        validation_data=(validation.x, validation.y),
        distil=exact if options.distil else False,
        callbacks=[*swaps, *callbacks],
        checkpoint=checkpoint,
        seed=options.seed,
    )
    known: dict[str, Any] = {"tfapprox": __version__, **run, "exact": accuracies[0], "before": accuracies[1]}
    known["accuracy"] = figures["val_accuracy"]
    with atomic_files.replacing(os.path.join(folder, "model.keras")) as unfinished:
        approximate.save(unfinished)
    last = (
        multiplier
        if isinstance(multiplier, str)
        else " ".join(sorted({name for name, _ in run["multipliers"].values()}))
    )
    text = _csv(figures, accuracies[1], [*options.gradual, last])
    atomic_files.write(os.path.join(folder, "history.csv"), text.encode())
    plots.save(plots.accuracy_plot(known), os.path.join(folder, "accuracy"))
    atomic_files.write(os.path.join(folder, "retrain.json"), (json.dumps(known, indent=1) + "\n").encode())
    return known


def _approximated(model, multiplier, training, options, half_window):
    """The network with the multiplier, before the training."""
    tf2: Any = importlib.import_module("tfapprox.tf2")
    sample = training.x[:_CALIBRATION]
    gradient = {"gradient": options.gradient, "half_window": half_window}
    approximate = tf2.approximate_model(model, multiplier, data=sample, **gradient)
    if options.compensate:
        tf2.compensate(approximate, sample)
    return approximate


def _searched_half_window(model, multiplier, training, options, loss, folder, run):
    """The best half window after an epoch with each candidate (9.7), and the results of all candidates.

    The folder keeps each result, so that the same run goes on where the search was interrupted. A candidate whose loss
    becomes NaN or infinite is lost, and the reason is its result.
    """
    tf2: Any = importlib.import_module("tfapprox.tf2")
    keras: Any = importlib.import_module("keras")
    not_finite: Any = importlib.import_module("tfapprox.tf2.training.not_finite")
    learnt, judged = held_out(Samples(training.x[:_SEARCH], training.y[:_SEARCH]), options.seed)
    approximate = tf2.approximate_model(model, multiplier, data=training.x[:_CALIBRATION])
    run = json.loads(json.dumps({**run, "multipliers": _identities(approximate)}))
    path = os.path.join(folder, _SEARCHED)
    known: dict[str, Any] = {"run": run, "half_windows": {}, "lost_half_windows": {}}
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            known = json.load(file)
        if known["run"] != run:
            raise ArgumentError("checkpoint", "must be of the same run, or a new folder", repr(folder))
    scores, lost = known["half_windows"], known["lost_half_windows"]

    def trained(half_window):
        keras.utils.set_random_seed(options.seed)  # dropout must not depend on the candidates before
        candidate = _approximated(model, multiplier, training, options, half_window)
        form = {"learning_rate": options.learning_rate, "batch_size": options.batch_size, "seed": options.seed}
        tf2.retrain(candidate, (learnt.x, learnt.y), options.recipe, epochs=1, loss=loss, **form)
        if not all(np.all(np.isfinite(weights)) for weights in candidate.get_weights()):
            raise not_finite.NotFiniteError("weights must be finite; received NaN or infinity after the last step")
        return candidate

    def evaluate(half_window):
        name = str(half_window)
        if name not in scores and name not in lost:
            try:
                scores[name] = _accuracy(trained(half_window), loss, judged)
            except not_finite.NotFiniteError as error:
                lost[name] = str(error)
            os.makedirs(folder, exist_ok=True)
            atomic_files.write(path, json.dumps(known).encode())
        return scores.get(name, math.nan)

    try:
        best, _ = search_half_window(evaluate, _HALF_WINDOWS)
    except ArgumentError as error:
        if scores or not lost:
            raise
        reasons = "; ".join(f"{name}: {reason}" for name, reason in lost.items())
        raise ArgumentError("half_window", "must be one with which the loss stays finite", reasons) from error
    return best, {name: known[name] for name in ("half_windows", "lost_half_windows") if known[name]}


def each_epoch(show: Callable[[int], None]) -> Any:
    """A callback of `fit` that tells the number of complete epochs, also at the beginning of a run that goes on.

    Args:
        show: a function of the number.
    """
    keras: Any = importlib.import_module("keras")
    return keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs=None: show(epoch), on_epoch_end=lambda epoch, logs=None: show(epoch + 1)
    )


def _identities(model):
    """Name and sha256 of the multiplier of each approximate layer."""
    found = {}
    for layer in model._flatten_layers():
        table = getattr(layer, "multiplier", None)
        if table is not None:
            found[layer.name] = [table.name, table.sha256]
    return found


def _hash(arrays):
    """SHA-256 of the weights, samples and labels that a run begins with."""
    content = hashlib.sha256()
    for array in arrays:
        content.update(np.ascontiguousarray(array).tobytes())
    return content.hexdigest()


def _accuracy(model, loss, validation):
    model.compile(loss=loss, metrics=["accuracy"])
    return float(model.evaluate(validation.x, validation.y, verbose=0)[1])


def _csv(figures, before, multipliers):
    """A row for each epoch, after a row 0 with the accuracy before the training; the last multiplier stays."""
    text, last = io.StringIO(), len(multipliers) - 1
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["epoch", *figures, "multiplier"])
    writer.writerow([0, *(before if name == "val_accuracy" else "" for name in figures), multipliers[last]])
    for index, row in enumerate(zip(*figures.values())):
        writer.writerow([index + 1, *row, multipliers[min(index, last)]])
    return text.getvalue()
