"""The truth table of a layer as state: a variable that functions which Keras has traced read at each call.

The table is no weight. `get_weights` gives what the layer without a multiplier gives, and weights of a float model fit.
Files of weights hold the table by value, in a group of its own beside the weights of the layer.
"""

from __future__ import annotations

import json
import warnings
import weakref
from types import MappingProxyType
from typing import Any, Mapping

import keras
import numpy as np
import tensorflow as tf
from tensorflow.python.ops.resource_variable_ops import ResourceVariable

from tfapprox.common.truth_table import TruthTable

from .corrections import Corrections
from .table_argument import Multiplier, read_multiplier

# The tables of all layers by content, sign and name. Layers with the same table share one object, and a layer that is
# made from the configuration of another one finds a table that was given by value.
_tables: weakref.WeakValueDictionary[tuple[str, bool, str | None], TruthTable] = weakref.WeakValueDictionary()


def _shared(table: TruthTable) -> TruthTable:
    return _tables.setdefault((table.sha256, table.signed, table.name), table)


class TableState(keras.layers.Layer):
    """The multiplier of one layer. The layer owns this object, and Keras saves it with the layer.

    Args:
        owner: name of the layer, for errors.
        num_bits: width of the codes, which the table must always have.
        multiplier: the `Multiplier` to begin with.
        record: the entry `multiplier` of the configuration of a layer, for a multiplier that may not be found: its
            table then comes from a file of weights.
        source: the entry `mul_map_file` of that configuration.
        parts: the names of the tensors of activations that meet weights.
        compensation: the entry `compensation` of that configuration.
    """

    def __init__(
        self,
        owner: str,
        num_bits: int,
        multiplier: Multiplier | None = None,
        record: dict[str, Any] | None = None,
        source: str | None = None,
        parts: tuple[str, ...] = (),
        compensation: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(name=f"{owner}_table", trainable=False)
        self.owner, self.num_bits, self.built = owner, num_bits, True
        self.corrections = Corrections(owner, parts, compensation)
        self._table: TruthTable | None = None
        self.source: str | None = None
        # The record of a table that was not found. Keras and TensorFlow would replace a dictionary by one of their own.
        self.missing: Mapping[str, Any] | None = None
        if multiplier is None:
            assert record is not None
            multiplier = _find(record, source, num_bits)
            self.source, self.missing = source, MappingProxyType(record)
        self.signed = record["signed"] if multiplier is None else multiplier.table.signed  # type: ignore[index]
        # A table that is not there yet is empty, and every operation refuses it. Only then is the shape not fixed.
        dtype, shape = np.int16 if self.signed else np.uint16, [None, None]
        initial = np.zeros((0, 0), dtype)
        if multiplier is not None:
            self.check(multiplier.table)
            initial, shape = multiplier.table.entries, [2**num_bits] * 2
        # All replicas of a distribution strategy read this one variable in host memory; tf.Variable would make one for
        # each of them, in the memory of its device.
        with tf.init_scope(), tf.device("CPU:0"):
            self.entries = ResourceVariable(initial, trainable=False, shape=shape, name="table")
        if multiplier is not None:
            self.assign(multiplier)

    def check(self, table: TruthTable) -> None:
        """Raises ValueError if the layer cannot have this table without being traced anew."""
        if (table.num_bits, table.signed) == (self.num_bits, self.signed):
            return
        kinds = {False: "unsigned", True: "signed"}
        raise ValueError(
            f"multiplier of layer {self.owner!r} must be {kinds[self.signed]} and have {self.num_bits} bits, as the "
            f"layer was created; received {_text(table)}, which is {kinds[table.signed]} and has {table.num_bits} "
            "bits. approximate_model makes a copy of a model for it"
        )

    def assign(self, multiplier: Multiplier) -> None:
        """Gives the layer another multiplier; functions that read the variable need not be traced again.

        Raises:
            ValueError: if the width or the sign is not that of the layer.
        """
        self.check(multiplier.table)
        self._table, self.source, self.missing = _shared(multiplier.table), multiplier.source, None
        with tf.init_scope():
            self.entries.assign(self._table.entries)
        self.corrections.select(self._table.sha256)

    @property
    def table(self) -> TruthTable | None:
        """The table in the variable, `None` if it is missing; without a name if a checkpoint has set the variable."""
        with tf.init_scope():
            entries = self.entries.numpy()
        if entries.size == 0:
            return None
        if self._table is None or not np.array_equal(entries, self._table.entries):
            self._table, self.source, self.missing = _shared(TruthTable(entries)), None, None
        return self._table

    @property
    def record(self) -> dict[str, Any]:
        """Name, sha256 and sign of the multiplier, for configurations."""
        table = self.table
        if table is None:
            return dict(self.missing or {})
        return {"name": table.name, "sha256": table.sha256, "signed": table.signed}

    def operand(self) -> tf.Variable | tf.Tensor:
        """The table as an operation takes it.

        Raises:
            ValueError: if the table is missing; in a graph, the operation fails when it runs without one.
        """
        if self._table is not None or self.table is not None:
            return self.entries
        if not tf.executing_eagerly():
            with tf.device("CPU:0"):  # the error shows the name of the operation, after that of the layer
                return tf.ensure_shape(self.entries, [2**self.num_bits] * 2, name="truth_table_is_missing")
        raise ValueError(
            f"layer {self.owner!r} has no truth table: {_described(self.record)} was not found as {self.source!r}. "
            "Load the weights of the model, which hold it, set TFAPPROX_MULTIPLIER_PATH to the folder of its file "
            "before the model is loaded, or call set_multiplier"
        )

    def quantize(self, *args: Any, **kwargs: Any) -> None:
        """Refuses Keras' own quantisation of the layer, of which `keras.Model.quantize` asks this object, its leaf.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError(f"{self.owner} is quantised for its multiplier; Keras' quantize would replace it")

    def save_own_variables(self, store: Any) -> None:
        """Writes the table and its corrections by value; called by Keras."""
        self.corrections.save(store)
        table = self.table
        if table is None:
            return
        record = json.dumps({"name": table.name, "source": self.source})
        store["entries"] = np.array(table.entries)
        store["record"] = np.frombuffer(record.encode(), np.uint8)

    def load_own_variables(self, store: Any) -> None:
        """Reads the table, if the file has one, and its corrections; called by Keras.

        Raises:
            ValueError: if the table of the file does not fit the layer.

        Warns:
            UserWarning: if the layer had another table.
        """
        self.corrections.load(store)
        if "entries" not in store.keys():  # noqa: SIM118, a store of Keras is no dictionary
            return  # a file of a model without multipliers, or one that names its tables only
        record = json.loads(bytes(np.array(store["record"], np.uint8)))
        previous, table = self.table, TruthTable(np.array(store["entries"]), record["name"])
        self.assign(Multiplier(table, record["source"]))
        if previous is not None and previous != table:
            warnings.warn(
                f"layer {self.owner!r} has the multiplier of the file from now on, {_text(table)}, in place of "
                f"{_text(previous)}; set_multiplier gives it another one",
                stacklevel=2,
            )


def _find(record: dict[str, Any], source: str | None, num_bits: int) -> Multiplier | None:
    """The multiplier of a configuration, or `None` if it is neither in memory nor where it was."""
    content = record["sha256"], record["signed"]
    known = next((table for key, table in list(_tables.items()) if key[:2] == content), None)
    if known is not None:
        return Multiplier(TruthTable(known.entries, record["name"], signed=known.signed), source)
    if source is None:
        return None
    try:
        multiplier = read_multiplier(source, num_bits, "mul_map_file")
    except (FileNotFoundError, ValueError):
        return None
    return multiplier if multiplier.table.sha256 == record["sha256"] else None


def _text(table: TruthTable) -> str:
    return _described({"name": table.name, "sha256": table.sha256})


def _described(record: Mapping[str, Any]) -> str:
    return f"{record['name'] or 'a table without a name'} (sha256 {record['sha256'][:16]})"


class SwappableTable:
    """The part of a Keras layer that concerns its table; a base of `ApproximateProducts`."""

    # The names of the tensors of activations that meet weights. Their products can have corrections.
    _CORRECTED: tuple[str, ...] = ("input",)
    _table_state: TableState

    def _open_table(
        self, num_bits: int, multiplier: Any, mul_map_file: Any, compensation: dict[str, Any] | None
    ) -> None:
        layer: Any = self
        options: dict[str, Any] = {"parts": self._CORRECTED, "compensation": compensation}
        if isinstance(multiplier, dict):
            state = TableState(layer.name, num_bits, record=multiplier, source=mul_map_file, **options)
        elif multiplier is None:
            state = TableState(layer.name, num_bits, read_multiplier(mul_map_file, num_bits, "mul_map_file"), **options)
        elif mul_map_file == "":
            state = TableState(layer.name, num_bits, read_multiplier(multiplier, num_bits), **options)
        else:
            raise ValueError(
                f"multiplier and mul_map_file must not both be given; received {multiplier!r} and {mul_map_file!r}"
            )
        layer._table_state = state

    @property
    def multiplier(self) -> TruthTable | None:
        """The truth table in use, with its name and sha256; `None` as long as a model that is loaded has none yet."""
        return self._table_state.table

    @multiplier.setter
    def multiplier(self, value: Any) -> None:
        self._refuse("multiplier", value)

    @property
    def compensation(self) -> dict[str, np.ndarray]:
        """The corrections of the multiplier in use, which `compensate` computes: `alpha` and `beta` of (8.2).

        A float64 array `[2, filters]` by the name of each quantised tensor, in sums of products; empty without any.
        """
        return self._table_state.corrections.values()

    @property
    def corrections(self) -> Corrections | None:
        """The corrections of all multipliers; `None` in a layer whose products have none."""
        corrections = self._table_state.corrections
        return corrections if corrections.parts else None

    @property
    def mul_map_file(self) -> str | None:
        """Name or path of the multiplier, pinned to its content; `None` for a table that was given by value."""
        return self._table_source()

    @mul_map_file.setter
    def mul_map_file(self, value: Any) -> None:
        self._refuse("mul_map_file", value)

    def _refuse(self, name: str, value: Any) -> None:
        raise AttributeError(
            f"{name} must not be assigned; received {value!r}. set_multiplier gives layers another multiplier"
        )

    def _table_source(self) -> str | None:
        return self._table_state.source

    def _is_signed(self) -> bool:
        return self._table_state.signed

    def _table_operand(self) -> Any:
        """The table as the functions of the operations take it."""
        return self._table_state.operand()

    def _table_config(self) -> dict[str, Any]:
        """What the configuration says about the table: what it is, and where it came from."""
        record = self._table_state.record  # asked for first, because it finds out whether the source is still right
        compensation = self._table_state.corrections.config
        return {"multiplier": record, "mul_map_file": self._table_source(), "compensation": compensation}

    def __repr__(self) -> str:
        text = super().__repr__()
        state = getattr(self, "_table_state", None)  # None where an error of the constructor shows the layer
        return text if state is None else f"{text[:-1]}, multiplier={_described(state.record)}>"
