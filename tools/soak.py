"""Runs operations and tables for a long time: `python tools/soak.py SECONDS RESULT.json`.

Every round computes the same convolutions, whose results must stay the same bits, and uses a table that no round had
before. The resident memory after a tenth of the time is compared with that at the end. The program ends with status 1
if a result changes, or if memory grows by more than 4 MiB.
"""

import datetime
import hashlib
import json
import os
import platform
import sys
import time
from pathlib import Path

import numpy as np

from tfapprox.common import native

GROWTH = 4 * 2**20
NAMES = ("mul8u_1JFF", "mul8u_drum4", "mul8u_trunc3", "mul8u_mitchell", "mul8u_bam_h1_v3")


def resident():
    """Resident memory of this process, in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def convolutions():
    """The hash of the outputs of both operations, with every table, layout and number of threads."""
    random = np.random.default_rng(1)
    x, w = random.uniform(-1, 1, (2, 14, 14, 8)), random.uniform(-1, 1, (3, 3, 8, 20))
    codes, weights = random.integers(0, 256, x.shape, np.uint8), random.integers(0, 256, w.shape, np.uint8)
    digest = hashlib.sha256()
    for name in NAMES:
        table = native.load_table(name)
        for threads in (1, 3):
            result = native.approx_conv2d_with_min_max_vars(
                x, w, -1, 1, -1, 1, [1, 2, 1, 1], "SAME", table=table, threads=threads
            )
            digest.update(result.tobytes())
            result = native.ax_conv2d(codes, weights, -1, 1, -1, 1, [1] * 4, "VALID", table=table, threads=threads)
            digest.update(result.output.tobytes())
    return digest.hexdigest()


def new_table(number):
    """Runs an operation with a table of random products, and asks for one that does not exist."""
    random = np.random.default_rng(number)
    table = random.integers(0, 2**16, (256, 256), np.uint16)
    x, w = np.ones((1, 4, 4, 1)), np.ones((3, 3, 1, 1))
    native.approx_conv2d_with_min_max_vars(x, w, -1, 1, -1, 1, [1] * 4, "VALID", table=table)
    try:
        native.load_table(f"no_such_table_{number}")
    except FileNotFoundError:
        return
    raise AssertionError("a table that does not exist must not be found")


def main(seconds, result):
    """Runs until `seconds` have passed, and writes the file `result`."""
    start, rounds, hashes, warm = time.monotonic(), 0, set(), None
    while time.monotonic() - start < seconds:
        hashes.add(convolutions())
        new_table(rounds)
        rounds += 1
        if warm is None and time.monotonic() - start > seconds / 10:
            warm, warm_rounds = resident(), rounds
    end = resident()
    passed = len(hashes) == 1 and end - warm <= GROWTH
    report = {
        "date": datetime.date.today().isoformat(),
        "python": platform.python_version(),
        "path": native.path(),
        "seconds": round(time.monotonic() - start),
        "rounds": rounds,
        "different_results": len(hashes),
        "memory_after_a_tenth": warm,
        "rounds_after_a_tenth": warm_rounds,
        "memory_at_the_end": end,
        "passed": passed,
    }
    Path(result).write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps(report, indent=1))
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), sys.argv[2]))
