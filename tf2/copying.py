"""Copies of models in which some layers are replaced, wherever a model or another layer holds them."""

from __future__ import annotations

from typing import Any, Callable

import keras

from .layer_paths import held_layers, layers_by_path


class Copy:
    """A copy of a model with some of its layers replaced, and the same weights.

    Sequential and functional models are copied layer by layer. Other models and layers are made again from their
    configuration; then the layers that they hold are replaced in their attributes, lists, tuples and dictionaries.

    Args:
        model: a built model.
        replacement: function from a layer of `model` to the layer that takes its place, unbuilt and without weights,
            or to `None`. It is called once for each layer.
        in_place: whether the layers in `model` itself are replaced, which is then neither sequential nor functional.

    Attributes:
        model: the copy.
        paths: the path in the original by the identity of each layer of the copy. Keras gives some layers new names.
        reasons: why a layer was not replaced, such as `"no attribute of OwnBlock holds it"`, by the identity of the
            layer of the copy. Other layers are not in it.

    Raises:
        ValueError: if a model or layer cannot be made again from its configuration; the message has its name.
    """

    def __init__(self, model: Any, replacement: Callable[[Any], Any], *, in_place: bool = False) -> None:
        self._replacement = replacement
        self._new: dict[int, Any] = {}  # new layers, by `id` of the layer of the original that they stand for
        self._copies: dict[int, Any] = {}
        self.paths: dict[int, str] = {}
        self.reasons: dict[int, str] = {}
        self._original_paths = {id(layer): path for path, layer in layers_by_path(model)}
        kinds = {type(layer) for layer in [model, *(layer for _, layer in layers_by_path(model))]}
        # A wrapper finds the class of its layer by name, also where nobody has registered it.
        with keras.saving.custom_object_scope({keras.saving.get_registered_name(kind): kind for kind in kinds}):
            self.model = model if in_place else self._with_weights(model)
            self._replace_in(model, self.model)

    def _wanted(self, layer):
        if id(layer) not in self._new:
            self._new[id(layer)] = self._replacement(layer)
        return self._new[id(layer)]

    def _with_weights(self, model):
        copy = self._copied(model)
        ours, theirs = copy.weights, model.weights
        if [tuple(x.shape) for x in ours] != [tuple(x.shape) for x in theirs]:
            raise ValueError(
                f"model must have the same weights when it is made again from its configuration, which get_config must "
                f"return; received '{model.name}' of class {type(model).__name__} with {len(theirs)} weights, and a "
                f"copy with {len(ours)} or with other shapes"
            )
        copy.set_weights(model.get_weights())
        return copy

    def _copied(self, layer):
        """A layer's copy, the same one for each call: Keras 3.0 asks for each call of a shared layer."""
        if id(layer) not in self._copies:
            self._copies[id(layer)] = self._copied_once(layer)
        return self._copies[id(layer)]

    def _copied_once(self, layer):
        if is_graph(layer):
            return _with_its_class(layer, keras.models.clone_model(layer, clone_function=self._copied), self._copies)
        wanted = self._wanted(layer) if isinstance(layer, keras.layers.Layer) else None
        if wanted is not None:
            return wanted
        if type(layer) is keras.layers.Lambda:
            return layer  # Keras 3.0 would make its function again without the names that it refers to
        try:
            copy = type(layer).from_config(layer.get_config())
            if isinstance(layer, keras.Model):
                copy.build_from_config(layer.get_build_config())
        except Exception as error:
            if not isinstance(layer, keras.layers.Layer) or not (layer.weights or held_layers(layer)):
                return layer  # an operation has no weights, and can be part of both models
            raise ValueError(
                f"model must be built of layers that Keras can make again from their configuration; received "
                f"'{layer.name}' of class {type(layer).__name__}: {type(error).__name__}: {error}"
            ) from error
        return copy

    def _replace_in(self, original, copy):
        """Replaces the layers inside of a copy, whose classes and weights are those of the original."""
        originals, copies = held_layers(original), held_layers(copy)
        if len(originals) != len(copies) or any(
            type(old) is not type(layer) and self._wanted(old) is not layer for old, layer in zip(originals, copies)
        ):
            self._give_up(copies, f"a copy of {type(original).__name__} holds other layers")
            return
        for old, layer in zip(originals, copies):
            new = self._replaced(old, layer, is_held_by_graph=is_graph(original))
            if new is not layer and not _put(copy, layer, new):
                reason = f"no attribute, list or dictionary of {type(original).__name__} holds it"
                self._give_up([layer], reason)
                new = layer
            self.paths[id(new)] = self._original_paths[id(old)]

    def _replaced(self, old, layer, is_held_by_graph):
        """The layer that takes the place of `layer`, a plain copy of `old`; often `layer` itself."""
        wanted = self._wanted(old)
        if wanted is layer:
            return layer
        if wanted is not None:
            return _built_like(wanted, layer)
        if is_graph(old) and not is_held_by_graph and self._has_wanted(old):
            layer = self._with_weights(old)
        self._replace_in(old, layer)
        return layer

    def _has_wanted(self, holder):
        return any(self._wanted(x) is not None or self._has_wanted(x) for x in held_layers(holder))

    def _give_up(self, layers, reason):
        for layer in layers:
            self.reasons[id(layer)] = reason
            self._give_up(held_layers(layer), reason)


def is_graph(layer: Any) -> bool:
    """Whether a layer is a sequential or functional model, which Keras can copy layer by layer."""
    return isinstance(layer, keras.Model) and (isinstance(layer, keras.Sequential) or hasattr(layer, "operations"))


def _built_like(new, old):
    if old.built and not new.built:
        new.build_from_config(old.get_build_config())
    if old.built:
        new.set_weights(old.get_weights())
    return new


def _with_its_class(model, copy, copies):
    """A copy of a functional model with the class of the original, and its attributes."""
    if type(copy) is type(model) or not isinstance(model, type(copy)):
        return copy
    copy.__class__ = type(model)
    for name, value in vars(model).items():
        if name == "_auto_config" or (name not in vars(copy) and not name.startswith("_")):
            vars(copy)[name] = _mapped(value, copies)
    return copy


def _mapped(value, copies):
    """A value with the copies of layers in place of the layers."""
    if id(value) in copies:
        return copies[id(value)]
    if type(value) in (list, tuple) or isinstance(value, list):
        return (tuple if isinstance(value, tuple) else list)(_mapped(x, copies) for x in value)
    if isinstance(value, dict):
        return {key: _mapped(x, copies) for key, x in value.items()}
    return value


def _put(holder, old, new):
    """Replaces a layer in the attributes of its holder, also where it is built already; whether there is a place."""
    _exchange_tracked(holder, old, new)
    places = 0
    for name, value in list(vars(holder).items()):
        if name != "_layers" and not name.startswith("_self_"):
            vars(holder)[name], count = _exchanged(value, old, new)
            places += count
            if value is old:
                holder._track_trackable(new, name, overwrite=True)
    if not places:
        _exchange_tracked(holder, new, old)
    else:
        _exchange_variables(holder, old, new)
    return places > 0


def _exchange_variables(holder, old, new):
    """Replaces the variables of a layer that its holder has as attributes, such as that of `SpectralNormalization`."""
    variables = {id(before): after for before, after in zip(old.weights, new.weights)}
    for kind in ("trainable_variables", "non_trainable_variables"):
        tracked, ids = holder._tracker.config[kind][1], holder._tracker.stored_ids[kind]
        for index, variable in enumerate(tracked):
            if id(variable) in variables:
                list.__setitem__(tracked, index, variables[id(variable)])
                ids.discard(id(variable))
                ids.add(id(variables[id(variable)]))
    for name, value in list(vars(holder).items()):
        if id(value) in variables:
            vars(holder)[name] = variables[id(value)]
            holder._track_trackable(variables[id(value)], name, overwrite=True)


def _exchange_tracked(holder, old, new):
    """Replaces a layer in Keras' list of the layers that a holder has, at the same place of the list."""
    tracked, ids = holder._tracker.config["layers"][1], holder._tracker.stored_ids["layers"]
    index = next(index for index, layer in enumerate(tracked) if layer is old)
    list.__setitem__(tracked, index, new)
    ids.discard(id(old))
    ids.add(id(new))


def _exchanged(value, old, new):
    """A value of an attribute with a layer replaced, in lists, tuples and dictionaries, too; and how often it was."""
    if value is old:
        return new, 1
    if not isinstance(value, (list, tuple, dict)):
        return value, 0
    items = list(value.items() if isinstance(value, dict) else enumerate(value))
    replaced = [(key, *_exchanged(element, old, new)) for key, element in items]
    count = sum(entry[2] for entry in replaced)
    if count and isinstance(value, tuple):
        elements = [entry[1] for entry in replaced]
        return (type(value)(*elements) if hasattr(value, "_fields") else tuple(elements)), count
    # The methods of Keras' own lists and dictionaries would refuse a change of a layer that is built.
    put: Any = dict.__setitem__ if isinstance(value, dict) else list.__setitem__
    for key, element, part in replaced:
        if part:
            put(value, key, element)
    return value, count
