"""The compiled plugin of this room, which approx_conv2d.py loads."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tfapprox.backends import PLUGINS
from tfapprox.common import library
from tfapprox.old_plugins import shared

from .gradients import let_scripts_register

LIBRARY = PLUGINS[2].file


def library_path() -> str:
    """Path of `libApproxGPUOpsTF.so`, for `tf.load_op_library`.

    Raises:
        ImportError: if the package was built without TensorFlow 2.
    """
    return library.find("tf2", LIBRARY)


def load() -> Any:
    """The module of the plugin's operations, loaded by `tf.load_op_library`.

    Raises:
        ImportError: if there is no plugin, or it does not fit the running TensorFlow.
    """
    path = library_path()
    module = library.load(tf.load_op_library, path, tf.__version__)
    let_scripts_register()
    return shared(tf, path, module, "approx_conv2d_with_min_max_vars")
