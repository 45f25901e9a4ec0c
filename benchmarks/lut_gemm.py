"""The core alone, without TensorFlow: products per second of each path, plan and number of threads.

    python benchmarks/lut_gemm.py [RESULT.json]

Where PyTorch is installed, its float32 convolution is measured in the same rounds.
"""

import functools
import statistics

import numpy as np
from layers import Layer, tables
from measure import environment, median_ratio, record, threads, times

from tfapprox.common import load_table, native

LAYER, BATCH = Layer("wide, CIFAR", 32, 64, 3, 64, 1), 8
RANGES = [-1.0, 1.0, -1.0, 1.0]
STRIDES = [1, 1, 1, 1]


def paths():
    """The paths that are built and that this processor supports."""
    found = []
    for path in ("avx512vbmi", "avx2", "scalar"):
        with environment(TFAPPROX_FORCE_PATH=path):
            try:
                found.append(native.path())
            except ValueError:
                continue
    return found


def float_convolution(x, w, count):
    """PyTorch's float32 convolution as a function without arguments, `None` where it is not installed."""
    try:
        import torch
    except ImportError:
        return None
    torch.set_num_threads(count)
    x, w = torch.from_numpy(x.transpose(0, 3, 1, 2).copy()), torch.from_numpy(w.transpose(3, 2, 0, 1).copy())
    x, w = (tensor.to(memory_format=torch.channels_last) for tensor in (x, w))

    def run():
        with torch.inference_mode():
            return torch.nn.functional.conv2d(x, w, padding="same")

    return run


def run(path, x, w, table, count):
    """The core on a path and a number of threads."""
    with environment(TFAPPROX_FORCE_PATH=path):
        return native.approx_conv2d_with_min_max_vars(x, w, *RANGES, STRIDES, table=table, threads=count)


def main():
    """Measures every path on every table."""
    x, w = LAYER.tensors(BATCH)
    rows = []
    for name, table in tables().items():
        entries = load_table(table)
        with environment(TFAPPROX_PLAN="look_up"):
            expected = run("scalar", x, w, entries, 1)
        for count in sorted({1, threads()}):
            functions = {path: functools.partial(run, path, x, w, entries, count) for path in paths()}
            for function in functions.values():
                np.testing.assert_array_equal(function(), expected)
            baseline = float_convolution(x, w, count)
            taken = times({**functions, **({"float32": baseline} if baseline else {})})
            for path in functions:
                seconds = statistics.median(taken[path])
                rows.append(
                    {
                        "table": name,
                        "path": path,
                        "threads": count,
                        "products": LAYER.products(BATCH),
                        "seconds": seconds,
                        "ratio": median_ratio(taken, path, "float32") if baseline else None,
                    }
                )
                print(f"{name:16} {path:10} {count} threads {LAYER.products(BATCH) / seconds / 1e9:8.2f} G products/s")
    record("lut_gemm", rows, layer=LAYER.name, batch=BATCH)


if __name__ == "__main__":
    main()
