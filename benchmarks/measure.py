"""Timing in pairs, and the record that every benchmark writes."""

import contextlib
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

from tfapprox.common import native


def times(functions, rounds=9, seconds=1.0, clock=time.perf_counter):
    """Times of functions that are called in turn, so that a machine that slows down slows all of them.

    Args:
        functions: a dictionary from name to a function without arguments.
        rounds: how often each is called, after a call that is not counted.
        seconds: fewer rounds, at least 3, where they would take longer.
        clock: `time.process_time` for the processor time of functions that use one thread, which other programs hardly
            change.

    Returns:
        A dictionary from name to a list of seconds.
    """
    taken = {name: [] for name in functions}
    for function in functions.values():
        function()
    start = time.perf_counter()
    for number in range(rounds):
        if number >= 3 and time.perf_counter() - start > seconds:
            break
        for name, function in functions.items():
            begin = clock()
            function()
            taken[name].append(clock() - begin)
    return taken


def median_ratio(taken, name, other):
    """Median of the ratios of two functions' times, pair by pair."""
    return statistics.median(a / b for a, b in zip(taken[name], taken[other]))


@contextlib.contextmanager
def environment(**variables):
    """Sets environment variables inside of a with statement, and passes them on to the core and to TensorFlow's plugin.

    A function that TensorFlow has traced does not read the environment itself.
    """
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        native.reload_settings()
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        native.reload_settings()


def threads():
    """Threads that TensorFlow, left to itself, shares an operation over: the processors of this process."""
    return len(os.sched_getaffinity(0))


def machine():
    """What a figure depends on: processor, instruction sets, versions, commit."""
    cpu = Path("/proc/cpuinfo").read_text()
    fields = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in cpu.splitlines())}
    flags = fields.get("flags", "").split()
    return {
        "cpu": fields.get("model name", platform.processor()),
        "flags": [
            flag for flag in ("avx2", "fma", "avx512f", "avx512bw", "avx512vbmi", "avx512_vnni") if flag in flags
        ],
        "family": native.cpu_family(),
        "cores": threads(),
        "load": os.getloadavg()[0],
        "python": platform.python_version(),
        "path": native.path(),
        "commit": _git("describe", "--always", "--dirty", "--abbrev=12"),
        "date": time.strftime("%Y-%m-%d"),
    }


def _git(*arguments):
    try:
        command = ["git", "-C", str(Path(__file__).parent), *arguments]
        return subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.decode().strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def record(name, rows, **versions):
    """Puts the rows of one benchmark into the JSON file of this machine, beside those of other benchmarks.

    The file is the command line's argument, or benchmarks/results/cpu-MODEL.json.
    """
    model = re.sub(r"[^a-z0-9]+", "-", machine()["cpu"].lower()).strip("-")
    path = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent / "results" / f"cpu-{model}.json")
    results = json.loads(path.read_text()) if path.exists() else {}
    results[name] = {"machine": {**machine(), **versions}, "rows": rows}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(results, indent=1) + "\n")
    print(f"{name}: {len(rows)} rows in {path}")
