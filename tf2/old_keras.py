"""The names that scripts of the predecessor import, on today's TensorFlow: Keras 2 by the package tf_keras."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from importlib.machinery import ModuleSpec
from typing import Any

import tensorflow as tf

from tfapprox.old_plugins import redirect

from .approx_conv2d import operations
from .library import LIBRARY

LAYERS = {"keras.layers.fake_approx_convolutional": f"{__package__}.fake_approx_convolutional"}
SUCCESSOR = "python.keras"  # the package in which TFApprox4IL has its layers
API = "tf_keras.api._v2.keras"  # Keras 2 as `tf.keras`; it lacks only names that are Keras' own


def _real_name(name: str) -> str | None:
    """The module that a script gets under a name; `None` for names that are no business of this module."""
    if name in LAYERS:
        return LAYERS[name]
    for old, new in (("keras", "tf_keras"), ("tensorflow.keras", API)):
        if name == old or name.startswith(f"{old}."):
            return new + name[len(old) :]
    return None


class _Keras2:
    """The first finder of modules: `keras` and `tensorflow.keras` are Keras 2, with the predecessor's layer in it."""

    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        return ModuleSpec(name, _Keras2) if _real_name(name) else None  # type: ignore

    @staticmethod
    def create_module(spec: ModuleSpec) -> None:
        """Python makes an empty module, which `exec_module` replaces."""

    @staticmethod
    def exec_module(module: Any) -> None:
        sys.modules[module.__name__] = importlib.import_module(str(_real_name(module.__name__)))


class _Absent:
    """The last finder of modules: its error says that the successor's layers are not there."""

    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> None:
        if name == "python" or name == SUCCESSOR or name.startswith(f"{SUCCESSOR}."):
            raise ModuleNotFoundError(
                f"{name} is part of TFApprox4IL, the successor of TFApprox, whose layers tfapprox does not provide; "
                "approximate_model of tfapprox.tf2 converts a model, and FakeApproxConv2D is the layer",
                name=name,
            )


def _replace(keras: Any, module: str, substitutes: dict[str, Any]) -> None:
    """Puts values into a module of Keras 2 under both of its names, that of `keras` and that of `tf.keras`."""
    for api in (keras, tf.keras):
        vars(getattr(api, module)).update(substitutes)


def install() -> None:
    """Makes `tf.keras` and `keras` Keras 2, and `load_op_library` find `libApproxGPUOpsTF.so` without a file.

    Raises:
        ImportError: if the package tf_keras is missing.
    """
    if importlib.util.find_spec("tf_keras") is None:
        raise ImportError("run needs Keras 2, which is the package tf_keras: pip install 'tfapprox[keras2]'")
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    for name in [name for name in sys.modules if _real_name(name)]:
        del sys.modules[name]  # Keras 3, which this package has imported
    keras = importlib.import_module("tf_keras")
    tf.keras = importlib.import_module(API)
    # The optimisers of Keras 2.11 and later ignore `lr` and refuse `decay`; the earlier ones are still there.
    legacy = keras.optimizers.legacy
    _replace(keras, "optimizers", {name: getattr(legacy, name) for name in dir(legacy) if name[0].isupper()})
    if importlib.util.find_spec("tensorboard") is None:
        substitute = importlib.import_module(f"{__package__}.silent_tensorboard")
        _replace(keras, "callbacks", {"TensorBoard": substitute.TensorBoard})
    sys.meta_path.insert(0, _Keras2)
    sys.meta_path.append(_Absent)
    redirect(tf, lambda path: os.path.basename(path) == LIBRARY, operations)
