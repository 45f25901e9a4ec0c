"""A whole network: predict of a ResNet-8 with FakeApproxConv2D against the same with Conv2D; and peak memory.

python benchmarks/model.py [RESULT.json]
"""

import functools
import statistics
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from layers import tables
from measure import median_ratio, record, threads, times

from tfapprox.tf2 import approx_conv2d_with_min_max_vars, approximate_model

BATCHES = [1, 100]


def resnet8():
    """ResNet-8 for CIFAR-10 (He et al., 2016): three blocks of two convolutions, as ALWANN has it."""
    x = inputs = keras.Input([32, 32, 3])
    x = keras.layers.Conv2D(16, 3, padding="same", activation="relu")(x)
    for filters, stride in [(16, 1), (32, 2), (64, 2)]:
        shortcut = x if stride == 1 else keras.layers.Conv2D(filters, 1, strides=stride)(x)
        x = keras.layers.Conv2D(filters, 3, strides=stride, padding="same", activation="relu")(x)
        x = keras.layers.Conv2D(filters, 3, padding="same")(x)
        x = keras.layers.ReLU()(keras.layers.Add()([x, shortcut]))
    return keras.Model(inputs, keras.layers.Dense(10)(keras.layers.GlobalAveragePooling2D()(x)))


def predictions():
    """Rows of `predict` for each batch size and table."""
    exact = resnet8()
    for batch in BATCHES:
        images = np.random.RandomState(0).uniform(0, 1, [max(batch, 4), 32, 32, 3]).astype(np.float32)
        for name, table in tables().items():
            models = {"float32": exact, name: approximate_model(exact, table)}
            predict = {
                key: functools.partial(model.predict, images, batch_size=batch, verbose=0)
                for key, model in models.items()
            }
            taken = times(predict)
            yield {
                "batch": batch,
                "table": name,
                "seconds_per_image": statistics.median(taken[name]) / len(images),
                "float32_seconds_per_image": statistics.median(taken["float32"]) / len(images),
                "ratio": median_ratio(taken, name, "float32"),
            }


def peak_memory():
    """MiB that one call of the operation takes beside its tensors: batch 256 of 32x32x64 -> 64, 3x3."""
    x, w = tf.random.uniform([256, 32, 32, 64]), tf.random.uniform([3, 3, 64, 64])
    approx_conv2d_with_min_max_vars(x[:1], w, 0.0, 1.0, 0.0, 1.0, [1, 1, 1, 1], "SAME", mul_map_file="mul8u_drum4")
    Path("/proc/self/clear_refs").write_text("5")  # the peak so far is forgotten
    before = _status("VmRSS")
    y = approx_conv2d_with_min_max_vars(x, w, 0.0, 1.0, 0.0, 1.0, [1, 1, 1, 1], "SAME", mul_map_file="mul8u_drum4")
    return (_status("VmHWM") - before) / 1024 - y.numpy().nbytes / 2**20


def _status(field):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field))


def main():
    """Measures memory, then the model."""
    memory = peak_memory()
    rows = list(predictions())
    record("model", rows, tensorflow=tf.__version__, threads=threads(), extra_peak_memory_mib=round(memory, 1))
    for row in rows:
        print(f"batch {row['batch']:4} {row['table']:16} {row['ratio']:6.2f} times float32")
    print(f"extra peak memory {memory:.1f} MiB")


if __name__ == "__main__":
    main()
