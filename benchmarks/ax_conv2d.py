"""AxConv2D, tuned, against float32 tf.nn.conv2d of the same TensorFlow, 1.14 or 2: in pairs, in one session.

python benchmarks/ax_conv2d.py [RESULT.json]
"""

import statistics

import numpy as np
import tensorflow as tf
from layers import LAYERS, batches, tables
from measure import environment, median_ratio, record, threads, times

from tfapprox.common import load_table, native
from tfapprox.tf1 import ax_conv2d

RANGES = [-1.0, 1.0, -1.0, 1.0]


def measured(layer, batch, name, table):
    """The row of one layer and table; the first image is compared with the scalar path."""
    random, strides = np.random.RandomState(0), [1, layer.stride, layer.stride, 1]
    x, w = layer.tensors(batch)
    codes = [random.randint(0, 256, tensor.shape).astype(np.uint8) for tensor in (x, w)]
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        quantised = [tf.compat.v1.placeholder(tf.uint8, tensor.shape) for tensor in codes]
        floats = [tf.compat.v1.placeholder(tf.float32, tensor.shape) for tensor in (x, w)]
        bytes_ = [tf.bitcast(tensor, tf.quint8) for tensor in quantised]
        approximate = tf.bitcast(ax_conv2d(*bytes_, *RANGES, strides, "SAME", ax_mult=table).output, tf.int32)
        exact = tf.nn.conv2d(*floats, strides=strides, padding="SAME")
        run_approximate = session.make_callable(approximate, quantised)
        run_exact = session.make_callable(exact, floats)
        with environment(TFAPPROX_FORCE_PATH="scalar", TFAPPROX_PLAN="look_up"):
            expected = native.ax_conv2d(codes[0][:1], codes[1], *RANGES, strides, "SAME", table=load_table(table))
        np.testing.assert_array_equal(run_approximate(*codes)[:1], expected.output)
        taken = times({name: lambda: run_approximate(*codes), "float32": lambda: run_exact(x, w)})
    return {
        "network": layer.network,
        "layer": layer.name,
        "taps": layer.taps,
        "filters": layer.filters,
        "batch": batch,
        "table": name,
        "products": layer.products(batch),
        "seconds": statistics.median(taken[name]),
        "float32_seconds": statistics.median(taken["float32"]),
        "ratio": median_ratio(taken, name, "float32"),
    }


def main():
    """Measures all layers with the tables exact and random."""
    rows = []
    chosen = [item for item in tables().items() if item[0] in ("random", "mul8u_exact", "mul8u_1446")]
    for layer in LAYERS:
        for batch in batches(layer):
            for name, table in chosen:
                rows.append(measured(layer, batch, name, table))
                print(f"{layer.name:28} batch {batch:3} {name:12} {rows[-1]['ratio']:6.2f} times float32")
    record(f"ax_conv2d, TensorFlow {tf.__version__}", rows, tensorflow=tf.__version__, threads=threads())


if __name__ == "__main__":
    main()
