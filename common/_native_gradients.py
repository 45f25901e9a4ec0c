"""Gradients from the table by the compiled core on the CPU: the part of native.py for `gradient="table_2d"` (9.8)."""

import ctypes
from typing import Optional, Sequence, Tuple

import numpy as np

from . import _abi, _validation
from ._bindings import aligned, check, core
from ._convolution import FilterRange
from ._gradient_operation import GradientOperation
from ._interruptible import Interruptible
from .truth_table import TableLike


def table_2d_gradients(
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
    threads: int = 1,
) -> Tuple[np.ndarray, np.ndarray]:
    """The gradients of a convolution by smoothed differences of its table, (9.8), by the compiled core on the CPU.

    These are the gradients of the operations with `gradient="table_2d"`. Those of `"table_1d"` are gradients of the
    exact convolution of other operands, which follow from `gradient_tables.slopes` (9.6).

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
        table: a `TruthTable`, or an integer array `[2**num_bits, 2**num_bits]`, activation code first, signed if it is
            int16 (1.3); `None` is the exact product of unsigned codes.
        explicit_paddings: for `"EXPLICIT"`, eight integers, before and after each dimension of `data_format`.
        data_format: `"NHWC"` or `"NCHW"`.
        dilations: four integers in the order of `data_format`; 1 for batch and channels.
        transposed: whether it is a transposed convolution (3.9), which has one group.
        threads: number of threads that share the work, 1 or more.

    Returns:
        The gradients of `input` and `filter`, float32 arrays of their shapes; all NaN where `upstream` has an element
        that is not finite.

    Raises:
        ValueError: if a range, a size, the half window or the table is not possible.

    Example:
        >>> import numpy as np
        >>> x, w = np.ones((1, 2, 2, 1)), np.ones((2, 2, 1, 1))
        >>> dx, dw = table_2d_gradients(np.ones((1, 1, 1, 1)), x, w, 0, 1, 0, 1, [1, 1, 1, 1], "VALID")
        >>> dx.ravel().tolist(), dw.ravel().tolist()
        ([1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0])
    """
    threads = _validation.integer("threads", threads, 1)
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
        with _Computation(operation, threads) as computation:
            computation.run()
    return operation.result()


class _Computation(Interruptible):
    """Fills both gradients of an operation."""

    def __init__(self, operation: GradientOperation, threads: int) -> None:
        self._operation, self._work, error = operation, _abi.GradientWork(), _abi.Error()
        self._descriptor = _abi.TableGradient.from_buffer_copy(operation.descriptor)
        self._call = ctypes.byref(self._descriptor), ctypes.byref(self._work)
        check(core().tfapprox_table_gradient_init(self._call[0], threads, self._call[1], ctypes.byref(error)), error)
        parts = max(self._work.prepare_parts, self._work.run_parts, self._work.finish_parts)
        super().__init__(max(1, min(threads, parts)))
        self._descriptor.operation.cancelled = ctypes.pointer(self._cancelled)
        self._shared = aligned(self._work.shared_bytes)
        self._addresses = [tensor.ctypes.data for tensor in (*operation.operands, *operation.gradients)]

    def run(self) -> None:
        """Computes the gradients."""
        _, w, dy, _, _ = self._addresses
        core().tfapprox_table_gradient_begin(*self._call, w, dy, self._shared.ctypes.data)
        self._run_steps([self._prepare, self._run, self._finish])

    def _prepare(self, thread):
        x, _, dy, _, _ = self._addresses
        memory, parts = self._shared.ctypes.data, self._share(self._work.prepare_parts, thread)
        core().tfapprox_table_gradient_prepare(*self._call, x, dy, memory, *parts)

    def _run(self, thread):
        dx, workspace = self._addresses[3], aligned(self._work.workspace_bytes)
        memory, parts = self._shared.ctypes.data, self._share(self._work.run_parts, thread)
        core().tfapprox_table_gradient_run(*self._call, memory, dx, *parts, workspace.ctypes.data)

    def _finish(self, thread):
        memory, parts = self._shared.ctypes.data, self._share(self._work.finish_parts, thread)
        core().tfapprox_table_gradient_finish(*self._call, memory, self._addresses[4], *parts)
