"""Every test of TensorFlow 2 begins with the same random numbers.

A weight that lies halfway between two codes may get either, by TensorFlow's own fake quantisation or by this project's
operation. Weights that differ from run to run would meet such a number once in a few hundred runs.
"""

import keras
import pytest
import tensorflow as tf
from tensorflow.python.framework import config


@pytest.fixture(autouse=True)
def _same_weights():
    keras.utils.set_random_seed(0)


@pytest.fixture
def determinism():
    """TensorFlow computes the same bits twice, in this test only."""
    tf.config.experimental.enable_op_determinism()
    yield
    config.disable_op_determinism()
