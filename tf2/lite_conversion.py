"""The conversion of approximate models to TensorFlow Lite, which fails."""

from __future__ import annotations

import functools
import re
from typing import Any

import tensorflow as tf

_CONSTRUCTORS = ("from_concrete_functions", "from_keras_model", "from_saved_model")
_OPERATION = re.compile(r"\bApprox\w+With(Table|MinMaxVars)\b")


def refuse_lite_conversion() -> None:
    """Lets `tf.lite.TFLiteConverter` say in one sentence that it cannot convert approximate models.

    The error of TensorFlow is a page of its intermediate representation. TensorFlow has no place where a package could
    register an operation that the converter must refuse, so this wraps the method `convert` of each converter.
    """
    for name in _CONSTRUCTORS:
        construct = getattr(tf.lite.TFLiteConverter, name)
        if not hasattr(construct, "__wrapped__"):
            setattr(tf.lite.TFLiteConverter, name, staticmethod(_with_refusal(construct)))


def _with_refusal(construct):
    @functools.wraps(construct)
    def constructed(*args: Any, **kwargs: Any) -> Any:
        converter = construct(*args, **kwargs)
        converter.convert = _refusing(converter.convert)
        return converter

    return constructed


def _refusing(convert):
    @functools.wraps(convert)
    def converted() -> bytes:
        try:
            content: bytes = convert()
        except Exception as error:
            operation = _OPERATION.search(str(error))
            if operation is None:
                raise
            raise NotImplementedError(
                f"TensorFlow Lite cannot run approximate layers, whose operation {operation[0]} is no part of it; "
                "convert the model in floating point, or export the approximate one as a SavedModel"
            ) from None
        return content

    return converted
