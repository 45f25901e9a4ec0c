"""Which layer of a model gets which multiplier, from what a user says about names, patterns and positions."""

from __future__ import annotations

import fnmatch
from typing import Any, Callable, Iterable, Mapping, Sequence, Union

Multipliers = Union[Any, Mapping[str, Any], Callable[[Any], Any]]
Named = Sequence["tuple[str, Any]"]  # paths and layers


def multiplier_of_each(multipliers: Multipliers, layers: Named) -> dict[str, Any]:
    """The multiplier of each layer.

    Args:
        multipliers: one multiplier for all layers; a function from the layer to a multiplier; or a dictionary from
            names, paths or patterns such as `"block*/conv"` to multipliers, in which a name or path counts before
            patterns, and an earlier pattern before a later one. A layer that is not in the dictionary gets `None`.
        layers: paths and layers.

    Returns:
        A dictionary from each path to its multiplier: what the user gave, `None` or `False`.

    Raises:
        ValueError: if a key of the dictionary fits no layer.
    """
    if isinstance(multipliers, Mapping):
        for key in multipliers:
            if not any(_fits(key, path, layer) for path, layer in layers):
                paths = [path for path, _ in layers]
                raise ValueError(
                    f"multipliers must have names or patterns of layers as keys; received {key!r} for {paths}"
                )
        return {path: _look_up(multipliers, path, layer) for path, layer in layers}
    if callable(multipliers):
        return {path: multipliers(layer) for path, layer in layers}
    return dict.fromkeys((path for path, _ in layers), multipliers)


def _look_up(multipliers, path, layer):
    for key in (path, layer.name):
        if key in multipliers:
            return multipliers[key]
    return next((value for key, value in multipliers.items() if _fits(key, path, layer)), None)


def _fits(pattern, path, layer):
    return any(name == pattern or fnmatch.fnmatchcase(name, pattern) for name in (path, layer.name))


def skipped(skip: str | Iterable[str], layers: Named) -> set[str]:
    """The paths of the layers that a user wants to leave as they are.

    Args:
        skip: `"first"` and `"last"`, which mean the first and the last layer of `layers`; names, paths, or patterns
            such as `"block*/conv"`. One of them, or several.
        layers: paths and layers, in the order of the model.

    Raises:
        ValueError: if one of them fits no layer.
    """
    paths: set[str] = set()
    for entry in [skip] if isinstance(skip, str) else skip:
        if entry in ("first", "last"):
            fitting = [path for path, _ in layers][:1] if entry == "first" else [path for path, _ in layers][-1:]
        else:
            fitting = [path for path, layer in layers if _fits(entry, path, layer)]
        if not fitting:
            raise ValueError(
                f"skip must have 'first', 'last', or names or patterns of layers that multiply; received {entry!r} for "
                f"{[path for path, _ in layers]}"
            )
        paths.update(fitting)
    return paths
