"""Models in files of Keras, for commands."""

import importlib
import os
from typing import Any

from .common import regular_files
from .common.argument_error import ArgumentError

SUFFIXES = (".keras", ".h5", ".hdf5")


def load_keras_file(path: str, suffixes: str = ".keras") -> Any:
    """Loads the model in a file of Keras without compiling it. The text of a `ValueError` names the argument `model`.

    Args:
        path: path of the file.
        suffixes: the suffixes of files that the command takes, for the text of the error.

    Raises:
        ImportError: if TensorFlow is not installed.
        OSError: if the file cannot be read.
        ValueError: if Keras cannot load it.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with regular_files.opened(path, "model"):
        pass
    importlib.import_module("tfapprox.tf2")  # registers the approximate layers
    try:
        return importlib.import_module("keras").saving.load_model(path, compile=False)
    except MemoryError:
        raise
    except Exception as error:  # readers of zip files, JSON and HDF5 and the layers have exceptions of their own
        text = str(error) or type(error).__name__
        raise ArgumentError("model", f"must be a {suffixes} file that Keras can load", f"{path!r}: {text}") from error
