"""`tfapprox vectors`."""

import importlib
import os
import zipfile
from typing import Optional

import numpy as np
import typer

from tfapprox import option_names
from tfapprox.common.vectors import write

from .printing import line

_MODEL = typer.Argument(..., metavar="MODEL", help="A .keras file with FakeApprox... layers.", show_default=False)
_LAYER = typer.Argument(..., metavar="LAYER", help="Name of a convolution with a multiplier.", show_default=False)
_DATA = typer.Option(..., "--data", metavar="FILE.npz", help="Inputs of the model.", show_default=False)
_ARRAY = typer.Option(None, "--array", metavar="NAME", help="The array in FILE.npz, where it has several.")
_OUTPUT = typer.Option(..., "--output", "-o", metavar="DIR", help="Where to write the files.", show_default=False)
_COUNT = typer.Option(4, "--count", metavar="N", min=1, help="Number of inputs, from the first one on.")


@option_names.with_error_messages(inputs="data")
def vectors(
    model: str = _MODEL,
    layer: str = _LAYER,
    data: str = _DATA,
    array: Optional[str] = _ARRAY,
    output: str = _OUTPUT,
    count: int = _COUNT,
) -> None:
    """Write golden vectors of a layer, to test its hardware.

    Codes of activations and weights, integer sums, scales and zero points
    for the first N inputs, as .mem and .npy, with a README, and with a test
    bench in Verilog that checks a multiplier module against the pairs of
    operands that occur in the layer and against the sums.
    """
    inputs = _inputs(data, array)[:count]
    if not model.endswith(".keras"):
        raise ValueError(f"MODEL must be a .keras file; received {model!r}")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    tf2 = importlib.import_module("tfapprox.tf2")
    loaded = importlib.import_module("keras").saving.load_model(model, compile=False)
    computed = tf2.layer_vectors(loaded, layer, inputs)
    written = write(computed, output, layer)
    line(f"wrote {len(written)} files to {output}: {len(inputs)} inputs, sums {computed.sums.shape}")
    line(f"multiplier {computed.table.name}, sha256 {computed.table.sha256}")


def _inputs(path, name):
    """The array in a .npz file that is called `name`, or its only one."""
    try:
        file = np.load(path, allow_pickle=False)
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"--data must be a .npz file; received {path!r}: {error}") from error
    if not isinstance(file, np.lib.npyio.NpzFile):
        raise ValueError(f"--data must be a .npz file; received {path!r}, which is a .npy file")
    with file:
        if name is None and len(file.files) == 1:
            name = file.files[0]
        if name not in file.files:
            raise ValueError(f"--array must be one of {', '.join(file.files)}; received {name!r}")
        return file[name]
