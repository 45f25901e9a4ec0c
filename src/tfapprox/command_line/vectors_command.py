"""`tfapprox vectors`."""

import importlib
import os
from typing import Optional

import typer

from tfapprox import option_names
from tfapprox.common import archives
from tfapprox.common.argument_error import ArgumentError
from tfapprox.common.tflite import refuse_tflite
from tfapprox.common.vectors import write
from tfapprox.keras_file import load_keras_file

from .printing import line

_MODEL = typer.Argument(
    ..., metavar="MODEL", help="A .keras file with FakeApprox... layers, or a frozen graph (.pb).", show_default=False
)
_LAYER = typer.Argument(..., metavar="LAYER", help="Name of a convolution with a multiplier.", show_default=False)
_DATA = typer.Option(..., "--data", metavar="FILE.npz", help="Inputs of the model.", show_default=False)
_ARRAY = typer.Option(None, "--array", metavar="NAME", help="The array in FILE.npz, where it has several.")
_OUTPUT = typer.Option(..., "--output", "-o", metavar="DIR", help="Where to write the files.", show_default=False)
_NODE = typer.Option(None, "--input-node", metavar="NODE", help="Of a frozen graph, instead of its only placeholder.")
_COUNT = typer.Option(4, "--count", metavar="N", min=1, help="Number of inputs, from the first one on.")


@option_names.with_error_messages(inputs="data", graph="model")
def vectors(
    model: str = _MODEL,
    layer: str = _LAYER,
    data: str = _DATA,
    array: Optional[str] = _ARRAY,
    output: str = _OUTPUT,
    count: int = _COUNT,
    input_node: Optional[str] = _NODE,
) -> None:
    """Write golden vectors of a layer, to test its hardware.

    Codes of activations and weights, integer sums, scales and zero points
    for the first N inputs, as .mem and .npy, with a README, and with a test
    bench in Verilog that checks a multiplier module against the pairs of
    operands that occur in the layer and against the sums.
    """
    inputs = _inputs(data, array)[:count]
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if model.endswith(".pb"):
        graph = importlib.import_module("tfapprox.tf1.graph").read(model)
        computed = importlib.import_module("tfapprox.tf1").layer_vectors(graph, layer, inputs, input_node)
    else:
        if input_node is not None:
            raise ArgumentError("input_node", "is for frozen graphs", repr(model))
        refuse_tflite(model)
        if not model.endswith(".keras"):
            raise ArgumentError("model", "must be a .keras file or a frozen graph, a .pb file", repr(model))
        tf2 = importlib.import_module("tfapprox.tf2")
        computed = tf2.layer_vectors(load_keras_file(model), layer, inputs)
    written = write(computed, output, layer)
    line(f"wrote {len(written)} files to {output}: {len(inputs)} inputs, sums {computed.sums.shape}")
    line(f"multiplier {computed.table.name}, sha256 {computed.table.sha256}")


def _inputs(path, name):
    """The array in a .npz file that is called `name`, or its only one."""
    names = archives.names(path, "data")
    if name is None and len(names) == 1:
        name = names[0]
    if name not in names:
        raise ArgumentError("array", f"must be one of {', '.join(names)}", "none" if name is None else repr(name))
    inputs = archives.read(path, "data", [name])[name]
    if not inputs.ndim:
        raise ArgumentError("data", "must have an array of inputs, one after the other", f"{path!r} with one number")
    return inputs
