"""The core alone: products per second over batch sizes, on one thread and on all.

python benchmarks/scaling.py [RESULT.json]
"""

import statistics

import numpy as np
from layers import tables
from lut_gemm import LAYER, convolution
from measure import environment, record, threads, times
from rich.progress import track

from tfapprox.common import load_table

BATCHES = [1, 2, 8, 32, 128, 256]


def measured(name, table, batch):
    """One row for each number of threads, in the same rounds, after a comparison with the scalar path."""
    with environment(TFAPPROX_FORCE_PATH="scalar", TFAPPROX_PLAN="look_up"):
        expected = convolution(table, threads(), batch).run()
    runs = {count: convolution(table, count, batch).run for count in sorted({1, threads()})}
    for run in runs.values():
        np.testing.assert_array_equal(run(), expected)
    for count, seconds in times(runs).items():
        yield {
            "table": name,
            "batch": batch,
            "threads": count,
            "products": LAYER.products(batch),
            "seconds": statistics.median(seconds),
        }


def main():
    """Measures a table without structure and the exact one."""
    paths = tables()
    entries = {name: load_table(paths[name]) for name in ("random", "mul8u_exact")}
    rows = []
    for name, batch in track([(name, batch) for name in entries for batch in BATCHES], "scaling"):
        rows += measured(name, entries[name], batch)
    record("scaling", rows, layer=LAYER.name)


if __name__ == "__main__":
    main()
