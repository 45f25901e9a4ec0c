"""Every test of TensorFlow 2 begins with the same random numbers.

A weight that lies halfway between two codes may get either, by TensorFlow's own fake quantisation or by this project's
operation. Weights that differ from run to run would meet such a number once in a few hundred runs.
"""

import keras
import pytest


@pytest.fixture(autouse=True)
def _same_weights():
    keras.utils.set_random_seed(0)
