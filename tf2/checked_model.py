"""The models that the functions of this package take."""

from __future__ import annotations

from typing import Any

import keras

from tfapprox.common.tflite import refuse_tflite


def check_model(model: Any, kind: Any = keras.Model) -> None:
    """Checks the argument `model` of a function.

    Args:
        model: what the user gave.
        kind: the class that it must have: `keras.Model` or `keras.Layer`.

    Raises:
        TypeError: if it is another one; the message says what to do with models of Keras 2 and TensorFlow Lite, and
            with paths.
    """
    if isinstance(model, kind):
        return
    refuse_tflite(model)
    if any(base.__module__.split(".")[0] == "tf_keras" for base in type(model).__mro__):
        raise TypeError(
            "model must be a model of Keras 3; received one of Keras 2 (tf_keras). Build it by `keras` instead of "
            "`tf_keras`, or unset TF_USE_LEGACY_KERAS, and copy its weights by set_weights"
        )
    received = f"{type(model).__name__}"
    if isinstance(model, str):
        received = f"{model!r}. keras.saving.load_model opens a file"
    raise TypeError(f"model must be a keras.{kind.__name__}; received {received}")
