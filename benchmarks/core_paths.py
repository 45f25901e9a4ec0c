"""The core's convolution by every CPU path and plan, in pairs with a float32 convolution of the same process.

Results are verified against the path `scalar` before anything is timed. Prints a table and writes JSON:

    python benchmarks/core_paths.py results/NAME.json [--threads 1 2] [--paths avx2] [--multipliers FOLDER]
"""

import argparse
import ctypes
import json
import os
import pathlib
import platform
import statistics
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from tfapprox.common import load_table, native

# Batch, size, input channels, filter size, stride, filters.
LAYERS = {
    "resnet8 3x3x16 -> 16": (32, 32, 16, 3, 1, 16),
    "resnet 3x3x64 -> 64": (8, 32, 64, 3, 1, 64),
    "resnet50 3x3x256 -> 256": (8, 14, 256, 3, 1, 256),
    "resnet50 1x1x256 -> 64": (8, 56, 256, 1, 1, 64),
    "resnet50 1x1x512 -> 2048": (8, 7, 512, 1, 1, 2048),
    "first 3x3x3 -> 16": (32, 32, 3, 3, 1, 16),
    "first 7x7x3 -> 64, stride 2": (4, 224, 3, 7, 2, 64),
    "batch 1, 3x3x256 -> 256": (1, 14, 256, 3, 1, 256),
}


def tables(folder):
    """The table for each plan, by the name shown."""
    random = np.random.RandomState(0).randint(0, 65536, (256, 256)).astype(np.uint16)
    found = {
        "look_up": ("look_up", random),
        "exact": ("exact", load_table("mul8u_1JFF")),
        "error_plane": ("error_plane", load_table("mul8u_trunc4")),
        "classes 64": ("classes", np.repeat(random[:64], 4, axis=0)),
        "classes 128": ("classes", np.repeat(random[:128], 2, axis=0)),
    }
    for name in ("Y48", "17C8", "2P7"):
        if folder is not None:
            found[f"polynomial {name}"] = ("polynomial", load_table(folder / f"mul8u_{name}.bin"))
    return found


class Convolution:
    """One call of the core, prepared again by each call of `run`, as an operation of TensorFlow does it."""

    def __init__(self, layer, table, threads):
        batch, size, channels, extent, stride, filters = layer
        random = np.random.RandomState(1)
        self.x = random.uniform(-1, 1, (batch, size, size, channels)).astype(np.float32)
        self.w = random.uniform(-1, 1, (extent, extent, channels, filters)).astype(np.float32)
        self.stride, self.threads, self.table = stride, threads, native.Table(table)
        self.shape = native.conv2d(self.x.shape, self.w.shape, [1, stride, stride, 1], "SAME")
        unit, self.op, error = native.quantiser("input", -1, 1, self.table), native.ApproxConv2D(), native.Error()
        arguments = [ctypes.byref(value) for value in (self.shape, unit, unit)]
        status = native._core.tfapprox_approx_conv2d_init(
            *arguments, self.table.handle, ctypes.byref(self.op), ctypes.byref(error)
        )
        native._check(status, error)
        work = self.op.work
        self.output = np.empty((batch, self.shape.out_height, self.shape.out_width, filters), np.float32)
        self.products = self.output.size * self.w[..., 0].size
        self.prepared = native._aligned(work.filter_bytes)
        self.workspaces = [native._aligned(work.workspace_bytes) for _ in range(threads)]
        self.pool = ThreadPoolExecutor(threads)

    def run(self):
        """Prepares the filter and computes all tiles on the threads; returns the output."""
        core, op, tiles = native._core, ctypes.byref(self.op), self.op.work.tiles
        core.tfapprox_approx_conv2d_prepare(op, self.w.ctypes.data, self.prepared.ctypes.data)

        def part(worker):
            begin, end = (tiles * i // self.threads for i in (worker, worker + 1))
            core.tfapprox_approx_conv2d_run(
                *(op, self.x.ctypes.data, self.prepared.ctypes.data, self.output.ctypes.data, begin, end),
                self.workspaces[worker].ctypes.data,
            )

        list(self.pool.map(part, range(self.threads))) if self.threads > 1 else part(0)
        return self.output


def float_convolution(convolution):
    """The same layer by torch or TensorFlow in float32, and which one; channels last, as the core."""
    try:
        import torch
    except ImportError:
        import tensorflow as tf

        x, w = tf.constant(convolution.x), tf.constant(convolution.w)
        return (lambda: tf.nn.conv2d(x, w, convolution.stride, "SAME").numpy()), f"tensorflow {tf.__version__}"
    torch.set_num_threads(convolution.threads)
    x = torch.from_numpy(convolution.x).permute(0, 3, 1, 2)
    w = torch.from_numpy(np.ascontiguousarray(convolution.w.transpose(3, 2, 0, 1))).to(
        memory_format=torch.channels_last
    )
    padding = convolution.w.shape[0] // 2
    return (lambda: torch.nn.functional.conv2d(x, w, None, convolution.stride, padding)), f"torch {torch.__version__}"


def pair(ours, theirs, rounds):
    """Median seconds of both, and the median ratio of neighbouring runs."""
    times = []
    for _ in range(rounds + 1):
        moments = [time.perf_counter()]
        for function in (ours, theirs):
            function()
            moments.append(time.perf_counter())
        times.append(np.diff(moments))
    times = np.array(times[1:])
    return (*np.median(times, axis=0).tolist(), statistics.median(times[:, 0] / times[:, 1]))


def main():
    """Runs what the options ask for, and writes the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--paths", nargs="+", default=[name for name, reason in native.paths().items() if not reason])
    parser.add_argument("--multipliers", type=pathlib.Path)
    parser.add_argument("--commit", default="")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--layers", nargs="+", default=list(LAYERS), choices=list(LAYERS))
    options = parser.parse_args()
    information = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    cpu = [line for line in information if line.startswith("model name")]
    report = {"cpu": cpu[0].split(":")[1].strip(), "cores": os.cpu_count(), "python": platform.python_version()}
    report.update(commit=options.commit, date=time.strftime("%Y-%m-%d"), results=[])
    for layer in options.layers:
        for name, (plan, table) in tables(options.multipliers).items():
            os.environ.update(TFAPPROX_PLAN=plan, TFAPPROX_FORCE_PATH="scalar")
            expected = Convolution(LAYERS[layer], table, max(options.threads)).run()
            for path in options.paths:
                os.environ["TFAPPROX_FORCE_PATH"] = path
                for threads in options.threads:
                    ours = Convolution(LAYERS[layer], table, threads)
                    np.testing.assert_array_equal(ours.run(), expected)
                    theirs, report["float32"] = float_convolution(ours)
                    ours_s, theirs_s, ratio = pair(ours.run, theirs, options.rounds)
                    speed = ours.products / ours_s / 1e9
                    row = {"layer": layer, "table": name, "plan": plan, "path": path, "threads": threads}
                    row.update(seconds=ours_s, float32_seconds=theirs_s, ratio=ratio, giga_products=speed)
                    report["results"].append(row)
                    text = f"{speed:7.2f} G/s, float32 {ours.products / theirs_s / 1e9:6.1f} GMAC/s, ratio {ratio:6.2f}"
                    print(f"{layer:28} {name:16} {path:10} {threads} threads {text}", flush=True)
    options.output.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
