"""State of a Keras layer that is in its file of weights, but not among its weights."""

from __future__ import annotations

from typing import Any, Mapping

import numpy as np


class StateBesideWeights:
    """A mixin for Keras layers whose file has entries beside the weights; it comes before the layer's own class.

    `get_weights` and `set_weights` know nothing of these entries, and the weights of a layer without them load as
    well. A layer that does not know the entries refuses them when it loads, because Keras counts all entries.
    """

    def _state_beside_weights(self) -> dict[str, Any]:
        """Objects with the methods `to_arrays` and `from_arrays`, by prefixes of the names of their entries."""
        return {}

    def save_own_variables(self, store: Any) -> None:
        """Writes weights and entries; called by Keras.

        Args:
            store: mapping from names to arrays, a part of the file.
        """
        super().save_own_variables(store)  # type: ignore[misc]
        for prefix, state in self._state_beside_weights().items():
            for name, array in state.to_arrays().items():
                store[f"{prefix}.{name}"] = array

    def load_own_variables(self, store: Any) -> None:
        """Reads weights and entries; called by Keras. An object without entries in the file stays as it is.

        Args:
            store: mapping from names to arrays, a part of the file.

        Raises:
            ValueError: if weights do not fit, or there are entries that the layer does not know.
        """
        entries = {name: store[name] for name in store.keys()}  # noqa: SIM118, a store of Keras is no dictionary
        for prefix, state in self._state_beside_weights().items():
            own = _taken(entries, f"{prefix}.")
            if own:
                state.from_arrays(own)
        super().load_own_variables(entries)  # type: ignore[misc]


def _taken(entries: dict[str, Any], prefix: str) -> Mapping[str, np.ndarray]:
    """Removes the entries whose names begin with a prefix, and returns them by the rest of their names."""
    names = [name for name in entries if name.startswith(prefix)]
    return {name[len(prefix) :]: np.asarray(entries.pop(name)) for name in names}
