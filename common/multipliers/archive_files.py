"""Readers of files with several arrays: `.npz` of numpy, and `.mat` of MATLAB and Octave."""

import importlib
import io
from typing import Dict, Optional

import numpy as np

from .. import archives, regular_files
from ..argument_error import ArgumentError
from ..paths import Path, expanded
from .array_files import MAX_BYTES
from .circuit import Circuit

_HDF5 = b"\x89HDF\r\n\x1a\n"
_HDF5_OFFSETS = (0, 512)  # the signature of HDF5 begins the file, or follows 512 bytes of MATLAB


def read_npz(source: Path, *, array: Optional[str] = None) -> Circuit:
    """The `Circuit` of a `.npz` file, whose arrays must not need pickle.

    Args:
        source: path of the file.
        array: name of the array of products; by default the only array of the file.

    Raises:
        OSError: if the file cannot be read.
        ArgumentError: if the file is not a `.npz` file, has no array of this name, or has several arrays or none and
            `array` is not given.
    """
    path = expanded(source)
    name = _chosen(path, archives.names(path, "source"), array)
    return _circuit(path, archives.read(path, "source", [name])[name], name)


def read_mat(source: Path, *, array: Optional[str] = None) -> Circuit:
    """The `Circuit` of a `.mat` file of MATLAB up to version 7, or of Octave. Needs scipy.

    Args:
        source: path of the file.
        array: name of the variable; by default the only variable of the file.

    Raises:
        ImportError: if scipy is not installed.
        OSError: if the file cannot be read.
        ArgumentError: if the file is not a `.mat` file of these versions, has no variable of this name, or has several
            variables or none and `array` is not given.
    """
    path = expanded(source)
    content = regular_files.read(path, MAX_BYTES, "source")
    if any(content[offset:].startswith(_HDF5) for offset in _HDF5_OFFSETS):
        raise ArgumentError("source", "must be a .mat file of version 7 or older, as save -v7 writes it", f"'{path}'")
    try:
        loadmat = importlib.import_module("scipy.io").loadmat
    except ImportError as error:
        raise ImportError(f".mat files need scipy: pip install scipy ({error})") from error
    try:
        variables: Dict[str, np.ndarray] = loadmat(io.BytesIO(content))
    except MemoryError:
        raise
    except Exception as error:  # scipy's reader raises exceptions of many kinds
        raise ArgumentError("source", "must be a .mat file", f"'{path}': {error}") from error
    variables = {name: value for name, value in variables.items() if not name.startswith("__")}
    name = _chosen(path, list(variables), array)
    return _circuit(path, variables[name], name)


def _chosen(path, names, array):
    if array is not None and array not in names:
        raise ArgumentError("array", f"must be one of {', '.join(names) or 'the file, which has none'}", repr(array))
    if array is None and len(names) != 1:
        remedy = ("array", "chooses one") if names else None
        raise ArgumentError("source", "must have one array", f"'{path}' with {', '.join(names) or 'none'}", remedy)
    return names[0] if array is None else array


def _circuit(path, products, name):
    """The circuit of an array. Real numbers, as MATLAB stores them, become integers if all of them are integers."""
    if np.issubdtype(products.dtype, np.floating) and (abs(products) < 1 << 53).all():
        whole = products.astype(np.int64)
        products = whole if np.array_equal(whole, products) else products
    return Circuit(path.stem, lambda num_bits, signed: products, {"source": f"{path.name}, array {name}"})
