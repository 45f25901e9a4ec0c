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

LAYERS = {
    "keras.layers.fake_approx_convolutional": f"{__package__}.fake_approx_convolutional",
    "python.keras.layers.fake_convolutional": f"{__package__}.successor_layers",
    "python.keras.utils.quantize": f"{__package__}.successor_quantize",
}
SUCCESSOR = "python.keras"  # the package in which TFApprox4IL, the successor of TFApprox, has its layers
PACKAGES = ("python", SUCCESSOR, f"{SUCCESSOR}.layers", f"{SUCCESSOR}.utils")
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


class _Successor:
    """The last finder of modules: the packages around the successor's modules, and an error for its other modules."""

    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if name in PACKAGES:
            return ModuleSpec(name, _Successor, is_package=True)  # type: ignore
        if name.startswith(f"{SUCCESSOR}."):
            modules = " and ".join(module for module in LAYERS if module.startswith(SUCCESSOR))
            raise ModuleNotFoundError(
                f"{name} is a part of TFApprox4IL, the successor of TFApprox, that tfapprox does not provide; "
                f"its layers and functions are in {modules}",
                name=name,
            )
        return None

    @staticmethod
    def create_module(spec: ModuleSpec) -> None:
        """Python makes an empty package."""

    @staticmethod
    def exec_module(module: Any) -> None:
        """The package stays empty."""


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
        # Each tf_keras needs the TensorFlow of its own minor version, and pip would install that.
        version = ".".join(tf.__version__.split(".")[:2])
        raise ImportError(f"run needs Keras 2, which is the package tf_keras: pip install 'tf_keras=={version}.*'")
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
    sys.meta_path.append(_Successor)
    redirect(tf, lambda path: os.path.basename(path) == LIBRARY, operations)
