"""The reference against recorded outputs of the original operations."""

import numpy as np
import pytest

from cases import GOLDEN_TF1, GOLDEN_TF2, arguments, ax_arguments
from tfapprox.common import load_table, native, reference
from tfapprox.common.reference import approx_conv2d_with_min_max_vars, ax_conv2d, quantiser, tune


@pytest.mark.parametrize("name", GOLDEN_TF1)
def test_ax_conv2d_is_bit_exact(shared_data, name):
    golden = np.load(shared_data / "golden" / "tf1" / name)
    table = load_table(shared_data / "multipliers" / f"{golden['AxMult']}.bin")
    result = ax_conv2d(table=table, **ax_arguments(golden))
    for key in ("output", "min_output", "max_output"):
        np.testing.assert_array_equal(getattr(result, key), golden[key])
    assert result.output.dtype == np.int32


@pytest.mark.parametrize("name", GOLDEN_TF2)
def test_approx_conv2d_agrees_with_the_original(shared_data, golden_table, name):
    golden = np.load(shared_data / "golden" / "tf2" / name)
    case = arguments(golden)
    result = approx_conv2d_with_min_max_vars(table=golden_table(str(golden["table"]), case["num_bits"]), **case)
    assert result.dtype == np.float32
    theirs, exact = golden["output"], golden["output_exact_f64"]
    if not golden["fake_quantised"]:
        # The original took the corrections from the sums of the real inputs, not of their codes.
        theirs = theirs + _float_corrections(case) - _code_corrections(case)
        exact = theirs
    largest = np.abs(golden["output"]).max()
    error = np.abs(golden["output"] - exact).max()
    assert np.abs(result - theirs).max() <= 1e-5 * largest + error
    assert np.abs(result - exact).max() <= max(error, 3e-7 * largest)


def _float_corrections(case):
    return _corrections(case, lambda quantiser, x: x / quantiser.scale + quantiser.zero_point)


def _code_corrections(case):
    return _corrections(case, reference.codes)


def _corrections(case, to_steps):
    """What a code's zero point takes from the sum of products, of `to_steps` of the inputs; zero outside of them."""
    qa = quantiser("input", case["input_min"], case["input_max"])
    qw = quantiser("filter", case["filter_min"], case["filter_max"])
    a, w = (to_steps(q, case[name].astype(np.float64)) for q, name in [(qa, "input"), (qw, "filter")])
    padded = np.pad(a, [(0, 0), (1, 1), (1, 1), (0, 0)], mode="constant", constant_values=qa.zero_point)
    height, width = a.shape[1:3]
    sums = sum(padded[:, y : y + height, x : x + width].sum(-1) for y in range(3) for x in range(3))
    scale = np.float64(qa.scale) * np.float64(qw.scale)
    return scale * (sums[..., None] * qw.zero_point + w.sum((0, 1, 2)) * qa.zero_point)


def test_symmetric_codes_round_halves_to_even():
    symmetric = quantiser("input", -63.5, 20, signed=True)
    assert symmetric[:2] == (0.5, 2)
    x = [0.25, 0.75, 1.25, -0.25, -0.75, 0.24999999, 63.5, -64, np.inf, -np.inf, np.nan]
    assert reference.codes(symmetric, x).tolist() == [0, 2, 2, 0, -2, 0, 127, -127, 127, -127, 0]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (np.full((256, 256), -1), "entries from 0, or dtype int16; received -1, dtype int64"),
        (np.zeros((16, 16), np.int16), r"must be \[256, 256\] if it is signed, as dtype int16 is; received \(16, 16\)"),
    ],
)
def test_tables_refused(table, message):
    for function in (reference.is_signed, native.Table):
        with pytest.raises(ValueError, match=message):
            function(table)


def test_signed_codes_have_8_bits():
    with pytest.raises(ValueError, match="num_bits must be 8 for a signed table; received 7"):
        quantiser("input", -1, 1, 7, signed=True)


def test_tune_prefers_the_weight_itself_then_the_lowest():
    table = np.zeros((4, 4), np.uint16)
    np.testing.assert_array_equal(tune(table), table)
    table = np.multiply.outer(np.arange(4), np.array([0, 2, 2, 1]))
    np.testing.assert_array_equal(tune(table)[1], [0, 1, 2, 2])


@pytest.mark.parametrize(
    ("minimum", "maximum", "message"),
    [
        (1, -1, r"input_min must not be greater than input_max; received input_min=1, input_max=-1$"),
        (np.nan, 1, "must be finite; received input_min=nan"),
        (0, np.inf, r"must be finite; received input_min=0, input_max=inf"),
        (-3e38, 3e38, "their difference must be finite"),
    ],
)
def test_ranges_refused(minimum, maximum, message):
    with pytest.raises(ValueError, match=message):
        quantiser("input", minimum, maximum, 8)
