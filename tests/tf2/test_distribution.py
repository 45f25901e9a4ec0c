"""Approximate layers under MirroredStrategy, in a process of its own that splits the CPU into two devices."""

import os
import subprocess
import sys

import keras
import pytest

PROGRAM = """
import sys
import keras, numpy as np, tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from tfapprox.tf2 import FakeApproxConv2D, set_multiplier

def make(multiplier):
    keras.utils.set_random_seed(0)
    layers = [keras.Input([8, 8, 3]), FakeApproxConv2D(4, 3, multiplier=multiplier), keras.layers.Flatten()]
    model = keras.Sequential([*layers, keras.layers.Dense(2)])
    model.compile("sgd", "mse")
    return model

images = np.random.RandomState(0).uniform(0, 1, (8, 8, 8, 3)).astype(np.float32)
with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
    model = make("mul8u_exact")

def check(name):
    alone = make(name)
    alone.set_weights(model.get_weights())
    # The range of the activations is that of the images of a replica.
    expected = np.concatenate([alone.predict_on_batch(images[:4]), alone.predict_on_batch(images[4:])])
    np.testing.assert_array_equal(model.predict(images, verbose=0), expected)
    return expected

first = check("mul8u_exact")
set_multiplier(model, "mul8u_drum3")
assert np.any(check("mul8u_drum3") != first)
model.fit(images, np.zeros((8, 2)), batch_size=8, epochs=2, verbose=0)
set_multiplier(model, "mul8u_mitchell")
check("mul8u_mitchell")
assert len(model.weights) == 4
model.save(sys.argv[1])
loaded = keras.models.load_model(sys.argv[1])
np.testing.assert_array_equal(loaded(images), model(images))
assert loaded.layers[0].multiplier.name == "mul8u_mitchell"
print("done")
"""


@pytest.mark.skipif(keras.__version__.startswith("3.0."), reason="predict of Keras 3.0 adds up the outputs of replicas")
def test_mirrored_strategy(tmp_path):
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "model.keras")]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    result = subprocess.run(command, check=False, env=environment, capture_output=True, text=True)
    assert result.stdout == "done\n", result.stderr
