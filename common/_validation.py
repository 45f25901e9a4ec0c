"""Checks of the arguments of operations, the same for the numpy reference, the CPU and the GPU.

The rules are those of the TensorFlow operations. A value that breaks a rule raises an `ArgumentError`, which is a
ValueError, with the argument, the rule and the value received; nothing is rounded, cut or ignored.
"""

import operator
from typing import Any, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from .argument_error import ArgumentError

MAX_SIZE = 2**31 - 1  # the limit of sizes, strides, dilations and paddings, also in the core
PADDINGS = ("SAME", "VALID", "EXPLICIT")
DATA_FORMATS = ("NHWC", "NCHW")
RANGES = ("input", "filter", "a", "b")  # beginnings of the names of ranges


class Geometry(NamedTuple):
    """The attributes of a convolution as plain integers and strings; see `geometry` for their meaning."""

    strides: Tuple[int, ...]
    padding: str
    explicit_paddings: Tuple[int, ...]
    data_format: str
    dilations: Tuple[int, ...]


def _fail(argument: str, rule: str, received: Any) -> ArgumentError:
    text = received if isinstance(received, str) else repr(received)
    return ArgumentError(argument, f"must {rule}", text if len(text) < 200 else text[:200] + "...")


def is_integer(value: Any) -> bool:
    """Whether a value is an integer of Python or numpy, or an array of one such; a bool is none."""
    if type(value) is int:  # the most frequent case, before the slower ones
        return True
    try:
        operator.index(value)
    except TypeError:
        return False
    return not isinstance(value, (bool, np.bool_)) and getattr(value, "dtype", None) != np.bool_


def integer(argument: str, value: Any, minimum: int, maximum: int = MAX_SIZE) -> int:
    """The value as an int, if it is an integer from `minimum` to `maximum`."""
    if not is_integer(value):
        raise _fail(argument, f"be an integer from {minimum} to {maximum}", repr(value))
    number = operator.index(value)
    if not minimum <= number <= maximum:
        raise _fail(argument, f"be from {minimum} to {maximum}", number)
    return number


def number(argument: str, value: Any) -> float:
    """The value as a float, if it is one real number; NaN and infinities are numbers here."""
    array = _array(argument, value, "be a real number")
    is_real = array.dtype.kind in "iuf" or (isinstance(value, int) and not isinstance(value, bool))
    if array.ndim != 0 or not is_real:
        raise _fail(argument, "be a real number", repr(value))
    try:
        return float(value)
    except OverflowError:
        raise _fail(argument, "be a number in the range of float32", repr(value)) from None


def float_array(argument: str, value: Any) -> np.ndarray:
    """A real number, or an array of real numbers, as float32; NaN and infinities are numbers here."""
    array = _array(argument, value, "be a real number, or an array of real numbers")
    if array.ndim == 0:
        with np.errstate(all="ignore"):
            return np.asarray(number(argument, value)).astype(np.float32)
    if array.dtype.kind not in "iuf":
        raise _fail(argument, "be a real number, or an array of real numbers", f"dtype {array.dtype}")
    with np.errstate(all="ignore"):
        return array.astype(np.float32)


def numbers(**values: Any) -> List[float]:
    """The values of several arguments, each of which must be one real number."""
    return [number(argument, value) for argument, value in values.items()]


def boolean(argument: str, value: Any) -> bool:
    """The value as a bool, if it is one of Python or numpy; a number, a text or `None` is neither true nor false."""
    if not isinstance(value, (bool, np.bool_)):
        raise _fail(argument, "be True or False", repr(value))
    return bool(value)


def optional_boolean(argument: str, value: Any) -> Optional[bool]:
    """The value as a bool, or `None`, if it is one of these."""
    return None if value is None else boolean(argument, value)


def text(argument: str, value: Any) -> str:
    """The value, if it is a string."""
    if not isinstance(value, str):
        raise _fail(argument, "be a string", repr(value))
    return value


def one_of(argument: str, value: Any, choices: Sequence[str]) -> str:
    """The value, if it is one of the strings."""
    if not isinstance(value, str) or value not in choices:
        raise _fail(argument, f"be one of {', '.join(map(repr, choices))}", repr(value))
    return value


def _array(argument: str, value: Any, rule: str) -> np.ndarray:
    try:
        return np.asarray(value)
    except (TypeError, ValueError):  # lists of different lengths are no array
        raise _fail(argument, rule, repr(value)) from None


def _tensor(argument: str, value: Any, kinds: str, content: str) -> np.ndarray:
    array = _array(argument, value, f"be an array of {content}")
    if array.dtype.kind not in kinds:
        raise _fail(argument, f"be an array of {content}", f"dtype {array.dtype}")
    if array.ndim != 4:
        raise _fail(argument, "have 4 dimensions", f"shape {list(array.shape)}")
    return array


def real_matrices(argument: str, value: Any) -> np.ndarray:
    """Matrices as a float32 array of two dimensions or more, if their elements are integers or floats."""
    array = _array(argument, value, "be an array of real numbers")
    if array.dtype.kind not in "iuf":
        raise _fail(argument, "be an array of real numbers", f"dtype {array.dtype}")
    if array.ndim < 2:
        raise _fail(argument, "have 2 dimensions or more", f"shape {list(array.shape)}")
    with np.errstate(all="ignore"):
        return array.astype(np.float32)


def integer_array(argument: str, value: Any) -> np.ndarray:
    """The value as an array, if its elements are integers."""
    array = _array(argument, value, "have integer entries")
    if array.dtype.kind not in "iu":
        raise _fail(argument, "have integer entries", f"dtype {array.dtype}")
    return array


def reals(argument: str, value: Any) -> np.ndarray:
    """A tensor of four dimensions as a contiguous float32 array, if its elements are integers or floats."""
    return np.ascontiguousarray(_tensor(argument, value, "iuf", "real numbers"), np.float32)


def codes(argument: str, value: Any) -> np.ndarray:
    """A tensor of four dimensions as a contiguous uint8 array, if its elements are integers from 0 to 255."""
    array = _tensor(argument, value, "iu", "integer codes")
    for extreme in (array.min(), array.max()) if array.size and array.dtype != np.uint8 else ():
        if not 0 <= extreme <= 255:
            raise _fail(argument, "have codes from 0 to 255", int(extreme))
    return np.ascontiguousarray(array, np.uint8)


def _integers(argument: str, values: Any, count: int, rule: str) -> List[int]:
    try:
        items = None if isinstance(values, (str, bytes, dict)) else list(values)
    except TypeError:
        items = None
    if items is None or len(items) != count or not all(map(is_integer, items)):
        raise _fail(argument, rule, repr(values))
    return [operator.index(item) for item in items]


def _steps(argument: str, values: Any, data_format: str) -> Tuple[int, ...]:
    """Strides or dilations, checked."""
    rule = f"be 4 integers in the order of {data_format}, 1 for batch and channels"
    steps = _integers(argument, values, 4, rule)
    if steps[data_format.index("N")] != 1 or steps[data_format.index("C")] != 1:
        raise _fail(argument, rule, repr(steps))
    for axis, name in (("H", "height"), ("W", "width")):
        integer(f"{argument} {name}", steps[data_format.index(axis)], 1)
    return tuple(steps)


def _explicit_paddings(values: Any, padding: str, data_format: str) -> Tuple[int, ...]:
    argument = "explicit_paddings"
    if padding != "EXPLICIT":
        return tuple(_integers(argument, values, 0, f"be empty for padding={padding!r}"))
    rule = f"be 8 integers, before and after each dimension of {data_format}, 0 for batch and channels"
    pads = _integers(argument, values, 8, rule)
    if any(pads[2 * data_format.index(axis) + end] for axis in "NC" for end in (0, 1)):
        raise _fail(argument, rule, repr(pads))
    for axis, names in (("H", ("top", "bottom")), ("W", ("left", "right"))):
        for end, name in enumerate(names):
            integer(f"{argument} {name}", pads[2 * data_format.index(axis) + end], 0)
    return tuple(pads)


def geometry(
    strides: Any, padding: Any, explicit_paddings: Any = (), data_format: Any = "NHWC", dilations: Any = (1, 1, 1, 1)
) -> Geometry:
    """The attributes of a convolution, checked.

    Args:
        strides: four integers from 1 in the order of `data_format`; those of batch and channels are 1.
        padding: `"SAME"`, `"VALID"` or `"EXPLICIT"`.
        explicit_paddings: for `"EXPLICIT"`, eight integers from 0, before and after each dimension of `data_format`,
            0 for batch and channels; empty for any other padding.
        data_format: `"NHWC"` or `"NCHW"`.
        dilations: four integers from 1 in the order of `data_format`; those of batch and channels are 1.

    Raises:
        ValueError: if one of them breaks its rule.
    """
    one_of("data_format", data_format, DATA_FORMATS)
    one_of("padding", padding, PADDINGS)
    return Geometry(
        _steps("strides", strides, data_format),
        padding,
        _explicit_paddings(explicit_paddings, padding, data_format),
        data_format,
        _steps("dilations", dilations, data_format),
    )


def shapes(
    input_shape: Any, filter_shape: Any, data_format: str, *, grouped: bool = False
) -> Tuple[List[int], List[int]]:
    """The shapes of both tensors as lists of int, if a convolution of them is possible.

    Args:
        input_shape: four integers in the order of `data_format`, 0 or more, the channels 1 or more.
        filter_shape: `[filter_height, filter_width, in_channels, out_channels]`, 1 or more.
        data_format: `"NHWC"` or `"NCHW"`.
        grouped: whether the filter may have fewer channels than the input; `check_groups` says which.

    Raises:
        ValueError: if a size is out of its range, or the filter does not have the channels of the input.
    """
    inputs = _integers("input", input_shape, 4, "have a shape of 4 integers")
    filters = _integers("filter", filter_shape, 4, "have a shape of 4 integers")
    for axis, name, minimum in (("N", "batch", 0), ("H", "height", 0), ("W", "width", 0), ("C", "channels", 1)):
        integer(f"input {name}", inputs[data_format.index(axis)], minimum)
    for size, name in zip(filters, ("height", "width", "input channels", "output channels")):
        integer(f"filter {name}", size, 1)
    if filters[2] != inputs[data_format.index("C")] and not grouped:
        received = f"filter {filters[2]}, input {inputs[data_format.index('C')]}"
        raise _fail("filter", "have the input's depth", received)
    return inputs, filters


def transposed_shapes(
    input_shape: Any, filter_shape: Any, output_shape: Any, data_format: str, name: str = "output_shape"
) -> List[int]:
    """The shape of the output of a transposed convolution as a list of int, if its batch and channels are possible.

    Args:
        input_shape: four integers in the order of `data_format`, 0 or more, the channels 1 or more.
        filter_shape: `[filter_height, filter_width, out_channels, in_channels]`, 1 or more.
        output_shape: four integers in the order of `data_format`.
        data_format: `"NHWC"` or `"NCHW"`.
        name: the argument that has the shape of the output, for messages.

    Raises:
        ValueError: if a size is out of its range, or batch or channels are not those of input and filter.
    """
    height, width, out_channels, in_channels = filter_shape
    inputs, _ = shapes(input_shape, [height, width, in_channels, out_channels], data_format)
    outputs = _integers(name, output_shape, 4, f"be 4 integers in the order of {data_format}")
    batch, channels = data_format.index("N"), data_format.index("C")
    if outputs[batch] != inputs[batch] or outputs[channels] != out_channels:
        rule = f"have the input's batch, {inputs[batch]}, and the {out_channels} output channels of the filter"
        raise _fail(name, rule, repr(outputs))
    for axis, side in (("H", "height"), ("W", "width")):
        integer(f"{name} {side}", outputs[data_format.index(axis)], 0)
    return outputs


def upstream_shape(
    shape: Sequence[int], input_shape: Sequence[int], convolved: Sequence[int], transposed: bool
) -> None:
    """Checks the shape of an upstream gradient.

    Args:
        shape: its shape.
        input_shape: shape of the input of the operation.
        convolved: shape of the convolution of the input; of the upstream gradient if `transposed`.
        transposed: whether the operation is a transposed convolution.

    Raises:
        ValueError: if it is not the shape of the output.
    """
    if not transposed and list(shape) != list(convolved):
        raise _fail("upstream", f"have the shape {list(convolved)} of the output", list(shape))
    if transposed and list(input_shape) != list(convolved):
        rule = f"have a shape whose convolution has the shape {list(input_shape)} of input"
        raise _fail("upstream", rule, f"{list(shape)}, convolved {list(convolved)}")
