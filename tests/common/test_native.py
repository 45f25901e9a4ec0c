"""The compiled core against the reference, bit for bit, and the texts of its errors."""

import numpy as np
import pytest
from hypothesis import given, settings

from cases import (
    GOLDEN_TF1,
    GOLDEN_TF2,
    IMPOSSIBLE_RANGES,
    RANGES,
    SIGNED,
    all_pairs,
    arguments,
    ax_arguments,
    convolutions,
    outcome,
    quantised_convolutions,
    random_table,
)
from tfapprox.common import load_table, native, reference

ONES = [1, 1, 1, 1]


@pytest.mark.parametrize("name", GOLDEN_TF2)
def test_golden(shared_data, golden_table, name):
    golden = np.load(shared_data / "golden" / "tf2" / name)
    case = arguments(golden)
    case["table"] = golden_table(str(golden["table"]), case["num_bits"])
    expected = reference.approx_conv2d_with_min_max_vars(**case)
    for threads in (1, 3):
        result = native.approx_conv2d_with_min_max_vars(threads=threads, **case)
        np.testing.assert_array_equal(result, expected)


@settings(max_examples=400, deadline=None)
@given(convolutions())
def test_random(case):
    expected = outcome(lambda: reference.approx_conv2d_with_min_max_vars(**case), ValueError)
    result = outcome(lambda: native.approx_conv2d_with_min_max_vars(**case), ValueError)
    np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize(("num_bits", "signed"), [*((bits, False) for bits in range(2, 9)), (8, True)])
@pytest.mark.parametrize("limits", RANGES + IMPOSSIBLE_RANGES)
def test_quantiser(limits, num_bits, signed):
    expected = outcome(lambda: reference.quantiser("input", *limits, num_bits, signed), ValueError)
    table = native.Table(random_table(num_bits, 0, signed), num_bits)
    result = outcome(lambda: native.quantiser("input", *limits, table), ValueError)
    assert (result is None) == (expected is None)
    for name in reference.Quantiser._fields if expected else ():
        np.testing.assert_array_equal(getattr(result, name), getattr(expected, name))


@pytest.mark.parametrize("name", SIGNED)
def test_all_pairs_of_signed_operands(shared_data, name):
    table = load_table(shared_data / "multipliers" / f"{name}.bin")
    case, products = all_pairs(table)
    np.testing.assert_array_equal(reference.approx_conv2d_with_min_max_vars(table=table, **case), products)
    np.testing.assert_array_equal(native.approx_conv2d_with_min_max_vars(table=table, **case), products)


def test_padding_goes_through_a_signed_table():
    """A tap outside of the input is the product of the code 0, whose answer need not be 0."""
    table = random_table(8, 1, signed=True)
    w = np.arange(-127, 128, dtype=np.float32).reshape(1, 1, 1, 255)
    case = {"padding": "EXPLICIT", "explicit_paddings": [0, 0, 1, 0, 0, 0, 0, 0], "table": table}
    for function in (reference.approx_conv2d_with_min_max_vars, native.approx_conv2d_with_min_max_vars):
        result = function(np.full(ONES, 5), w, -127, 127, -127, 127, ONES, **case)
        np.testing.assert_array_equal(result[0, :, 0], table[[0, 5]][:, np.arange(-127, 128)])


def test_a_batch_of_many_panels():
    random = np.random.RandomState(0)
    x, w = random.uniform(-1, 1, (3, 17, 19, 5)), random.uniform(-1, 1, (3, 3, 5, 130))
    case = (x, w, -1, 1, -1, 1, ONES)
    expected = reference.approx_conv2d_with_min_max_vars(*case)
    for threads in (1, 2, 7):
        np.testing.assert_array_equal(native.approx_conv2d_with_min_max_vars(*case, threads=threads), expected)


@pytest.mark.parametrize("entry", [65535, np.int16(32767), np.int16(-32768)])
@pytest.mark.parametrize("taps", [65535, 65536, 65537, 200000])
def test_sums_beyond_32_bits(taps, entry):
    x, w = np.full((1, 1, 2, taps), 255.0), np.full((1, 1, taps, 1), 255.0)
    table, ends = np.full((256, 256), entry), (-127, 127) if entry != 65535 else (0, 255)
    result = native.approx_conv2d_with_min_max_vars(x, w, *ends, *ends, ONES, table=table)
    np.testing.assert_array_equal(result, np.full((1, 1, 2, 1), np.float32(int(entry) * taps)))


def test_the_callers_float_environment_is_kept_out():
    """Scales are near subnormal numbers. It would show if those were flushed to zero, as in TensorFlow's threads."""
    x, w = np.full((1, 1, 1, 1), 2e-41), np.full((1, 1, 1, 1), 1.0)
    result = native.approx_conv2d_with_min_max_vars(x, w, -1e-41, 3e-41, -1, 1, ONES)
    np.testing.assert_array_equal(result, reference.approx_conv2d_with_min_max_vars(x, w, -1e-41, 3e-41, -1, 1, ONES))
    assert result != 0


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"input_shape": (-1, 5, 5, 3)}, "input batch must be from 0 to 2147483647; received -1"),
        ({"input_shape": (1, 5, 5, 0), "filter_shape": (3, 3, 0, 4)}, "input channels must be from 1 .* received 0"),
        ({"filter_shape": (0, 3, 3, 4)}, "filter height must be from 1 to 2147483647; received 0"),
        ({"filter_shape": (3, 3, 3, 0)}, "filter output channels must be from 1 .* received 0"),
        (
            {"filter_shape": (3, 3, 2, 4)},
            r"filter must have the input's depth, or 1 / groups .*; received filter 2, input 3, 4 filters",
        ),
        ({"strides": (1, 0, 1, 1)}, "strides height must be from 1 .* received 0"),
        ({"dilations": (1, 1, 2**31, 1)}, "dilations width must be from 1 to 2147483647; received 2147483648"),
        ({"padding": "EXPLICIT", "explicit_paddings": (0, 0, 0, 0, -1, 0, 0, 0)}, "explicit_paddings left .* -1"),
        ({"filter_shape": (9, 3, 3, 4), "padding": "VALID"}, "input height .* received height 5 .*, dilated filter 9"),
        ({"filter_shape": (3, 3, 3, 4), "dilations": (1, 1, 9, 1), "padding": "VALID"}, "width 5 .*dilated filter 19"),
        ({"input_shape": (2**31 - 1, 2**31 - 1, 2**31 - 1, 3)}, r"elements 2\^63 - 1; received filter 3x3x3"),
        ({"filter_shape": (2**16, 2**16, 3, 1)}, "number of taps .* must not exceed 2147483647"),
    ],
)
def test_impossible_sizes(changed, message):
    sizes = {"input_shape": (1, 5, 5, 3), "filter_shape": (3, 3, 3, 4), "strides": ONES, "padding": "SAME"}
    with pytest.raises(ValueError, match=message):
        native.problem(**{**sizes, **changed})


@pytest.mark.parametrize("name", GOLDEN_TF1)
def test_ax_conv2d_golden(shared_data, name):
    golden = np.load(shared_data / "golden" / "tf1" / name)
    table = load_table(shared_data / "multipliers" / f"{golden['AxMult']}.bin")
    for threads in (1, 3):
        result = native.ax_conv2d(table=table, threads=threads, **ax_arguments(golden))
        for key in ("output", "min_output", "max_output"):
            np.testing.assert_array_equal(getattr(result, key), golden[key])


@settings(max_examples=200, deadline=None)
@given(quantised_convolutions())
def test_ax_conv2d_random(case):
    expected = outcome(lambda: reference.ax_conv2d(**case), ValueError)
    result = outcome(lambda: native.ax_conv2d(**case), ValueError)
    assert (result is None) == (expected is None)
    for ours, theirs in zip(result or (), expected or ()):
        np.testing.assert_array_equal(ours, theirs)
        assert np.asarray(ours).dtype == np.asarray(theirs).dtype


def test_ax_conv2d_of_long_sums_wraps_around():
    x, w = np.full((1, 1, 1, 70000), 255, np.uint8), np.full((1, 1, 70000, 1), 255, np.uint8)
    case = (x, w, 0, 1, 0, 1, ONES, "SAME")
    expected = reference.ax_conv2d(*case)
    assert expected.output.item() == 65025 * 70000 - 2**32
    np.testing.assert_array_equal(native.ax_conv2d(*case).output, expected.output)


@pytest.mark.parametrize("num_bits", [2, 5, 8])
def test_tune(num_bits):
    for table in (random_table(num_bits, 1), reference.exact_table(num_bits), random_table(num_bits, 1) // 4096):
        np.testing.assert_array_equal(native.tune(table), reference.tune(table))


@pytest.mark.parametrize("ax_tune", [False, True])
def test_ax_conv2d_refuses_signed_tables(ax_tune):
    codes, table = np.zeros(ONES, np.uint8), reference.exact_table(8, signed=True)
    for function in (reference.ax_conv2d, native.ax_conv2d):
        with pytest.raises(ValueError, match=r"(unsigned products for|AxConv2D must have an unsigned).*signed one"):
            function(codes, codes, -1, 1, -1, 1, ONES, "SAME", table=table, ax_tune=ax_tune)


def test_structures_have_the_sizes_of_the_header(tmp_path):
    """A field added to the header but not to _abi.py would shift what Python reads."""
    import ctypes
    import pathlib
    import shutil
    import subprocess

    from tfapprox.common import _abi

    compiler = shutil.which("g++") or pytest.skip("no g++ to read the header with")
    header = pathlib.Path(__file__).parents[2] / "common" / "core" / "tfapprox.h"
    structures = {"error": _abi.Error, "quantiser": _abi.Quantiser, "problem": _abi.Problem, "work": _abi.Work}
    structures.update(filter_steps=_abi.FilterSteps)
    structures.update(operand=_abi.Operand, operation=_abi.Operation, plan=_abi.Plan, plan_costs=_abi.PlanCosts)
    lines = [f"static_assert(sizeof(tfapprox_{n}) == {ctypes.sizeof(s)});" for n, s in structures.items()]
    for name, structure in structures.items():
        for field, _ in structure._fields_:
            offset = getattr(structure, field).offset
            lines.append(f"static_assert(offsetof(tfapprox_{name}, {field}) == {offset});")
    (tmp_path / "abi.cc").write_text(f'#include "{header}"\n' + "\n".join(lines))
    subprocess.run([compiler, "-std=c++17", "-fsyntax-only", str(tmp_path / "abi.cc")], check=True)
