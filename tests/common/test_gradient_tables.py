"""Gradient tables and slopes against finite differences and least squares of the smoothed table, in exact fractions."""

from fractions import Fraction

import numpy as np
import pytest

from cases import random_table
from tfapprox.common.gradient_tables import (
    checked_gradient,
    checked_half_window,
    code_range,
    default_half_window,
    gradient_tables,
    search_half_window,
    slopes,
)
from tfapprox.common.truth_table import TruthTable

TABLES = [(2, False, 0), (3, False, 0), (3, False, 2), (4, False, 3), (8, False, 16), (8, True, 5)]


def smoothed(column, low, high, half_window):
    """The running means (9.1) of the products of one row or column, by code, as fractions."""
    return {
        code: Fraction(sum(int(column[code + step]) for step in range(-half_window, half_window + 1)))
        / (2 * half_window + 1)
        for code in range(low + half_window, high - half_window + 1)
    }


@pytest.mark.parametrize(("num_bits", "signed", "half_window"), TABLES)
def test_finite_differences_of_the_smoothed_table(num_bits, signed, half_window):
    entries = random_table(num_bits, 1, signed)
    low, high = code_range(num_bits, signed)
    tables = gradient_tables(entries, half_window)
    for fixed in (low, 1, high):
        for products, gradients in ((entries[:, fixed], tables.activation[:, fixed]), (entries[fixed], None)):
            gradients = tables.weight[fixed] if gradients is None else gradients
            means = smoothed(products, low, high, half_window)
            for code in range(low, high + 1):
                middle = min(max(code, low + half_window + 1), high - half_window - 1)
                expected = (means[middle + 1] - means[middle - 1]) / 2
                assert Fraction(int(gradients[code]), tables.denominator) == expected


@pytest.mark.parametrize(("num_bits", "signed", "half_window"), TABLES)
def test_slopes_are_least_squares_of_the_smoothed_table(num_bits, signed, half_window):
    entries = random_table(num_bits, 2, signed)
    low, high = code_range(num_bits, signed)
    result = slopes(entries, half_window)
    for fixed in (low, 1, high):
        for products, slope in ((entries[:, fixed], result.activation[fixed]), (entries[fixed], result.weight[fixed])):
            means = smoothed(products, low, high, half_window)
            middle = Fraction(sum(means), len(means))
            expected = sum((code - middle) * mean for code, mean in means.items())
            expected /= sum((code - middle) ** 2 for code in means)
            assert slope == float(expected)


@pytest.mark.parametrize(("num_bits", "signed", "half_window"), TABLES)
def test_exact_products_have_exact_gradients(num_bits, signed, half_window):
    exact = TruthTable.exact(num_bits, signed)
    codes = np.arange(2**num_bits) if not signed else np.arange(256).astype(np.int8).astype(int)
    tables = gradient_tables(exact, half_window)
    used = codes >= code_range(num_bits, signed)[0]  # the code -128 does not occur
    expected = np.broadcast_to(codes * tables.denominator, exact.entries.shape)
    np.testing.assert_array_equal(tables.activation[used], expected[used])
    np.testing.assert_array_equal(tables.weight[:, used], expected.T[:, used])
    for values in slopes(exact, half_window):
        np.testing.assert_array_equal(values, codes)


def test_half_windows():
    assert [default_half_window(bits) for bits in range(2, 9)] == [0, 0, 1, 2, 4, 8, 16]
    assert checked_half_window(126) == checked_half_window(126, signed=True) == 126
    for value, bits in ((127, 8), (-1, 8), (1, 2), (1.0, 8), (True, 8)):
        with pytest.raises(ValueError, match="half_window must be"):
            checked_half_window(value, bits)
    with pytest.raises(
        ValueError, match="gradient must be one of 'straight_through', 'table_1d', 'table_2d'; received"
    ):
        checked_gradient("1d", None)
    with pytest.raises(ValueError, match="half_window must be None for gradient='straight_through'; received 4"):
        checked_gradient("straight_through", 4)


def test_search():
    scores = {0: 0.1, 1: 0.7, 2: float("nan"), 4: 0.7, 8: 0.2, 16: 0.3, 32: 0.0}
    best, received = search_half_window(scores.__getitem__)
    assert best == 1
    assert list(received) == list(scores)
    with pytest.raises(ValueError, match="candidates must have one with a score that is a number"):
        search_half_window(lambda half_window: float("nan"), [3])
