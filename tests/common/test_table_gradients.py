"""Gradients by the smoothed differences of a table, by the core and by the CUDA kernels, against the reference."""

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from cases import convolutions, forced, outcome, random_table, transposed_convolutions
from tfapprox.common import native, reference
from tfapprox.common._gradient_operation import GradientOperation

FEW = settings(max_examples=25, deadline=None, phases=[Phase.generate])
HALF_WINDOWS = st.integers(0, 20)


def check(gradients, case, half_window, transposed):
    """Compares the gradients of one case with the reference, bit for bit, if its arguments are possible."""
    case = dict(case)
    sizes = case.pop("output_shape", None)
    for name in ("input", "filter"):
        case[name] = np.nan_to_num(case[name], posinf=3, neginf=-3)
    if transposed:
        shape = sizes
    else:
        output = outcome(lambda: reference.approx_conv2d_with_min_max_vars(**case), ValueError)
        if output is None:
            return
        shape = output.shape
    upstream = np.random.RandomState(0).uniform(-3, 1, shape).astype(np.float32)
    case.update(half_window=min(half_window, (2 ** case["num_bits"] - 3) // 2), transposed=transposed)
    expected = outcome(lambda: reference.approx_conv2d_gradients(upstream, **case, gradient="table_2d"), ValueError)
    result = outcome(lambda: gradients(upstream, **case), ValueError)
    assert (result is None) == (expected is None)
    for part, right in zip(result or (), expected or ()):
        np.testing.assert_array_equal(part, right)


@given(convolutions(), HALF_WINDOWS, st.sampled_from([1, 3]))
@FEW
def test_convolutions_by_the_core(case, half_window, threads):
    check(
        lambda *tensors, **named: native.table_2d_gradients(*tensors, **named, threads=threads),
        case,
        half_window,
        False,
    )


@given(transposed_convolutions(), HALF_WINDOWS)
@FEW
def test_transposed_convolutions_by_the_core(case, half_window):
    check(native.table_2d_gradients, case, half_window, True)


@given(case=convolutions(), half_window=HALF_WINDOWS)
@FEW
def test_convolutions_on_a_gpu(gpu, case, half_window):
    check(gpu.table_2d_gradients, case, half_window, False)


@given(case=transposed_convolutions(), half_window=HALF_WINDOWS)
@FEW
def test_transposed_convolutions_on_a_gpu(gpu, case, half_window):
    check(gpu.table_2d_gradients, case, half_window, True)


def test_outputs_of_padding_only(gpu):
    """An input without rows has outputs where its padding has, and their weights have gradients."""
    random = np.random.RandomState(0)
    ranges = {"input_min": -0.5, "input_max": 1, "filter_min": -1, "filter_max": 1, "table": random_table(8, 3)}
    pads = {"strides": [1, 1, 1, 1], "padding": "EXPLICIT", "explicit_paddings": [0, 0, 2, 2, 0, 0, 0, 0]}
    w, upstream = random.uniform(-1, 1, (3, 1, 3, 2)), random.uniform(-1, 1, (1, 2, 2, 2))
    cases = [{"input": np.zeros((1, 0, 2, 3)), "filter": w, "upstream": upstream, **pads}]
    steps = {"strides": [1, 4, 1, 1], "padding": "VALID", "transposed": True}
    cases += [{"input": np.zeros((1, 0, 2, 2)), "filter": w, "upstream": random.uniform(-1, 1, (1, 2, 2, 3)), **steps}]
    for case in cases:
        expected = reference.approx_conv2d_gradients(**case, **ranges, gradient="table_2d")
        assert expected[1].any()
        for gradients in (native.table_2d_gradients, gpu.table_2d_gradients):
            for part, right in zip(gradients(**case, **ranges), expected):
                np.testing.assert_array_equal(part, right)


def large_case(per_filter):
    """A convolution of several tiles of activations and pixels, and of several vectors of filters."""
    random = np.random.RandomState(0)
    ends = np.sort(random.uniform(-1, 1, (2, 18)), 0) if per_filter else (-1.0, 0.9)
    return {
        "upstream": random.normal(0, 1e-3, (3, 39, 41, 18)).astype(np.float32),
        "input": random.uniform(-1, 1, (3, 40, 42, 2)),
        "filter": random.uniform(-1, 1, (2, 2, 2, 18)),
        "input_min": -0.9,
        "input_max": 1.0,
        "filter_min": ends[0],
        "filter_max": ends[1],
        "strides": [1, 1, 1, 1],
        "padding": "VALID",
        "table": random_table(8, 3, True),
    }


@pytest.mark.parametrize("per_filter", [False, True])
def test_paths(path, per_filter):
    case = large_case(per_filter)
    case.update(upstream=case["upstream"][:2, :8, :7], input=case["input"][:2, :9, :8])
    with forced(path, ""):
        result = native.table_2d_gradients(**case)
    for part, right in zip(result, reference.approx_conv2d_gradients(**case, gradient="table_2d")):
        np.testing.assert_array_equal(part, right)


@pytest.mark.parametrize(("filters", "half_window"), [(16, 16), (33, 0), (70, 16), (84, 40), (3, 60)])
def test_paths_with_several_vectors_of_filters(path, filters, half_window):
    """Derivatives of one digit and of two, rows of every number of pixels modulo 4, steps, and padding."""
    random = np.random.RandomState(filters)
    a, w = np.mgrid[0:256, 0:256]
    case = {
        "upstream": random.normal(0, 1, (2, 3, 7, filters)).astype(np.float32),
        "input": random.uniform(0, 1, (2, 5, 8, 1)),
        "filter": random.normal(0, 1, (2, 2, 1, filters)),
        **{"input_min": 0.0, "input_max": 1.0, "filter_min": -2.0, "filter_max": 2.1},
        **{"strides": [1, 2, 1, 1], "padding": "EXPLICIT", "explicit_paddings": [0, 0, 1, 0, 0, 0, 0, 0]},
        **{"table": (a * w) >> 3 << 3, "half_window": half_window},
    }
    with forced(path, ""):
        result = native.table_2d_gradients(**case)
    for part, right in zip(result, reference.approx_conv2d_gradients(**case, gradient="table_2d")):
        np.testing.assert_array_equal(part, right)


@pytest.mark.parametrize("filters", [4, 16, 64])
def test_largest_sums(path, filters):
    """Derivatives with 15 bits of magnitude and integers of 24 bits, all of one sign."""
    case = {
        "upstream": np.full((1, 16, 16, filters), np.nextafter(np.float32(1), np.float32(0))),
        "input": np.full((1, 16, 16, 1), 20.0),
        "filter": np.full((1, 1, 1, filters), 15.0),
        **{"input_min": -235.0, "input_max": 20.0, "filter_min": -240.0, "filter_max": 15.0},
        **{"strides": [1, 1, 1, 1], "table": np.broadcast_to(65535 - 257 * np.arange(256), (256, 256))},
    }
    with forced(path, ""):
        result = native.table_2d_gradients(**case)
    for part, right in zip(result, reference.approx_conv2d_gradients(**case, gradient="table_2d")):
        np.testing.assert_array_equal(part, right)


@pytest.mark.parametrize("per_filter", [False, True])
def test_several_tiles(gpu, per_filter):
    case = large_case(per_filter)
    for part, right in zip(gpu.table_2d_gradients(**case), native.table_2d_gradients(**case, threads=2)):
        np.testing.assert_array_equal(part, right)


def test_sums_of_so_many_terms_that_integers_have_fewer_bits(gpu):
    random = np.random.RandomState(2)
    case = {"input": random.uniform(0, 1, (600000, 1, 1, 1)), "filter": np.full((1, 1, 1, 1), 0.4), "input_min": 0}
    case.update(input_max=1, filter_min=0, filter_max=1, strides=[1, 1, 1, 1], table=random_table(8, 4))
    case["upstream"] = random.uniform(-1, 1, (600000, 1, 1, 1))
    expected = reference.approx_conv2d_gradients(**case, gradient="table_2d")
    for gradients in (native.table_2d_gradients, gpu.table_2d_gradients):
        for part, right in zip(gradients(**case), expected):
            np.testing.assert_array_equal(part, right)


@pytest.mark.parametrize("value", [np.inf, np.nan])
def test_upstream_gradient_that_is_not_finite(gpu, value):
    case = {"input": np.ones((1, 2, 2, 1)), "filter": np.ones((2, 2, 1, 1)), "input_min": 0, "input_max": 1}
    case.update(filter_min=0, filter_max=1, strides=[1, 1, 1, 1], padding="SAME")
    upstream = np.ones((1, 2, 2, 1))
    upstream[0, 1, 1, 0] = value
    for gradients in (native.table_2d_gradients, gpu.table_2d_gradients):
        for part in gradients(upstream, **case):
            assert np.all(np.isnan(part))


def test_subnormal_and_large_upstream_gradients(gpu):
    case = large_case(False)
    for scale in (1e-43, 1e38, 0.0):
        case["upstream"] = np.float32(scale) * np.random.RandomState(1).uniform(-1, 1, (1, 3, 3, 18)).astype(np.float32)
        case["input"] = large_case(False)["input"][:1, :4, :4]
        expected = reference.approx_conv2d_gradients(**case, gradient="table_2d")
        for gradients in (native.table_2d_gradients, gpu.table_2d_gradients):
            for part, right in zip(gradients(**case), expected):
                np.testing.assert_array_equal(part, right)


def test_refused():
    case = large_case(False)
    with pytest.raises(ValueError, match=r"upstream must have the shape \[3, 39, 41, 18\] of the output; received"):
        native.table_2d_gradients(**{**case, "upstream": case["upstream"][:, 1:]})
    with pytest.raises(ValueError, match="half_window must be from 0 to 126; received 127"):
        native.table_2d_gradients(**case, half_window=127)
    with pytest.raises(ValueError, match="threads must be"):
        native.table_2d_gradients(**case, threads=0)


@pytest.mark.parametrize(("field", "value"), [("batch", 2**30), ("dilation_height", 2**31), ("pad_top", 2**31)])
def test_sizes_beyond_32_bits_are_refused_on_a_gpu(gpu, field, value):
    operation = GradientOperation(**large_case(False))
    setattr(operation.descriptor.operation.problem, field, value)
    with pytest.raises(ValueError, match=r"all images together must not exceed 2\^30 pixels, with their padding"):
        gpu._compute(operation)
