"""Which layer of a model has which multiplier, as an assignment that can be written to a file."""

from __future__ import annotations

from typing import Any, Iterator

import keras

from tfapprox.common.argument_error import ArgumentError
from tfapprox.common.assignment import Assignment, Choice, choice_of

from .approximate_products import ApproximateProducts
from .convert import APPROXIMATE
from .layer_paths import layers_by_path


def layer_assignment(model: keras.Model) -> Assignment:
    """The multipliers of all layers of a model that have an approximate form.

    `approximate_model` and `set_multiplier` take the result, and so does `write_assignment`, whose file they take, too.

    Args:
        model: a built model.

    Returns:
        A dictionary from the path of each layer to its `Choice`, with the sha256 of the table. A layer in floating
        point has `Choice(False)`. The projections of an attention layer are in it only if they have another multiplier
        than the layer.

    Raises:
        FileNotFoundError: if a multiplier cannot be found by its name.
        ValueError: if a multiplier has no name, its name is that of another table, or a layer has no multiplier yet.

    Example:
        >>> model = keras.Sequential([keras.Input([8, 8, 1]), keras.layers.Conv2D(4, 3, name="conv")])
        >>> from tfapprox.tf2 import approximate_model
        >>> layer_assignment(approximate_model(model, "mul8u_drum4"))["conv"].multiplier
        'mul8u_drum4'
    """
    return dict(_choices(model, "", None))


def _choices(holder: Any, prefix: str, of_holder: Choice | None) -> Iterator[tuple[str, Choice]]:
    inside: set[int] = set()
    for path, layer in layers_by_path(holder, prefix):
        if id(layer) in inside or not (isinstance(layer, ApproximateProducts) or type(layer) in APPROXIMATE):
            continue
        inside.update(id(part) for _, part in layers_by_path(layer))
        choice = _choice(path, layer)
        if choice != of_holder:
            yield path, choice
        if isinstance(layer, ApproximateProducts):
            yield from _choices(layer, f"{path}/", choice)


def _choice(path: str, layer: Any) -> Choice:
    if not isinstance(layer, ApproximateProducts):
        return Choice(False)
    if layer.multiplier is None:
        raise ArgumentError("model", "must have its multipliers", f"layer {path!r}, whose table was not found")
    return choice_of(layer.multiplier, layer.mul_map_file)
