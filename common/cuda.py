"""The CUDA kernels by ctypes, without TensorFlow: every entry of `core/tfapprox_cuda.h`.

Tensors go to the GPU and come back with each call of an operation. A benchmark keeps them there: `Gpu.prepare` gives a
call that can be queued many times.
"""

import ctypes
from contextlib import ExitStack, contextmanager

import numpy as np

from . import native
from ._abi import Error
from ._bindings import check, core
from ._convolution import AxOutput
from ._cuda_abi import ApproxConv2D, Device, Work, declare

_REBUILD = "Rebuild with nvcc on PATH: pip install --no-build-isolation -C cmake.define.TFAPPROX_CUDA=ON ."


class Gpu:
    """The current GPU.

    Args:
        library: a `ctypes.CDLL` with the entries of `core/tfapprox_cuda.h`; the compiled core by default.

    Raises:
        ImportError: if the core was built without CUDA.
        RuntimeError: if there is no GPU or driver, or this build has no kernel for the GPU.

    Example:
        >>> import numpy as np
        >>> x, w = np.ones((1, 4, 4, 1)), np.ones((3, 3, 1, 1))
        >>> try:
        ...     y = Gpu().approx_conv2d_with_min_max_vars(x, w, 0, 1, 0, 1, [1, 1, 1, 1], padding="VALID")
        ...     sum_of_nine = round(y[0, 0, 0, 0].item(), 3)
        ... except (ImportError, RuntimeError):
        ...     sum_of_nine = 9.0  # no GPU here
        >>> sum_of_nine
        9.0
    """

    def __init__(self, library=None):
        library = core() if library is None else library
        if not hasattr(library, "tfapprox_cuda_device_describe"):
            raise ImportError(f"the core was built without CUDA. {_REBUILD}")
        self._library = declare(library)
        device = Device()
        self._call("device_describe", ctypes.byref(device))
        self.name, self.multiprocessors = device.name.decode(), device.multiprocessors
        self.compute_capability = (device.major, device.minor)

    def _call(self, name, *arguments):
        error = Error()
        check(getattr(self._library, f"tfapprox_cuda_{name}")(*arguments, ctypes.byref(error)), error)

    @contextmanager
    def memory(self, size):
        """Context of `size` bytes on the GPU; gives their address."""
        address = ctypes.c_void_p()
        self._call("allocate", max(size, 1), ctypes.byref(address))
        try:
            yield address
        finally:
            self._library.tfapprox_cuda_free(address)

    @contextmanager
    def table(self, shared):
        """Context of a `native.Table` on the GPU; gives its handle."""
        copy = ctypes.c_void_p()
        self._call("table_acquire", shared.handle, ctypes.byref(copy))
        try:
            yield copy
        finally:
            self._library.tfapprox_cuda_table_release(copy)

    def plan(self, table, num_bits=8):
        """Name of the plan that the GPU carries out for a table: `"exact"`, `"polynomial"`, ... `"look_up"`."""
        with self.table(native.Table(table, num_bits)) as copy:
            return self._library.tfapprox_cuda_table_plan(copy).decode()

    def synchronize(self):
        """Waits until the GPU has done what was queued."""
        self._call("synchronize")

    @contextmanager
    def prepare(
        self, input, filter, input_min, input_max, filter_min, filter_max, strides, num_bits=8, table=None, **shape
    ):
        """Context of `ApproxConv2DWithMinMaxVars` with its tensors on the GPU.

        Arguments are those of `tfapprox.common.reference.approx_conv2d_with_min_max_vars`.

        Returns:
            Two functions: `queue()` queues one run, `download()` waits for it and returns the output.
        """
        input, filter = (np.ascontiguousarray(x, np.float32) for x in (input, filter))
        data_format = shape.get("data_format", "NHWC")
        shape = native.conv2d(input.shape, filter.shape, strides, **{"padding": "SAME", **shape})
        shared = native.Table(native.load_table("", num_bits) if table is None else table, num_bits)
        quantisers = [
            native.quantiser("input", input_min, input_max, shared),
            native.quantiser("filter", filter_min, filter_max, shared),
        ]
        op = ApproxConv2D()
        with self.table(shared) as copy:
            pointers = [ctypes.byref(x) for x in (shape, *quantisers)]
            self._call("approx_conv2d_init", *pointers, copy, ctypes.byref(op))
            sizes = {"N": shape.batch, "H": shape.out_height, "W": shape.out_width, "C": shape.out_channels}
            output = np.empty([sizes[axis] for axis in data_format], np.float32)
            with self._tensors(input, filter, output, op.work.workspace_bytes) as (tensors, download):
                yield lambda: self._call("approx_conv2d_run", ctypes.byref(op), *tensors, None), download

    @contextmanager
    def _tensors(self, input, filter, output, workspace_bytes):
        """Context of an operation's memory; gives the addresses and a function that returns the filled output."""
        sizes = [input.nbytes, filter.nbytes, output.nbytes, workspace_bytes]
        with ExitStack() as stack:
            x, w, y, workspace = (stack.enter_context(self.memory(size)) for size in sizes)
            self._call("upload", x, input.ctypes.data, input.nbytes)
            self._call("upload", w, filter.ctypes.data, filter.nbytes)

            def download():
                self.synchronize()
                self._call("download", output.ctypes.data, y, output.nbytes)
                return output

            yield (x, w, y, workspace), download

    def approx_conv2d_with_min_max_vars(self, *arguments, **named):
        """Approximate convolution; see `tfapprox.common.reference.approx_conv2d_with_min_max_vars`.

        Raises:
            ValueError: if a range or a size is not possible, or an image is too large for a GPU.
            MemoryError: if the GPU's memory does not suffice.
        """
        with self.prepare(*arguments, **named) as (queue, download):
            queue()
            return download()

    def ax_conv2d(
        self, input, filter, min_input, max_input, min_filter, max_filter, strides, padding, table=None, ax_tune=True
    ):
        """`AxConv2D`; see `tfapprox.common.reference.ax_conv2d`. Errors as above."""
        input, filter = (np.ascontiguousarray(x, np.uint8) for x in (input, filter))
        ranges = (min_input, max_input, min_filter, max_filter)
        op, shared = native.init_ax_conv2d(input.shape, filter.shape, ranges, strides, padding, table, ax_tune)
        shape = op.shape
        output = np.empty([shape.batch, shape.out_height, shape.out_width, shape.out_channels], np.int32)
        with self.table(shared) as copy:
            work = Work()
            self._call("ax_conv2d_init", ctypes.byref(op), copy, ctypes.byref(work))
            with self._tensors(input, filter, output, work.workspace_bytes) as (tensors, download):
                self._call("ax_conv2d_run", ctypes.byref(op), copy, ctypes.byref(work), *tensors, None)
                return AxOutput(download(), np.float32(op.min_output), np.float32(op.max_output))
