"""The compiled core by ctypes, without TensorFlow: every entry of `core/tfapprox.h`, all on the CPU; GPUs: `cuda`.

The functions of the core that take memory get it from numpy here, and the tiles of an operation are run by a
thread pool, because ctypes releases the interpreter lock during a call.
"""

import ctypes
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ._abi import ApproxConv2D, AxConv2D, Conv2D, Error, Quantiser
from ._bindings import aligned, check, core
from ._convolution import AxOutput
from .truth_table import check_unsigned, is_signed

PADDINGS = {"VALID": 0, "SAME": 1, "EXPLICIT": 2}
LAYOUTS = {"NHWC": 0, "NCHW": 1}


def path():
    """Name of the CPU path in use, `"scalar"` for one.

    Raises:
        ValueError: if `TFAPPROX_FORCE_PATH` names a path that is not built or not supported by this CPU.
    """
    name, error = ctypes.c_char_p(), Error()
    check(core().tfapprox_path(ctypes.byref(name), ctypes.byref(error)), error)
    return name.value.decode()


def paths():
    """All CPU paths, best first: a dictionary from name to `None`, or to why the path cannot run here."""
    name, built, supported, found = ctypes.c_char_p(), ctypes.c_int32(), ctypes.c_int32(), {}
    references = [ctypes.byref(value) for value in (name, built, supported)]
    while core().tfapprox_path_describe(len(found), *references) == 0:
        reason = "not supported by this CPU" if built.value else "not built"
        found[name.value.decode()] = None if built.value and supported.value else reason
    return found


def program(table, num_bits=8):
    """The names of the path and of the plan that an operation with this table runs on the CPU: `("avx2", "look_up")`.

    `tfapprox.common.cuda.Gpu.plan` tells it of a GPU.

    Raises:
        ValueError: if `TFAPPROX_FORCE_PATH` or `TFAPPROX_PLAN` names one that cannot run.
    """
    one = (1, 1, 1, 1)
    shape, shared = conv2d(one, one, one, "VALID"), Table(table, num_bits)
    unit = quantiser("input", 0, 1, shared)
    op = init_approx_conv2d(shape, unit, unit, shared)
    path, plan = ctypes.c_char_p(), ctypes.c_char_p()
    core().tfapprox_program_describe(op.work.program, ctypes.byref(path), ctypes.byref(plan))
    return path.value.decode(), plan.value.decode()


def built_in_multipliers():
    """The multipliers that the core generates, as a dictionary from name to description."""
    name, description, found = ctypes.c_char_p(), ctypes.c_char_p(), {}
    while core().tfapprox_multiplier_describe(len(found), ctypes.byref(name), ctypes.byref(description)) == 0:
        found[name.value.decode()] = description.value.decode()
    return found


def _c_string(name_or_path, argument="mul_map_file"):
    encoded = os.fsencode(name_or_path)
    if b"\0" in encoded:
        raise ValueError(f"{argument} must have no null character; received {name_or_path!r}")
    return encoded


def _check_num_bits(num_bits):
    # Before the core can, because ctypes cuts what does not fit 32 bits.
    if not 2 <= num_bits <= 8:
        raise ValueError(f"num_bits must be from 2 to 8; received {num_bits}")


def table_source(name_or_path, argument="mul_map_file"):
    """Where `load_table` looks for a string: `"built in"`, `"path"` or `"search path"`."""
    return ("built in", "path", "search path")[core().tfapprox_table_source(_c_string(name_or_path, argument))]


def name_is_signed(name_or_path):
    """Whether a name or path, pinned or not, is that of a signed table, `mul8s_...` (1.3)."""
    return bool(core().tfapprox_name_is_signed(_c_string(name_or_path)))


def table_hash(table):
    """The content hash of a table, an integer of 64 bits."""
    table = np.ascontiguousarray(table, np.uint16)
    return core().tfapprox_table_hash(table.ctypes.data, len(table).bit_length() - 1)


def load_table(name_or_path, num_bits=8, signed=True, argument="mul_map_file"):
    """Truth table by registered name or path; see `tfapprox.common.load_table`, which calls this.

    Without `signed`, a signed table is refused. Errors begin with `argument`.
    """
    _check_num_bits(num_bits)
    table, error, name = np.empty((1 << num_bits, 1 << num_bits), np.uint16), Error(), _c_string(name_or_path, argument)
    found = ctypes.c_int32()
    pointers = (table.ctypes.data, ctypes.byref(found) if signed else None, ctypes.byref(error))
    check(core().tfapprox_table_load(argument.encode(), name, num_bits, *pointers), error)
    return table.view(np.int16) if found.value else table


class Table:
    """A table that the core shares by content; equal handles mean equal content and sign.

    Args:
        entries: uint16 array `[2**num_bits, 2**num_bits]`, activation code first; int16 if it is signed.
        num_bits: width of both operands, 2 to 8; 8 if it is signed.

    Raises:
        ValueError: if the width or the shape is wrong.
    """

    def __init__(self, entries, num_bits=8):
        _check_num_bits(num_bits)
        signed = is_signed(entries)
        entries = np.ascontiguousarray(entries, np.int16 if signed else np.uint16)
        codes = 1 << num_bits
        if entries.shape != (codes, codes):
            raise ValueError(f"table must be [{codes}, {codes}] for num_bits={num_bits}; received {entries.shape}")
        self.handle, error = ctypes.c_void_p(), Error()
        pointers = ctypes.byref(self.handle), ctypes.byref(error)
        check(core().tfapprox_table_acquire(entries.ctypes.data, num_bits, signed, *pointers), error)

    def __del__(self):
        if getattr(self, "handle", None):
            core().tfapprox_table_release(self.handle)


def quantiser(name, minimum, maximum, table):
    """Scale and zero point of a range, equations (2): a `Quantiser` with the fields of `core/tfapprox.h`.

    Args:
        name: `"input"` or `"filter"`, for the message.
        minimum: least real number, float32.
        maximum: greatest real number, float32.
        table: the `Table` of whose codes the quantiser is.
    """
    result, error = Quantiser(), Error()
    status = core().tfapprox_quantiser_init(
        name.encode(), minimum, maximum, table.handle, ctypes.byref(result), ctypes.byref(error)
    )
    check(status, error)
    return result


def conv2d(
    input_shape, filter_shape, strides, padding, explicit_paddings=(), data_format="NHWC", dilations=(1, 1, 1, 1)
):
    """Output size and padding of a convolution, equations (4).

    Args:
        input_shape: four integers in the order of `data_format`.
        filter_shape: `[filter_height, filter_width, in_channels, out_channels]`.
        strides: four integers in the order of `data_format`, as `tf.nn.conv2d` has them.
        padding: `"SAME"`, `"VALID"` or `"EXPLICIT"`.
        explicit_paddings: for `"EXPLICIT"`, eight integers, before and after each dimension of `data_format`.
        data_format: `"NHWC"` or `"NCHW"`.
        dilations: as `strides`.

    Returns:
        A `Conv2D` with the fields of `core/tfapprox.h`.

    Raises:
        ValueError: if a size is not possible.
    """
    height, width = data_format.index("H"), data_format.index("W")
    batch, channels = input_shape[data_format.index("N")], input_shape[data_format.index("C")]
    filter_height, filter_width, in_channels, out_channels = filter_shape
    if channels != in_channels:
        raise ValueError(f"filter must have the input's depth; received filter {in_channels}, input {channels}")
    pads = dict(zip(range(8), explicit_paddings))
    result, error = (
        Conv2D(
            batch=batch,
            in_height=input_shape[height],
            in_width=input_shape[width],
            in_channels=in_channels,
            filter_height=filter_height,
            filter_width=filter_width,
            out_channels=out_channels,
            stride_height=strides[height],
            stride_width=strides[width],
            dilation_height=dilations[height],
            dilation_width=dilations[width],
            padding=PADDINGS[padding],
            layout=LAYOUTS[data_format],
            pad_top=pads.get(2 * height, 0),
            pad_bottom=pads.get(2 * height + 1, 0),
            pad_left=pads.get(2 * width, 0),
            pad_right=pads.get(2 * width + 1, 0),
        ),
        Error(),
    )
    check(core().tfapprox_conv2d_resolve(ctypes.byref(result), ctypes.byref(error)), error)
    return result


def init_approx_conv2d(shape, input_quantiser, filter_quantiser, table):
    """An `ApproxConv2D` of the core from a `Conv2D`, two `Quantiser` and the `Table` that must outlive it.

    Raises:
        ValueError: if a size is not possible, or `TFAPPROX_FORCE_PATH` or `TFAPPROX_PLAN` names one that cannot run.
    """
    op, error = ApproxConv2D(), Error()
    arguments = [ctypes.byref(value) for value in (shape, input_quantiser, filter_quantiser)]
    status = core().tfapprox_approx_conv2d_init(*arguments, table.handle, ctypes.byref(op), ctypes.byref(error))
    check(status, error)
    return op


def approx_conv2d_with_min_max_vars(
    input,
    filter,
    input_min,
    input_max,
    filter_min,
    filter_max,
    strides,
    num_bits=8,
    table=None,
    padding="SAME",
    explicit_paddings=(),
    data_format="NHWC",
    dilations=(1, 1, 1, 1),
    threads=1,
):
    """Approximate convolution by the compiled core.

    Arguments, result and errors are those of `tfapprox.common.reference.approx_conv2d_with_min_max_vars`; `threads` is
    the number of threads that share the tiles of the output.
    """
    input = np.ascontiguousarray(input, np.float32)
    filter = np.ascontiguousarray(filter, np.float32)
    shape = conv2d(input.shape, filter.shape, strides, padding, explicit_paddings, data_format, dilations)
    shared = Table(load_table("", num_bits) if table is None else table, num_bits)
    ranges = quantiser("input", input_min, input_max, shared), quantiser("filter", filter_min, filter_max, shared)
    op = init_approx_conv2d(shape, *ranges, shared)
    sizes = {"N": shape.batch, "H": shape.out_height, "W": shape.out_width, "C": shape.out_channels}
    output = np.empty([sizes[axis] for axis in data_format], np.float32)
    return _compute("approx_conv2d", op, input, filter, output, threads)


def tune(table):
    """The weight map of ALWANN applied to a table by the core; see `tfapprox.common.reference.tune`."""
    check_unsigned(table)
    table = np.ascontiguousarray(table, np.uint16)
    tuned = np.empty_like(table)
    core().tfapprox_table_tune(table.ctypes.data, len(table).bit_length() - 1, tuned.ctypes.data)
    return tuned


def init_ax_conv2d(input_shape, filter_shape, ranges, strides, padding, table=None, ax_tune=True):
    """An `AxConv2D` of the core, initialised, and the `Table` that must outlive it; arguments as `ax_conv2d` has them.

    Raises:
        ValueError: if a size is not possible, or the table is signed.
    """
    shape = conv2d(input_shape, filter_shape, strides, padding)
    table = load_table("") if table is None else table
    shared = Table(tune(table) if ax_tune else table)
    op, error = AxConv2D(), Error()
    status = core().tfapprox_ax_conv2d_init(
        ctypes.byref(shape), *ranges, shared.handle, ctypes.byref(op), ctypes.byref(error)
    )
    check(status, error)
    return op, shared


def ax_conv2d(
    input,
    filter,
    min_input,
    max_input,
    min_filter,
    max_filter,
    strides,
    padding,
    table=None,
    ax_tune=True,
    threads=1,
):
    """`AxConv2D` by the compiled core.

    Arguments, result and errors are those of `tfapprox.common.reference.ax_conv2d`; `threads` is the number of threads
    that share the tiles of the output.
    """
    input, filter = np.ascontiguousarray(input, np.uint8), np.ascontiguousarray(filter, np.uint8)
    ranges = (min_input, max_input, min_filter, max_filter)
    op, _shared = init_ax_conv2d(input.shape, filter.shape, ranges, strides, padding, table, ax_tune)
    shape = op.shape
    output = np.empty([shape.batch, shape.out_height, shape.out_width, shape.out_channels], np.int32)
    _compute("ax_conv2d", op, input, filter, output, threads)
    return AxOutput(output, np.float32(op.min_output), np.float32(op.max_output))


def _compute(name, op, input, filter, output, threads):
    """Runs all of an initialised operation of the core on `threads` threads; returns `output`."""
    prepared = aligned(op.work.filter_bytes)
    workspaces = [aligned(op.work.workspace_bytes) for _ in range(threads)]
    with ThreadPoolExecutor(threads) as pool:
        return run_in(pool, name, op, (input, filter), output, prepared, workspaces)


def run_in(pool, name, op, operands, output, prepared, workspaces):
    """Prepares all filters, then runs all tiles, in memory that is there, a thread of `pool` a workspace; `output`."""
    call = ctypes.byref(op), *(array.ctypes.data for array in (*operands, prepared))

    def share(count, worker):
        return count * worker // len(workspaces), count * (worker + 1) // len(workspaces)

    def prepare(worker):
        getattr(core(), f"tfapprox_{name}_prepare")(*call, *share(op.work.shape.out_channels, worker))

    def run(worker):
        memory, tiles = workspaces[worker].ctypes.data, share(op.work.tiles, worker)
        getattr(core(), f"tfapprox_{name}_run")(*call, output.ctypes.data, *tiles, memory)

    for step in (prepare, run):
        list(pool.map(step, range(len(workspaces))))
    return output
