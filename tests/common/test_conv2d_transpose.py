"""The transposed convolution: the reference against loops, and every CPU path and plan against the reference."""

import functools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases import STRUCTURES, forced, outcome, random_table, structured_table, transposed_convolutions
from tfapprox.common import native, plans, reference

CASE = ["input", "filter", "output_shape", "input_min", "input_max", "filter_min", "filter_max", "strides", "padding"]


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize("dilation", [1, 2, 3])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_the_reference_is_the_equation(size, stride, dilation, padding):
    """Loops over outputs and filter positions compute (3.9) and (3.10)."""
    random, table = np.random.RandomState(0), random_table(8, 1)
    extent = (size - 1) * dilation + 1
    height, width = (5 * stride, 3 * stride + 1) if padding == "SAME" else (4 * stride + extent, 2 * stride + extent)
    inputs = [-(-n // stride) if padding == "SAME" else (n - extent) // stride + 1 for n in (height, width)]
    x = random.uniform(-1, 1, (1, *inputs, 2)).astype(np.float32)
    w = random.uniform(-1, 1, (size, size, 3, 2)).astype(np.float32)
    ranges = [-1.0, 0.5, -0.5, 0.75]
    steps = {"strides": [1, stride, stride, 1], "dilations": [1, dilation, dilation, 1], "padding": padding}
    y = reference.approx_conv2d_transpose_with_min_max_vars(x, w, [1, height, width, 3], *ranges, **steps, table=table)
    qa, qw = reference.quantiser("input", *ranges[:2]), reference.quantiser("filter", *ranges[2:])
    codes_x, codes_w = reference.codes(qa, x), reference.codes(qw, w)
    pads = [0, 0]
    if padding == "SAME":
        pads = [max(0, (i - 1) * stride + extent - n) // 2 for i, n in zip(inputs, (height, width))]
    for row, column, f in np.ndindex(height, width, 3):
        total = 0
        for ky, kx, c in np.ndindex(size, size, 2):
            i, j = row + pads[0] - ky * dilation, column + pads[1] - kx * dilation
            if i % stride or j % stride:
                continue  # this output has no such tap
            i, j = i // stride, j // stride
            inside = 0 <= i < inputs[0] and 0 <= j < inputs[1]
            a, b = int(codes_x[0, i, j, c]) if inside else qa.zero_point, int(codes_w[ky, kx, f, c])
            total += int(table[a, b]) - qw.zero_point * a - qa.zero_point * b + qa.zero_point * qw.zero_point
        assert y[0, row, column, f] == np.float32(float(qa.scale) * float(qw.scale) * total)


def test_the_exact_product_scatters_the_input():
    """With the exact table it is the textbook's sum: each input adds a filter to the output."""
    random = np.random.RandomState(0)
    x, w = random.randint(0, 256, (1, 3, 2, 2)), random.randint(0, 256, (3, 2, 2, 2))
    expected = np.zeros((1, 8, 5, 2))
    for i, j in np.ndindex(3, 2):
        expected[0, 2 * i : 2 * i + 3, 3 * j : 3 * j + 2] += np.einsum("c,yxfc->yxf", x[0, i, j], w)
    case = (x, w, expected.shape, 0, 255, 0, 255, [1, 2, 3, 1], "VALID")
    for module in (reference, native):
        np.testing.assert_array_equal(module.approx_conv2d_transpose_with_min_max_vars(*case), expected)


@settings(max_examples=300, deadline=None)
@given(transposed_convolutions(), st.integers(1, 3))
def test_random(case, threads):
    expected = outcome(lambda: reference.approx_conv2d_transpose_with_min_max_vars(**case), ValueError)
    result = outcome(lambda: native.approx_conv2d_transpose_with_min_max_vars(threads=threads, **case), ValueError)
    np.testing.assert_array_equal(result, expected)


@functools.lru_cache(maxsize=None)
def cases_of(kind, data_format):
    """Convolutions with a signed table, ranges of the channels and NaN, and their outputs by the reference."""
    random = np.random.RandomState(0)
    x, w = random.uniform(-1, 1, (2, 13, 11, 18)).astype(np.float32), random.uniform(-1, 1, (3, 5, 20, 18))
    x[1, 4, 5, 1] = w[1, 1, 0, 2] = np.nan
    ends = np.sort(random.uniform(-1, 1, (2, 20)), 0).astype(np.float32)
    strides, shape = [1, 2, 3, 1], [2, 26, 32, 20]
    if data_format == "NCHW":
        x, strides, shape = x.transpose(0, 3, 1, 2), [1, 1, 2, 3], [2, 20, 26, 32]
    cases = []
    for signed, (low, high) in [(False, (-0.9, 0.8)), (True, (-0.9, 0.8)), (False, ends)]:
        case = dict(zip(CASE, [x, w, shape, -1.0, 0.7, low, high, strides, "SAME"]))
        case.update(table=structured_table(kind, 8, 1, signed), data_format=data_format)
        cases.append((case, reference.approx_conv2d_transpose_with_min_max_vars(**case)))
    return cases


@pytest.mark.parametrize("data_format", ["NHWC", "NCHW"])
@pytest.mark.parametrize("kind", STRUCTURES)
def test_paths_and_plans(path, kind, data_format):
    """The cases have several blocks of pixels, and parts of different filters."""
    if "_model" in path and kind != "random":
        pytest.skip("the models of AVX-512 are slow: they look up one table")
    for case, expected in cases_of(kind, data_format):
        for plan in [plan.name for plan in plans.plans(case["table"])]:
            with forced(path, plan):
                result = native.approx_conv2d_transpose_with_min_max_vars(**case)
            np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize("module", [reference, native])
@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"input": np.ones((4, 4, 3))}, "input must have 4 dimensions"),
        ({"filter": np.ones((3, 3, 2, 4))}, "filter must have the input's depth; received filter 4, input 3"),
        ({"output_shape": [1, 8, 8]}, r"output_shape must be 4 integers in the order of NHWC; received \[1, 8, 8\]"),
        ({"output_shape": [2, 8, 8, 2]}, r"output_shape must have the input's batch, 1, .*received \[2, 8, 8, 2\]"),
        ({"output_shape": [1, 8, 8, 3]}, r"and the 2 output channels of the filter; received \[1, 8, 8, 3\]"),
        ({"output_shape": [1, 9, 8, 2]}, "height and width; received output size 9x8, convolved 5x4, input size 4x4"),
        ({"output_shape": [1, 8, 6, 2]}, "height and width; received output size 8x6, convolved 4x3, input size 4x4"),
        ({"output_shape": [1, -8, 8, 2]}, "output_shape height must be from 0"),
        ({"strides": [1, 2, 2, 2]}, "strides must be 4 integers"),
        ({"filter_min": [0, 0, 0]}, r"filter_min and filter_max must be two numbers, or two arrays \[2\]"),
        ({"padding": "FULL"}, "padding must be one of"),
    ],
)
def test_bad_input(module, changed, message):
    tensors = [np.ones((1, 4, 4, 3)), np.ones((3, 3, 2, 3)), [1, 8, 8, 2]]
    case = dict(zip(CASE, [*tensors, 0, 1, 0, 1, [1, 2, 2, 1], "SAME"]))
    with pytest.raises(ValueError, match=message):
        module.approx_conv2d_transpose_with_min_max_vars(**{**case, **changed})
