"""Cycles of each step of a convolution on one thread, by the sampling of Linux's perf.

python benchmarks/steps.py [RESULT.json]

The core must have kept its symbols: pip install --no-build-isolation -C install.strip=false .
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

import numpy as np
from costs import gigahertz
from layers import Layer, tables
from measure import record

from tfapprox.common import _operation, load_table, native

CALLS = 500
# Layer, batch, whether it is depthwise.
LAYERS = {
    "32x32x16, 3x3 -> 16, batch 32": (Layer("CIFAR", 32, 16, 3, 16, 1), 32, False),
    "96x96x32, depthwise 3x3, batch 8": (Layer("depthwise", 96, 32, 3, 32, 1), 8, True),
}
# The functions of each step, the first one that fits.
STEPS = {
    "products and look-ups": "Multiply|SumTaps|AddRows|TransposeColumns|SumRows|FlushRows",
    "sums of codes": "AddChannels|AddCodes|AddQuads|OverWindows|AddSums|Affine",
    "quantising": "Quantise",
    "staging": "Stag|TransposeBytes|Transpose<|Transpose$|AddActivations",
    "packing": "CopyRuns|Pack|IsIdentity|memmove",
    "scaling": "Scale|Correct|Convert",
    "transposition of outputs": "Interleave|TransposeRows|TransposeLongs",
}


def run_layer(layer, table):
    """Runs a layer CALLS times, and prints the least seconds of a call."""
    shape, batch, is_depthwise = LAYERS[layer]
    x, w = shape.tensors(batch)
    strides = [1, shape.stride, shape.stride, 1]
    entries = load_table(tables()[table])
    if is_depthwise:
        operation = _operation.approx_depthwise_conv2d(x, w[..., :1], -1, 1, -1, 1, strides, table=entries)
    else:
        operation = _operation.approx_conv2d(x, w, -1, 1, -1, 1, strides, table=entries)
    seconds = []
    with native.Execution(operation, 1) as call:
        for _ in range(CALLS):
            begin = time.process_time()
            call.run()
            seconds.append(time.process_time() - begin)
    print(min(seconds), int(np.prod(x.shape)), int(operation.result().size))


def measured(layer, table, folder):
    """One row for each step: cycles of a call, for each input and output element."""
    data = f"{folder}/perf.data"
    perf = ["perf", "record", "-q", "-o", data, "-e", "cpu-clock", "-F", "4000", sys.executable, __file__, layer, table]
    child = subprocess.run(perf, check=True, stdout=subprocess.PIPE, env={**os.environ, "OPENBLAS_NUM_THREADS": "1"})
    seconds, inputs, outputs = map(float, child.stdout.split())
    report = ["perf", "report", "-i", data, "--no-children", "-F", "sample,sym", "--sort", "sym"]
    lines = subprocess.run(report, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode()
    samples = dict.fromkeys([*STEPS, "other"], 0)
    for count, symbol in re.findall(r"^\s*(\d+)\s+\[\.\]\s+(.*tfapprox.*|__mem.*)$", lines, re.MULTILINE):
        step = next((name for name, pattern in STEPS.items() if re.search(pattern, symbol)), "other")
        samples[step] += int(count)
    for step, count in samples.items():
        cycles = count / sum(samples.values()) * seconds * gigahertz() * 1e9
        yield {
            **{"layer": layer, "table": table, "step": step, "share": count / sum(samples.values())},
            **{"cycles_per_input": cycles / inputs, "cycles_per_output": cycles / outputs},
        }


def main():
    """Measures a table without structure and the exact one."""
    if not shutil.which("perf"):
        sys.exit("perf is not installed: apt-get install linux-perf, on Debian")
    with tempfile.TemporaryDirectory() as folder:
        rows = [
            row for layer in LAYERS for table in ("mul8u_exact", "random") for row in measured(layer, table, folder)
        ]
    record("steps", rows)


if __name__ == "__main__":
    run_layer(*sys.argv[1:]) if sys.argv[1:2] and sys.argv[1] in LAYERS else main()
