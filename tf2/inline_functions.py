"""Functions of TensorFlow that call their Python code each time."""

from __future__ import annotations

import contextlib
from typing import Iterator

import tensorflow as tf


@contextlib.contextmanager
def inline_functions() -> Iterator[None]:
    """Makes each `tf.function` call its Python code, and so the layers in it, instead of what was traced before.

    A function that is traced while layers are observed would also keep what they did then.
    """
    before = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(before)
