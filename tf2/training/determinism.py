"""Training that computes the same bits twice."""

from __future__ import annotations

import contextlib
from typing import Iterator

import tensorflow as tf
from tensorflow.python.framework import config


@contextlib.contextmanager
def deterministic_operations() -> Iterator[None]:
    """Lets TensorFlow use deterministic kernels only, and restores the setting of the process afterwards.

    TensorFlow's public functions can switch determinism on but not off, and in a process where it stays on, every
    random operation without a seed is an error.
    """
    before = config.is_op_determinism_enabled()
    tf.config.experimental.enable_op_determinism()
    try:
        yield
    finally:
        if not before:
            config.disable_op_determinism()
