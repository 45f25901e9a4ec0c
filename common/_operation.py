"""Calls of operations as the core describes them: one descriptor, whether a CPU or a GPU computes it.

A new operation needs one function here, which fills the descriptor from the arguments of its reference.
"""

import ctypes
from typing import List

import numpy as np

from . import _abi, _validation
from ._bindings import check, core
from ._convolution import AxOutput, check_groups, depthwise_tensors, filter_ranges
from ._core_tables import Table, tune
from ._matmul import matrices
from .argument_error import ArgumentError
from .truth_table import TruthTable

PADDINGS = {"VALID": 0, "SAME": 1, "EXPLICIT": 2}
LAYOUTS = {"NHWC": 0, "NCHW": 1}
REALS, CODES = 0, 1
NOT_FOUND = 2  # TFAPPROX_NOT_FOUND


class Operation:
    """One call: descriptor, table and tensors, which stay alive as long as this object.

    Attributes:
        descriptor: an `_abi.Operation`, filled.
        table: the `Table` that the descriptor points to.
        activations: array of the input, float32 or uint8, contiguous.
        weights: array of the filter, of the same dtype, contiguous.
        output: array that the computation fills, float32 or int32.
        result: function without arguments that gives what the public function returns, once `output` is filled.
        keep_alive: what the descriptor has pointers to.
        is_part: whether the computation fills only some elements of `output`, and the others are to stay.
    """

    def __init__(self, descriptor, table, activations, weights, output, result=None, keep_alive=(), is_part=False):
        self.descriptor, self.table = descriptor, table
        self.activations, self.weights, self.output = activations, weights, output
        self.result, self.keep_alive, self.is_part = result or (lambda: output), keep_alive, is_part


def quantiser(name, minimum, maximum, table):
    """Scale and zero point of a range, equations (2): an `_abi.Quantiser`.

    Args:
        name: beginning of the names of the range in messages, such as `"input"`.
        minimum: lower end of the range, a number.
        maximum: upper end of the range, a number.
        table: the `Table` whose codes the quantiser gives.

    Raises:
        ValueError: if an end is no number or not finite, or `minimum > maximum`.
    """
    _validation.one_of("name", name, _validation.RANGES)
    if not isinstance(table, Table):
        raise ArgumentError("table", "must be a native.Table", repr(table))
    minimum, maximum = _validation.numbers(**{f"{name}_min": minimum, f"{name}_max": maximum})
    result, error = _abi.Quantiser(), _abi.Error()
    status = core().tfapprox_quantiser_init(
        name.encode(), minimum, maximum, table.handle, ctypes.byref(result), ctypes.byref(error)
    )
    check(status, error)
    return result


def problem(
    input_shape,
    filter_shape,
    strides,
    padding,
    *,
    explicit_paddings=(),
    data_format="NHWC",
    dilations=(1, 1, 1, 1),
    name="input",
):
    """Output size and padding of a convolution, equations (4): an `_abi.Problem`.

    Args:
        input_shape: four integers in the order of `data_format`.
        filter_shape: `[filter_height, filter_width, in_channels / groups, out_channels]`.
        strides: four integers in the order of `data_format`, as `tf.nn.conv2d` has them.
        padding: `"SAME"`, `"VALID"` or `"EXPLICIT"`.
        explicit_paddings: for `"EXPLICIT"`, eight integers, before and after each dimension of `data_format`.
        data_format: `"NHWC"` or `"NCHW"`.
        dilations: four integers in the order of `data_format`.
        name: the argument that has the shape of the input, for messages.

    Raises:
        ValueError: if a size is not possible.
    """
    strides, padding, explicit_paddings, data_format, dilations = _validation.geometry(
        strides, padding, explicit_paddings, data_format, dilations
    )
    input_shape, filter_shape = _validation.shapes(input_shape, filter_shape, data_format, grouped=True)
    height, width = data_format.index("H"), data_format.index("W")
    channels = input_shape[data_format.index("C")]
    filter_height, filter_width, filter_channels, out_channels = filter_shape
    groups = check_groups(channels, filter_channels, out_channels)
    pads = dict(zip(range(8), explicit_paddings))
    result, error = _abi.Problem(), _abi.Error()
    result.batch, result.in_channels = input_shape[data_format.index("N")], channels
    result.in_height, result.in_width = input_shape[height], input_shape[width]
    result.filter_height, result.filter_width, result.out_channels = filter_height, filter_width, out_channels
    result.groups, result.out_stride_height, result.out_stride_width = groups, 1, 1
    result.stride_height, result.stride_width = strides[height], strides[width]
    result.dilation_height, result.dilation_width = dilations[height], dilations[width]
    result.padding, result.layout = PADDINGS[padding], LAYOUTS[data_format]
    result.pad_top, result.pad_bottom = pads.get(2 * height, 0), pads.get(2 * height + 1, 0)
    result.pad_left, result.pad_right = pads.get(2 * width, 0), pads.get(2 * width + 1, 0)
    try:
        check(core().tfapprox_problem_resolve(ctypes.byref(result), ctypes.byref(error)), error)
    except ValueError as failure:
        if not str(failure).startswith("input "):
            raise
        cause = ArgumentError.from_core("input", failure)
        raise ArgumentError(name, cause.rule, cause.received) from None
    return result


def _empty_output(shape, data_format, dtype):
    sizes = {"N": shape.batch, "H": shape.out_height, "W": shape.out_width, "C": shape.out_channels}
    return np.empty([sizes[axis] for axis in data_format], dtype)


def weight_operand(filter_min, filter_max, filters, table, name="filter"):
    """The operand of the weights, with one range or with a range for each filter."""
    ranges = filter_ranges(filter_min, filter_max, filters, name)
    if np.ndim(filter_min) == 0:
        return _abi.Operand(REALS, quantiser(name, ranges[0][0], ranges[0][1], table))
    quantisers = (_abi.Quantiser * filters)(*(quantiser(name, low, high, table) for low, high in ranges))
    return _abi.Operand(REALS, quantisers[0], quantisers)


def approx_depthwise_conv2d(input, filter, *ranges_and_geometry, data_format="NHWC", **options):
    """`ApproxDepthwiseConv2DWithMinMaxVars` (3.7) as an `Operation`: a grouped convolution."""
    tensors = depthwise_tensors(input, filter, data_format)
    return approx_conv2d(*tensors, *ranges_and_geometry, data_format=data_format, **options)


def approx_conv2d(
    input,
    filter,
    input_min,
    input_max,
    filter_min,
    filter_max,
    strides,
    padding="SAME",
    *,
    num_bits=8,
    table=None,
    data_format="NHWC",
    **geometry,
):
    """`ApproxConv2DWithMinMaxVars` (3) as an `Operation`: real numbers in and out, with any number of groups (3.6)."""
    input, filter = _validation.reals("input", input), _validation.reals("filter", filter)
    shape = problem(input.shape, filter.shape, strides, padding, data_format=data_format, **geometry)
    shared = Table(table, num_bits)
    descriptor = _abi.Operation(
        problem=shape,
        activation=_abi.Operand(REALS, quantiser("input", input_min, input_max, shared)),
        weight=weight_operand(filter_min, filter_max, shape.out_channels, shared),
        table=shared.handle,
    )
    return Operation(descriptor, shared, input, filter, _empty_output(shape, data_format, np.float32))


def approx_conv2d_transpose(
    input,
    filter,
    output_shape,
    input_min,
    input_max,
    filter_min,
    filter_max,
    strides,
    padding="SAME",
    *,
    num_bits=8,
    table=None,
    explicit_paddings=(),
    data_format="NHWC",
    dilations=(1, 1, 1, 1),
):
    """`ApproxConv2DTransposeWithMinMaxVars` (3.9): its output, 0 so far, and an `Operation` for each part of it."""
    input, filter = _validation.reals("input", input), _validation.reals("filter", filter)
    form = {"explicit_paddings": explicit_paddings, "data_format": data_format, "dilations": dilations}
    _validation.geometry(strides, padding, **form)
    sizes = _validation.transposed_shapes(input.shape, filter.shape, output_shape, data_format)
    convolution, shared = (
        problem(sizes, filter.shape, strides, padding, **form, name="output_shape"),
        Table(table, num_bits),
    )
    activation = _abi.Operand(REALS, quantiser("input", input_min, input_max, shared))
    weight = weight_operand(filter_min, filter_max, filter.shape[2], shared)
    in_size = [input.shape[data_format.index(axis)] for axis in "HW"]
    output, error = np.zeros(sizes, np.float32), _abi.Error()
    parts: List[Operation] = []
    while True:
        part = _abi.Operation(activation=activation, weight=weight, table=shared.handle)
        pointers = ctypes.byref(part), ctypes.byref(error)
        status = core().tfapprox_conv2d_transpose_fill(ctypes.byref(convolution), *in_size, len(parts), *pointers)
        if status == NOT_FOUND:
            return output, parts
        check(status, error)
        parts.append(Operation(part, shared, input, filter, output, keep_alive=weight, is_part=True))


def approx_matmul(a, b, a_min, a_max, b_min, b_max, *, transpose_a=False, transpose_b=False, num_bits=8, table=None):
    """`ApproxMatMulWithMinMaxVars` (3.8) as an `Operation`: a convolution 1x1, or an item for each matrix."""
    a, b = matrices("a", a, transpose_a), matrices("b", b, transpose_b)
    shared = Table(table, num_bits)
    rank = max(a.ndim, b.ndim)
    shapes = (ctypes.c_int64 * a.ndim)(*a.shape), a.ndim, (ctypes.c_int64 * b.ndim)(*b.shape), b.ndim
    descriptor, output_shape, error = _abi.Operation(), (ctypes.c_int64 * rank)(), _abi.Error()
    count = ctypes.c_int64()
    pointers = ctypes.byref(descriptor), output_shape, ctypes.byref(count), ctypes.byref(error)
    check(core().tfapprox_matmul_fill(*shapes, *pointers), error)
    descriptor.activation = _abi.Operand(REALS, quantiser("a", a_min, a_max, shared))
    descriptor.weight = weight_operand(b_min, b_max, b.shape[-1], shared, "b")
    descriptor.table = shared.handle
    items = [(ctypes.c_int64 * count.value)() for _ in range(2)]
    core().tfapprox_matmul_set_items(*shapes, count, *items, ctypes.byref(descriptor))
    return Operation(descriptor, shared, a, b, np.empty(list(output_shape), np.float32), keep_alive=items)


def ax_conv2d(
    input, filter, min_input, max_input, min_filter, max_filter, strides, padding, *, table=None, ax_tune=True
):
    """`AxConv2D` (5) as an `Operation`: codes in, wrapped sums out."""
    input, filter = _validation.codes("input", input), _validation.codes("filter", filter)
    _validation.one_of("padding", padding, ["SAME", "VALID"])
    _validation.shapes(input.shape, filter.shape, "NHWC")
    shape = problem(input.shape, filter.shape, strides, padding)
    shared = Table(tune(TruthTable.of(table)) if _validation.boolean("ax_tune", ax_tune) else table)
    descriptor, error, limits = _abi.Operation(), _abi.Error(), (ctypes.c_float(), ctypes.c_float())
    pointers = [ctypes.byref(value) for value in (descriptor, *limits, error)]
    ranges = _validation.numbers(min_input=min_input, max_input=max_input, min_filter=min_filter, max_filter=max_filter)
    check(core().tfapprox_ax_conv2d_fill(ctypes.byref(shape), *ranges, shared.handle, *pointers), error)
    output = _empty_output(shape, "NHWC", np.int32)

    def result():
        return AxOutput(output, *(np.float32(limit.value) for limit in limits))

    return Operation(descriptor, shared, input, filter, output, result)
