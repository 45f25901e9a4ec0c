"""Arguments that no operation takes: the reference, the CPU and the GPU refuse them with the same words."""

import re

import numpy as np
import pytest

from cases import RANGES, random_table
from tfapprox.common import cuda, native, reference

# An argument must be refused before a GPU is needed, so this one has no device.
GPU = cuda.Gpu.__new__(cuda.Gpu)
BACKENDS = [reference, native, GPU]
HUGE = 2**64 + 1  # cut to 64 bits, it would be 1
STEPS = "must be 4 integers in the order of NHWC, 1 for batch and channels; received"
PADS = (
    "explicit_paddings must be 8 integers, before and after each dimension of NHWC, 0 for batch and channels; received"
)


def tensors(dtype=np.float32):
    return {"input": np.ones((2, 6, 6, 1), dtype), "filter": np.ones((2, 2, 1, 3), dtype), "strides": [1, 1, 1, 1]}


def approx_conv2d(backend, **changed):
    ranges = {"input_min": 0.0, "input_max": 1.0, "filter_min": 0.0, "filter_max": 1.0}
    return backend.approx_conv2d_with_min_max_vars(**{**tensors(), **ranges, "padding": "SAME", **changed})


def ax_conv2d(backend, **changed):
    ranges = {"min_input": 0.0, "max_input": 255.0, "min_filter": 0.0, "max_filter": 255.0}
    return backend.ax_conv2d(**{**tensors(np.uint8), **ranges, "padding": "SAME", **changed})


# Arguments of both convolutions, and the error about them.
BAD = [
    ({"strides": [1, HUGE, 1, 1]}, f"strides height must be from 1 to 2147483647; received {HUGE}"),
    ({"strides": [1, 1, 0, 1]}, "strides width must be from 1 to 2147483647; received 0"),
    ({"strides": [7, 1, 1, 9]}, f"strides {STEPS} [7, 1, 1, 9]"),
    ({"strides": [HUGE, 1, 1, 1]}, f"strides {STEPS} [{HUGE}, 1, 1, 1]"),
    ({"strides": [1, 1, 1]}, f"strides {STEPS} [1, 1, 1]"),
    ({"strides": [1, 1, 1, 1, 1]}, f"strides {STEPS} [1, 1, 1, 1, 1]"),
    ({"strides": [1, 2.0, 1, 1]}, f"strides {STEPS} [1, 2.0, 1, 1]"),
    ({"strides": [1, True, 1, 1]}, f"strides {STEPS} [1, True, 1, 1]"),
    ({"strides": "1111"}, f"strides {STEPS} '1111'"),
    ({"strides": 1}, f"strides {STEPS} 1"),
    ({"strides": None}, f"strides {STEPS} None"),
    ({"padding": "same"}, "padding must be one of 'SAME', 'VALID'"),
    ({"padding": None}, "padding must be one of 'SAME', 'VALID'"),
    ({"padding": ["SAME"]}, "padding must be one of 'SAME', 'VALID'"),
    ({"table": np.full((256, 256), 70000)}, "table entries must be from 0 to 65535; received table[0, 0] = 70000"),
    ({"table": np.full((256, 256), -1)}, "table must have entries from 0, or dtype int16; received -1, dtype int64"),
    ({"table": np.full((256, 256), 1.9)}, "table must have integer entries; received dtype float64"),
    ({"table": np.ones((256, 256), bool)}, "table must have integer entries; received dtype bool"),
    (
        {"table": np.ones((255, 256), int)},
        "table must be [2**num_bits, 2**num_bits] for num_bits from 2 to 8; received",
    ),
    ({"table": "mul8u_exact"}, "table must have integer entries; received dtype <U11"),
]

BAD_APPROX = [
    *BAD,
    ({"dilations": [1, HUGE, 1, 1]}, f"dilations height must be from 1 to 2147483647; received {HUGE}"),
    ({"dilations": [1, 1, 1, 2]}, f"dilations {STEPS} [1, 1, 1, 2]"),
    ({"dilations": [1, 1]}, f"dilations {STEPS} [1, 1]"),
    (
        {"data_format": "NCHW", "input": np.ones((2, 1, 6, 6)), "strides": [1, 2, 1, 1]},
        "strides must be 4 integers in the order of NCHW, 1 for batch and channels; received [1, 2, 1, 1]",
    ),
    ({"data_format": "NWHC"}, "data_format must be one of 'NHWC', 'NCHW'; received 'NWHC'"),
    ({"data_format": "nhwc"}, "data_format must be one of 'NHWC', 'NCHW'; received 'nhwc'"),
    ({"padding": "EXPLICIT"}, f"{PADS} ()"),
    ({"padding": "EXPLICIT", "explicit_paddings": [5, 5]}, f"{PADS} [5, 5]"),
    ({"padding": "EXPLICIT", "explicit_paddings": [5, 5, 0, 0, 0, 0, 0, 0]}, f"{PADS} [5, 5, 0, 0, 0, 0, 0, 0]"),
    ({"padding": "EXPLICIT", "explicit_paddings": [0, 0, 0, 0, 0, 0, 0, 1]}, f"{PADS} [0, 0, 0, 0, 0, 0, 0, 1]"),
    (
        {"padding": "EXPLICIT", "explicit_paddings": [0, 0, HUGE, 0, 0, 0, 0, 0]},
        f"explicit_paddings top must be from 0 to 2147483647; received {HUGE}",
    ),
    (
        {"padding": "EXPLICIT", "explicit_paddings": [0, 0, 0, 0, 0, -1, 0, 0]},
        "explicit_paddings right must be from 0 to 2147483647; received -1",
    ),
    (
        {"padding": "VALID", "explicit_paddings": [0, 0, 1, 1, 1, 1, 0, 0]},
        "explicit_paddings must be empty for padding='VALID'; received [0, 0, 1, 1, 1, 1, 0, 0]",
    ),
    ({"input": np.ones((6, 6, 1))}, "input must have 4 dimensions; received shape [6, 6, 1]"),
    ({"filter": np.ones((2, 2, 1, 3, 1))}, "filter must have 4 dimensions; received shape [2, 2, 1, 3, 1]"),
    (
        {"filter": np.ones((2, 2, 2, 3))},
        "filter must have the input's depth, or 1 / groups of it where groups divide the number of filters; "
        "received filter 2, input 1, 3 filters",
    ),
    ({"filter": np.ones((0, 2, 1, 3))}, "filter height must be from 1 to 2147483647; received 0"),
    ({"input": np.ones((2, 6, 6, 0)), "filter": np.ones((2, 2, 0, 3))}, "input channels must be from 1 to"),
    ({"input": "four"}, "input must be an array of real numbers; received dtype <U4"),
    ({"input": np.ones((2, 6, 6, 1), complex)}, "input must be an array of real numbers; received dtype complex128"),
    ({"filter": np.ones((2, 2, 1, 3), bool)}, "filter must be an array of real numbers; received dtype bool"),
    ({"filter": np.ones((2, 2, 1, 3), object)}, "filter must be an array of real numbers; received dtype object"),
    ({"input_min": float("nan")}, "input_min, input_max and their difference must be finite; received input_min=nan"),
    ({"filter_max": float("inf")}, "filter_min, filter_max and their difference must be finite; received filter_min=0"),
    ({"filter_max": 1e300}, "filter_min, filter_max and their difference must be finite; received filter_min=0"),
    ({"input_max": 10**400}, "input_max must be a number in the range of float32; received 1000"),
    ({"input_max": "1"}, "input_max must be a real number; received '1'"),
    ({"input_max": None}, "input_max must be a real number; received None"),
    ({"input_max": True}, "input_max must be a real number; received True"),
    ({"input_max": 1j}, "input_max must be a real number; received 1j"),
    (
        {"filter_min": [0.0]},
        "filter_min and filter_max must be two numbers, or two arrays [3], one number for each filter",
    ),
    ({"num_bits": 8.0}, "num_bits must be an integer from 2 to 8; received 8.0"),
    ({"num_bits": True}, "num_bits must be an integer from 2 to 8; received True"),
    ({"num_bits": np.bool_(True)}, "num_bits must be an integer from 2 to 8; received"),
    ({"num_bits": "8"}, "num_bits must be an integer from 2 to 8; received '8'"),
    ({"num_bits": None}, "num_bits must be an integer from 2 to 8; received None"),
    ({"num_bits": 9}, "num_bits must be from 2 to 8; received 9"),
    ({"num_bits": 2**32 + 8}, "num_bits must be from 2 to 8; received 4294967304"),
    ({"num_bits": 4, "table": random_table(8, 0)}, "table must be [16, 16] for num_bits=4; received (256, 256)"),
]

BAD_AX = [
    *BAD,
    ({"padding": "EXPLICIT"}, "padding must be one of 'SAME', 'VALID'; received 'EXPLICIT'"),
    ({"input": np.full((1, 3, 3, 1), 300)}, "input must have codes from 0 to 255; received 300"),
    ({"filter": np.full((1, 3, 1, 1), -1)}, "filter must have codes from 0 to 255; received -1"),
    ({"input": np.full((1, 3, 3, 1), 3.7)}, "input must be an array of integer codes; received dtype float64"),
    ({"input": np.ones((1, 3, 3, 1), bool)}, "input must be an array of integer codes; received dtype bool"),
    ({"filter": np.ones((3, 1, 1), np.uint8)}, "filter must have 4 dimensions; received shape [3, 1, 1]"),
    ({"filter": np.ones((2, 2, 2, 3), np.uint8)}, "filter must have the input's depth; received filter 2, input 1"),
    ({"max_filter": "255"}, "max_filter must be a real number; received '255'"),
    ({"min_input": None}, "min_input must be a real number; received None"),
    ({"table": random_table(8, 0, signed=True)}, "table must be one of unsigned products for AxConv2D; received"),
]


def refuses(message, function, *arguments, **named):
    with pytest.raises(ValueError, match=re.escape(message)):
        function(*arguments, **named)


@pytest.mark.parametrize("backend", BACKENDS, ids=["reference", "native", "cuda"])
@pytest.mark.parametrize(("changed", "message"), BAD_APPROX)
def test_approx_conv2d_refuses(changed, message, backend):
    refuses(message, approx_conv2d, backend, **changed)


def gradients(backend, **changed):
    """The gradients of a convolution, or of a transposed one."""
    ranges = {"input_min": 0.0, "input_max": 1.0, "filter_min": 0.0, "filter_max": 1.0}
    case = {"upstream": np.ones((2, 6, 6, 3)), **tensors(), **ranges, "padding": "SAME"}
    if changed.get("transposed") is True:
        case["input"], case["upstream"] = case["upstream"], case["input"]
    case.update(changed)
    if backend is reference:
        return reference.approx_conv2d_gradients(**case, gradient="table_2d")
    return backend.table_2d_gradients(**case)


LARGE_FILTER = {"padding": "VALID", "filter": np.ones((9, 2, 1, 3))}
TOO_LARGE = (
    "height with its padding must not be smaller than the dilated filter by more than the stride; received height 6 "
    "(padding included), dilated filter 9, stride 1"
)
OUTPUT = "upstream must have the shape [2, 6, 6, 3] of the output; received"
BAD_GRADIENTS = [
    *BAD_APPROX,
    (
        {"upstream": np.ones((2, 6, 5, 3))},
        "upstream must have the shape [2, 6, 6, 3] of the output; received [2, 6, 5, 3]",
    ),
    (
        {"upstream": np.ones((2, 3, 6, 6))},
        "upstream must have the shape [2, 6, 6, 3] of the output; received [2, 3, 6, 6]",
    ),
    (
        {"upstream": np.ones((1, 6, 6, 3))},
        "upstream must have the shape [2, 6, 6, 3] of the output; received [1, 6, 6, 3]",
    ),
    ({"upstream": np.ones((6, 6, 3))}, "upstream must have 4 dimensions; received shape [6, 6, 3]"),
    ({"upstream": np.ones((2, 6, 6, 3), bool)}, "upstream must be an array of real numbers; received dtype bool"),
    ({"upstream": None}, "upstream must be an array of real numbers; received dtype object"),
    ({"transposed": 1}, "transposed must be True or False; received 1"),
    ({"half_window": 127}, "half_window must be from 0 to 126; received 127"),
    (LARGE_FILTER, f"input {TOO_LARGE}"),
    ({**LARGE_FILTER, "transposed": True}, f"upstream {TOO_LARGE}"),
    (
        {"transposed": True, "upstream": np.ones((1, 6, 6, 1))},
        "upstream must have the input's batch, 2, and the 1 output channels of the filter; received [1, 6, 6, 1]",
    ),
    (
        {"transposed": True, "upstream": np.ones((2, 6, 5, 1))},
        "upstream must have a shape whose convolution has the shape [2, 6, 6, 3] of input; "
        "received [2, 6, 5, 1], convolved [2, 6, 5, 3]",
    ),
]


@pytest.mark.parametrize("backend", BACKENDS, ids=["reference", "native", "cuda"])
@pytest.mark.parametrize(("changed", "message"), BAD_GRADIENTS)
def test_gradients_refuse(changed, message, backend):
    refuses(message, gradients, backend, **changed)


@pytest.mark.parametrize("backend", BACKENDS, ids=["reference", "native", "cuda"])
def test_filters_larger_than_the_input_are_refused(backend):
    refuses(f"input {TOO_LARGE}", approx_conv2d, backend, **LARGE_FILTER)
    case = {**tensors(), "filter": LARGE_FILTER["filter"], "input": np.ones((2, 6, 6, 3)), "output_shape": [2, 6, 6, 1]}
    transpose = backend.approx_conv2d_transpose_with_min_max_vars
    ranges = {"input_min": 0.0, "input_max": 1.0, "filter_min": 0.0, "filter_max": 1.0}
    refuses(f"output_shape {TOO_LARGE}", transpose, **case, **ranges, padding="VALID")


def test_strides_beyond_the_output_of_a_transposed_convolution():
    case = {**tensors(), "strides": [1, 2**31 - 1, 1, 1], "output_shape": [2, 6, 6, 1]}
    case.update(input=np.ones((2, 1, 6, 3)), input_min=0.0, input_max=1.0, filter_min=0.0, filter_max=1.0)
    results = [backend.approx_conv2d_transpose_with_min_max_vars(**case) for backend in (reference, native)]
    np.testing.assert_array_equal(*results)


@pytest.mark.parametrize("backend", BACKENDS, ids=["reference", "native", "cuda"])
@pytest.mark.parametrize(("changed", "message"), BAD_AX)
def test_ax_conv2d_refuses(changed, message, backend):
    refuses(message, ax_conv2d, backend, **changed)


@pytest.mark.parametrize(
    "changed",
    [
        {"strides": np.array([1, 2, 1, 1])},
        {"strides": (1, np.int8(2), np.uint64(1), 1)},
        {"padding": np.str_("VALID")},
        {"padding": "EXPLICIT", "explicit_paddings": np.array([0, 0, 1, 0, 0, 2, 0, 0])},
        {"input": [[[[1], [0]], [[0], [1]]]]},
        {"input": np.ones((2, 6, 6, 1), np.int64), "filter": np.ones((2, 2, 1, 3), np.float16)},
        {"input": np.ones((0, 6, 6, 1))},
        {"input_min": np.float64(-1), "input_max": np.array(3, np.int32)},
        {"num_bits": np.int64(8)},
        {"table": random_table(8, 0).astype(np.int64)},
    ],
)
def test_values_of_other_types_are_the_same_values(changed):
    result = approx_conv2d(native, **changed)
    np.testing.assert_array_equal(result, approx_conv2d(reference, **changed))
    assert result.dtype == np.float32


def test_codes_of_wider_types_are_the_same_codes():
    narrow = np.random.RandomState(0).randint(0, 256, (1, 5, 5, 1))
    results = [
        ax_conv2d(backend, input=narrow.astype(t)).output for backend in (native, reference) for t in (int, "u1")
    ]
    for result in results[1:]:
        np.testing.assert_array_equal(result, results[0])


@pytest.mark.parametrize("threads", [0, -1, 1.0, True, None, "2", 2**32 + 1])
def test_threads(threads):
    for function in (approx_conv2d, ax_conv2d):
        refuses("threads must be ", function, native, threads=threads)


def test_more_threads_than_work():
    expected = approx_conv2d(native, table=random_table(8, 0))
    np.testing.assert_array_equal(approx_conv2d(native, table=random_table(8, 0), threads=10**6), expected)


@pytest.mark.parametrize("module", [native, reference])
@pytest.mark.parametrize("entries", [np.full((256, 256), 70000), np.full((256, 256), 1.5), np.ones((3, 3), int)])
def test_tune_and_hash_refuse_what_is_no_table(entries, module):
    refuses("table ", module.tune, entries)
    refuses("table ", native.table_hash, entries)


@pytest.mark.parametrize("limits", RANGES)
def test_ranges_are_rounded_alike(limits):
    """The ends of a range in float64 are no float32 numbers."""
    table = native.Table(None)
    ends = [float(end) * (1 + 1e-10) for end in limits]
    result, expected = native.quantiser("input", *ends, table), reference.quantiser("input", *ends)
    for name in reference.Quantiser._fields:
        np.testing.assert_array_equal(getattr(result, name), getattr(expected, name))


@pytest.mark.parametrize("num_bits", [8.0, True, "8", None, 2**32 + 8])
def test_width_of_a_table(num_bits):
    refuses("num_bits must be ", native.load_table, "mul8u_exact", num_bits)
    refuses("num_bits must be ", native.Table, None, num_bits)
