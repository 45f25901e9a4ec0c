"""The layers of a model with their paths, in the order in which the model holds them."""

from __future__ import annotations

from typing import Any, Iterator

import keras

from .table_state import TableState


def layers_by_path(model: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """All layers inside of a model or layer, each once, with the names of the layers that hold it.

    Args:
        model: a Keras model or layer; it is not among the results.
        prefix: what the paths begin with.

    Yields:
        Path and layer, such as `"block/conv"`. A layer comes before the layers that it holds. Of layers with the same
        path, the second one gets `#2` at the end of its path, and so on.

    Example:
        >>> inner = keras.Sequential([keras.Input([4]), keras.layers.Dense(2, name="dense")], name="inner")
        >>> [path for path, _ in layers_by_path(keras.Sequential([keras.Input([4]), inner]))]
        ['inner', 'inner/dense']
    """
    seen: set[int] = set()
    used: dict[str, int] = {}
    for path, layer in _nested(model, prefix):
        if id(layer) not in seen:
            seen.add(id(layer))
            used[path] = used.get(path, 0) + 1
            yield (path if used[path] == 1 else f"{path}#{used[path]}"), layer


def held_layers(holder: Any) -> list[Any]:
    """The layers that a model or layer holds directly, without inputs and without the tables of layers.

    Args:
        holder: a Keras model or layer.
    """
    return [layer for layer in holder._flatten_layers(include_self=False, recursive=False) if not _is_hidden(layer)]


def _is_hidden(layer):
    return isinstance(layer, (keras.layers.InputLayer, TableState))


def _nested(holder, prefix):
    for layer in held_layers(holder):
        path = f"{prefix}{layer.name}"
        yield path, layer
        yield from _nested(layer, f"{path}/")
