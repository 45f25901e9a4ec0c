"""The moments of the error of a layer, compared with sums over all of its products."""

import numpy as np
import pytest

from tfapprox.common import TruthTable, load_truth_table
from tfapprox.common.error_moments import ErrorMoments, Gains, Operands, error_moments

DRUM = "mul8u_drum4"


def layer(rng, bits=8, taps=12, filters=3):
    weights = rng.integers(0, 2**bits, (filters, taps))
    histogram = np.stack([np.bincount(row, minlength=2**bits) for row in weights]).astype(float)
    activations = rng.integers(1, 9, 2**bits).astype(float)
    return weights, Operands(activations, histogram, rng.uniform(0.5, 2, filters), 7.0)


def test_moments_are_those_of_independent_activations():
    rng = np.random.default_rng(1)
    weights, operands = layer(rng)
    table = load_truth_table(DRUM)
    errors = table.entries.astype(float) - TruthTable.exact().entries
    share = operands.activations / operands.activations.sum()
    mean, variance = [], []
    for row, scale in zip(weights, operands.scales):
        means = [np.sum(share * errors[:, w]) for w in row]
        variances = [np.sum(share * (errors[:, w] - m) ** 2) for w, m in zip(row, means)]
        mean.append((scale * np.sum(means)) ** 2)
        variance.append(scale**2 * np.sum(variances))
    found = error_moments(table, operands)
    np.testing.assert_allclose(found, [np.mean(mean) / 7, np.mean(variance) / 7], rtol=1e-9)
    assert found.distortion == sum(found)


def test_compensated_moments_are_the_residual_of_least_squares():
    rng = np.random.default_rng(2)
    _, operands = layer(rng, taps=1, filters=2)  # with one tap, the sum of the activations is one activation
    table = load_truth_table(DRUM)
    errors = table.entries.astype(float) - TruthTable.exact().entries
    share, codes = operands.activations / operands.activations.sum(), np.arange(256.0)
    residuals = []
    for row, scale in zip(operands.weights, operands.scales):
        e = errors[:, row.argmax()]
        design = np.stack([np.ones(256), codes], 1) * np.sqrt(share)[:, None]
        _, (residual,), _, _ = np.linalg.lstsq(design, e * np.sqrt(share), rcond=None)
        residuals.append(scale**2 * residual)
    found = error_moments(table, operands, compensated=True)
    assert found.squared_mean == 0
    np.testing.assert_allclose(found.variance, np.mean(residuals) / 7, rtol=1e-6)


def test_signed_codes_count_from_the_end():
    entries = TruthTable.exact(8, signed=True).entries.copy()
    entries[-3, 5] += 10  # only the pair -3, 5 has an error
    activations, weights = np.zeros(256), np.zeros((1, 256))
    activations[[-3, 3]] = 1, 3
    weights[0, 5] = 2
    found = error_moments(TruthTable(entries), Operands(activations, weights, np.ones(1), 1.0))
    assert found == ErrorMoments((2 * 10 / 4) ** 2, 2 * (100 / 4 - (10 / 4) ** 2))


def test_a_constant_output_and_gains():
    operands = layer(np.random.default_rng(0))[1]._replace(output_variance=0.0)
    assert error_moments(TruthTable.exact(), operands) == (0, 0)
    assert error_moments(load_truth_table(DRUM), operands).distortion == float("inf")
    assert Gains(2.0, 3.0).change(ErrorMoments(0.5, 0.25)) == 1.75


def test_bad_histograms_are_refused():
    operands = layer(np.random.default_rng(0), bits=4)[1]
    with pytest.raises(ValueError, match=r"operands must have histograms of 256 codes; received shapes \(16,\)"):
        error_moments(TruthTable.exact(), operands)
    with pytest.raises(ValueError, match="operands must have activations; received none"):
        error_moments(TruthTable.exact(4), operands._replace(activations=np.zeros(16)))
