"""A frozen graph with AxConv2D nodes as a network whose multipliers are searched."""

from __future__ import annotations

import contextlib
import hashlib
from typing import Any, Iterator, Mapping, Sequence

import numpy as np
import tensorflow as tf

from tfapprox.common import load_truth_table
from tfapprox.common._core_tables import tune
from tfapprox.common.argument_error import ArgumentError
from tfapprox.common.error_moments import Gains, Operands
from tfapprox.common.network import Network, NetworkLayer, Samples, check_layers
from tfapprox.common.truth_table import TruthTable

from . import graph as graphs
from . import layers as nodes
from .layers import OPERATION, Choice

_BATCH = 64  # number of samples in a batch while codes are counted
_PERTURBATION = 0.01  # variance of a small error relative to that of the output that it is added to
_EXACT = Choice("")  # AxTune may stay, because the weight map does not change exact products


class GraphNetwork(Network):
    """A frozen graph with AxConv2D nodes. An assignment changes the attribute AxMult of nodes, and AxTune stays.

    A multiplier is an attribute of its node, so that a graph with another assignment is imported anew, without being
    converted again.

    Args:
        graph: a `GraphDef` with AxConv2D nodes.
        inputs: name of the input node, in a sequence; by default the only placeholder.
        outputs: name of the output node, in a sequence; by default the only node that no other node reads.

    Raises:
        ValueError: if the graph has no AxConv2D node, several inputs or outputs, or no such node.
    """

    def __init__(self, graph: tf.compat.v1.GraphDef, inputs: Sequence[str] = (), outputs: Sequence[str] = ()) -> None:
        self._layers = {layer.name: layer for layer in nodes.layers(graph)}
        starts, ends = graphs.endpoints(graph, inputs, outputs)
        for argument, names in (("inputs", starts), ("outputs", ends)):
            if len(names) != 1:
                raise ArgumentError(argument, "must be one node", ", ".join(names))
        self._input, self._output = f"{starts[0]}:0", f"{ends[0]}:0"
        self._graph = graph
        self._session: Any = None

    def layers(self, data: Samples | None = None) -> list[NetworkLayer]:
        """The AxConv2D nodes, in the order of the graph.

        Args:
            data: sample inputs from which, with exact products, the codes of the operands are counted and the gains
                are measured.

        Raises:
            ValueError: if the graph does not state all sizes of a node.
        """
        observed = self._observed(data) if data is not None else {}
        attributes = {node.name: node.attr for node in self._graph.node if node.op == OPERATION}
        strides = {name: list(attribute["strides"].list.i)[1:3] for name, attribute in attributes.items()}
        paddings = {name: attribute["padding"].s for name, attribute in attributes.items()}
        result = []
        for name, layer in self._layers.items():
            if layer.macs is None or not layer.input or not layer.output or not layer.filter or None in layer.input:
                raise ArgumentError("graph", "must state the sizes of all layers", f"'{name}' with an unknown size")
            published = layer.macs
            if max(strides[name]) > 1:
                published = layer.macs // _product(layer.output[:2]) * _product(_padded(layer, paddings[name]))
            table, (operands, gains) = self._table(layer), observed.get(name, ((), Gains()))
            taps = _product(layer.filter[:3])
            sizes = layer.macs, published, taps
            result.append(NetworkLayer(name, OPERATION, *sizes, table, operands, gains, layer.tune))
        return result

    def _table(self, layer):
        table = load_truth_table(layer.multiplier)
        return TruthTable(tune(table), table.name) if layer.tune else table

    def assign(self, assignment: Mapping[str, str]) -> None:
        """Gives nodes other multipliers.

        Args:
            assignment: from the name of a node, with or without its ending `/eightbit`, to the name or path of a
                multiplier.

        Raises:
            FileNotFoundError: if there is no such multiplier.
            ValueError: if there is no such node, or the table does not have 8 bits, or is signed.
        """
        full = {name if name in self._layers else name + nodes.SUFFIX: value for name, value in assignment.items()}
        if set(full) - set(self._layers):
            check_layers(assignment, list(self._layers))
        graph = nodes.assigned(self._graph, by_layer={name: Choice(value) for name, value in full.items()})
        self._replace(graph)
        self._layers.update({name: self._layers[name]._replace(multiplier=value) for name, value in full.items()})

    def _replace(self, graph):
        if self._session is not None:
            self._session.close()
        self._graph, self._session = graph, None

    @contextlib.contextmanager
    def exact(self) -> Iterator[None]:
        """A context in which all nodes have the exact product; afterwards they have their multipliers again."""
        graph, layers = self._graph, dict(self._layers)
        try:
            self._replace(nodes.assigned(graph, _EXACT))
            self._layers = {name: layer._replace(multiplier="") for name, layer in layers.items()}
            yield
        finally:
            self._replace(graph)
            self._layers = layers

    def fingerprint(self) -> str:
        """A SHA-256 of the graph without the attribute AxMult; 64 hexadecimal digits."""
        graph = type(self._graph).FromString(self._graph.SerializeToString())
        for node in graph.node:
            node.attr.pop("AxMult", None)
        return hashlib.sha256(graph.SerializeToString(deterministic=True)).hexdigest()

    def outputs(self, data: Samples, start: int, stop: int) -> np.ndarray:
        """The outputs for the samples `start` to `stop - 1`.

        Args:
            data: the samples.
            start: index of the first sample.
            stop: index after the last one.

        Raises:
            ValueError: if the samples do not have the shape of the input of the graph.
        """
        if self._session is None:
            self._session = tf.compat.v1.Session(graph=graphs.imported(self._graph))
        self._check(data, self._session.graph)
        return self._session.run(self._output, {self._input: data.x[start:stop]})

    def _check(self, data, graph):
        tensor = graph.get_tensor_by_name(self._input)
        if not tensor.shape[1:].is_compatible_with(np.shape(data.x)[1:]):
            raise ArgumentError("data", f"must have samples of shape {tensor.shape[1:]}", np.shape(data.x)[1:])

    def _observed(self, data: Samples) -> dict[str, Any]:
        """Operands and gains of each layer with exact products."""
        exact = graphs.imported(nodes.assigned(self._graph, _EXACT))
        self._check(data, exact)
        counted = {name: _Counted(exact.get_operation_by_name(name)) for name in self._layers}
        with tf.compat.v1.Session(graph=exact) as session:
            fetched = {name: [*one.node.inputs[:2], one.node.outputs[0]] for name, one in counted.items()}
            for start in range(0, len(data.x), _BATCH):
                values = session.run(fetched, {self._input: data.x[start : start + _BATCH]})
                for name, one in counted.items():
                    one.add(*values[name])
            few = {self._input: data.x[:_BATCH]}
            values, outputs = session.run([{name: three[2] for name, three in fetched.items()}, self._output], few)
            gains = {}
            for name, one in counted.items():
                feeds = [{**few, one.node.outputs[0]: changed} for changed in one.perturbed(values[name])]
                gains[name] = Gains(*(_relative_change(outputs, session.run(self._output, feed)) for feed in feeds))
        return {name: ((one.result(),), gains[name]) for name, one in counted.items()}


class _Counted:
    """Counts the codes and the outputs of one node, whose outputs are integers in the unit of a product of codes."""

    def __init__(self, node: tf.Operation) -> None:
        self.node = node
        self._activations = np.zeros(256)
        self._weights = np.zeros((0, 256))
        self._count, self._sum, self._squares = 0, np.zeros(()), np.zeros(())

    def add(self, x, filter, outputs):
        """Adds the values of the inputs 0 and 1 and of the output of the node in one batch."""
        self._activations += np.bincount(integers(x).ravel(), minlength=256)
        columns = integers(filter).reshape(-1, filter.shape[3]).T
        self._weights = np.stack([np.bincount(column, minlength=256) for column in columns]).astype(np.float64)
        rows = integers(outputs).reshape(-1, outputs.shape[-1]).astype(np.float64)
        self._count += len(rows)
        self._sum = self._sum + rows.sum(axis=0)
        self._squares = self._squares + (rows**2).sum(axis=0)

    def _variance(self):
        return float(np.mean(self._squares / self._count - (self._sum / self._count) ** 2))

    def perturbed(self, outputs):
        """The outputs with small errors: constant in each filter, and independent in each element."""
        rng, size, values = np.random.RandomState(0), np.sqrt(_PERTURBATION * self._variance()), integers(outputs)
        for errors in (rng.choice([-1.0, 1.0], values.shape[-1]), rng.standard_normal(values.shape)):
            yield np.rint(values + size * errors).astype(np.int32).astype(outputs.dtype)

    def result(self):
        return Operands(self._activations, self._weights, np.ones(len(self._weights)), self._variance())


def integers(values: np.ndarray) -> np.ndarray:
    """The numbers of an array of a quantised type, which numpy knows as a structure of one field."""
    return values[values.dtype.names[0]] if values.dtype.names else values


def _relative_change(exact, changed):
    exact, changed = (x.reshape(len(x), -1).astype(np.float64) for x in (exact, changed))
    return float(np.mean((changed - exact) ** 2) / (np.mean(np.var(exact, axis=0)) or 1.0) / _PERTURBATION)


def _product(sizes):
    return int(np.prod(sizes, dtype=np.int64))


def _padded(layer, padding):
    """Height and width of the input of a node with the padding of a filter that is centred on each pixel."""
    extra = layer.filter[0] - 1, layer.filter[1] - 1
    return [size + (more if padding == b"SAME" else 0) for size, more in zip(layer.input, extra)]
