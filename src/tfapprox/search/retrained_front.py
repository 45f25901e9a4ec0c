"""Retraining of the assignments of a front, after a search."""

from __future__ import annotations

import os
from typing import Any, Callable, Mapping

from tfapprox import retraining
from tfapprox.common.argument_error import ArgumentError
from tfapprox.common.network import Samples


def check(model: Any, training: Samples | None, validation: Samples) -> None:
    """Refuses what cannot be retrained, before a search spends its time.

    Args:
        model: the model that is searched.
        training: samples that train, or `None` if none were given.
        validation: samples that measure accuracy.

    Raises:
        ArgumentError: if the model is no Keras model, or samples or labels are missing.
    """
    if not hasattr(model, "fit"):
        raise ArgumentError("retrain", "needs a Keras model", type(model).__name__)
    if training is None:
        rule = "needs samples that train the network and do not measure its accuracy"
        raise ArgumentError("retrain", rule, "no calibration data")
    for name, samples in (("calibration", training), ("data", validation)):
        if samples.y is None:
            raise ArgumentError(name, "must have labels for retraining", "samples without them")


def retrain_front(
    known: Mapping[str, Any],
    model: Any,
    training: Samples,
    validation: Samples,
    folder: str,
    epochs: int,
    *,
    source: str = "",
    progress: Callable[[int], None] = lambda done: None,
) -> dict[str, Any]:
    """Retrains the network with each assignment of a front, by all weights and straight-through gradients.

    `folder` gets a folder `retrained-00` and so on for each point, in the order of the front, with the model, the
    accuracy of each epoch as CSV and as a plot, and a checkpoint, from which the same call goes on.

    Args:
        known: what front.json has.
        model: the Keras model that was searched, with exact products. It is not changed.
        training: samples and labels that train. The first 500 give ranges, and corrections if the search had them.
        validation: samples and labels that measure accuracy.
        folder: folder of the search, in which the assignment files are.
        epochs: number of passes over the samples for each point.
        source: what the model was loaded from.
        progress: gets the number of complete epochs of all points.

    Returns:
        What front.json gets: `known` with `retrained_accuracy`, that after the last epoch, in each entry of the front.

    Raises:
        ArgumentError: if an argument is not possible, or a folder has another run.
        OSError: if a file cannot be read or written.
        ValueError: if the loss becomes NaN or infinite.
    """
    options = retraining.Options(compensate=known["compensated"], seed=known["seed"])

    def watch(before: int) -> Any:
        return retraining.each_epoch(lambda done: progress(before + done))

    front = []
    for index, entry in enumerate(known["front"]):
        path = os.path.join(folder, entry["file"])
        target = os.path.join(folder, f"retrained-{index:02d}")
        result = retraining.retrain_model(
            model, path, training, validation, target, epochs, options, source, callbacks=[watch(index * epochs)]
        )
        front.append({**entry, "retrained_accuracy": result["accuracy"][-1]})
    return {**known, "retraining epochs": epochs, "front": front}
