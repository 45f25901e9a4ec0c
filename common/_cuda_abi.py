"""The structures and functions of `core/tfapprox_cuda.h`, field by field, for ctypes; used by cuda.py only."""

from ctypes import POINTER, Structure, c_char, c_char_p, c_int32, c_int64, c_void_p
from typing import Any, Dict, List

from ._abi import Error, Operation, TableGradient


class Device(Structure):
    """`tfapprox_cuda_device`."""

    _fields_ = [("name", c_char * 256), ("major", c_int32), ("minor", c_int32), ("multiprocessors", c_int32)]


class Work(Structure):
    """`tfapprox_cuda_work`."""

    _fields_ = [("images", c_int64), ("filter_chunks", c_int64), ("workspace_bytes", c_int64)]


_CALL: List[Any] = [POINTER(Operation), c_void_p, POINTER(Work)]  # operation, table, work

# The types of the arguments, without the pointer to the error, which comes last.
_FALLIBLE: Dict[str, List[Any]] = {
    "device_describe": [POINTER(Device)],
    "allocate": [c_int64, POINTER(c_void_p)],
    "upload": [c_void_p, c_void_p, c_int64],
    "download": [c_void_p, c_void_p, c_int64],
    "synchronize": [],
    "table_acquire": [c_void_p, POINTER(c_void_p)],
    "operation_init": _CALL,
    "operation_run": [*_CALL, *[c_void_p] * 5],  # activations, weights, output, workspace, stream
    "table_gradient_init": [POINTER(TableGradient), POINTER(c_int64)],
    # table, activations, weights, upstream gradient, both gradients, workspace, stream
    "table_gradient_run": [POINTER(TableGradient), *[c_void_p] * 8],
}


def declare(library: Any) -> Any:
    """Gives every function of `library` its result and argument types, and returns it."""
    for name, arguments in _FALLIBLE.items():
        function = getattr(library, f"tfapprox_cuda_{name}")
        function.restype, function.argtypes = c_int32, [*arguments, POINTER(Error)]
    for name, result in (("free", None), ("table_release", None), ("table_plan", c_char_p)):
        function = getattr(library, f"tfapprox_cuda_{name}")
        function.restype, function.argtypes = result, [c_void_p]
    return library
