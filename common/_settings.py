"""The environment variables that the compiled core obeys, passed on to each copy of the core in this process.

The core by ctypes is one copy, and a TensorFlow plugin contains another. Python reads the variables from `os.environ`,
which the interpreter keeps consistent, and hands the values to the copies, because C's getenv must not run while a
thread changes the environment. The public functions of this package call `pass_on` before the core needs a setting, so
that a change of `os.environ` counts from the next call on. A raw TensorFlow operation, or a function that TensorFlow
has traced, keeps the settings that were passed on last.
"""

import ctypes
import os
import threading
from typing import Any, Callable, Dict, Optional, Tuple

from ._abi import Error, Settings

VARIABLES = ("TFAPPROX_FORCE_PATH", "TFAPPROX_PLAN", "TFAPPROX_MULTIPLIER_PATH", "XDG_DATA_HOME", "HOME")
Values = Tuple[Optional[str], ...]

_lock = threading.Lock()
_copies: Dict[Optional[int], Any] = {}  # tfapprox_settings_reload of each copy, by its address
_passed: Optional[Values] = None  # the values that all copies were given last

# A child that is forked while another thread has the lock would wait for it without end.
os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release)


def _read() -> Values:
    return tuple(os.environ.get(name) for name in VARIABLES)


def _give(reload: Any, values: Values) -> None:
    settings, error = Settings(*(value if value is None else os.fsencode(value) for value in values)), Error()
    if reload(ctypes.byref(settings), ctypes.byref(error)) != 0:
        raise MemoryError(error.message.decode(errors="replace"))


def add(library: ctypes.CDLL) -> None:
    """Makes a library with a copy of the core one of those that settings are passed on to, and passes them on."""
    global _passed
    reload = library.tfapprox_settings_reload
    reload.restype, reload.argtypes = ctypes.c_int32, [ctypes.POINTER(Settings), ctypes.POINTER(Error)]
    with _lock:
        _copies[ctypes.cast(reload, ctypes.c_void_p).value] = reload
        _passed = None
    pass_on()


def pass_on() -> None:
    """Passes the variables on to every copy of the core, if one of them has changed since the last call."""
    global _passed
    if _read() == _passed:
        return
    with _lock:
        values = _read()
        for reload in _copies.values():
            _give(reload, values)
        _passed = values


def after_passing_on(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of the core that calls `pass_on` first."""

    def call(*arguments: Any) -> Any:
        pass_on()
        return function(*arguments)

    return call
