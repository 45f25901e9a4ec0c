"""Which layer of a model gets which multiplier, from what a user says about names, patterns and positions."""

from __future__ import annotations

import difflib
import fnmatch
import os
from typing import Any, Callable, Iterable, Mapping, Sequence, Union

from tfapprox.common.assignment import Choice, read_assignment

Multipliers = Union[Any, Mapping[str, Any], Callable[[Any], Any]]
Named = Sequence["tuple[str, Any]"]  # paths and layers


def read_multipliers(multipliers: Multipliers) -> Multipliers:
    """The dictionary of an assignment file in place of its path; everything else as it is.

    Args:
        multipliers: what a user says: a multiplier, a dictionary, a function, or the path of an assignment file, which
            ends in `.json`.

    Raises:
        OSError: if the file cannot be read.
        ValueError: if it is no assignment.
    """
    if isinstance(multipliers, (str, os.PathLike)) and os.fspath(multipliers).endswith(".json"):
        return read_assignment(multipliers)
    return multipliers


def multiplier_of_each(multipliers: Multipliers, layers: Named, parts: Named = ()) -> dict[str, Any]:
    """The multiplier of each layer.

    Args:
        multipliers: one multiplier for all layers; a function from the layer to a multiplier; or a dictionary from
            names, paths or patterns such as `"block*/conv"` to multipliers, in which a name or path counts before
            patterns, and an earlier pattern before a later one. A layer that is not in the dictionary gets `None`.
        layers: paths and layers.
        parts: paths and layers that are part of these, and that a dictionary may name by their paths.

    Returns:
        A dictionary from each path to its multiplier: what the user gave, `None` or `False`. A part is in it only if
        the user named it.

    Raises:
        ValueError: if a key of the dictionary fits no layer.
    """
    if isinstance(multipliers, Mapping):
        check_keys(multipliers, [*((path, layer.name) for path, layer in layers), *((path,) for path, _ in parts)])
        keys = {path: key_of(multipliers, (path, layer.name)) for path, layer in layers}
        keys.update({path: path for path, _ in parts if path in multipliers})
        return {path: None if key is None else _plain(multipliers[key]) for path, key in keys.items()}
    if callable(multipliers):
        return {path: _plain(multipliers(layer)) for path, layer in layers}
    return dict.fromkeys((path for path, _ in layers), _plain(multipliers))


def _plain(value: Any) -> Any:
    """`None` or `False` in place of the `Choice` that says so."""
    return value.multiplier if isinstance(value, Choice) and not value.multiplier and not value.tune else value


def key_of(multipliers: Mapping[str, Any], names: Sequence[str]) -> str | None:
    """The key of a dictionary that fits a layer, or `None`.

    Args:
        multipliers: a dictionary with names, paths or patterns as keys.
        names: the path and the name of the layer.
    """
    exact = (name for name in names if name in multipliers)
    return next(exact, next((key for key in multipliers if _fits(key, names)), None))


def check_keys(keys: Iterable[str], layers: Iterable[Sequence[str]]) -> None:
    """Checks that each key of a dictionary of multipliers fits a layer.

    Args:
        keys: names, paths or patterns.
        layers: path and name of each layer.

    Raises:
        ValueError: if a key fits no layer; the message has the nearest names.
    """
    layers = list(layers)
    for key in keys:
        if not any(_fits(key, names) for names in layers):
            known = sorted({name for names in layers for name in names})
            nearest = difflib.get_close_matches(str(key), known, 3, 0.4) or known[:10]
            raise ValueError(
                f"multipliers must have names or patterns of layers as keys; received {key!r}. The nearest "
                f"names are {', '.join(map(repr, nearest))}"
            )


def _fits(pattern, names):
    return any(name == pattern or fnmatch.fnmatchcase(name, str(pattern)) for name in names)


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
            fitting = [path for path, layer in layers if _fits(entry, (path, layer.name))]
        if not fitting:
            raise ValueError(
                f"skip must have 'first', 'last', or names or patterns of layers that multiply; received {entry!r} for "
                f"{[path for path, _ in layers]}"
            )
        paths.update(fitting)
    return paths
