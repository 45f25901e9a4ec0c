"""The corrections of a layer, which `compensate` computes for each multiplier: state that is kept with the table."""

from __future__ import annotations

import hashlib
import weakref
from types import MappingProxyType
from typing import Any, Callable, Mapping

import numpy as np
import tensorflow as tf
from tensorflow.python.ops.resource_variable_ops import ResourceVariable


class Known:
    """Corrections by the part of the layer and the sha256 of the table, as an immutable value.

    Args:
        arrays: float64 arrays `[2, filters]`, `alpha` and `beta` of (8.2), by `"PART.SHA256"`.
    """

    def __init__(self, arrays: Mapping[str, np.ndarray]) -> None:
        self.arrays = MappingProxyType(dict(arrays))  # Keras and TensorFlow would replace a dictionary
        content = hashlib.sha256()
        for key, array in sorted(arrays.items()):
            content.update(key.encode() + array.astype("<f8").tobytes())
        self.digest = content.hexdigest() if arrays else None


# The corrections of all layers by their digest, so that a layer made from the configuration of another one finds them.
_registry: weakref.WeakValueDictionary[str, Known] = weakref.WeakValueDictionary()

# What `compensate` gets at each call of an operation: the part of the layer, outputs with approximate and with exact
# products, sums of windows, and the scales of activations and weights, all as arrays whose last axis counts filters.
Observer = Callable[[str, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray], None]


class Corrections(tf.Module):
    """The corrections of one layer: variables for the table in use, and the values for all tables.

    A part that has never had corrections is traced without them, which costs nothing. It has no variable for them.

    Args:
        owner: name of the layer, for errors.
        parts: the names of the tensors of activations that meet weights.
        config: the entry `compensation` of the configuration of a layer: the hash of its values, and the number of
            filters of each part that has any. Values that are not in memory come from a file of weights.
    """

    def __init__(self, owner: str, parts: tuple[str, ...], config: Mapping[str, Any] | None) -> None:
        super().__init__(name="corrections")
        digest = config["sha256"] if config else None
        self.owner, self.parts = owner, parts
        self._sha256 = ""  # SHA-256 of the table in use
        self.observer: Observer | None = None
        self._known = Known({}) if digest is None else _registry.get(digest, Known({}))
        self._missing = digest if self._known.digest != digest else None
        with tf.init_scope(), tf.device("CPU:0"):
            for part in parts:
                # The number of filters that have a correction, which tells functions without one that there is one.
                setattr(self, f"{part}_count", ResourceVariable(0, trainable=False, name=f"{part}_corrections"))
        self._make_variables(config["filters"] if config else {})

    def _make_variables(self, filters: Mapping[str, int]) -> None:
        with tf.init_scope(), tf.device("CPU:0"):
            for part, number in filters.items():
                if not self.is_applied(part):
                    variable = ResourceVariable(np.zeros((2, number)), trainable=False, name=f"{part}_correction")
                    setattr(self, f"{part}_values", variable)

    def is_applied(self, part: str) -> bool:
        """Whether a call computes the correction, which may be 0.

        Args:
            part: name of the tensor of activations.
        """
        return hasattr(self, f"{part}_values")

    @property
    def config(self) -> dict[str, Any] | None:
        """What the configuration of the layer has, or `None` if there are no corrections for any table."""
        digest = self._missing or self._known.digest
        return None if digest is None else {"sha256": digest, "filters": self._filters()}

    def _filters(self):
        return {part: getattr(self, f"{part}_values").shape[1] for part in self.parts if self.is_applied(part)}

    @property
    def state(self) -> tuple[Known, frozenset[str]]:
        """The values of this moment, and the parts that have a variable, for `restore`."""
        return self._known, frozenset(self._filters())

    def restore(self, state: tuple[Known, frozenset[str]]) -> None:
        """Goes back to the state of a moment before.

        Args:
            state: the property `state` of that moment.
        """
        self._known = state[0]
        for part in set(self._filters()) - state[1]:
            delattr(self, f"{part}_values")
            getattr(self, f"{part}_count").assign(0)
        self.select(self._sha256)

    def select(self, sha256: str) -> None:
        """Puts the values for a table into the variables: 0 if there are none.

        Args:
            sha256: SHA-256 of the table that the layer has from now on.
        """
        self._sha256 = sha256
        if self._missing:
            return
        with tf.init_scope():
            for part, number in self._filters().items():
                values = self._known.arrays.get(f"{part}.{sha256}", np.zeros((2, number)))
                getattr(self, f"{part}_values").assign(values)
                getattr(self, f"{part}_count").assign(number)

    def values(self) -> dict[str, np.ndarray]:
        """The corrections for the table in use, by the names of parts; empty if there are none."""
        keys = {part: f"{part}.{self._sha256}" for part in self.parts}
        return {part: self._known.arrays[key].copy() for part, key in keys.items() if key in self._known.arrays}

    def set(self, part: str, correction: np.ndarray) -> None:
        """Sets the correction of a part for the table in use.

        Args:
            part: name of the tensor of activations.
            correction: float64 array `[2, filters]`; zeros take it away.
        """
        arrays = dict(self._known.arrays)
        arrays.pop(f"{part}.{self._sha256}", None)
        if correction.any():
            arrays[f"{part}.{self._sha256}"] = correction
        self.replace(arrays)

    def replace(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Replaces all values.

        Args:
            arrays: as in `Known`.

        Raises:
            ValueError: if the layer has another number of filters.
        """
        filters = {key.partition(".")[0]: array.shape[1] for key, array in arrays.items()}
        own = self._filters()
        wrong = {part: number for part, number in filters.items() if own.get(part, number) != number}
        if wrong or set(filters) - set(self.parts):
            raise ValueError(f"corrections of layer '{self.owner}' must be for filters {own}; received {filters}")
        self._known, self._missing = Known(arrays), None
        if self._known.digest is not None:
            self._known = _registry.setdefault(self._known.digest, self._known)
        self._make_variables(filters)
        self.select(self._sha256)

    def checked(self, part: str, outputs: tf.Tensor) -> tf.Tensor:
        """Outputs that fail if the layer has corrections that the function does not know.

        Args:
            part: name of the tensor of activations.
            outputs: the outputs of an operation without correction.
        """
        message = f"layer '{self.owner}' was compensated after this function was traced, which must be made again"
        return _asserting(tf.equal(self._count(part), 0), message, outputs)

    def operand(self, part: str) -> tf.Tensor:
        """`alpha` and `beta` for the table in use, `[2, filters]`.

        Args:
            part: name of the tensor of activations.

        Raises:
            tf.errors.InvalidArgumentError: if the values are missing.
        """
        message = f"layer '{self.owner}' has lost its corrections: load the weights of the model, or call compensate"
        values = tf.convert_to_tensor(getattr(self, f"{part}_values"))
        return _asserting(self._count(part) > 0, message, values)

    def _count(self, part):
        return tf.convert_to_tensor(getattr(self, f"{part}_count"))

    def save(self, store: Any) -> None:
        """Writes the values for all tables.

        Args:
            store: mapping from names to arrays, a part of a file of weights.
        """
        for key, array in self._known.arrays.items():
            store[f"correction.{key}"] = array

    def load(self, store: Any) -> None:
        """Takes over the values of a file, also if it has none: they belong to its weights.

        Args:
            store: mapping from names to arrays, a part of a file of weights.
        """
        names = [name for name in store.keys() if name.startswith("correction.")]  # noqa: SIM118, a store of Keras
        self.replace({name.partition(".")[2]: np.array(store[name], np.float64) for name in names})


def _asserting(condition, message, tensor):
    with tf.control_dependencies([tf.debugging.Assert(condition, [message])]):
        return tf.identity(tensor)
