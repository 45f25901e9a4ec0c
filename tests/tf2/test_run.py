"""`python -m tfapprox.tf2 run`: scripts in the style of the predecessor, which know nothing of this project."""

import os
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from sklearn.datasets import load_digits

from tfapprox.tf2 import FakeApproxConv2D

pytest.importorskip("tf_keras")

DATA = """
import argparse
import numpy as np
import tensorflow as tf
from tensorflow.keras.callbacks import TensorBoard
from keras.layers.fake_approx_convolutional import FakeApproxConv2D

parser = argparse.ArgumentParser()
parser.add_argument('--mtab_file', type=str, default='')
args = parser.parse_args()
with np.load('digits.npz') as digits:
    images, labels = digits['images'], digits['labels']
x_train, y_train, x_test, y_test = images[:1200], labels[:1200], images[1200:], labels[1200:]
"""
REST = """
    tf.keras.layers.Flatten(),
    tf.keras.layers.Dense(60, activation='relu'),
    tf.keras.layers.Dense(10, activation='softmax')
])
model.compile(optimizer=tf.keras.optimizers.Adam(lr=0.004), loss='sparse_categorical_crossentropy',
              metrics=['accuracy'])
assert abs(float(model.optimizer.lr) - 0.004) < 1e-9
"""
TRAIN = (
    DATA
    + """
tf.random.set_seed(1)
model = tf.keras.Sequential([
    tf.keras.layers.Conv2D(filters=6, kernel_size=(3, 3), activation='relu'),
    tf.keras.layers.AveragePooling2D(),
    tf.keras.layers.Conv2D(filters=16, kernel_size=(3, 3), activation='relu'),"""
    + REST
    + """
model.fit(x_train, y_train, epochs=20, verbose=0, callbacks=[TensorBoard(log_dir='logs')])
print('accuracy', model.evaluate(x_test, y_test, verbose=0)[1])
model.save_weights('lenet_weights')
"""
)
EVALUATE = (
    DATA
    + """
model = tf.keras.Sequential([
    FakeApproxConv2D(filters=6, kernel_size=(3, 3), activation='relu', mul_map_file=args.mtab_file),
    tf.keras.layers.AveragePooling2D(),
    FakeApproxConv2D(filters=16, kernel_size=(3, 3), activation='relu', mul_map_file=args.mtab_file),"""
    + REST
    + """
model.build(input_shape=(0, 8, 8, 1))
model.load_weights('lenet_weights')
print('accuracy', model.evaluate(x_test, y_test, verbose=0)[1])
layer = model.layers[0]
np.savez('first.npz', output=layer(x_test[:50]), kernel=layer.kernel, bias=layer.bias)
model.save('whole.h5')
again = tf.keras.models.load_model('whole.h5', custom_objects={'FakeApproxConv2D': FakeApproxConv2D})
np.testing.assert_array_equal(again.predict(x_test, verbose=0), model.predict(x_test, verbose=0))
before = layer.kernel.numpy()
model.fit(x_train[:64], y_train[:64], verbose=0)
assert (layer.kernel.numpy() != before).mean() > 0.9
"""
)


def run(folder, *arguments, code=0):
    """Standard output and error of a script that `run` runs in a folder."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "NO_COLOR": "1"}
    environment.pop("LD_LIBRARY_PATH", None)
    command = [sys.executable, "-W", "ignore", "-m", "tfapprox.tf2", "run", *arguments]
    result = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=folder)
    assert result.returncode == code, result.stdout + result.stderr
    return result.stdout, result.stderr


def accuracy(output):
    return float(output.split("accuracy ")[1])


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The folder of the scripts after training, and the accuracy of the float network."""
    folder = tmp_path_factory.mktemp("lenet")
    images, labels = load_digits(return_X_y=True)
    images = (images.reshape(-1, 8, 8, 1) / 16).astype(np.float32)
    np.savez(folder / "digits.npz", images=images, labels=labels.astype(np.float32))
    (folder / "train.py").write_text(TRAIN)
    (folder / "evaluate.py").write_text(EVALUATE)
    return folder, accuracy(run(folder, "train.py")[0]), images


@pytest.mark.parametrize("name", ["", "mul8u_drum4"])
def test_lenet(trained, name):
    folder, of_floats, images = trained
    result = accuracy(run(folder, "evaluate.py", "--mtab_file", name)[0])
    assert of_floats > 0.85  # the network has learnt; the test digits are of other writers
    if name == "":
        assert abs(result - of_floats) <= 0.005
    with np.load(folder / "first.npz") as first:
        assert first["kernel"].min() < 0 < first["kernel"].max()
        layer = FakeApproxConv2D(6, 3, activation="relu", mul_map_file=name)
        layer.build((None, 8, 8, 1))
        layer.set_weights([first["kernel"], first["bias"]])
        np.testing.assert_array_equal(layer(images[1200:1250]), first["output"])


NAMES = """
import sys
import tensorflow as tf, keras, tensorflow.keras.layers as layers, keras.backend as K
from keras.datasets import mnist
from keras.models import Sequential
from tensorflow.keras.layers import Conv2D
from keras.layers.fake_approx_convolutional import FakeApproxConv2D
import keras.layers.fake_approx_convolutional as module

assert keras.__version__.startswith('2.') and tf.keras.layers.Conv2D is Conv2D is layers.Conv2D is keras.layers.Conv2D
assert issubclass(FakeApproxConv2D, Conv2D) and module.FakeApproxConv2D is FakeApproxConv2D
operation = tf.load_op_library('libApproxGPUOpsTF.so').approx_conv2d_with_min_max_vars
x, w, ones = tf.ones([1, 1, 1, 1]), tf.ones([1, 1, 1, 1]), [1, 1, 1, 1]
print(round(float(tf.squeeze(operation(x, w, 0., 1., 0., 1., ones, 8, '', 'SAME'))), 3))
layer = FakeApproxConv2D(2, 3, (2, 1), 'same', 'channels_first', (1, 1), 'relu', False)
print(layer(tf.ones([1, 3, 6, 5])).shape, layer.get_config()['activation'], layer.use_bias, layer.num_bits)
optimizer = tf.keras.optimizers.SGD(lr=0.25, decay=0.5)
print(float(optimizer.lr), float(optimizer.decay))
try:
    import python.keras.models
except ImportError as error:
    print(error)
print(sys.argv)
sys.exit(4)
"""


@pytest.mark.image
def test_names(tmp_path):
    (tmp_path / "names.py").write_text(NAMES)
    output, _ = run(tmp_path, "names.py", "--x", "1", code=4)
    lines = output.splitlines()
    assert lines[:3] == ["1.0", "(1, 2, 3, 5) relu False 8", "0.25 0.5"]
    assert lines[3].startswith("python.keras.models is a part of TFApprox4IL, the successor of TFApprox, that tfapprox")
    assert lines[3].endswith("in python.keras.layers.fake_convolutional and python.keras.utils.quantize")
    assert lines[4] == "['names.py', '--x', '1']"


def test_without_keras_2(tmp_path):
    (tmp_path / "script.py").write_text("import tensorflow")
    source = (
        "import sys, importlib.util as u; find = u.find_spec\n"
        "u.find_spec = lambda name, *rest: None if name == 'tf_keras' else find(name, *rest)\n"
        "from tfapprox.tf2.__main__ import app; sys.argv = ['x', 'run', 'script.py']; app()"
    )
    result = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, cwd=tmp_path)
    assert result.returncode == 1
    version = ".".join(tf.__version__.split(".")[:2])
    message = f"error: run needs Keras 2, which is the package tf_keras: pip install 'tf_keras=={version}.*'"
    assert message in result.stderr
    assert "Traceback" not in result.stderr
