"""Gradients from the table by the compiled core on the CPU: the part of native.py for `gradient="table_2d"` (9.8)."""

import ctypes
from concurrent.futures import ThreadPoolExecutor
from typing import Optional, Sequence, Tuple

import numpy as np

from . import _abi, _validation
from ._bindings import aligned, check, core
from ._convolution import FilterRange
from ._gradient_operation import GradientOperation
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
        _compute(operation, threads)
    return operation.result()


def _compute(operation, threads):
    """Fills both gradients."""
    work, error = _abi.GradientWork(), _abi.Error()
    call = ctypes.byref(operation.descriptor), ctypes.byref(work)
    check(core().tfapprox_table_gradient_init(call[0], threads, call[1], ctypes.byref(error)), error)
    useful = max(1, min(threads, max(work.prepare_parts, work.run_parts, work.finish_parts)))
    shared = aligned(work.shared_bytes)
    x, w, dy = (tensor.ctypes.data for tensor in operation.operands)
    dx, dw = (tensor.ctypes.data for tensor in operation.gradients)
    core().tfapprox_table_gradient_begin(*call, w, dy, shared.ctypes.data)

    def prepare(begin, end):
        core().tfapprox_table_gradient_prepare(*call, x, dy, shared.ctypes.data, begin, end)

    def run(begin, end):
        workspace = aligned(work.workspace_bytes)
        core().tfapprox_table_gradient_run(*call, shared.ctypes.data, dx, begin, end, workspace.ctypes.data)

    def finish(begin, end):
        core().tfapprox_table_gradient_finish(*call, shared.ctypes.data, dw, begin, end)

    # The pool waits for its threads, also where Ctrl-C interrupts, so that nothing is freed that they use.
    with ThreadPoolExecutor(useful) as pool:
        for step, parts in ((prepare, work.prepare_parts), (run, work.run_parts), (finish, work.finish_parts)):
            ends = [parts * number // useful for number in range(useful + 1)]
            list(pool.map(step, ends[:-1], ends[1:]))
