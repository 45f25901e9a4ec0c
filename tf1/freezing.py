"""Checkpoints and SavedModels as frozen graphs, whose variables are constants."""

from __future__ import annotations

import os
from typing import Any, Sequence

import tensorflow as tf
from google.protobuf.message import DecodeError

from tfapprox.common import regular_files
from tfapprox.common.argument_error import ArgumentError
from tfapprox.common.tflite import refuse_tflite

from . import graph as graphs

v1 = tf.compat.v1
SIGNATURE = "serving_default"  # the usual name of the signature of a SavedModel
KINDS = "a frozen graph (.pb), a checkpoint with its .meta file, or the folder of a SavedModel"


def _parsed(path: str, message: Any, kind: str) -> Any:
    content = regular_files.read(path, graphs.MAX_BYTES, "graph")
    try:
        return message.FromString(content)
    except DecodeError as error:
        raise ArgumentError("graph", f"must be {kind}", f"{path}, which is none") from error


def _saved_model(folder: str) -> tuple[Any, str]:
    """The meta graph of a SavedModel, and the prefix of its variables."""
    from tensorflow.core.protobuf import saved_model_pb2

    model = _parsed(os.path.join(folder, "saved_model.pb"), saved_model_pb2.SavedModel, "the folder of a SavedModel")
    serving = [meta for meta in model.meta_graphs if "serve" in meta.meta_info_def.tags]
    candidates = serving if len(model.meta_graphs) > 1 else model.meta_graphs
    if len(candidates) != 1:
        tags = [sorted(meta.meta_info_def.tags) for meta in model.meta_graphs]
        raise ArgumentError("graph", "must be a SavedModel with one graph, or one that is tagged serve", tags)
    return candidates[0], os.path.join(folder, "variables", "variables")


def _checkpoint(path: str) -> str | None:
    """The prefix of the files of a checkpoint that `path` stands for, or `None`."""
    if os.path.isdir(path):
        return v1.train.latest_checkpoint(path)
    prefix, ending = os.path.splitext(path)
    if ending in (".meta", ".index") or ending.startswith(".data-"):
        return prefix
    return path if os.path.exists(f"{path}.meta") else None


def _outputs(meta: Any, definition: Any) -> list[str]:
    """Names of the nodes where the graph of a meta graph ends: those of its signature, or what no other node reads."""
    if SIGNATURE in meta.signature_def:
        return sorted({graphs.node_of(tensor.name) for tensor in meta.signature_def[SIGNATURE].outputs.values()})
    # Nodes that initialise, save and restore variables end the graph, too, but do not depend on its inputs.
    saver = os.path.dirname(meta.saver_def.save_tensor_name)
    nodes = [node for node in definition.node if not (saver and node.name.startswith(f"{saver}/"))]
    reached = {node.name for node in nodes if node.op == "Placeholder"}
    rest = type(definition)()
    for node in nodes:
        if node.name in reached or any(graphs.node_of(name) in reached for name in node.input):
            reached.add(node.name)
            rest.node.append(node)
    return graphs.endpoints(rest)[1]


def _frozen(meta: Any, prefix: str, outputs: Sequence[str]) -> tf.compat.v1.GraphDef:
    with tf.Graph().as_default() as graph, v1.Session() as session:
        saver = v1.train.import_meta_graph(meta, clear_devices=True)
        definition = graph.as_graph_def()
        if saver is not None:
            saver.restore(session, prefix)
        ends = [graphs.node_of(name) for name in outputs] or _outputs(meta, definition)
        unknown = sorted(set(ends) - {node.name for node in definition.node})
        if unknown:
            raise ArgumentError("outputs", "must name nodes of the graph", repr(unknown[0]))
        return v1.graph_util.convert_variables_to_constants(session, definition, ends)


def read(path: str | os.PathLike[str], outputs: Sequence[str] = ()) -> tf.compat.v1.GraphDef:
    """The frozen `GraphDef` of a file or folder, whose variables become constants if it has some.

    Of a SavedModel or checkpoint, only the operations that restore variables are run. The files must come from a source
    that you trust: TensorFlow says that a graph is a program.

    Args:
        path: path of a frozen graph; of a file of a checkpoint that has a `.meta` file, or its prefix; of a folder with
            checkpoints, of which the latest is taken; or of the folder of a SavedModel of TensorFlow 1.
        outputs: names of the output nodes; by default those of the signature `serving_default`, or the only node of the
            graph that no other node reads. A frozen graph is returned as it is, whatever its outputs.

    Returns:
        A `GraphDef`.

    Raises:
        OSError: if a file cannot be read.
        ValueError: if the path is none of these; if `outputs` must be given or names nodes that do not exist; or if
            TensorFlow cannot restore the graph.
    """
    path = os.fspath(path)
    refuse_tflite(path, "graph")
    if os.path.exists(os.path.join(path, "saved_model.pb")):
        meta, prefix = _saved_model(path)
    else:
        found = _checkpoint(path)
        if found is None:
            if os.path.isdir(path):
                raise ArgumentError("graph", f"must be {KINDS}", f"{path}, a folder with neither")
            return graphs.read(path)
        meta, prefix = _parsed(f"{found}.meta", v1.MetaGraphDef, "a checkpoint with its .meta file"), found
    try:
        return _frozen(meta, prefix, outputs)
    except ArgumentError:
        raise
    except (tf.errors.OpError, ValueError, KeyError, AssertionError) as error:
        rule = f"must be one that TensorFlow {tf.__version__} can freeze"
        raise ArgumentError("graph", rule, f"{path}: {getattr(error, 'message', error)}") from error
