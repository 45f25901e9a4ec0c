"""The compiled core by ctypes: loaded on first use, so that what needs no core can be imported without one."""

import ctypes
import functools
from typing import Any

import numpy as np

from . import _settings, library
from ._abi import Error, declare

_EXCEPTIONS = {1: ValueError, 2: FileNotFoundError, 3: MemoryError, 4: RuntimeError, 5: RuntimeError}


# The functions that obey an environment variable.
_READ_SETTINGS = (
    "tfapprox_path",
    "tfapprox_table_load",
    "tfapprox_table_open",
    "tfapprox_multiplier_folder",
    "tfapprox_plan_choose",
    "tfapprox_operation_init",
    "tfapprox_table_gradient_init",
)


@functools.lru_cache(maxsize=None)
def core() -> Any:
    """The compiled core, every function of `core/tfapprox.h` declared.

    The functions that obey an environment variable, such as `TFAPPROX_FORCE_PATH`, obey its value in `os.environ` at
    the time of the call.

    A TensorFlow plugin has a copy of the core. If a plugin was loaded first, its copy is the core here, too. Tables
    that Python has read are then in memory where a TensorFlow kernel finds them by their hash, and it does not read
    their files again.

    Raises:
        ImportError: if this install was built without it.
    """
    path = library.loaded_plugins[0] if library.loaded_plugins else library.find("common", "libtfapprox_core.so")
    loaded = declare(ctypes.CDLL(path))
    _settings.add(loaded)
    for name in _READ_SETTINGS:
        setattr(loaded, name, _settings.after_passing_on(getattr(loaded, name)))
    return loaded


def check(status: int, error: Error) -> None:
    """Raises the exception of a status other than 0, with the text of `error`, an `_abi.Error`."""
    if status != 0:
        raise _EXCEPTIONS[status](error.message.decode(errors="replace"))


def text(value: ctypes.c_char_p) -> str:
    """The text that a function of the core has given."""
    return (value.value or b"").decode()


def aligned(size: int) -> np.ndarray:
    """Memory of `size` bytes, aligned to 64, as a numpy array of uint8."""
    memory = np.empty(size + 64, np.uint8)
    start = -memory.ctypes.data % 64
    return memory[start : start + size]
