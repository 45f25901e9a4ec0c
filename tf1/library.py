"""The compiled plugin that has AxConv2D, for the TensorFlow that runs; loaded by ax_conv2d.py."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tfapprox.backends import PLUGINS, plugin_for
from tfapprox.common import library
from tfapprox.old_plugins import shared

LIBRARY = PLUGINS[1].file  # the name that scripts of TensorFlow 1 load


def library_path() -> str:
    """Path of the plugin that has AxConv2D: `axqconv.so`, or on TensorFlow 2 the one plugin for TensorFlow 2.

    Raises:
        ImportError: if the package was built without the TensorFlow that runs.
    """
    plugin = plugin_for(tf.__version__)
    return library.find(plugin.room, plugin.file)


def load() -> Any:
    """The module of the plugin's operations, loaded by `tf.load_op_library`.

    Raises:
        ImportError: if there is no plugin, or it does not fit the running TensorFlow.
    """
    path = library_path()
    return shared(tf, path, library.load(tf.load_op_library, path, tf.__version__), "ax_conv2d")
