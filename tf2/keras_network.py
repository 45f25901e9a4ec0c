"""A Keras model as a network whose multipliers are searched."""

from __future__ import annotations

import collections
import contextlib
import hashlib
from typing import Any, Iterator, Mapping

import keras
import numpy as np
import tensorflow as tf

from tfapprox.common.argument_error import ArgumentError
from tfapprox.common.error_moments import Gains, Operands
from tfapprox.common.network import Network, NetworkLayer, Samples, check_layers
from tfapprox.common.truth_table import TruthTable

from .approximate_products import ApproximateProducts
from .compensate import compensate
from .counting import count_macs
from .layer_paths import layers_by_path
from .macs_published import published_macs
from .model_segments import segments
from .observed_layers import observed_layers
from .table_argument import Multiplier, read_multiplier


def _exact(layer: Any) -> Multiplier:
    return Multiplier(TruthTable.exact(layer.num_bits, layer._is_signed()), None)


def _wrong(layer: Any) -> Multiplier:
    """The exact product plus 1, whose error is in every product."""
    exact = TruthTable.exact(layer.num_bits, layer._is_signed())
    return Multiplier(TruthTable(exact.entries + exact.entries.dtype.type(1), "exact + 1"), None)


class KerasNetwork(Network):
    """A Keras model with approximate layers; multipliers are swapped in the model itself.

    Outputs of the first layers of the model are kept, and used again by assignments that agree in these layers. The
    corrections of a layer depend on the multipliers of the layers before it only, so that they agree in these layers,
    too.

    Args:
        model: a built model with approximate layers and one input, whose ranges should be fixed.
        compensation: sample inputs, with which the layers are compensated anew for each assignment (`compensate` with
            its method `"affine"`); by default they are not compensated.
        cache_bytes: memory for the outputs that are kept.

    Raises:
        ValueError: if the model has no approximate layer.

    Example:
        >>> from tfapprox.tf2 import FakeApproxDense
        >>> network = KerasNetwork(keras.Sequential([keras.Input([4]), FakeApproxDense(3, name="dense")]))
        >>> [(layer.name, layer.macs, layer.taps) for layer in network.layers()]
        [('dense', 12, 4)]
        >>> network.assign({"dense": "mul8u_drum4"})
        >>> network.layers()[0].multiplier.name
        'mul8u_drum4'
    """

    def __init__(
        self, model: keras.Model, *, compensation: np.ndarray | None = None, cache_bytes: int = 1 << 28
    ) -> None:
        self.model = model
        self._layers: dict[str, Any] = {
            path: layer for path, layer in layers_by_path(model) if isinstance(layer, ApproximateProducts)
        }
        if not self._layers:
            raise ArgumentError("model", "must have approximate layers", f"'{model.name}', which has none")
        self._rows = {row.path: row for row in count_macs(model) if row.path in self._layers}
        self._segments = segments(model)
        self._tables = {path: read_multiplier(layer.multiplier, layer.num_bits) for path, layer in self._layers.items()}
        self._read: dict[tuple[str, int], Multiplier] = {}
        self._kept: collections.OrderedDict[Any, tf.Tensor] = collections.OrderedDict()
        self._kept_bytes, self._cache_bytes = 0, cache_bytes
        self._kept_of: Samples | None = None
        self._compensation, self._is_up_to_date = compensation, True
        self.is_compensated = compensation is not None
        if compensation is not None:  # functions are traced with corrections only if there are some
            before = dict(self._tables)
            self._set({path: _wrong(layer) for path, layer in self._layers.items()})
            try:
                compensate(model, compensation)
            finally:
                self._set(before)

    def layers(self, data: Samples | None = None) -> list[NetworkLayer]:
        """The approximate layers that the model calls, in the order of their first call.

        Args:
            data: sample inputs from which, with exact products, the codes of the operands are counted and the gains
                are measured.

        Raises:
            ValueError: if the MACs of a layer depend on a size that is not known.
        """
        observed: dict[str, tuple[tuple[Operands, ...], Gains]] = {}
        if data is not None:
            self._check(data)
            with self.exact():
                observed = observed_layers(self.model, {path: self._layers[path] for path in self._rows}, data.x)
        result = []
        for path, row in self._rows.items():
            if row.macs is None:
                raise ArgumentError("model", "must have known sizes in all layers", f"'{path}' with unknown MACs")
            layer = self._layers[path]
            kernels = [variable.shape for variable in layer.weights if len(variable.shape) > 1]
            depthwise = hasattr(layer, "depthwise_kernel") or "Depthwise" in type(layer).__name__
            taps = sum(int(np.prod(shape[: -2 if depthwise and i == 0 else -1])) for i, shape in enumerate(kernels))
            kind, table = type(layer).__name__, self._tables[path].table
            published = published_macs(layer, row.macs)
            seen = observed.get(path, ((), Gains()))
            result.append(NetworkLayer(path, kind, row.macs, published, taps, table, *seen))
        return result

    def assign(self, assignment: Mapping[str, str]) -> None:
        """Gives layers other multipliers, without tracing or building anything.

        Corrections are computed with the next outputs.

        Args:
            assignment: from the path of a layer to the name or path of a multiplier, which is read when the network
                gets it for the first time, so that all evaluations of a search have the same tables.

        Raises:
            FileNotFoundError: if there is no such multiplier.
            ValueError: if there is no such layer, or a table does not have the width and sign of its layer.
        """
        check_layers(assignment, list(self._layers))
        read = {}
        for path, name in assignment.items():
            layer = self._layers[path]
            if (name, layer.num_bits) not in self._read:
                self._read[name, layer.num_bits] = read_multiplier(name, layer.num_bits, "assignment")
            read[path] = self._read[name, layer.num_bits]
            layer._table_state.check(read[path].table)
        self._set(read)

    def _set(self, multipliers: Mapping[str, Multiplier]) -> None:
        for path, multiplier in multipliers.items():
            if self._tables[path].table is not multiplier.table:
                self._layers[path]._table_state.assign(multiplier)
            self._tables[path] = multiplier
        self._is_up_to_date = False

    @contextlib.contextmanager
    def exact(self) -> Iterator[None]:
        """A context in which all layers have the exact product; afterwards they have their multipliers again."""
        before = dict(self._tables)
        try:
            self._set({path: _exact(layer) for path, layer in self._layers.items()})
            self._is_up_to_date = True  # exact products have no errors
            yield
        finally:
            self._set(before)

    def fingerprint(self) -> str:
        """A SHA-256 of the configuration, weights and ranges of the model, and of the samples of the compensation.

        Returns:
            64 hexadecimal digits.
        """
        digest = hashlib.sha256(b"" if self._compensation is None else self._compensation.tobytes())
        for variable in self.model.weights:
            digest.update(f"{variable.dtype} {tuple(variable.shape)}".encode())
            digest.update(np.ascontiguousarray(variable.numpy()).tobytes())
        for path, layer in self._layers.items():
            ranges = {name: (range_.mode, range_.values) for name, range_ in layer.activation_ranges.items()}
            digest.update(f"{path} {type(layer).__name__} {layer.num_bits} {layer.per_channel} {ranges}".encode())
        return digest.hexdigest()

    def outputs(self, data: Samples, start: int, stop: int) -> np.ndarray:
        """The outputs for the samples `start` to `stop - 1`. Those of the first layers of the model are kept.

        Args:
            data: the samples. The outputs that are kept belong to one such object, and are dropped for another one.
            start: index of the first sample.
            stop: index after the last one.

        Raises:
            ValueError: if the samples do not have the shape of the input of the model.
        """
        if self._kept_of is not data:
            self._check(data)
            self._kept.clear()
            self._kept_bytes, self._kept_of = 0, data
        if self._compensation is not None and not self._is_up_to_date:
            compensate(self.model, self._compensation)
            self._is_up_to_date = True
        hashes = {id(self._layers[path]): multiplier.table.sha256 for path, multiplier in self._tables.items()}
        keys: list[Any] = []
        key: tuple[Any, ...] = (start, stop)
        for segment in self._segments:
            key = (*key, *(hashes[id(layer)] for layer in segment.layers))
            keys.append(key)
        first, value = 0, None
        for index in range(len(keys) - 1, 0, -1):
            if keys[index - 1] in self._kept:
                self._kept.move_to_end(keys[index - 1])
                first, value = index, self._kept[keys[index - 1]]
                break
        value = tf.convert_to_tensor(data.x[start:stop]) if value is None else value
        for index in range(first, len(keys)):
            value = self._segments[index].function(value)
            if index < len(keys) - 1:
                self._keep(keys[index], value)
        return value.numpy()

    def _keep(self, key, value):
        size = value.dtype.size * int(tf.size(value))
        if size > self._cache_bytes // 4:
            return
        self._kept[key] = value
        self._kept_bytes += size
        while self._kept_bytes > self._cache_bytes:
            _, dropped = self._kept.popitem(last=False)
            self._kept_bytes -= dropped.dtype.size * int(tf.size(dropped))

    def _check(self, data):
        shape = tuple(self.model.inputs[0].shape[1:]) if getattr(self.model, "inputs", None) else None
        received = np.shape(data.x)[1:]
        if shape is not None and (
            len(shape) != len(received) or any(b not in (None, a) for a, b in zip(received, shape))
        ):
            raise ArgumentError("data", f"must have samples of shape {shape}", received)
