"""The core alone, without TensorFlow: products per second of each path and plan, on one thread and on all.

python benchmarks/lut_gemm.py [RESULT.json]
"""

import statistics
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from layers import Layer, tables
from measure import environment, record, threads, times
from rich.progress import track

from tfapprox.common import load_table, native, plans
from tfapprox.common._bindings import aligned

LAYER, BATCH = Layer("wide, CIFAR", 32, 64, 3, 64, 1), 8


class Convolution:
    """A call of the core for LAYER, with what TensorFlow keeps from call to call: the table, memory and threads."""

    def __init__(self, table, count, batch=BATCH):
        self.x, self.w = LAYER.tensors(batch)
        self.table, self.pool = native.Table(table), ThreadPoolExecutor(count)
        shape = native.conv2d(self.x.shape, self.w.shape, [1, LAYER.stride, LAYER.stride, 1], "SAME")
        quantiser = native.quantiser("input", -1, 1, self.table)
        self.op = native.init_approx_conv2d(shape, quantiser, quantiser, self.table)
        self.output = np.empty([batch, shape.out_height, shape.out_width, LAYER.filters], np.float32)
        self.prepared = aligned(self.op.work.filter_bytes)
        self.workspaces = [aligned(self.op.work.workspace_bytes) for _ in range(count)]

    def __call__(self):
        """Prepares the filter and computes all tiles; the output."""
        memory = self.output, self.prepared, self.workspaces
        return native.run_in(self.pool, "approx_conv2d", self.op, (self.x, self.w), *memory)


def convolutions(table, name, count):
    """A Convolution by name of each path that this processor supports and that carries the plan out."""
    found = {}
    for path, reason in native.paths().items():
        if reason:
            continue
        with environment(TFAPPROX_FORCE_PATH=path, TFAPPROX_PLAN=name):
            try:
                found[path] = Convolution(table, count)
            except ValueError:  # not a plan of this path
                continue
    return found


def measured(name, table, plan, count):
    """One row for each path, all in the same rounds, after a comparison with the look-ups of the scalar path."""
    with environment(TFAPPROX_FORCE_PATH="scalar", TFAPPROX_PLAN="look_up"):
        expected = Convolution(table, count)()
    runs = convolutions(table, plan.name, count)
    for run in runs.values():
        np.testing.assert_array_equal(run(), expected)
    for path, seconds in times(runs).items():
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
