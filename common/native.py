"""The operations by the compiled core on the CPU, without TensorFlow; `cuda` has the same for a GPU.

The core gets its memory from numpy here. A thread pool runs the parts into which the core divides the work, because
ctypes releases the interpreter lock during a call.

Ctrl-C ends a call within a fraction of a second: the threads stop between two tiles of the output, or between two taps
of a gradient. KeyboardInterrupt is raised when none of them reads or writes memory of the call any more.

A process may fork while other threads are in the core; the child can call every function of this module.

The environment variables `TFAPPROX_FORCE_PATH`, `TFAPPROX_PLAN`, `TFAPPROX_MULTIPLIER_PATH`, `XDG_DATA_HOME` and `HOME`
are read from `os.environ` by each call, which may run while another thread changes them. `reload_settings` passes them
on to TensorFlow operations that are called without a function of this package.
"""

import ctypes
from typing import Any, Dict, Optional, Sequence, Tuple

import numpy as np

from . import _abi, _operation, _settings, _validation
from ._bindings import aligned, check, core, text
from ._convolution import AxOutput, FilterRange
from ._core_tables import Table, built_in_multipliers, load_table, name_is_signed, table_hash, table_source, tune
from ._interruptible import Interruptible
from ._native_gradients import table_2d_gradients
from ._operation import problem, quantiser
from .truth_table import TableLike

__all__ = [
    "Execution",
    "Table",
    "approx_conv2d_transpose_with_min_max_vars",
    "approx_conv2d_with_min_max_vars",
    "approx_depthwise_conv2d_with_min_max_vars",
    "approx_matmul_with_min_max_vars",
    "ax_conv2d",
    "built_in_multipliers",
    "load_table",
    "name_is_signed",
    "path",
    "paths",
    "problem",
    "program",
    "quantiser",
    "reload_settings",
    "table_2d_gradients",
    "table_hash",
    "table_source",
    "tune",
]


def path() -> str:
    """Name of the CPU path in use, such as `"avx2"`.

    Raises:
        ValueError: if `TFAPPROX_FORCE_PATH` names a path that is not built or not supported by this CPU.
    """
    name, error = ctypes.c_char_p(), _abi.Error()
    check(core().tfapprox_path(ctypes.byref(name), ctypes.byref(error)), error)
    return text(name)


def reload_settings() -> None:
    """Passes the environment variables that the core obeys on to every copy of the core in this process, at once.

    The functions of this package do it themselves. Call it after a change of `os.environ` that raw TensorFlow
    operations, or functions that TensorFlow has traced, are to obey: they keep the settings that were passed on last. A
    plugin that a script has loaded by `tf.load_op_library` itself is no copy that Python knows: it reads the variables
    once, when an operation first needs them.

    Example:
        >>> reload_settings()
    """
    _settings.pass_on()


def paths() -> Dict[str, Optional[str]]:
    """All CPU paths, best first: a dictionary from name to `None`, or to why the path cannot run here."""
    name, built, supported = ctypes.c_char_p(), ctypes.c_int32(), ctypes.c_int32()
    reasons: Dict[str, Optional[str]] = {}
    references = [ctypes.byref(value) for value in (name, built, supported)]
    while core().tfapprox_path_describe(len(reasons), *references) == 0:
        reason = "not supported by this CPU" if built.value else "not built"
        reasons[text(name)] = None if built.value and supported.value else reason
    return reasons


def cpu_family() -> str:
    """The family of this CPU, by whose measured costs the core chooses plans and ways of look-ups.

    It is one of "zen3", "zen4", "zen5", "skylake-x", "ice-lake", "sapphire-rapids" and "other". Results do not depend
    on it.

    Example:
        >>> cpu_family() in ("zen3", "zen4", "zen5", "skylake-x", "ice-lake", "sapphire-rapids", "other")
        True
    """
    return str(core().tfapprox_cpu_family().decode())


def program(table: Optional[TableLike], num_bits: int = 8) -> Tuple[str, str]:
    """The names of the path and of the plan that an operation with this table runs on the CPU: `("avx2", "look_up")`.

    Args:
        table: a `TruthTable`, or an integer array `[2**num_bits, 2**num_bits]`, activation code first.
        num_bits: width of both operands, 2 to 8; 8 for a signed table.

    Raises:
        ValueError: if `TFAPPROX_FORCE_PATH` or `TFAPPROX_PLAN` names a path or plan that cannot run.
    """
    one = [[[[1.0]]]]
    operation = _operation.approx_conv2d(one, one, 0, 1, 0, 1, [1] * 4, "VALID", num_bits=num_bits, table=table)
    with Execution(operation) as execution:
        return execution.program()


class Execution(Interruptible):
    """An operation with its memory and threads, ready to run any number of times, once at a time; a context manager.

    Args:
        operation: an `_operation.Operation`.
        threads: number of threads that share the work, 1 or more.

    Raises:
        ValueError: if `threads` is below 1, or if `TFAPPROX_FORCE_PATH` or `TFAPPROX_PLAN` names a path or plan that
            cannot run.
    """

    def __init__(self, operation: _operation.Operation, threads: int = 1) -> None:
        threads = _validation.integer("threads", threads, 1)
        self.operation, self.work, error = operation, _abi.Work(), _abi.Error()
        self._descriptor = _abi.Operation.from_buffer_copy(operation.descriptor)
        pointers = ctypes.byref(self._descriptor), threads, ctypes.byref(self.work), ctypes.byref(error)
        check(core().tfapprox_operation_init(*pointers), error)
        super().__init__(max(1, min(threads, max(self.work.prepare_parts, self.work.run_parts))))
        self._descriptor.cancelled = ctypes.pointer(self._cancelled)
        self._prepared = aligned(self.work.prepared_bytes)
        self._workspaces = [aligned(self.work.workspace_bytes) for _ in range(self._threads)]

    def program(self) -> Tuple[str, str]:
        """The names of the CPU path and of the plan."""
        names = ctypes.c_char_p(), ctypes.c_char_p()
        core().tfapprox_program_describe(self.work.program, *map(ctypes.byref, names))
        return text(names[0]), text(names[1])

    def run(self) -> Any:
        """Prepares one operand, computes all outputs, and returns what the public function of the operation returns."""
        self._run_steps([self._prepare_share, self._run_share])
        return self.operation.result()

    def _call(self):
        operation = self.operation
        tensors = (operation.activations.ctypes.data, operation.weights.ctypes.data, self._prepared.ctypes.data)
        return (ctypes.byref(self._descriptor), ctypes.byref(self.work), *tensors)

    def _prepare_share(self, thread):
        core().tfapprox_operation_prepare(*self._call(), *self._share(self.work.prepare_parts, thread))

    def _run_share(self, thread):
        memory, parts = self._workspaces[thread].ctypes.data, self._share(self.work.run_parts, thread)
        core().tfapprox_operation_run(*self._call(), self.operation.output.ctypes.data, *parts, memory)


def approx_conv2d_with_min_max_vars(
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
    threads: int = 1,
) -> np.ndarray:
    """`ApproxConv2DWithMinMaxVars`, equations (3), by the compiled core on the CPU.

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
        table: a `TruthTable`, or an integer array `[2**num_bits, 2**num_bits]`, activation code first, signed if it is
            int16 (1.3); `None` is the exact product of unsigned codes.
        explicit_paddings: for `"EXPLICIT"`, eight integers, before and after each dimension of `data_format`.
        data_format: `"NHWC"` or `"NCHW"`.
        dilations: four integers in the order of `data_format`; 1 for batch and channels.
        threads: number of threads that share the work, 1 or more.

    Returns:
        float32 array, the output in `data_format`; NaN where an input or weight of the window is NaN.

    Raises:
        ValueError: if a range, a size or the table is not possible.

    Example:
        >>> import numpy as np
        >>> x, w = np.ones((1, 4, 4, 1)), np.ones((3, 3, 1, 1))
        >>> approx_conv2d_with_min_max_vars(x, w, 0, 1, 0, 1, [1, 1, 1, 1], "VALID").shape
        (1, 2, 2, 1)
    """
    operation = _operation.approx_conv2d(
        *(input, filter, input_min, input_max, filter_min, filter_max, strides, padding),
        num_bits=num_bits,
        table=table,
        explicit_paddings=explicit_paddings,
        data_format=data_format,
        dilations=dilations,
    )
    with Execution(operation, threads) as execution:
        return execution.run()


def approx_conv2d_transpose_with_min_max_vars(
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
    threads: int = 1,
) -> np.ndarray:
    """`ApproxConv2DTransposeWithMinMaxVars`, equations (3.9) and (3.10), by the core on the CPU.

    Args:
        input: float32 array, four dimensions in the order of `data_format`.
        filter: float32 array `[filter_height, filter_width, out_channels, in_channels]`.
        output_shape: four integers in the order of `data_format`, the shape of the output. A convolution of a tensor of
            this shape, with the same filter size, strides, padding and dilations, must have the height and width of
            `input`.
        input_min: lower end of the quantisation range of `input`, a real number.
        input_max: upper end of the quantisation range of `input`.
        filter_min: lower end of the quantisation range of `filter`: a number, or `[out_channels]` numbers, one for each
            channel of the output.
        filter_max: upper end of the quantisation range of `filter`, of the same shape.
        strides: four integers in the order of `data_format`; those of batch and channels are 1.
        padding: `"SAME"`, `"VALID"` or `"EXPLICIT"`, of the convolution that has this output as its input.
        num_bits: width of the codes, 2 to 8; 8 for a signed table.
        table: a `TruthTable`, or an integer array `[2**num_bits, 2**num_bits]`, activation code first, signed if
            it is int16 (1.3); `None` is the exact product of unsigned codes.
        explicit_paddings: for `"EXPLICIT"`, eight integers, before and after each dimension of `data_format`.
        data_format: `"NHWC"` or `"NCHW"`.
        dilations: four integers in the order of `data_format`; those of batch and channels are 1.
        threads: number of threads that share the work, 1 or more.

    Returns:
        float32 array `output_shape`; NaN where an input or weight of a tap is NaN.

    Raises:
        ValueError: if a range, a size or the table is not possible.

    Example:
        >>> import numpy as np
        >>> x, w = np.ones((1, 2, 2, 1)), np.ones((2, 2, 3, 1))
        >>> y = approx_conv2d_transpose_with_min_max_vars(x, w, [1, 4, 4, 3], 0, 1, 0, 1, [1, 2, 2, 1])
        >>> y.shape, round(y[0, 0, 0, 0].item(), 3)
        ((1, 4, 4, 3), 1.0)
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
        with Execution(part, threads) as execution:
            execution.run()
    return output


def approx_depthwise_conv2d_with_min_max_vars(
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
    threads: int = 1,
) -> np.ndarray:
    """`ApproxDepthwiseConv2DWithMinMaxVars`, equation (3.7), by the compiled core on the CPU.

    Args:
        input: float32 array, four dimensions in the order of `data_format`.
        filter: float32 array `[filter_height, filter_width, channels, multiplier]`.
        input_min: lower end of the quantisation range of `input`, a number.
        input_max: upper end of the quantisation range of `input`.
        filter_min: lower end of the quantisation range of `filter`: a number, or `[channels * multiplier]` numbers, one
            for each output channel.
        filter_max: upper end of the quantisation range of `filter`, of the same shape.
        strides: four integers in the order of `data_format`; 1 for batch and channels.
        padding: `"SAME"` or `"VALID"`.
        num_bits: width of the codes, 2 to 8; 8 for a signed table.
        table: a `TruthTable`, or an integer array `[2**num_bits, 2**num_bits]`, activation code first, signed if it is
            int16 (1.3); `None` is the exact product of unsigned codes.
        data_format: `"NHWC"` or `"NCHW"`.
        dilations: four integers in the order of `data_format`; 1 for batch and channels.
        threads: number of threads that share the work, 1 or more.

    Returns:
        float32 array, the output in `data_format`, with `channels * multiplier` channels; NaN where an input or weight
        of the window is NaN.

    Raises:
        ValueError: if a range, a size or the table is not possible.

    Example:
        >>> import numpy as np
        >>> x, w = np.ones((1, 4, 4, 2)), np.ones((3, 3, 2, 3))
        >>> approx_depthwise_conv2d_with_min_max_vars(x, w, 0, 1, 0, 1, [1, 1, 1, 1], "VALID").shape
        (1, 2, 2, 6)
    """
    operation = _operation.approx_depthwise_conv2d(
        *(input, filter, input_min, input_max, filter_min, filter_max, strides, padding),
        num_bits=num_bits,
        table=table,
        data_format=data_format,
        dilations=dilations,
    )
    with Execution(operation, threads) as execution:
        return execution.run()


def approx_matmul_with_min_max_vars(
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
    threads: int = 1,
) -> np.ndarray:
    """`ApproxMatMulWithMinMaxVars`, equation (3.8), by the compiled core on the CPU.

    Args:
        a: float32 array `[..., m, k]`, the activations; `[..., k, m]` with `transpose_a`.
        b: float32 array `[..., k, n]`, the weights; `[..., n, k]` with `transpose_b`. The dimensions before the last
            two are broadcast with those of `a`.
        a_min: lower end of the quantisation range of `a`, a number.
        a_max: upper end of the quantisation range of `a`.
        b_min: lower end of the quantisation range of `b`: a number, or `[n]` numbers, one for each column of the
            product.
        b_max: upper end of the quantisation range of `b`, of the same shape.
        transpose_a: whether the last two dimensions of `a` are exchanged first.
        transpose_b: whether the last two dimensions of `b` are exchanged first.
        num_bits: width of the codes, 2 to 8; 8 for a signed table.
        table: a `TruthTable`, or an integer array `[2**num_bits, 2**num_bits]`, activation code first, signed if it is
            int16 (1.3); `None` is the exact product of unsigned codes.
        threads: number of threads that share the work, 1 or more.

    Returns:
        float32 array `[..., m, n]`; NaN where an element of the row of `a` or of the column of `b` is NaN.

    Raises:
        ValueError: if a range, a size or the table is not possible.

    Example:
        >>> approx_matmul_with_min_max_vars([[0.0, 255.0]], [[1.0, 2.0], [3.0, 4.0]], 0, 255, 0, 255).tolist()
        [[765.0, 1020.0]]
    """
    operation = _operation.approx_matmul(
        *(a, b, a_min, a_max, b_min, b_max),
        transpose_a=transpose_a,
        transpose_b=transpose_b,
        num_bits=num_bits,
        table=table,
    )
    with Execution(operation, threads) as execution:
        return execution.run()


def ax_conv2d(
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
    threads: int = 1,
) -> AxOutput:
    """`AxConv2D` of TensorFlow 1.14, equations (5), by the compiled core on the CPU.

    Args:
        input: uint8 array `[batch, height, width, channels]`.
        filter: uint8 array `[filter_height, filter_width, in_channels, out_channels]`.
        min_input: real number of input code 0.
        max_input: real number of input code 255.
        min_filter: real number of filter code 0.
        max_filter: real number of filter code 255.
        strides: four integers, `[1, stride_height, stride_width, 1]`.
        padding: `"SAME"` or `"VALID"`.
        table: a `TruthTable`, or an integer array `[256, 256]`, activation code first, unsigned; `None` is the exact
            product.
        ax_tune: whether the weight map of ALWANN (5.6) is applied to the table.
        threads: number of threads that share the work, 1 or more.

    Returns:
        A named tuple: `output`, int32 array `[batch, out_height, out_width, out_channels]`; and `min_output` and
        `max_output`, float32, the real numbers that -2**31 and 2**31 in `output` stand for.

    Raises:
        ValueError: if a size is not possible, or the table is signed.

    Example:
        >>> import numpy as np
        >>> x, w = np.full((1, 4, 4, 1), 130, np.uint8), np.full((3, 3, 1, 1), 131, np.uint8)
        >>> int(ax_conv2d(x, w, -1, 1, -1, 1, [1, 1, 1, 1], "VALID").output[0, 0, 0, 0])  # 9 * 2 * 3
        54
    """
    operation = _operation.ax_conv2d(
        *(input, filter, min_input, max_input, min_filter, max_filter, strides, padding), table=table, ax_tune=ax_tune
    )
    with Execution(operation, threads) as execution:
        return execution.run()
