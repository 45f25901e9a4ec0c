"""Keeps eager calls of several threads apart on a GPU; knows no TensorFlow, which is an argument."""

import contextlib
import threading

_lock = threading.Lock()


def alone(tensorflow):
    """The context of a call of an operation that has inputs in host memory.

    TensorFlow (2.21) runs an eager operation on a GPU as a function whose transfers have the same names in every
    thread: calls at the same time get each other's scalars. Those within a `tf.function` do not.
    """
    if tensorflow.executing_eagerly() and tensorflow.config.list_logical_devices("GPU"):
        return _lock
    return contextlib.nullcontext()
