"""The compiled plugin that has AxConv2D, for the TensorFlow that runs; loaded by ax_conv2d.py."""

import tensorflow as tf

from tfapprox.common import library

LIBRARY = "axqconv.so"  # as old scripts load it


def library_path():
    """Path of the plugin: `axqconv.so` on TensorFlow 1, and on TensorFlow 2 its plugin, which has AxConv2D too.

    Raises:
        ImportError: if the package was built without the TensorFlow that runs.
    """
    if tf.__version__.startswith("1."):
        return library.find("tf1", LIBRARY)
    return library.find("tf2", "libApproxGPUOpsTF.so")


def load():
    """The operations of the plugin, as `tf.load_op_library` gives them.

    Raises:
        ImportError: if there is no plugin, or it does not fit the running TensorFlow.
    """
    return library.load(tf.load_op_library, library_path(), tf.__version__)
