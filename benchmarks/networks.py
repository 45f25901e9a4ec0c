"""Layers and networks in Keras: depthwise, matrix products, corrections, MobileNetV2, and a swap of multipliers.

python benchmarks/networks.py [RESULT.json]
"""

import functools
import statistics

import keras
import numpy as np
import tensorflow as tf
from measure import median_ratio, record, threads, times

from tfapprox.common import TruthTable, load_truth_table, reference
from tfapprox.tf2 import (
    approx_conv2d_with_min_max_vars,
    approx_depthwise_conv2d_with_min_max_vars,
    approx_matmul_with_min_max_vars,
    approximate_model,
    compensate,
    set_multiplier,
)

RANDOM = TruthTable(np.random.RandomState(0).randint(0, 65536, [256, 256]).astype(np.uint16), "random")
TABLES = {"mul8u_exact": load_truth_table("mul8u_exact"), "mul8u_drum4": load_truth_table("mul8u_drum4")}
TABLES["random"] = RANDOM
DEPTHWISE = [(96, 32, 1), (56, 128, 1), (28, 192, 1), (14, 384, 1), (14, 384, 2)]  # size, channels, stride
MATMUL = [(512, 512, 512), (32, 1280, 1000), (196, 64, 196)]  # rows, taps, columns


def rate(kind, name, table, functions):
    """A row: the time of the approximate function over that of the other one, pair by pair."""
    approximate, other = functions
    taken = times(functions, rounds=31, seconds=4.0)
    ratios = [a / b for a, b in zip(taken[approximate], taken[other])]
    return {
        "kind": kind,
        "case": name,
        "table": table,
        "over": other,
        "ratio": round(median_ratio(taken, approximate, other), 3),
        "minimum": round(min(ratios), 3),
        "milliseconds": 1e3 * statistics.median(taken[approximate]),
    }


def depthwise():
    """Rows of depthwise 3x3 convolutions of 8 images."""
    for size, channels, stride in DEPTHWISE:
        x, w = tf.random.uniform([8, size, size, channels]), tf.random.uniform([3, 3, channels, 1])
        strides = [1, stride, stride, 1]
        exact = tf.function(lambda x=x, w=w, s=strides: tf.nn.depthwise_conv2d(x, w, s, "SAME"))
        for name, table in TABLES.items():
            approximate = functools.partial(
                approx_depthwise_conv2d_with_min_max_vars,
                *(x, w, 0.0, 1.0, 0.0, 1.0, strides, "SAME"),
                mul_map_file=tf.constant(table.entries),
            )
            functions = {"approximate": tf.function(approximate), "float depthwise": exact}
            case = f"{size}x{size}x{channels}, 3x3{f'/{stride}' * (stride > 1)}"
            yield rate("depthwise", case, name, functions)


def matmul():
    """Rows of matrix products, over those of TensorFlow and over approximate 1x1 convolutions of the same size."""
    for rows, taps, columns in MATMUL:
        a, b = tf.random.uniform([rows, taps]), tf.random.uniform([taps, columns])
        exact = tf.function(lambda a=a, b=b: tf.matmul(a, b))
        for name, table in TABLES.items():
            approximate = functools.partial(
                approx_matmul_with_min_max_vars, a, b, 0.0, 1.0, 0.0, 1.0, mul_map_file=tf.constant(table.entries)
            )
            convolution = functools.partial(
                approx_conv2d_with_min_max_vars,
                *(a[None, :, None], b[None, None], 0.0, 1.0, 0.0, 1.0, [1, 1, 1, 1], "VALID"),
                mul_map_file=tf.constant(table.entries),
            )
            case = f"{rows}x{taps} by {taps}x{columns}"
            for other, function in (("tf.matmul", exact), ("convolution", tf.function(convolution))):
                yield rate("matmul", case, name, {"approximate": tf.function(approximate), other: function})


def compensated():
    """Rows of a convolution with corrections over the same one without."""
    for size, channels, filters, kernel in [(32, 16, 16, 3), (32, 64, 64, 3), (14, 256, 256, 1)]:
        images = np.random.RandomState(0).uniform(0, 1, [8, size, size, channels]).astype(np.float32)
        layers = [keras.Input(images.shape[1:]), keras.layers.Conv2D(filters, kernel, padding="same")]
        exact = keras.Sequential(layers)
        for name in ("mul8u_drum4", "mul8u_exact"):
            plain, corrected = (approximate_model(exact, name, data=images) for _ in range(2))
            compensate(corrected, images)
            models = {"compensated": corrected, "uncompensated": plain}
            inputs = tf.constant(images)
            functions = {key: functools.partial(tf.function(model), inputs) for key, model in models.items()}
            yield rate("compensation", f"{size}x{size}x{channels}, {kernel}x{kernel} -> {filters}", name, functions)


def network():
    """Rows of `predict` of MobileNetV2, 96x96, batch 32."""
    exact = keras.applications.MobileNetV2((96, 96, 3), weights=None)
    images = np.random.RandomState(0).uniform(-1, 1, [32, 96, 96, 3]).astype(np.float32)
    for name, table in TABLES.items():
        models = {"approximate": approximate_model(exact, table, data=images[:8]), "float": exact}
        functions = {
            key: functools.partial(model.predict, images, batch_size=32, verbose=0) for key, model in models.items()
        }
        yield rate("predict", "MobileNetV2, 96x96, batch 32", name, functions)


def swap():
    """Rows of `set_multiplier`, in milliseconds, for tables that the process knows and for new ones."""
    model = approximate_model(keras.Sequential([keras.Input([8, 8, 4]), keras.layers.Conv2D(4, 3)]), "mul8u_exact")
    images = tf.random.uniform([1, 8, 8, 4])
    function = tf.function(model)
    entries = reference.exact_table(8, False).astype(np.int64)
    new = [TruthTable((np.minimum(entries + n, 65535)).astype(np.uint16), f"new{n}") for n in range(1, 40)]
    known = [TABLES["mul8u_exact"], TABLES["mul8u_drum4"]] * 20
    function(images)
    base = statistics.median(times({"call": functools.partial(function, images)}, 31)["call"])
    for name, tables in (("new", new), ("known", known)):
        remaining = iter(tables)

        def change(remaining=remaining):
            set_multiplier(model, next(remaining))
            function(images)

        taken = times({name: change}, len(tables) - 1, 30.0)[name]
        row = {"kind": "swap and call", "case": f"{name} table", "table": "", "over": "call", "ratio": ""}
        yield {**row, "minimum": "", "milliseconds": 1e3 * (statistics.median(taken) - base)}


def main():
    """Measures everything in turn."""
    rows = [row for part in (swap, compensated, depthwise, matmul, network) for row in part()]
    record("networks", rows, tensorflow=tf.__version__, threads=threads())
    for row in rows:
        print(f"{row['kind']:14} {row['case']:32} {row['table']:12} {row['ratio']:>6} {row['milliseconds']:8.3f} ms")


if __name__ == "__main__":
    main()
