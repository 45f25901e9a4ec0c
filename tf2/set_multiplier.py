"""Other multipliers for the layers of a model, between two calls."""

from __future__ import annotations

from typing import Any, Callable, Iterator, Mapping, Union

import keras

from tfapprox.common.assignment import Choice

from .approximate_products import ApproximateProducts
from .checked_model import check_model
from .choosing import check_keys, key_of, read_multipliers
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
            - a dictionary from names, paths (`"block/conv"`) or patterns (`"block*"`) of layers to multipliers. Other
              layers keep theirs. A name or path counts before patterns, and an earlier pattern before a later one. If
              layers in several nested models have one name, all of them get the multiplier. That of an attention layer
              is for its projections, too, unless the dictionary has keys that fit these;
            - the path of an assignment, a `.json` file as `write_assignment` writes it, or what `read_assignment`
              returns;
            - a function from a layer to its multiplier, or to `None` for a layer that keeps its own.

    Raises:
        FileNotFoundError: if there is no such multiplier or file.
        TypeError: if a multiplier is none of these, or `model` is no model of Keras 3.
        ValueError: if a table does not have the width and the sign with which its layer was created, or is another one
            than the sha256 of an assignment says; if an assignment wants a layer in floating point that is not; or if
            the model has no approximate layer, or none of this name.

    Example:
        >>> from tfapprox.tf2 import FakeApproxConv2D
        >>> layers = [keras.Input([8, 8, 1]), FakeApproxConv2D(4, 3, name="first"), FakeApproxConv2D(4, 3, name="last")]
        >>> model = keras.Sequential(layers)
        >>> set_multiplier(model, "mul8u_drum4")
        >>> set_multiplier(model, {"last": "mul8u_mitchell"})
        >>> [layer.multiplier.name for layer in model.layers]
        ['mul8u_drum4', 'mul8u_mitchell']
    """
    check_model(model, keras.Layer)
    layers = _approximate_layers(model)
    if not layers:
        raise ValueError(f"model must have an approximate layer; received {model.name!r}, which has none")
    multipliers = read_multipliers(multipliers)
    if isinstance(multipliers, Mapping):
        chosen = list(_chosen(multipliers, layers, model))
    elif callable(multipliers):
        answers = [(layer, multipliers(layer)) for layer in layers]
        chosen = [(layer, multiplier) for layer, multiplier in answers if multiplier is not None]
    else:
        chosen = [(layer, multipliers) for layer in layers]
    read: dict[tuple[int, int], Multiplier] = {}  # the identities are of objects that `chosen` keeps alive
    for layer, multiplier in chosen:
        key = id(multiplier), layer.num_bits
        if key not in read:
            read[key] = read_multiplier(multiplier, layer.num_bits)
        layer._table_state.check(read[key].table)
    for layer, multiplier in chosen:
        layer._table_state.assign(read[id(multiplier), layer.num_bits])


def _approximate_layers(model: Any) -> dict[Any, list[str]]:
    """The approximate layers, each with its path and name, and then those of the approximate layers that hold it."""
    everything: dict[Any, str] = {layer: path for path, layer in [(model.name, model), *layers_by_path(model)]}
    approximate: dict[Any, str] = {
        layer: path for layer, path in everything.items() if isinstance(layer, ApproximateProducts)
    }
    names: dict[Any, list[str]] = {layer: [path, layer.name] for layer, path in approximate.items()}
    for layer, path in approximate.items():
        for _, part in layers_by_path(layer):
            if part in names:
                names[part] += [path, layer.name]
    return names


def _chosen(multipliers: Mapping[str, Any], layers: dict[Any, list[str]], model: Any) -> Iterator[tuple[Any, Any]]:
    """Layers that get a multiplier by a dictionary, and this multiplier."""
    in_float = {key for key, value in multipliers.items() if isinstance(value, Choice) and value.multiplier is False}
    others = [[path, layer.name] for path, layer in layers_by_path(model) if layer not in layers]
    check_keys([key for key in multipliers if key not in in_float], layers.values())
    check_keys(in_float, [*layers.values(), *others])
    for layer, names in layers.items():
        key = key_of(multipliers, names)
        if key in in_float:
            raise ValueError(
                f"multipliers must leave out {names[0]!r}, which is approximate, or give it a multiplier; received "
                "False. approximate_model makes a copy of a model with a layer in floating point"
            )
        if key is not None and not (isinstance(multipliers[key], Choice) and multipliers[key] == Choice()):
            yield layer, multipliers[key]
