"""Layers and models of the user that hold approximate layers, when Keras makes them again from their configuration."""

from __future__ import annotations

from typing import Any, Iterator

import keras

from .approximate_products import ApproximateProducts
from .copying import Copy, is_graph
from .layer_paths import held_layers

_ENTRY = "tfapprox"  # an entry in the configuration of the user's class


class HoldsApproximateLayers:
    """A mixin for an object of a class of the user: its configuration has the approximate layers that it holds.

    The constructor of the user's class makes exact layers. `from_config` replaces them, so that files and clones of a
    model never become exact without a word.
    """

    _tfapprox_kind: Any = None  # the class of the user

    def get_config(self) -> dict[str, Any]:
        """The configuration of the user's class, and the approximate layers by their places."""
        own = type(self)
        object.__setattr__(self, "__class__", self._tfapprox_kind)  # Keras looks at the class for some configurations
        try:
            config: dict[str, Any] = super(HoldsApproximateLayers, own).get_config(self)  # type: ignore[misc]
        finally:
            object.__setattr__(self, "__class__", own)
        return {**config, _ENTRY: self._approximate_layers()}

    def _approximate_layers(self):
        kind, layer = self._tfapprox_kind, self
        places: dict[int, tuple[list[int], Any]] = {}
        for place, part in _places(layer):
            places.setdefault(id(part), (place, part))
        return {
            "module": kind.__module__,
            "class_name": kind.__name__,
            "registered_name": keras.saving.get_registered_name(kind),
            "build_config": layer.get_build_config() if layer.built else None,  # type: ignore[attr-defined]
            "layers": [[place, keras.saving.serialize_keras_object(part)] for place, part in places.values()],
        }

    def build_from_config(self, config: Any) -> None:
        """Builds an object that is not built yet; called by Keras."""
        if not self.built:  # type: ignore[attr-defined]
            super().build_from_config(config)  # type: ignore[misc]

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """An object of the user's class with the approximate layers of the configuration; called by Keras."""
        config = dict(config)
        entry = config.pop(_ENTRY)
        # Keras may call this of the class of another holder, because all of them have one name in files.
        kind, name = cls._tfapprox_kind, entry["registered_name"]
        own = {name: kind} if kind is not None and keras.saving.get_registered_name(kind) == name else {}
        names = {name: entry[name] for name in ("module", "class_name", "registered_name")}
        with keras.saving.custom_object_scope({**own, **(custom_objects or {})}):
            plain = keras.saving.deserialize_keras_object({**names, "config": config})
            if entry["build_config"] and not plain.built:
                plain.build_from_config(entry["build_config"])
                plain.built = True
            pairs = [(_at(plain, place), keras.saving.deserialize_keras_object(x)) for place, x in entry["layers"]]
        # The pairs keep the exact layers alive, so that no other object can get their identities.
        new = {id(exact): approximate for exact, approximate in pairs}
        holder = Copy(plain, lambda layer: new.get(id(layer)), in_place=not is_graph(plain)).model
        _remember(holder)
        return holder


keras.saving.register_keras_serializable("tfapprox", "HoldsApproximateLayers")(HoldsApproximateLayers)


def remember_approximate_layers(model: Any) -> None:
    """Lets the layers and models of the user's classes in a model keep their approximate layers in their configuration.

    Args:
        model: a Keras model or layer, which may itself be of a class of the user.
    """
    if type(model).__module__.split(".")[0] in ("keras", __package__.split(".")[0]):
        for layer in held_layers(model):
            remember_approximate_layers(layer)
    elif any(_places(model)):
        _remember(model)


_classes: dict[type, type] = {}


def _remember(holder):
    kind = type(holder)
    if issubclass(kind, HoldsApproximateLayers):
        return
    if kind not in _classes:
        names = {"__module__": kind.__module__, "__qualname__": kind.__qualname__, "__doc__": kind.__doc__}
        new = type(kind.__name__, (HoldsApproximateLayers, kind), {**names, "_tfapprox_kind": kind})
        # All such classes have one name in files, because a program that loads a file has the class of the user only.
        _classes[kind] = keras.saving.register_keras_serializable("tfapprox", "HoldsApproximateLayers")(new)
    object.__setattr__(holder, "__class__", _classes[kind])


def _places(holder: Any) -> Iterator[tuple[list[int], Any]]:
    """The approximate layers in a holder, each with the numbers that lead to it through the layers that hold it."""
    for index, layer in enumerate(held_layers(holder)):
        if isinstance(layer, ApproximateProducts):
            yield [index], layer
        else:
            yield from (([index, *place], part) for place, part in _places(layer))


def _at(holder, place):
    for index in place:
        holder = held_layers(holder)[index]
    return holder
