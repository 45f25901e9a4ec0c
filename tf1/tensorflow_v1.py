"""Lets scripts of TensorFlow 1 run on TensorFlow 2: its module `tensorflow`, and `axqconv.so` by any path."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import types
from typing import Any, Sequence

import tensorflow as tf

from tfapprox.old_plugins import redirect

from . import contrib
from .ax_conv2d import operations
from .library import LIBRARY

# Error messages end with this advice.
ELSEWHERE = "a script that needs it runs in the TensorFlow 1.14 container or its Python 3.7 environment (tf1/README.md)"
KERAS = ("keras", "layers")  # TensorFlow 1 has Keras 2, which is the package tf_keras; Keras 3 does not work in graphs


def _redirect(module):
    """Makes `load_op_library` of a module return this project's operations for `axqconv.so` in any folder."""
    redirect(module, lambda path: os.path.basename(path) == LIBRARY, operations)


def _absent(name: str) -> str:
    """The error text for a part of TensorFlow that is not there: its name, and what the user can do."""
    if name.split(".")[0] in KERAS:
        return (
            f"tf.{name} needs the package tf_keras on TensorFlow {tf.__version__} (pip install tf_keras); {ELSEWHERE}"
        )
    return f"tf.{name} is not in the version 1 API of TensorFlow {tf.__version__}; {ELSEWHERE}"


class TensorFlowV1(types.ModuleType):
    """`tensorflow.compat.v1` under the name `tensorflow`, with the internal packages that scripts import from it."""

    def __init__(self, real: Any, absent: Sequence[str]) -> None:
        super().__init__("tensorflow", real.__doc__)
        self._v1, self._absent = real.compat.v1, absent
        # The path of TensorFlow has the folders of Keras, which must not be found there if Keras is absent.
        folders = [*self._v1.__path__, *real.__path__]
        self.__path__ = [path for path in folders if not (absent and f"{os.sep}keras{os.sep}" in path)]
        self.__spec__, self.__file__, self.__version__ = real.__spec__, real.__file__, real.__version__

    def __getattr__(self, name: str) -> Any:
        # Packages such as tensorflow.python belong to no API; they are there once something has imported them.
        value = getattr(self._v1, name, sys.modules.get(f"tensorflow.{name}"))
        if value is None or name in self._absent:
            raise AttributeError(_absent(name))
        return value

    def __dir__(self) -> list[str]:
        return dir(self._v1)


class _Piece(types.ModuleType):
    """A module below `tensorflow` that has only some of its names."""

    def __init__(self, name, content):
        super().__init__(f"tensorflow.{name}")
        self.__path__ = []  # a package, in which the last finder of modules reports what is missing
        vars(self).update(content)

    def __getattr__(self, name):
        raise AttributeError(_absent(f"{self.__name__.partition('.')[2]}.{name}"))


def _add_pieces(tensorflow):
    """Adds the pieces of `tf.contrib`, and the function of `graph_util` that its internal module had."""
    from tensorflow.python.framework import graph_util

    graph_util.convert_variables_to_constants = tf.compat.v1.graph_util.convert_variables_to_constants
    modules = {"": tensorflow}
    for name, content in contrib.MODULES.items():
        parent, _, last = name.rpartition(".")
        modules[name] = sys.modules[f"tensorflow.{name}"] = _Piece(name, content)
        setattr(modules[parent], last, modules[name])


class _Absent:
    """The last finder of modules: its error says what can be done about a part of TensorFlow that no finder has."""

    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> None:
        if name.startswith("tensorflow."):
            # With `name=name`, `from tensorflow.contrib import slim` would hide this error behind one of its own.
            raise ModuleNotFoundError(_absent(name.partition(".")[2]))


def install() -> None:
    """Makes `import tensorflow` give TensorFlow 1: the module itself, or on TensorFlow 2 its version 1 API."""
    if tf.__version__.startswith("1."):
        _redirect(tf)
        return
    legacy_keras = importlib.util.find_spec("tf_keras")
    if legacy_keras:
        os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
        importlib.import_module("tensorflow.compat.v2")  # tf_keras imports it; the version 1 API has another compat
    v1 = tf.compat.v1
    verbosity = v1.logging.get_verbosity()
    v1.logging.set_verbosity(v1.logging.ERROR)  # suppresses warnings that version 1 behaviour is old
    v1.disable_v2_behavior()
    v1.logging.set_verbosity(verbosity)
    sys.modules["tensorflow"] = TensorFlowV1(tf, absent=() if legacy_keras else KERAS)
    _redirect(sys.modules["tensorflow"])
    _add_pieces(sys.modules["tensorflow"])
    sys.meta_path.append(_Absent)
