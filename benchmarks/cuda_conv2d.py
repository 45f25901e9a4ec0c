"""Speed of every plan on the GPU, checked before it is timed, beside a texture kernel and PyTorch's convolution: JSON.

Whole operations are timed: real numbers in, quantised, real numbers out. Usage: cuda_conv2d.py [TEXTURE_LIBRARY] > JSON
"""

import ctypes
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time

import numpy as np

from tfapprox.common import _operation, cuda, load_table, plans, reference

SHARED = pathlib.Path(__file__).resolve().parents[2] / "shared" / "data" / "multipliers"
SHAPES = [  # batch, height, width, in_channels, filter_size, filters, groups
    (256, 32, 32, 16, 3, 16, 1),
    (256, 32, 32, 64, 3, 64, 1),
    (64, 56, 56, 128, 3, 128, 1),
    (64, 28, 28, 256, 1, 256, 1),
    (64, 14, 14, 256, 3, 256, 1),
]
GROUPED = [
    (64, 112, 112, 32, 3, 32, 32),  # depthwise, in MobileNet
    (64, 56, 56, 128, 3, 128, 128),
    (64, 14, 14, 512, 3, 512, 512),
    (64, 14, 14, 672, 5, 672, 672),  # in EfficientNet
    (64, 56, 56, 128, 3, 128, 32),  # groups of 4 channels, in ResNeXt
    (64, 14, 14, 512, 3, 512, 32),  # groups of 16 channels, in ResNeXt
]
MAIN = SHAPES[2]
TABLES = ["1JFF", "1446", "17C8", "17QU", "2P7", "CK5", "7C1", "1AGV", "FTA", "JV3", "L40"]
MAX_TERMS = 64


def products(shape):
    """Products of one convolution, SAME with stride 1."""
    batch, height, width, channels, size, filters, groups = shape
    return batch * height * width * size * size * channels // groups * filters


def tables():
    """Truth tables by name: those beside the repository, or the core's own where there are none."""
    if SHARED.is_dir():
        return {name: load_table(SHARED / f"mul8u_{name}.bin") for name in (f"{stem}" for stem in TABLES)}
    return {name: load_table(f"mul8u_{name}") for name in ("exact", "trunc2", "trunc4", "drum4", "mitchell")}


def seconds(queue, synchronize, least=0.05):
    """Median of five measurements of at least 10 ms each, of one run."""
    queue()
    synchronize()
    begin = time.perf_counter()
    queue()
    synchronize()
    runs = max(1, int(least / 5 / (time.perf_counter() - begin)))
    measured = []
    for _ in range(5):
        begin = time.perf_counter()
        for _ in range(runs):
            queue()
        synchronize()
        measured.append((time.perf_counter() - begin) / runs)
    return statistics.median(measured)


def tensors(shape):
    """Input and filter of a shape."""
    batch, height, width, channels, size, filters, groups = shape
    random = np.random.RandomState(0)
    x = random.uniform(-1, 1, (batch, height, width, channels)).astype(np.float32)
    return x, random.uniform(-1, 1, (size, size, channels // groups, filters)).astype(np.float32)


def measure(gpu, shape, name, table, plan, terms, check, per_filter=False):
    """One row; the last image's last rows are compared with the reference first."""
    x, w = tensors(shape)
    ranges = [np.full(shape[5], end) for end in (-1, 1)] if per_filter else (-1, 1)
    case = {"input_min": -1, "input_max": 1, "strides": [1, 1, 1, 1], "table": table}
    case.update(zip(("filter_min", "filter_max"), ranges))
    os.environ["TFAPPROX_PLAN"] = plan
    with gpu.prepare(_operation.approx_conv2d(x, w, **case)) as (queue, download):
        queue()
        output = download()
        if check:
            part = slice(-6, None)
            expected = reference.approx_conv2d_with_min_max_vars(x[-1:, part], w, **case)
            if not np.array_equal(output[-1:, -3:], expected[:, -3:]):
                raise AssertionError(f"{name} by {plan} differs from the reference")
        duration = seconds(queue, gpu.synchronize)
    del os.environ["TFAPPROX_PLAN"]
    return {
        "shape": shape, "table": name, "plan": plan, "terms": terms, "per_filter": per_filter, "checked": check,
        "seconds": duration, "products_per_second": products(shape) / duration,
    }  # fmt: skip


def texture(gpu, path, shape, table):
    """Products per second of the texture kernel."""
    x, w = (np.random.RandomState(1).randint(0, 256, t.shape).astype(np.uint8) for t in tensors(shape))
    library = ctypes.CDLL(path)
    library.texture_conv2d.restype = ctypes.c_float
    outputs = shape[0] * shape[1] * shape[2] * shape[5]
    with gpu.memory(x.size) as a, gpu.memory(w.size) as b, gpu.memory(outputs * 4) as y, gpu.memory(131072) as t:
        for address, array in ((a, x), (b, w), (t, np.ascontiguousarray(table))):
            gpu._call("upload", address, array.ctypes.data, array.nbytes)
        milliseconds = library.texture_conv2d((ctypes.c_int32 * 6)(*shape[:6]), t, a, b, y, 3)
    return products(shape) / (milliseconds / 1000)


def pytorch(shape):
    """Multiplications per second of PyTorch's convolution, float32 and TF32; empty where there is no PyTorch."""
    try:
        import torch
    except ImportError:
        return {}
    x, w = (torch.from_numpy(t).cuda() for t in tensors(shape))
    x = x.permute(0, 3, 1, 2)  # channels last in memory
    w = w.permute(3, 2, 0, 1).contiguous(memory_format=torch.channels_last)
    rates = {"version": torch.__version__}
    for name, allowed in (("float32", False), ("tf32", True)):
        torch.backends.cudnn.allow_tf32 = allowed
        duration = seconds(
            lambda: torch.nn.functional.conv2d(x, w, padding=shape[4] // 2, groups=shape[6]), torch.cuda.synchronize
        )
        rates[name] = products(shape) / duration
    return rates


def main():
    """Measures everything and prints it."""
    gpu = cuda.Gpu()
    rows = []
    for name, table in tables().items():
        for plan in plans.plans(table):
            if len(plan.shift) > MAX_TERMS:
                continue
            shapes = SHAPES if name in ("1JFF", "L40", "7C1", "exact") else [MAIN]
            for shape in shapes:
                rows.append(measure(gpu, shape, name, table, plan.name, len(plan.shift), shape == shapes[-1]))
                print(f"{rows[-1]['products_per_second'] / 1e12:8.2f} T/s {name} {plan.name} {shape}", file=sys.stderr)
    table = load_table("mul8u_mitchell")
    cases = [(shape, False) for shape in GROUPED] + [(shape, True) for shape in (GROUPED[1], GROUPED[-1], MAIN)]
    for shape, per_filter in cases:
        rows.append(measure(gpu, shape, "mitchell", table, "look_up", 0, True, per_filter))
        rate = rows[-1]["products_per_second"] / 1e12
        print(f"{rate:8.2f} T/s mitchell {shape} per filter: {per_filter}", file=sys.stderr)
    commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    result = {
        "gpu": gpu.name,
        "compute_capability": ".".join(map(str, gpu.compute_capability)),
        "machine": platform.machine(),
        "commit": os.environ.get("TFAPPROX_COMMIT") or commit.stdout.strip(),
        "rows": rows,
        "pytorch": [{"shape": shape, **pytorch(shape)} for shape in (*SHAPES, *GROUPED)],
    }
    if len(sys.argv) > 1:
        result["texture"] = [
            {"shape": shape, "products_per_second": texture(gpu, sys.argv[1], shape, table)} for shape in SHAPES
        ]
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
