"""The core alone, without TensorFlow: products per second of each path and plan, on one thread and on all.

python benchmarks/lut_gemm.py [RESULT.json]
"""

import statistics

import numpy as np
from layers import Layer, tables
from measure import environment, record, threads, times
from rich.progress import track

from tfapprox.common import _operation, load_table, native, plans

LAYER, BATCH = Layer("wide, CIFAR", 32, 64, 3, 64, 1), 8


def convolution(table, count, batch=BATCH):
    """A call of the core for LAYER that keeps what TensorFlow keeps from call to call: table, memory and threads."""
    strides = [1, LAYER.stride, LAYER.stride, 1]
    return native.Execution(_operation.approx_conv2d(*LAYER.tensors(batch), -1, 1, -1, 1, strides, table=table), count)


def convolutions(table, name, count):
    """A convolution by name of each path that this processor supports and that carries the plan out."""
    calls = {}
    for path, reason in native.paths().items():
        if reason:
            continue
        with environment(TFAPPROX_FORCE_PATH=path, TFAPPROX_PLAN=name):
            try:
                calls[path] = convolution(table, count)
            except ValueError:  # not a plan of this path
                continue
    return calls


def measured(name, table, plan, count):
    """One row for each path, all in the same rounds, after a comparison with the look-ups of the scalar path."""
    with environment(TFAPPROX_FORCE_PATH="scalar", TFAPPROX_PLAN="look_up"):
        expected = convolution(table, count).run()
    calls = convolutions(table, plan.name, count)
    for call in calls.values():
        np.testing.assert_array_equal(call.run(), expected)
    for path, seconds in times({path: call.run for path, call in calls.items()}).items():
        yield {
            "table": name,
            "plan": plan.name,
            "terms": len(plan.shift),
            "path": path,
            "threads": count,
            "products": LAYER.products(BATCH),
            "seconds": statistics.median(seconds),
        }


def main():
    """Measures every plan of every table on every path."""
    entries = {name: load_table(table) for name, table in tables().items()}
    cases = [(name, table, plan) for name, table in entries.items() for plan in plans.plans(table)]
    rows = []
    for (name, table, plan), count in track([(case, n) for case in cases for n in sorted({1, threads()})], "lut_gemm"):
        if len(plan.shift) <= 16:
            rows += measured(name, table, plan, count)
    record("lut_gemm", rows, layer=LAYER.name, batch=BATCH)


if __name__ == "__main__":
    main()
