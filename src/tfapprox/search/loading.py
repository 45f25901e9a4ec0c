"""Networks, data and functions as a command line names them."""

from __future__ import annotations

import fnmatch
import importlib
import os
import sys
import zipfile
from typing import Any, Sequence

import numpy as np

from tfapprox.common.argument_error import ArgumentError, ArgumentFileNotFoundError
from tfapprox.common.multipliers import loadable_names
from tfapprox.common.network import Network, Samples
from tfapprox.common.tflite import refuse_tflite
from tfapprox.common.truth_table import TruthTable
from tfapprox.keras_file import SUFFIXES, load_keras_file

COMPENSATION_SAMPLES = 200


def load_function(text: str, argument: str) -> Any:
    """The function that `package.module:function` names; modules of the working directory are found, too.

    Args:
        text: name of a module, a colon, and name of a function in it.
        argument: the name of the caller's argument, with which errors begin.

    Raises:
        ValueError: if there is no such module or function.
    """
    module, _, name = text.partition(":")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # the module may import TensorFlow
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        function = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ArgumentError(argument, "must be package.module:function", f"{text!r}: {error}") from error
    if not callable(function):
        raise ArgumentError(argument, "must name a function", f"{text!r}, a {type(function).__name__}")
    return function


def load_data(text: str, samples: int | None = None) -> Samples:
    """The samples of a `.npz` file with `x` and, if labels are known, `y`, or those that a function gives.

    Args:
        text: path of the file, or `package.module:function` of a function without arguments that returns `x`, `(x, y)`
            or a `tf.data.Dataset` of batches.
        samples: number of samples that are used, from the first one on; all by default.

    Returns:
        The `Samples`, with float32 inputs, and labels as they are.

    Raises:
        OSError: if the file cannot be read.
        ValueError: if there are no such arrays, or their lengths differ.
    """
    if ":" in text and not os.path.exists(text):
        x, y = _arrays(load_function(text, "data")())
    else:
        x, y = _arrays_of_file(text)
    x = _array(x)
    x = x.astype(np.float32) if x.dtype != np.float32 else x
    if x.ndim < 2 or not len(x):
        raise ArgumentError("data", "must have samples, each an array", f"x of shape {x.shape}")
    if not np.isfinite(x).all():
        raise ArgumentError("data", "must be finite", "x with NaN or infinite values")
    if y is not None:
        y = _array(y)
        if y.shape[:1] != x.shape[:1]:
            raise ArgumentError("data", f"must have labels of {len(x)} samples", f"labels of shape {y.shape}")
    return Samples(x[:samples], None if y is None else y[:samples])


def _array(values):
    try:
        return np.asarray(values)
    except ValueError as error:  # arrays of different shapes
        rule = "must have one array x, and one array y for labels"
        raise ArgumentError("data", rule, f"a {type(values).__name__} that is no array: {error}") from error


def _arrays(result):
    if isinstance(result, (tuple, list)) and len(result) == 2:
        return result
    if isinstance(result, np.ndarray):
        return result, None
    batches = list(result)  # a data set
    if not batches:
        raise ArgumentError("data", "must have samples", "an empty data set")
    if isinstance(batches[0], tuple):
        return tuple(np.concatenate([_array(batch[i]) for batch in batches]) for i in (0, 1))
    return np.concatenate([_array(batch) for batch in batches]), None


def _arrays_of_file(path):
    try:
        file = np.load(path, allow_pickle=False)
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ArgumentError("data", "must be a .npz file, or package.module:function", f"{path!r}: {error}") from error
    if not isinstance(file, np.lib.npyio.NpzFile):
        raise ArgumentError("data", "must be a .npz file with x and y", f"{path!r}, which is a .npy file")
    with file:
        if "x" not in file.files:
            raise ArgumentError("data", "must have an array x, and y for labels", f"{path!r} with {file.files}")
        return file["x"], file["y"] if "y" in file.files else None


def load_model(text: str) -> Any:
    """The Keras model of a file, or what a function gives.

    Args:
        text: path of a `.keras` or `.h5` file, or `package.module:function` of a function without arguments.

    Returns:
        The model of the file, not compiled, or whatever the function returns.

    Raises:
        OSError: if the file cannot be read.
        ImportError: if TensorFlow is not installed.
        ValueError: if the file has another kind, or there is no such function.
    """
    refuse_tflite(text)
    if os.path.isdir(text):
        rule = "must be the .keras file of a model, because Keras 3 cannot read models from folders"
        raise ArgumentError("model", rule, repr(text))
    if text.endswith(SUFFIXES):
        if not os.path.isfile(text):
            raise ArgumentFileNotFoundError("model", "must be a file that exists", repr(text))
        return load_keras_file(text, ".keras or .h5")
    if ":" not in text:
        raise ArgumentError("model", "must be a .keras or .h5 file, or package.module:function", repr(text))
    return load_function(text, "model")()


def load_network(model: Any, calibration: Samples, *, signed: bool = False, compensate: bool | None = False) -> Network:
    """The network of a model file, a frozen graph or a function.

    A Keras model without approximate layers is converted: all layers that have an approximate form get it, with the
    exact product of 8 bits and ranges that are fixed by `calibration`.

    Args:
        model: path of a `.keras` or `.h5` file or of a frozen graph (`.pb`), or `package.module:function` of a function
            without arguments that returns a Keras model or a `Network`; or the model itself.
        calibration: samples for the ranges.
        signed: whether the multipliers will be signed.
        compensate: whether layers are compensated for each assignment, with the first 200 samples of `calibration`;
            `None` does so if the network is a Keras model.

    Raises:
        OSError: if the file cannot be read.
        ImportError: if TensorFlow is not installed.
        ValueError: if the file has another kind, the model no layer that can be approximate, or the network cannot be
            compensated.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if isinstance(model, str) and model.endswith(".pb"):
        if not os.path.isfile(model):
            raise ArgumentFileNotFoundError("model", "must be a file that exists", repr(model))
        graph_network: Any = importlib.import_module("tfapprox.tf1.graph_network")
        graphs: Any = importlib.import_module("tfapprox.tf1.graph")
        library: Any = importlib.import_module("tfapprox.tf1.library")
        importlib.import_module("tensorflow").load_op_library(library.library_path())
        return _uncompensated(graph_network.GraphNetwork(graphs.read(model)), compensate)
    model = load_model(model) if isinstance(model, str) else model
    tf2: Any = importlib.import_module("tfapprox.tf2")
    keras: Any = importlib.import_module("keras")
    if isinstance(model, Network):
        return _uncompensated(model, compensate)
    if not isinstance(model, keras.Model):
        raise ArgumentError("model", "must give a Keras model or a Network", type(model).__name__)
    check_ends(model)
    check_samples(model, calibration.x)
    products: Any = importlib.import_module("tfapprox.tf2.approximate_products")
    if not any(isinstance(layer, products.ApproximateProducts) for layer in model._flatten_layers()):
        model = tf2.approximate_model(model, TruthTable.exact(8, signed), data=calibration.x)
    networks: Any = importlib.import_module("tfapprox.tf2.keras_network")
    samples = None if compensate is False else calibration.x[:COMPENSATION_SAMPLES]
    return networks.KerasNetwork(model, compensation=samples)


def check_ends(model: Any) -> None:
    """Refuses a model with several inputs or outputs.

    Args:
        model: a Keras model; of a subclass, which does not know its inputs before a call, nothing is refused.

    Raises:
        ValueError: if there are several.
    """
    counts = [len(getattr(model, ends, None) or [None]) for ends in ("inputs", "outputs")]
    if counts != [1, 1]:
        raise ArgumentError("model", "must have one input and one output", f"{counts[0]} and {counts[1]}")


def check_samples(model: Any, x: np.ndarray, argument: str = "data") -> None:
    """Refuses samples of another shape than a model takes.

    Args:
        model: a Keras model; of a subclass, which does not know its inputs before a call, nothing is refused.
        x: the samples.
        argument: the name of the caller's argument, with which errors begin.

    Raises:
        ValueError: if a size differs. A last size of 1 may be missing or too many, as Keras lets it.
    """
    for tensor in getattr(model, "inputs", None) or ():
        expected, sizes = list(tensor.shape[1:]), list(x.shape[1:])
        longer, shorter = sorted([expected, sizes], key=len, reverse=True)
        if len(longer) == len(shorter) + 1 and longer[-1] == 1:
            longer = longer[:-1]
        if len(longer) != len(shorter) or any(a != b and None not in (a, b) for a, b in zip(longer, shorter)):
            raise ArgumentError(argument, f"must have samples of shape {expected}, as the model takes", sizes)


def _uncompensated(network, compensate):
    if compensate:
        raise ArgumentError("compensate", "needs a Keras model", type(network).__name__)
    return network


def matching_multipliers(patterns: Sequence[str]) -> tuple[list[str], list[str]]:
    """The multipliers that names and patterns mean.

    Args:
        patterns: names, paths of `.bin` files, or patterns such as `"mul8u_*"`.

    Returns:
        Names that were given as they are, and names that a pattern found, each sorted.

    Raises:
        ValueError: if a pattern finds nothing.

    Example:
        >>> matching_multipliers(["mul8u_drum4", "mul8s_e*"])
        (['mul8u_drum4'], ['mul8s_exact'])
    """
    named, found = [], []
    for pattern in patterns:
        if not any(character in pattern for character in "*?["):
            named.append(pattern)
            continue
        matches = fnmatch.filter(loadable_names(), pattern)
        if not matches:
            raise ArgumentError("multipliers", "must find one in the multiplier folders or built in", repr(pattern))
        found += matches
    return sorted(set(named)), sorted(set(found) - set(named))
