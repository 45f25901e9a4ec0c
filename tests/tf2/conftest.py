"""Every test of TensorFlow 2 begins with the same random numbers.

A weight that lies halfway between two codes may get either, by TensorFlow's own fake quantisation or by this project's
operation. Weights that differ from run to run would meet such a number once in a few hundred runs.
"""

import keras
import pytest

from tfapprox.tf2.training.determinism import deterministic_operations


@pytest.fixture(autouse=True)
def _same_weights():
    keras.utils.set_random_seed(0)


@pytest.fixture
def determinism():
    """TensorFlow computes the same bits twice, in this test only."""
    with deterministic_operations():
        yield
