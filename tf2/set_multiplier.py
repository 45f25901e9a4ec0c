"""Other multipliers for the layers of a model, between two calls."""

from __future__ import annotations

import difflib
from typing import Any, Callable, Mapping, Union

import keras

from .approximate_products import ApproximateProducts
from .layer_paths import layers_by_path
from .table_argument import Multiplier, MultiplierLike, read_multiplier

# One multiplier, multipliers by the names of layers, or a function that gives a layer its multiplier.
Multipliers = Union[MultiplierLike, Mapping[str, MultiplierLike], Callable[[keras.Layer], Union[MultiplierLike, None]]]


def set_multiplier(model: keras.Layer, multipliers: Multipliers) -> None:
    """Gives layers of a model other multipliers, between two calls or in a callback of `fit`.

    Nothing is traced, compiled or built again, and weights are not touched: the table of a layer is a variable. All
    multipliers are read and checked before the first one is set. If one of them is refused, none is set.

    Args:
        model: a model that has approximate layers, also within nested models and wrappers, or one such layer.
        multipliers: what the layers get:

            - one multiplier for all approximate layers: name of a built-in multiplier, path of a `.bin` truth table,
              name of one in a multiplier folder, `TruthTable`, or integer array `[2**num_bits, 2**num_bits]`,
              activation code first; `""` is the exact product of unsigned codes;
            - a dictionary from names of layers to multipliers. Other layers keep theirs. If layers in several nested
              models have one name, all of them get the multiplier. That of an attention layer is for its projections,
              too, unless the dictionary has names of these;
            - a function from a layer to its multiplier, or to `None` for a layer that keeps its own.

    Raises:
        FileNotFoundError: if there is no such multiplier or file.
        TypeError: if a multiplier is none of these, or `model` is no model of Keras 3.
        ValueError: if a table does not have the width and the sign with which its layer was created, the model has no
            approximate layer, or none of this name.

    Example:
        >>> from tfapprox.tf2 import FakeApproxConv2D
        >>> layers = [keras.Input([8, 8, 1]), FakeApproxConv2D(4, 3, name="first"), FakeApproxConv2D(4, 3, name="last")]
        >>> model = keras.Sequential(layers)
        >>> set_multiplier(model, "mul8u_drum4")
        >>> set_multiplier(model, {"last": "mul8u_mitchell"})
        >>> [layer.multiplier.name for layer in model.layers]
        ['mul8u_drum4', 'mul8u_mitchell']
    """
    if not isinstance(model, keras.Layer):
        raise TypeError(f"model must be a model or layer of Keras 3; received {model!r}")
    layers = _approximate_layers(model)
    if not layers:
        raise ValueError(f"model must have an approximate layer; received {model.name!r}, which has none")
    if isinstance(multipliers, Mapping):
        _check_names([layer.name for layer in layers], multipliers)
        named = [(layer, _name_in(multipliers, names)) for layer, names in layers.items()]
        chosen = [(layer, multipliers[name]) for layer, name in named if name is not None]
    elif callable(multipliers):
        answers = [(layer, multipliers(layer)) for layer in layers]
        chosen = [(layer, multiplier) for layer, multiplier in answers if multiplier is not None]
    else:
        chosen = [(layer, multipliers) for layer in layers]
    read: dict[tuple[int, int], Multiplier] = {}  # of objects that `chosen` keeps alive
    for layer, multiplier in chosen:
        key = id(multiplier), layer.num_bits
        if key not in read:
            read[key] = read_multiplier(multiplier, layer.num_bits)
        layer._table_state.check(read[key].table)
    for layer, multiplier in chosen:
        layer._table_state.assign(read[id(multiplier), layer.num_bits])


def _approximate_layers(model: Any) -> dict[Any, list[str]]:
    """The approximate layers, each with its name and those of the approximate layers that it is a part of."""
    everything: list[Any] = [model, *(layer for _, layer in layers_by_path(model))]
    approximate = {id(layer) for layer in everything if isinstance(layer, ApproximateProducts)}
    names: dict[Any, list[str]] = {layer: [layer.name] for layer in everything if id(layer) in approximate}
    for layer in list(names):
        for _, part in layers_by_path(layer):
            if part in names:
                names[part].append(layer.name)
    return names


def _name_in(multipliers: Mapping[str, Any], names: list[str]) -> str | None:
    return next((name for name in names if name in multipliers), None)


def _check_names(known: list[str], names: Mapping[str, Any]) -> None:
    for name in names:
        if name in known:
            continue
        nearest = difflib.get_close_matches(str(name), known, 3, 0.4) or sorted(set(known))[:10]
        raise ValueError(
            f"multipliers must name approximate layers of the model; received {name!r}. The nearest names are "
            f"{', '.join(map(repr, nearest))}"
        )
