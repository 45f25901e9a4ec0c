"""Keeps eager calls of several threads apart on a GPU; TensorFlow is an argument, which this room does not import."""

import contextlib
import threading
from typing import Any, ContextManager

_lock = threading.Lock()


def gpu_eager_lock(tensorflow: Any) -> ContextManager[Any]:
    """Serialises eager calls on a GPU, because TensorFlow 2.21 mixes up the host inputs of concurrent ones.

    TensorFlow runs an eager operation on a GPU as a function whose transfers have the same names in every thread:
    operations that have inputs in host memory and run at the same time get each other's scalars. Operations within a
    `tf.function` do not need the lock.

    Args:
        tensorflow: the module `tensorflow`.

    Returns:
        The context in which to call the operation: a lock, or nothing on the CPU and where a graph is built.
    """
    if tensorflow.executing_eagerly() and tensorflow.config.list_logical_devices("GPU"):
        return _lock
    return contextlib.nullcontext()
