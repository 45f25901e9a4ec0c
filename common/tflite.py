"""Models of TensorFlow Lite, which cannot become approximate."""

import os
from typing import Any

from .argument_error import ArgumentTypeError

_IDENTIFIER = b"TFL3"  # bytes 4 to 7 of a file of TensorFlow Lite
_PACKAGES = ("tensorflow.lite", "ai_edge_litert", "tflite_runtime")


def refuse_tflite(model: Any, argument: str = "model") -> None:
    """Raises an error if a model is one of TensorFlow Lite (LiteRT), and says what to give instead.

    Args:
        model: the path of a file, the content of a file, an interpreter, or anything else.
        argument: the name of the caller's argument, with which the error begins.

    Raises:
        TypeError: if it is a model of TensorFlow Lite.

    Example:
        >>> refuse_tflite("model.keras")
    """
    if _is_tflite(model):
        raise ArgumentTypeError(
            argument,
            "must be the model from which the TensorFlow Lite file was converted, because kernels of TensorFlow Lite "
            "cannot look up products in a table",
            repr(model) if isinstance(model, (str, os.PathLike)) else f"a {type(model).__name__} of TensorFlow Lite",
        )


def _is_tflite(model):
    if isinstance(model, (bytes, bytearray)):
        return model[4:8] == _IDENTIFIER
    if not isinstance(model, (str, os.PathLike)):
        return type(model).__module__.startswith(_PACKAGES)
    if os.fspath(model).endswith(".tflite"):
        return True
    if not os.path.isfile(model):
        return False
    with open(model, "rb") as file:
        return file.read(8)[4:] == _IDENTIFIER
