"""The core alone, without TensorFlow: products per second of each path and plan, on one thread.

python benchmarks/lut_gemm.py [RESULT.json]
"""

import statistics
import time

import numpy as np
from layers import Layer, tables
from measure import environment, record, threads, times
from rich.progress import track

from tfapprox.common import _operation, load_table, native, plans

LAYER, BATCH = Layer("wide, CIFAR", 32, 64, 3, 64, 1), 8
LOOK_UPS = ("look_up", "error_plane", "classes")


def convolution(table, count=1, batch=BATCH):
    """A call of the core for LAYER on `count` threads.

    It keeps what TensorFlow keeps from call to call: table, memory and threads.
    """
    strides = [1, LAYER.stride, LAYER.stride, 1]
    return native.Execution(_operation.approx_conv2d(*LAYER.tensors(batch), -1, 1, -1, 1, strides, table=table), count)


def ways(plan):
    """The paths that this processor supports; of a path with two ways to look products up, the ways if `plan` does."""
    usable = [path for path, reason in native.paths().items() if not reason and "_model" not in path]
    if plan.name in LOOK_UPS:
        return [path for path in usable if f"{path}_rows" not in usable]
    return [path for path in usable if not path.endswith(("_columns", "_rows"))]


def convolutions(table, plan):
    """A convolution by `plan` for each path and way."""
    calls = {}
    for path in ways(plan):
        with environment(TFAPPROX_FORCE_PATH=path, TFAPPROX_PLAN=plan.name):
            calls[path] = convolution(table)
    return calls


def work(plan):
    """What a plan does for each product: plans of equal work take the same time."""
    if plan.error is not None:  # planes with few different rows, or with small errors, have faster kernels
        rows = len(np.unique(plan.error, axis=1).T)
        return plan.name, rows <= 64, plan.error.max() <= 127
    width = 0 if plan.class_columns is None else plan.class_columns.shape[1]
    return plan.name if plan.name in LOOK_UPS else "products", plan.terms, width


def cases():
    """Names of tables, tables and plans: of plans with equal work, only the first."""
    different = {}
    for name, path in tables().items():
        table = load_table(path)
        for plan in plans.plans(table):
            has_work = plan.error is None or plan.error.any()
            if plan.terms <= 16 and has_work:
                different.setdefault(work(plan), (name, table, plan))
    return list(different.values())


def measured(name, table, plan):
    """One row for each path, all in the same rounds, after a comparison with the look-ups of the scalar path."""
    with environment(TFAPPROX_FORCE_PATH="scalar", TFAPPROX_PLAN="look_up"):
        expected = convolution(table, threads()).run()
    calls = convolutions(table, plan)
    for call in calls.values():
        np.testing.assert_array_equal(call.run(), expected)
    functions = {path: call.run for path, call in calls.items()}
    for path, seconds in times(functions, clock=time.process_time).items():
        yield {
            "table": name,
            "plan": plan.name,
            "terms": plan.terms,
            "path": path,
            "products": LAYER.products(BATCH),
            "seconds": statistics.median(seconds),
        }


def main():
    """Measures every plan on every path."""
    rows = [row for case in track(cases(), "lut_gemm") for row in measured(*case)]
    record("lut_gemm", rows, layer=LAYER.name, batch=BATCH)


if __name__ == "__main__":
    main()
