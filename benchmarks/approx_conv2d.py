"""ApproxConv2DWithMinMaxVars against tf.nn.conv2d, float32: same tensors, same threads, in pairs.

python benchmarks/approx_conv2d.py [RESULT.json]
"""

import functools
import statistics

import numpy as np
import tensorflow as tf
from layers import LAYERS, batches, tables
from measure import environment, median_ratio, record, threads, times
from rich.progress import track

from tfapprox.common import load_table, native, pin_table, plans
from tfapprox.tf2 import approx_conv2d_with_min_max_vars

RANGES = [-1.0, 1.0, -1.0, 1.0]
SLOW_PATHS = ["scalar", "avx2"]  # measured for the table without structure only


def compiled(layer, table):
    """The operation and the float convolution of a layer, each as a graph."""
    strides = [1, layer.stride, layer.stride, 1]

    @tf.function
    def approximate(x, w):
        return approx_conv2d_with_min_max_vars(x, w, *RANGES, strides, "SAME", mul_map_file=table)

    @tf.function
    def exact(x, w):
        return tf.nn.conv2d(x, w, strides, "SAME")

    return approximate, exact


def verify(layer, table, output, x, w):
    """Compares the first image with the scalar path of the core; numbers of a wrong result are worth nothing."""
    strides = [1, layer.stride, layer.stride, 1]
    with environment(TFAPPROX_FORCE_PATH="scalar", TFAPPROX_PLAN="look_up"):
        expected = native.approx_conv2d_with_min_max_vars(x[:1], w, *RANGES, strides, table=load_table(table))
    np.testing.assert_array_equal(output[:1], expected)


def measured(layer, batch, name, table, paths):
    """One row for each path, all in the same rounds."""
    x, w = layer.tensors(batch)
    approximate, exact = compiled(layer, pin_table(table))
    tensors = [tf.constant(x), tf.constant(w)]

    def run(path):
        with environment(TFAPPROX_FORCE_PATH=path):
            return approximate(*tensors).numpy()

    functions = {path: functools.partial(run, path) for path in paths}
    for function in functions.values():
        verify(layer, table, function(), x, w)
    entries = load_table(table)
    plan = next(plan for plan in plans.plans(entries) if plan.name == plans.plan(entries))
    taken = times({"float32": lambda: exact(*tensors).numpy(), **functions})
    for path in paths:
        yield {
            "network": layer.network,
            "layer": layer.name,
            "taps": layer.taps,
            "filters": layer.filters,
            "batch": batch,
            "table": name,
            "plan": plan.name,
            "terms": len(plan.shift),
            "path": path,
            "products": layer.products(batch),
            "seconds": statistics.median(taken[path]),
            "float32_seconds": statistics.median(taken["float32"]),
            "ratio": median_ratio(taken, path, "float32"),
        }


def main():
    """Measures all layers and tables."""
    best, found, rows = native.path(), tables(), []
    cases = [(layer, batch, table) for layer in LAYERS for batch in batches(layer) for table in found.items()]
    for layer, batch, (name, table) in track(cases, "approx_conv2d"):
        paths = [best, *(path for path in SLOW_PATHS if name == "random" and path != best)]
        rows += measured(layer, batch, name, table, paths)
    record("approx_conv2d", rows, tensorflow=tf.__version__, threads=threads())


if __name__ == "__main__":
    main()
