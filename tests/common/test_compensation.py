"""The fit of errors to sums of windows, and the correction of outputs."""

import numpy as np
import pytest

from tfapprox.common import TruthTable, load_truth_table, reference
from tfapprox.common.compensation import ErrorFit, compensated

RANDOM = np.random.RandomState(0)


def test_the_fit_is_least_squares():
    windows = RANDOM.uniform(1e6, 2e6, (400, 3))
    errors = np.float64([3.0, -0.5, 0.0]) * windows + RANDOM.normal(1e5, 1e4, (400, 3))
    fit = ErrorFit()
    for part in (slice(0, 100), slice(100, 350), slice(350, 400)):
        fit.add(errors[part], windows[part])
    for f, (alpha, beta) in enumerate(fit.correction("affine").T):
        expected = np.linalg.lstsq(np.stack([np.ones(400), windows[:, f]], 1), errors[:, f], rcond=None)[0]
        np.testing.assert_allclose([alpha, beta], expected, rtol=1e-6)
    np.testing.assert_allclose(fit.correction("constant"), [errors.mean(0), np.zeros(3)])


def test_windows_of_one_sum_have_no_factor():
    fit = ErrorFit()
    fit.add(np.array([[1.0], [2.0], [6.0]]), np.full((3, 1), 12345.0))
    assert fit.correction("affine").tolist() == [[3.0], [0.0]]


def test_one_window_for_all_filters():
    fit, other = ErrorFit(), ErrorFit()
    errors, windows = RANDOM.normal(0, 1, (50, 4)), RANDOM.normal(0, 1, (50, 1))
    fit.add(errors, windows)
    other.add(errors, np.repeat(windows, 4, 1))
    np.testing.assert_allclose(fit.correction("affine"), other.correction("affine"), rtol=1e-12)


def test_the_factor_is_a_weight_zero_point():
    """With beta 5 and alpha 0, outputs are those of a table whose products are less by 5 times the activation.

    Equation (3.3) subtracts the zero point of a weight times the sum of the codes. A filter whose zero point is higher
    by 5 therefore gives the same outputs.
    """
    x, w = RANDOM.uniform(0, 1, (2, 6, 6, 3)), RANDOM.uniform(0, 1, (3, 3, 3, 4))
    form = {"strides": [1, 1, 1, 1], "padding": "SAME"}
    table = load_truth_table("mul8u_drum4").entries.astype(np.int64)
    more = TruthTable(np.minimum(table + 5 * np.arange(256)[:, None], 65535))
    less = TruthTable(more.entries.astype(np.int64) - 5 * np.arange(256)[:, None])
    outputs, expected = (
        reference.approx_conv2d_with_min_max_vars(x, w, 0, 1, 0, 1, table=t, **form) for t in (more, less)
    )
    windows = reference.approx_conv2d_with_min_max_vars(x, np.ones((3, 3, 3, 1)), 0, 1, 0, 255, **form)
    scale = np.float32(1) / np.float32(255)
    result = compensated(outputs, windows, scale, scale, np.array([np.zeros(4), np.full(4, 5.0)]))
    np.testing.assert_allclose(result, expected, atol=1e-5)
    assert np.abs(outputs - expected).max() > 0.01


@pytest.mark.parametrize("method", ["linear", None])
def test_unknown_methods(method):
    fit = ErrorFit()
    with pytest.raises(ValueError, match="method must be 'affine' or 'constant'; received"):
        fit.correction(method)


def test_a_fit_without_outputs():
    fit = ErrorFit()
    fit.add(np.zeros((0, 3)), np.zeros((0, 1)))
    with pytest.raises(ValueError, match="data must give each layer an output"):
        fit.correction("affine")
