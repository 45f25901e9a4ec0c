"""Finds and loads `libApproxGPUOpsTF.so`, the compiled plugin; called by approx_conv2d.py."""

import os

import tensorflow as tf

import tfapprox

LIBRARY = "libApproxGPUOpsTF.so"
REBUILD = "Rebuild with the TensorFlow that you run: pip install --no-build-isolation --force-reinstall --no-deps ."


def _find(name):
    # An editable install has the sources and the built library in two folders, both on the package's __path__.
    folders = [os.path.join(folder, "tf2") for folder in tfapprox.__path__] + [os.path.dirname(__file__)]
    for folder in folders:
        if os.path.isfile(os.path.join(folder, name)):
            return os.path.join(folder, name)
    raise ImportError(
        f"tfapprox.tf2 needs {LIBRARY}, which this install was built without: the build saw no TensorFlow 2 "
        f"(looked for {name} in {folders}). {REBUILD}"
    )


def library_path():
    """Path of `libApproxGPUOpsTF.so`, for `tf.load_op_library`.

    Raises:
        ImportError: if the package was built without TensorFlow 2.
    """
    return _find(LIBRARY)


def load():
    """The operations of the plugin, as `tf.load_op_library` gives them.

    Raises:
        ImportError: if there is no plugin, or it does not fit the running TensorFlow; says which it was built for.
    """
    path = library_path()
    with open(_find("built_for.txt"), encoding="utf-8") as file:
        built_for = file.read().strip()
    try:
        return tf.load_op_library(path)
    except (tf.errors.NotFoundError, RuntimeError) as error:
        raise ImportError(
            f"{path} was built for TensorFlow {built_for} and does not load in TensorFlow {tf.__version__}: "
            f"{error}. {REBUILD}"
        ) from error
