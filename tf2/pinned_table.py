"""A layer of Keras 2, whose table and ranges are no state: Keras 2 would make each of its variables a weight."""

from __future__ import annotations

from typing import Any

from tfapprox.common import native
from tfapprox.common.tables import pin_table

_KERAS_3 = ("ranges", "per_channel", "range_values", "compensation")


class PinnedTable:
    """A mixin for layers of Keras 2 with one table for good, and the ranges of each batch.

    It comes before `ApproximateProducts`. The table is named by the configuration of the layer, pinned to its content.
    """

    _RANGED: tuple[str, ...] = ()
    _pinned: str
    corrections = None

    def _open_table(self, num_bits: int, multiplier: Any, mul_map_file: Any, compensation: Any) -> None:
        if multiplier is not None:
            raise TypeError(f"multiplier must be given as mul_map_file to a layer of Keras 2; received {multiplier!r}")
        self._pinned = pin_table(mul_map_file, num_bits)

    def _table_source(self) -> str | None:
        return self._pinned

    def _is_signed(self) -> bool:
        return native.name_is_signed(self._pinned)

    def _table_operand(self) -> str:
        return self._pinned

    def _table_config(self) -> dict[str, Any]:
        return {"mul_map_file": self._pinned}

    def __repr__(self) -> str:
        return object.__repr__(self)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, without those of ranges, which these layers do not have."""
        config: dict[str, Any] = super().get_config()  # type: ignore[misc]
        return {name: value for name, value in config.items() if name not in _KERAS_3}
