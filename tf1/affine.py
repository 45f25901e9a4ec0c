"""Operations of a graph that multiply each channel by a constant or add one to it, such as batch normalisation."""

from __future__ import annotations

from typing import Any, NamedTuple, Sequence

import numpy as np
import tensorflow as tf

from . import graph as graphs

OLD_NORMALISATION = "BatchNormWithGlobalNormalization"  # graphs of 2015 have this operation
ADDITIONS = ("Add", "AddV2", "Sub", "BiasAdd")
NORMALISATIONS = ("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3", OLD_NORMALISATION)


class Affine(NamedTuple):
    """What a node computes of its first input: `scale * input + offset`, with arrays that broadcast to the channels."""

    scale: np.ndarray
    offset: np.ndarray


class IndexedGraph:
    """Nodes of a `GraphDef` by name, their readers, and the values of constants."""

    def __init__(self, graph: tf.compat.v1.GraphDef, ends: Sequence[str]) -> None:
        self.nodes = {node.name: node for node in graph.node}
        self.readers: dict[str, list[Any]] = {name: [None] if name in ends else [] for name in self.nodes}
        for node in graph.node:
            for name in node.input:
                self.readers[graphs.node_of(name)].append(node)

    def constant(self, name: str) -> np.ndarray | None:
        """The float64 value of a float32 constant, by the name in another node's input; `None` for other nodes."""
        node = self.nodes[graphs.node_of(name)]
        is_float = node.op == "Const" and node.attr["dtype"].type == tf.float32.as_datatype_enum
        return tf.make_ndarray(node.attr["value"].tensor).astype(np.float64) if is_float else None

    def only_reader(self, node: Any) -> Any:
        """The only node that reads another one, as its first input or, where the order is free, as its second input."""
        readers = self.readers[node.name]
        if len(readers) != 1 or readers[0] is None:
            return None
        first = 1 if readers[0].op in ("Mul", "Add", "AddV2") and self.constant(readers[0].input[0]) is not None else 0
        return readers[0] if readers[0].input[first] == node.name else None


def has_fixed_statistics(node: Any) -> bool:
    """Whether a batch normalisation, one of `NORMALISATIONS`, does not compute the statistics of its batch."""
    return node.op == OLD_NORMALISATION or not graphs.attribute(node, "is_training", "b", True)


def _normalisation(graph: IndexedGraph, node: Any) -> Affine | None:
    """What a batch normalisation does, if its statistics are constants."""
    readers = [reader for reader in graph.readers[node.name] if reader is not None]
    statistics_are_read = any(name.startswith(f"{node.name}:") for reader in readers for name in reader.input)
    constants = [graph.constant(name) for name in node.input[1:5]]
    is_last = graphs.attribute(node, "data_format", "s", b"NHWC") == b"NHWC"
    if (
        any(value is None for value in constants)
        or statistics_are_read
        or not has_fixed_statistics(node)
        or not is_last
    ):
        return None
    if node.op == OLD_NORMALISATION:
        mean, variance, beta, gamma = (np.asarray(value) for value in constants)
        gamma = gamma if node.attr["scale_after_normalization"].b else np.ones(1)
        epsilon = node.attr["variance_epsilon"].f
    else:
        gamma, beta, mean, variance = (np.asarray(value) for value in constants)
        epsilon = graphs.attribute(node, "epsilon", "f", 1e-4)
    scale = gamma / np.sqrt(variance + epsilon)
    return Affine(scale, beta - mean * scale)


def affine(graph: IndexedGraph, node: Any, channels: int, rank: int) -> Affine | None:
    """What a node does to each channel of a tensor; `None` unless it multiplies or adds constants that are fixed.

    Args:
        graph: the graph of the node.
        node: a `NodeDef`.
        channels: number of channels, the last dimension of the tensor.
        rank: number of dimensions of the tensor.

    Returns:
        An `Affine`, or `None`.
    """
    if node.op in NORMALISATIONS:
        return _normalisation(graph, node)
    if node.op not in ("Mul", *ADDITIONS) or len(node.input) != 2:
        return None
    if graphs.attribute(node, "data_format", "s", b"NHWC") != b"NHWC":
        return None
    values = [value for value in map(graph.constant, node.input) if value is not None]
    if len(values) != 1 or (node.op in ("Sub", "BiasAdd") and graph.constant(node.input[1]) is None):
        return None
    (value,) = values
    if value.ndim > rank or value.size not in (1, channels) or (value.ndim and value.shape[-1] != value.size):
        return None
    value = value.reshape(-1)
    if node.op == "Mul":
        return Affine(value, np.zeros(1))
    return Affine(np.ones(1), -value if node.op == "Sub" else value)
