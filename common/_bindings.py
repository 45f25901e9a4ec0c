"""The compiled core by ctypes: loaded on first use, so that what needs no core can be imported without one."""

import ctypes
import functools

import numpy as np

from . import _settings, library
from ._abi import declare

_EXCEPTIONS = {1: ValueError, 2: FileNotFoundError, 3: MemoryError, 4: RuntimeError, 5: RuntimeError}


# The functions that obey an environment variable.
_READ_SETTINGS = (
    "tfapprox_path",
    "tfapprox_table_load",
    "tfapprox_table_open",
    "tfapprox_multiplier_folder",
    "tfapprox_plan_choose",
    "tfapprox_operation_init",
)


@functools.lru_cache(maxsize=None)
def core():
    """The compiled core, every function of `core/tfapprox.h` declared.

    The functions that obey an environment variable, such as `TFAPPROX_FORCE_PATH`, obey its value in `os.environ` at
    the time of the call.

    Raises:
        ImportError: if this install was built without it.
    """
    loaded = declare(ctypes.CDLL(library.find("common", "libtfapprox_core.so")))
    _settings.add(loaded)
    for name in _READ_SETTINGS:
        setattr(loaded, name, _settings.after_passing_on(getattr(loaded, name)))
    return loaded


def check(status, error):
    """Raises the exception of a status other than 0, with the text of `error`, an `_abi.Error`."""
    if status != 0:
        raise _EXCEPTIONS[status](error.message.decode(errors="replace"))


def aligned(size):
    """Memory of `size` bytes, aligned to 64, as a numpy array of uint8."""
    memory = np.empty(size + 64, np.uint8)
    start = -memory.ctypes.data % 64
    return memory[start : start + size]
