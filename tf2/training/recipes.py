"""Which weights of a network are trained."""

from __future__ import annotations

import contextlib
from typing import Any, Iterator

import keras

from tfapprox.common.argument_error import ArgumentError

from ..layer_paths import layers_by_path

RECIPES = ("full", "batch_norm")


@contextlib.contextmanager
def trained_weights(model: keras.Model, recipe: str) -> Iterator[None]:
    """Trains a part of the weights of a model in a `with` block, in which it is compiled and fitted.

    Args:
        model: a built model.
        recipe: `"full"`: all weights that are trainable. `"batch_norm"`: of these, only biases and the factors and
            offsets of normalisation layers; all other weights and their ranges stay as they are.

    Raises:
        ArgumentError: if the recipe does not exist, or the model has no weight for it.

    Example:
        >>> model = keras.Sequential([keras.Input([4]), keras.layers.Dense(2, name="dense")])
        >>> with trained_weights(model, "batch_norm"):
        ...     [weight.name for weight in model.trainable_weights]
        ['bias']
    """
    if recipe not in RECIPES:
        raise ArgumentError("recipe", f"must be one of {', '.join(RECIPES)}", repr(recipe))
    kept = _offsets_and_factors(model) if recipe == "batch_norm" else {id(weight) for weight in model.trainable_weights}
    frozen = [weight for weight in model.trainable_weights if id(weight) not in kept]
    if len(frozen) == len(model.trainable_weights):
        raise ArgumentError(
            "model", f"must have trainable weights for recipe={recipe!r}", f"{model.name!r}, which has none"
        )
    try:
        for weight in frozen:
            weight.trainable = False
        yield
    finally:
        for weight in frozen:
            weight.trainable = True


def _offsets_and_factors(model: Any) -> set[int]:
    kept: set[int] = set()
    for _, layer in layers_by_path(model):
        if type(layer).__module__.startswith("keras.src.layers.normalization."):
            kept.update(id(weight) for weight in layer.trainable_weights)
        bias = getattr(layer, "bias", None)
        if bias is not None:
            kept.add(id(bias))
    return kept
