"""A whole network in TensorFlow on a GPU: ResNet-50, float32 against exact products and against look-ups; JSON.

Three things are verified before anything is timed: a layer on the GPU equals the same layer on the CPU, a model with a
table of zeros has another output, and `fit` lowers the loss of a small model. Usage: gpu_model.py > JSON
"""

import functools
import json
import os
import statistics
import sys
import tempfile

import keras
import numpy as np
import tensorflow as tf
from measure import machine, times
from model import resnet8

from tfapprox.common import cuda, save_table
from tfapprox.tf2 import FakeApproxConv2D, approximate_model

BATCHES = [1, 64]
BUILT_IN = ["mul8u_exact", "mul8u_trunc4", "mul8u_drum4", "mul8u_mitchell"]


def tables():
    """Tables from name to path or registered name, with one that only look-ups can do and one of zeros."""
    folder = tempfile.mkdtemp()
    codes = np.arange(256)
    errors = np.random.RandomState(0).randint(-2048, 2048, [256, 256])  # whose range leaves the network finite
    made = {"random errors": np.clip(np.outer(codes, codes) + errors, 0, 65535), "zeros": np.zeros([256, 256], int)}
    paths = {name: os.path.join(folder, f"mul8u_{name.replace(' ', '_')}.bin") for name in made}
    for name, path in paths.items():
        save_table(path, made[name])
    return {**{name: name for name in BUILT_IN}, **paths}


def images(batch, size):
    """Random images, float32, shape (batch, size, size, 3), from 0 to 1."""
    return np.random.RandomState(0).uniform(0, 1, [batch, size, size, 3]).astype(np.float32)


def differing_outputs(table):
    """How many of a layer's outputs differ between GPU and CPU, and how many there are."""
    layer = FakeApproxConv2D(32, 3, padding="same", use_bias=False, mul_map_file=table)
    outputs = []
    for device in ("CPU:0", "GPU:0"):
        with tf.device(device):
            outputs.append(layer(tf.constant(images(8, 32))).numpy())
    return {"differing": int(np.sum(outputs[0] != outputs[1])), "outputs": outputs[0].size}


def losses(table, epochs=3):
    """The loss of each epoch of `fit` on labels that depend on the images, by a small residual network."""
    keras.utils.set_random_seed(0)
    x = images(512, 32)
    labels = np.random.RandomState(1).randint(0, 10, len(x))
    x[np.arange(len(x)), labels] += 1  # the row of the label is brighter
    model = approximate_model(resnet8(), table)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, jit_compile=False)
    return model.fit(x, labels, batch_size=64, epochs=epochs, verbose=0).history["loss"]


def predictions(resnet, paths, batch):
    """Rows of the time of one batch through ResNet-50, its images on the GPU, for float32 and every table."""
    x = tf.constant(images(batch, 224))
    models = {"float32": resnet, **{name: approximate_model(resnet, path) for name, path in paths.items()}}
    traced = {name: tf.function(functools.partial(model, training=False)) for name, model in models.items()}
    # Reading one element waits for the whole batch.
    taken = times({name: lambda call=call: call(x)[0, 0].numpy() for name, call in traced.items()}, seconds=5.0)
    for name in taken:
        seconds = statistics.median(taken[name])
        ratio = seconds / statistics.median(taken["float32"])
        yield {"batch": batch, "table": name, "ms_per_image": 1e3 * seconds / batch, "ratio_to_float32": ratio}


def main():
    """Verifies, measures, and prints JSON; the exit status is 1 where something is wrong."""
    gpu = cuda.Gpu()
    paths = tables()
    layers = [{"table": name, **differing_outputs(path)} for name, path in paths.items()]
    zeros = paths.pop("zeros")
    print("layers:", layers, file=sys.stderr)
    fitted = {name: losses(path) for name, path in paths.items()}
    print("losses:", fitted, file=sys.stderr)
    resnet = keras.applications.ResNet50(weights=None)
    exact, wrong = (approximate_model(resnet, path)(images(2, 224)).numpy() for path in (paths["mul8u_exact"], zeros))
    is_right = not np.array_equal(exact, wrong) and all(loss[-1] < loss[0] for loss in fitted.values())
    rows = [row for batch in BATCHES for row in predictions(resnet, paths, batch)]
    results = {
        "machine": {**machine(), "gpu": gpu.name, "tensorflow": tf.__version__, "keras": keras.__version__},
        "layers": layers,
        "losses": fitted,
        "rows": rows,
    }
    print(json.dumps(results, indent=1))
    return 0 if is_right else 1


if __name__ == "__main__":
    sys.exit(main())
