"""The compiled plugin of this room; loaded by approx_conv2d.py."""

import tensorflow as tf

from tfapprox.common import library

LIBRARY = "libApproxGPUOpsTF.so"


def library_path():
    """Path of `libApproxGPUOpsTF.so`, for `tf.load_op_library`.

    Raises:
        ImportError: if the package was built without TensorFlow 2.
    """
    return library.find("tf2", LIBRARY)


def load():
    """The operations of the plugin, as `tf.load_op_library` gives them.

    Raises:
        ImportError: if there is no plugin, or it does not fit the running TensorFlow.
    """
    return library.load(tf.load_op_library, library_path(), tf.__version__)
