"""The structures and functions of `core/tfapprox_cuda.h`, field by field, for ctypes; used by cuda.py only."""

from ctypes import POINTER, Structure, c_char, c_char_p, c_int32, c_int64, c_void_p

from ._abi import AxConv2D, Conv2D, Error, Quantiser


class Device(Structure):
    """`tfapprox_cuda_device`."""

    _fields_ = [("name", c_char * 256), ("major", c_int32), ("minor", c_int32), ("multiprocessors", c_int32)]


class Work(Structure):
    """`tfapprox_cuda_work`."""

    _fields_ = [("images", c_int64), ("filter_chunks", c_int64), ("workspace_bytes", c_int64)]


class ApproxConv2D(Structure):
    """`tfapprox_cuda_approx_conv2d`."""

    _fields_ = [("shape", Conv2D), ("input", Quantiser), ("filter", Quantiser), ("table", c_void_p), ("work", Work)]


_TENSORS = [c_void_p] * 5  # input, filter, output, workspace, stream

# Without the pointer to the error, which comes last.
_FALLIBLE = {
    "device_describe": [POINTER(Device)],
    "allocate": [c_int64, POINTER(c_void_p)],
    "upload": [c_void_p, c_void_p, c_int64],
    "download": [c_void_p, c_void_p, c_int64],
    "synchronize": [],
    "table_acquire": [c_void_p, POINTER(c_void_p)],
    "approx_conv2d_init": [
        POINTER(Conv2D),
        POINTER(Quantiser),
        POINTER(Quantiser),
        c_void_p,
        POINTER(ApproxConv2D),
    ],
    "approx_conv2d_run": [POINTER(ApproxConv2D), *_TENSORS],
    "ax_conv2d_init": [POINTER(AxConv2D), c_void_p, POINTER(Work)],
    "ax_conv2d_run": [POINTER(AxConv2D), c_void_p, POINTER(Work), *_TENSORS],
}


def declare(library):
    """Gives every function of `library` its result and argument types, and returns it."""
    for name, arguments in _FALLIBLE.items():
        function = getattr(library, f"tfapprox_cuda_{name}")
        function.restype, function.argtypes = c_int32, [*arguments, POINTER(Error)]
    for name, result in (("free", None), ("table_release", None), ("table_plan", c_char_p)):
        function = getattr(library, f"tfapprox_cuda_{name}")
        function.restype, function.argtypes = result, [c_void_p]
    return library
