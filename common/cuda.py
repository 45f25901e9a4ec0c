"""The CUDA kernels by ctypes, without TensorFlow: every entry of `core/tfapprox_cuda.h`.

Each call of an operation brings its tensors to the GPU and its output back. `Gpu.prepare` leaves them there, so that a
benchmark can queue a call many times.
"""

import ctypes
from contextlib import ExitStack, contextmanager
from typing import Any, Callable, Iterator, Optional, Sequence, Tuple

import numpy as np

from . import _operation, _settings
from ._abi import Error
from ._bindings import check, core
from ._convolution import AxOutput, FilterRange
from ._core_tables import Table
from ._cuda_abi import Device, Work, declare
from ._gradient_operation import GradientOperation
from .truth_table import TableLike

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

    def __init__(self, library: Optional[ctypes.CDLL] = None) -> None:
        library = core() if library is None else library
        if not hasattr(library, "tfapprox_cuda_device_describe"):
            raise ImportError(f"the core was built without CUDA. {_REBUILD}")
        self._library = declare(library)
        device = Device()
        self._call("device_describe", ctypes.byref(device))
        self.name, self.multiprocessors = device.name.decode(), device.multiprocessors
        self.compute_capability = (device.major, device.minor)

    def _call(self, name: str, *arguments: Any) -> None:
        error = Error()
        check(getattr(self._library, f"tfapprox_cuda_{name}")(*arguments, ctypes.byref(error)), error)

    @contextmanager
    def memory(self, size: int) -> Iterator[ctypes.c_void_p]:
        """A context with `size` bytes of memory on the GPU; it gives their address."""
        address = ctypes.c_void_p()
        try:  # it covers the allocation, because Ctrl-C may arrive right after it
            self._call("allocate", max(size, 1), ctypes.byref(address))
            yield address
        finally:
            self._library.tfapprox_cuda_free(address)

    @contextmanager
    def table(self, shared: Table) -> Iterator[ctypes.c_void_p]:
        """A context with a `native.Table` on the GPU; it gives the handle of the copy."""
        _settings.pass_on()  # the core chooses the plan
        copy = ctypes.c_void_p()
        try:
            self._call("table_acquire", shared.handle, ctypes.byref(copy))
            yield copy
        finally:
            self._library.tfapprox_cuda_table_release(copy)

    def plan(self, table: Optional[TableLike], num_bits: int = 8) -> str:
        """Name of the plan that the GPU carries out for a table: one of `tfapprox.common.plans.NAMES`.

        Args:
            table: a `TruthTable`, or an integer array `[2**num_bits, 2**num_bits]`, activation code first.
            num_bits: width of both operands, 2 to 8; 8 for a signed table.

        Raises:
            ValueError: if the width, the shape or an entry is not possible.
            MemoryError: if the GPU's memory does not suffice.
        """
        with self.table(Table(table, num_bits)) as copy:
            return self._library.tfapprox_cuda_table_plan(copy).decode()

    def synchronize(self) -> None:
        """Waits until the GPU has done what was queued."""
        self._call("synchronize")

    @contextmanager
    def prepare(self, operation: _operation.Operation) -> Iterator[Tuple[Callable[[], None], Callable[[], Any]]]:
        """A context with the tensors of an operation on the GPU.

        Args:
            operation: an `_operation.Operation`.

        Returns:
            Two functions without arguments: `queue()` queues one run, `download()` waits for it and returns what the
            public function of the operation returns.
        """
        tensors = operation.activations, operation.weights
        with ExitStack() as stack:
            work = Work()
            call = (
                ctypes.byref(operation.descriptor),
                stack.enter_context(self.table(operation.table)),
                ctypes.byref(work),
            )
            self._call("operation_init", *call)
            sizes = [tensor.nbytes for tensor in (*tensors, operation.output)]
            *inputs, output, workspace = (
                stack.enter_context(self.memory(size)) for size in (*sizes, work.workspace_bytes)
            )
            for address, tensor in zip(inputs, tensors):
                self._call("upload", address, tensor.ctypes.data, tensor.nbytes)
            if operation.is_part:
                self._call("upload", output, operation.output.ctypes.data, operation.output.nbytes)

            def queue():
                self._call("operation_run", *call, *inputs, output, workspace, None)

            def download():
                self.synchronize()
                self._call("download", operation.output.ctypes.data, output, operation.output.nbytes)
                return operation.result()

            yield queue, download

    def run(self, operation: _operation.Operation) -> Any:
        """Computes an `_operation.Operation`, and returns what its public function returns."""
        with self.prepare(operation) as (queue, download):
            queue()
            return download()

    def approx_conv2d_with_min_max_vars(
        self,
        input: np.ndarray,
        filter: np.ndarray,
        input_min: float,
        input_max: float,
        filter_min: FilterRange,
        filter_max: FilterRange,
        strides: Sequence[int],
        padding: str = "SAME",
        *,
        num_bits: int = 8,
        table: Optional[TableLike] = None,
        explicit_paddings: Sequence[int] = (),
        data_format: str = "NHWC",
        dilations: Sequence[int] = (1, 1, 1, 1),
    ) -> np.ndarray:
        """`ApproxConv2DWithMinMaxVars`, equations (3), on the GPU.

        Args:
            input: float32 array, four dimensions in the order of `data_format`.
            filter: float32 array `[filter_height, filter_width, in_channels / groups, out_channels]`. The number of
                groups (3.6) is what its channels say.
            input_min: lower end of the quantisation range of `input`, a number.
            input_max: upper end of the quantisation range of `input`.
            filter_min: lower end of the quantisation range of `filter`: a number, or `[out_channels]` numbers, one for
                each filter.
            filter_max: upper end of the quantisation range of `filter`, of the same shape.
            strides: four integers in the order of `data_format`; 1 for batch and channels.
            padding: `"SAME"`, `"VALID"` or `"EXPLICIT"`.
            num_bits: width of the codes, 2 to 8; 8 for a signed table.
            table: a `TruthTable`, or an integer array `[2**num_bits, 2**num_bits]`, activation code first, signed if it
                is int16 (1.3); `None` is the exact product of unsigned codes.
            explicit_paddings: for `"EXPLICIT"`, eight integers, before and after each dimension of `data_format`.
            data_format: `"NHWC"` or `"NCHW"`.
            dilations: four integers in the order of `data_format`; 1 for batch and channels.

        Returns:
            float32 array, the output in `data_format`; NaN where an input or weight of the window is NaN.

        Raises:
            ValueError: if a range, a size or the table is not possible, or an image is too large for a GPU.
            MemoryError: if the GPU's memory does not suffice.
        """
        return self.run(
            _operation.approx_conv2d(
                *(input, filter, input_min, input_max, filter_min, filter_max, strides, padding),
                num_bits=num_bits,
                table=table,
                explicit_paddings=explicit_paddings,
                data_format=data_format,
                dilations=dilations,
            )
        )

    def approx_conv2d_transpose_with_min_max_vars(
        self,
        input: np.ndarray,
        filter: np.ndarray,
        output_shape: Sequence[int],
        input_min: float,
        input_max: float,
        filter_min: FilterRange,
        filter_max: FilterRange,
        strides: Sequence[int],
        padding: str = "SAME",
        *,
        num_bits: int = 8,
        table: Optional[TableLike] = None,
        explicit_paddings: Sequence[int] = (),
        data_format: str = "NHWC",
        dilations: Sequence[int] = (1, 1, 1, 1),
    ) -> np.ndarray:
        """`ApproxConv2DTransposeWithMinMaxVars`, equations (3.9) and (3.10), on the GPU.

        Args:
            input: float32 array, four dimensions in the order of `data_format`.
            filter: float32 array `[filter_height, filter_width, out_channels, in_channels]`.
            output_shape: four integers in the order of `data_format`, the shape of the output. A convolution of a
                tensor of this shape, with the same filter size, strides, padding and dilations, must have the height
                and width of `input`.
            input_min: lower end of the quantisation range of `input`, a real number.
            input_max: upper end of the quantisation range of `input`.
            filter_min: lower end of the quantisation range of `filter`: a number, or `[out_channels]` numbers, one for
                each channel of the output.
            filter_max: upper end of the quantisation range of `filter`, of the same shape.
            strides: four integers in the order of `data_format`; those of batch and channels are 1.
            padding: `"SAME"`, `"VALID"` or `"EXPLICIT"`, of the convolution that has this output as its input.
            num_bits: width of the codes, 2 to 8; 8 for a signed table.
            table: a `TruthTable`, or an integer array `[2**num_bits, 2**num_bits]`, activation code first; an int16
                array is signed (1.3). `None` is the exact product of unsigned codes.
            explicit_paddings: for `"EXPLICIT"`, eight integers, before and after each dimension of `data_format`.
            data_format: `"NHWC"` or `"NCHW"`.
            dilations: four integers in the order of `data_format`; those of batch and channels are 1.

        Returns:
            float32 array `output_shape`; NaN where an input or weight of a tap is NaN.

        Raises:
            ValueError: if a range, a size or the table is not possible, or an image is too large for a GPU.
            MemoryError: if the GPU's memory does not suffice.

        Example:
            >>> import numpy as np
            >>> x, w = np.ones((1, 2, 2, 1)), np.ones((2, 2, 3, 1))
            >>> try:
            ...     transpose = Gpu().approx_conv2d_transpose_with_min_max_vars
            ...     shape = transpose(x, w, [1, 4, 4, 3], 0, 1, 0, 1, [1, 2, 2, 1]).shape
            ... except (ImportError, RuntimeError):
            ...     shape = (1, 4, 4, 3)  # no GPU here
            >>> shape
            (1, 4, 4, 3)
        """
        output, parts = _operation.approx_conv2d_transpose(
            *(input, filter, output_shape, input_min, input_max, filter_min, filter_max, strides, padding),
            num_bits=num_bits,
            table=table,
            explicit_paddings=explicit_paddings,
            data_format=data_format,
            dilations=dilations,
        )
        for part in parts:
            self.run(part)
        return output

    def approx_depthwise_conv2d_with_min_max_vars(
        self,
        input: np.ndarray,
        filter: np.ndarray,
        input_min: float,
        input_max: float,
        filter_min: FilterRange,
        filter_max: FilterRange,
        strides: Sequence[int],
        padding: str = "SAME",
        *,
        num_bits: int = 8,
        table: Optional[TableLike] = None,
        data_format: str = "NHWC",
        dilations: Sequence[int] = (1, 1, 1, 1),
    ) -> np.ndarray:
        """`ApproxDepthwiseConv2DWithMinMaxVars`, equation (3.7), on the GPU.

        Args:
            input: float32 array, four dimensions in the order of `data_format`.
            filter: float32 array `[filter_height, filter_width, channels, multiplier]`.
            input_min: lower end of the quantisation range of `input`, a number.
            input_max: upper end of the quantisation range of `input`.
            filter_min: lower end of the quantisation range of `filter`: a number, or `[channels * multiplier]` numbers,
                one for each output channel.
            filter_max: upper end of the quantisation range of `filter`, of the same shape.
            strides: four integers in the order of `data_format`; 1 for batch and channels.
            padding: `"SAME"` or `"VALID"`.
            num_bits: width of the codes, 2 to 8; 8 for a signed table.
            table: a `TruthTable`, or an integer array `[2**num_bits, 2**num_bits]`, activation code first, signed if it
                is int16 (1.3); `None` is the exact product of unsigned codes.
            data_format: `"NHWC"` or `"NCHW"`.
            dilations: four integers in the order of `data_format`; 1 for batch and channels.

        Returns:
            float32 array, the output in `data_format`, with `channels * multiplier` channels; NaN where an input or
            weight of the window is NaN.

        Raises:
            ValueError: if a range, a size or the table is not possible, or an image is too large for a GPU.
            MemoryError: if the GPU's memory does not suffice.

        Example:
            >>> import numpy as np
            >>> x, w = np.ones((1, 4, 4, 2)), np.ones((3, 3, 2, 3))
            >>> try:
            ...     y = Gpu().approx_depthwise_conv2d_with_min_max_vars(x, w, 0, 1, 0, 1, [1, 1, 1, 1], "VALID")
            ...     shape = y.shape
            ... except (ImportError, RuntimeError):
            ...     shape = (1, 2, 2, 6)  # no GPU here
            >>> shape
            (1, 2, 2, 6)
        """
        return self.run(
            _operation.approx_depthwise_conv2d(
                *(input, filter, input_min, input_max, filter_min, filter_max, strides, padding),
                num_bits=num_bits,
                table=table,
                data_format=data_format,
                dilations=dilations,
            )
        )

    def approx_matmul_with_min_max_vars(
        self,
        a: np.ndarray,
        b: np.ndarray,
        a_min: float,
        a_max: float,
        b_min: FilterRange,
        b_max: FilterRange,
        *,
        transpose_a: bool = False,
        transpose_b: bool = False,
        num_bits: int = 8,
        table: Optional[TableLike] = None,
    ) -> np.ndarray:
        """`ApproxMatMulWithMinMaxVars`, equation (3.8), on the GPU.

        Args:
            a: float32 array `[..., m, k]`, the activations; `[..., k, m]` with `transpose_a`.
            b: float32 array `[..., k, n]`, the weights; `[..., n, k]` with `transpose_b`. The dimensions before the
                last two are broadcast with those of `a`.
            a_min: lower end of the quantisation range of `a`, a number.
            a_max: upper end of the quantisation range of `a`.
            b_min: lower end of the quantisation range of `b`: a number, or `[n]` numbers, one for each column of the
                product.
            b_max: upper end of the quantisation range of `b`, of the same shape.
            transpose_a: whether the last two dimensions of `a` are exchanged first.
            transpose_b: whether the last two dimensions of `b` are exchanged first.
            num_bits: width of the codes, 2 to 8; 8 for a signed table.
            table: a `TruthTable`, or an integer array `[2**num_bits, 2**num_bits]`, activation code first, signed if it
                is int16 (1.3); `None` is the exact product of unsigned codes.

        Returns:
            float32 array `[..., m, n]`; NaN where an element of the row of `a` or of the column of `b` is NaN.

        Raises:
            ValueError: if a range, a size or the table is not possible, or a matrix is too large for a GPU.
            MemoryError: if the GPU's memory does not suffice.

        Example:
            >>> try:
            ...     y = Gpu().approx_matmul_with_min_max_vars([[0.0, 255.0]], [[1.0], [3.0]], 0, 255, 0, 255).tolist()
            ... except (ImportError, RuntimeError):
            ...     y = [[765.0]]  # no GPU here
            >>> y
            [[765.0]]
        """
        return self.run(
            _operation.approx_matmul(
                *(a, b, a_min, a_max, b_min, b_max),
                transpose_a=transpose_a,
                transpose_b=transpose_b,
                num_bits=num_bits,
                table=table,
            )
        )

    def ax_conv2d(
        self,
        input: np.ndarray,
        filter: np.ndarray,
        min_input: float,
        max_input: float,
        min_filter: float,
        max_filter: float,
        strides: Sequence[int],
        padding: str,
        *,
        table: Optional[TableLike] = None,
        ax_tune: bool = True,
    ) -> AxOutput:
        """`AxConv2D` of TensorFlow 1.14, equations (5), on the GPU.

        Args:
            input: uint8 array `[batch, height, width, channels]`.
            filter: uint8 array `[filter_height, filter_width, in_channels, out_channels]`.
            min_input: real number of input code 0.
            max_input: real number of input code 255.
            min_filter: real number of filter code 0.
            max_filter: real number of filter code 255.
            strides: four integers, `[1, stride_height, stride_width, 1]`.
            padding: `"SAME"` or `"VALID"`.
            table: a `TruthTable`, or an integer array `[256, 256]`, activation code first, unsigned; `None` is the
                exact product.
            ax_tune: whether the weight map of ALWANN (5.6) is applied to the table.

        Returns:
            A named tuple: `output`, int32 array `[batch, out_height, out_width, out_channels]`; and `min_output` and
            `max_output`, float32, the real numbers that -2**31 and 2**31 in `output` stand for.

        Raises:
            ValueError: if a size is not possible, the table is signed, or an image is too large for a GPU.
            MemoryError: if the GPU's memory does not suffice.
        """
        ranges = (min_input, max_input, min_filter, max_filter)
        return self.run(_operation.ax_conv2d(input, filter, *ranges, strides, padding, table=table, ax_tune=ax_tune))

    def table_2d_gradients(
        self,
        upstream: np.ndarray,
        input: np.ndarray,
        filter: np.ndarray,
        input_min: float,
        input_max: float,
        filter_min: FilterRange,
        filter_max: FilterRange,
        strides: Sequence[int],
        padding: str = "SAME",
        *,
        half_window: Optional[int] = None,
        num_bits: int = 8,
        table: Optional[TableLike] = None,
        explicit_paddings: Sequence[int] = (),
        data_format: str = "NHWC",
        dilations: Sequence[int] = (1, 1, 1, 1),
        transposed: bool = False,
    ) -> Tuple[np.ndarray, np.ndarray]:
        """The gradients of a convolution by smoothed differences of its table, (9.8), on the GPU.

        Args:
            upstream: float32 array, the gradient of the output, in `data_format`.
            input: float32 array, four dimensions in the order of `data_format`.
            filter: float32 array `[height, width, in_channels / groups, out_channels]`; `[height, width, out_channels,
                in_channels]` if `transposed`.
            input_min: lower end of the quantisation range of `input`, a number.
            input_max: upper end of the quantisation range of `input`.
            filter_min: lower end of the range of `filter`: a number, or `[out_channels]` numbers, one for each filter.
            filter_max: upper end of the range of `filter`, of the same shape.
            strides: four integers in the order of `data_format`; 1 for batch and channels.
            padding: `"SAME"`, `"VALID"` or `"EXPLICIT"`.
            half_window: codes on each side of the middle of a window (9.1); by default a sixteenth of the codes (9.7).
            num_bits: width of the codes, 2 to 8; 8 for a signed table.
            table: a `TruthTable`, or an integer array `[2**num_bits, 2**num_bits]`, activation code first, signed if it
                is int16 (1.3); `None` is the exact product of unsigned codes.
            explicit_paddings: for `"EXPLICIT"`, eight integers, before and after each dimension of `data_format`.
            data_format: `"NHWC"` or `"NCHW"`.
            dilations: four integers in the order of `data_format`; 1 for batch and channels.
            transposed: whether it is a transposed convolution (3.9), which has one group.

        Returns:
            The gradients of `input` and `filter`, float32 arrays of their shapes; all NaN where `upstream` has an
            element that is not finite.

        Raises:
            ValueError: if a range, a size, the half window or the table is not possible, or there are more than 2**30
                pixels.
            MemoryError: if the GPU's memory does not suffice.

        Example:
            >>> import numpy as np
            >>> x, w, dy = np.ones((1, 2, 2, 1)), np.ones((2, 2, 1, 1)), np.ones((1, 1, 1, 1))
            >>> try:
            ...     dx, dw = Gpu().table_2d_gradients(dy, x, w, 0, 1, 0, 1, [1, 1, 1, 1], "VALID")
            ...     gradient = dw.ravel().tolist()
            ... except (ImportError, RuntimeError):
            ...     gradient = [1.0, 1.0, 1.0, 1.0]  # no GPU here
            >>> gradient
            [1.0, 1.0, 1.0, 1.0]
        """
        operation = GradientOperation(
            *(upstream, input, filter, input_min, input_max, filter_min, filter_max, strides, padding),
            half_window=half_window,
            num_bits=num_bits,
            table=table,
            explicit_paddings=explicit_paddings,
            data_format=data_format,
            dilations=dilations,
            transposed=transposed,
        )
        if not operation.is_empty():
            self._compute(operation)
        return operation.result()

    def _compute(self, operation):
        """Fills the gradients of a `GradientOperation`."""
        descriptor, workspace_bytes = ctypes.byref(operation.descriptor), ctypes.c_int64()
        tensors = [*operation.operands, *operation.gradients]
        self._call("table_gradient_init", descriptor, ctypes.byref(workspace_bytes))
        with ExitStack() as stack:
            table = stack.enter_context(self.table(operation.table))
            sizes = [*(tensor.nbytes for tensor in tensors), workspace_bytes.value]
            *memory, workspace = (stack.enter_context(self.memory(size)) for size in sizes)
            for address, tensor in zip(memory, operation.operands):
                self._call("upload", address, tensor.ctypes.data, tensor.nbytes)
            self._call("table_gradient_run", descriptor, table, *memory, workspace, None)
            self.synchronize()
            for address, tensor in zip(memory[3:], operation.gradients):
                self._call("download", tensor.ctypes.data, address, tensor.nbytes)
