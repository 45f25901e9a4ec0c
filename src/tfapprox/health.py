"""What an installation consists of and whether it works, for `tfapprox doctor`.

Above the rooms, as operations.py. TensorFlow is run in a process of its own: a plugin that does not fit may end it.
"""

import json
import os
import platform
import signal
import subprocess
import sys
import time

import numpy as np

from . import __version__
from .common import cuda, library, multipliers, native

PLUGINS = {"tf1": "axqconv.so", "tf2": "libApproxGPUOpsTF.so"}
ROOMS = {"1": ["tf1"], "2": ["tf2", "tf1"]}  # of each TensorFlow: version 2 has AxConv2D, too
TENSORFLOWS = ("tensorflow", "tensorflow-cpu", "tensorflow-gpu", "tf-nightly")
# One table for each kind of plan, and signed operands; the last one, whose products differ most, for TensorFlow.
SELF_TEST = ("mul8u_exact", "mul8s_exact", "mul8u_trunc4", "mul8u_drum3", "mul8u_mitchell")
TENSORFLOW_SECONDS = 120


def version_of(package):
    """The version of an installed package, without importing it; `None` if it is not installed."""
    try:
        from importlib import metadata
    except ImportError:  # Python 3.7
        import pkg_resources

        found = pkg_resources.working_set.by_key.get(package)
        return found and found.version
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def plugins():
    """The compiled plugins by room: `path` and the TensorFlow that each was built for, or `None`."""
    found = {}
    for room, name in PLUGINS.items():
        try:
            path = library.find(room, name)
        except ImportError:
            found[room] = {"path": None, "built_for": None}
            continue
        with open(os.path.join(os.path.dirname(path), "built_for.txt"), encoding="utf-8") as file:
            found[room] = {"path": path, "built_for": file.read().strip()}
    return found


def paths():
    """The CPU paths: why each cannot run, `None` if it can; and which is in use, or why none is."""
    try:
        used, error = native.path(), None
    except ValueError as wrong:
        used, error = None, str(wrong)
    return {"paths": native.paths(), "used": used, "error": error}


def gpu():
    """Whether the CUDA kernels were built, and the GPU that was found, or why none was."""
    try:
        found = cuda.Gpu()
    except ImportError as error:
        return {"built": False, "device": None, "reason": str(error)}
    except RuntimeError as error:
        return {"built": True, "device": None, "reason": str(error)}
    capability = ".".join(map(str, found.compute_capability))
    return {"built": True, "device": f"{found.name}, compute capability {capability}", "reason": None}


def folders():
    """The folders where multipliers are looked up: whether each exists and how many tables it has."""
    return [
        {"path": str(folder), "exists": folder.is_dir(), "tables": sum(path.is_file() for path in folder.glob("*.bin"))}
        for folder in multipliers.search_path()
    ]


def self_test():
    """Runs the core on all pairs of operands of a few built-in multipliers: pairs, wrong ones, seconds, error."""
    start, outcomes, error = time.perf_counter(), [], None
    try:
        outcomes = [multipliers.check(name) for name in SELF_TEST]
    except ValueError as wrong:
        error = str(wrong)
    pairs, wrong = sum(outcome.pairs for outcome in outcomes), sum(outcome.wrong for outcome in outcomes)
    return {"pairs": pairs, "wrong": wrong, "seconds": round(time.perf_counter() - start, 3), "error": error}


def tensorflow_test(version):
    """Runs the operations of the TensorFlow that is installed, in another process: checks, or an error."""
    rooms = ROOMS.get(version.split(".")[0])
    if rooms is None:
        return {"checks": [], "error": f"TensorFlow must be version 1.14, 1.15 or 2; received {version}"}
    options = [word for room in rooms for word in ("--operation", room)]
    command = [sys.executable, "-m", "tfapprox", "multiplier", "check", SELF_TEST[-1], "--json", *options]
    try:
        result = subprocess.run(command, capture_output=True, timeout=TENSORFLOW_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return {"checks": [], "error": f"no answer within {TENSORFLOW_SECONDS} s"}
    try:
        return {"checks": json.loads(result.stdout.decode())["checks"], "error": None}
    except ValueError:
        pass
    if result.returncode < 0:
        return {"checks": [], "error": f"the process crashed with {signal.Signals(-result.returncode).name}"}
    lines = [line for line in result.stderr.decode(errors="replace").splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("error: ")] or lines[-1:]
    return {"checks": [], "error": errors[-1].replace("error: ", "", 1) if errors else "it said nothing"}


def _judge(report):
    """Problems, each of which makes the installation unhealthy, and warnings."""
    problems, warnings = [], []
    if report["cpu"]["error"]:
        problems.append(report["cpu"]["error"])
    test = report["self_test"]
    if test["error"] or test["wrong"]:
        problems.append(f"core: {test['error'] or str(test['wrong']) + ' wrong products'}")
    built = {room: plugin["built_for"] for room, plugin in report["plugins"].items() if plugin["path"]}
    version = report["versions"]["tensorflow"]
    if built and version is None:
        warnings.append(f"the plugins were built for TensorFlow {', '.join(built.values())}, which is not installed")
    if version is not None and report["tensorflow_test"] is not None:
        tested = report["tensorflow_test"]
        if tested["error"]:
            problems.append(f"TensorFlow {version}: {tested['error']}")
        for check in tested["checks"]:
            if check["error"] or check["wrong"]:
                problems.append(f"{check['operation']}: {check['error'] or str(check['wrong']) + ' wrong products'}")
    for folder in report["folders"][:-1]:  # the user's need not exist
        if not folder["exists"]:
            warnings.append(f"TFAPPROX_MULTIPLIER_PATH names {folder['path']}, which does not exist")
    return problems, warnings


def examine(with_tensorflow=True):
    """Everything about the installation.

    Args:
        with_tensorflow: whether to run the operations of TensorFlow, which takes seconds.

    Returns:
        A dictionary that JSON can hold: `healthy`, `problems`, `warnings`, `versions`, `plugins`, `cpu`, `cuda`,
        `folders`, `multipliers` (the number of built-in ones and the names of the files), `self_test` and
        `tensorflow_test`, which is `None` if it was not run.
    """
    version = next(filter(None, map(version_of, TENSORFLOWS)), None)
    loaded, failures = multipliers.load_all()
    files = [multiplier for multiplier in loaded if multiplier.path is not None]
    report = {
        "versions": {
            "tfapprox": __version__,
            "python": platform.python_version(),
            "numpy": np.__version__,
            "tensorflow": version,
            "system": platform.platform(),
        },
        "plugins": plugins(),
        "cpu": paths(),
        "cuda": gpu(),
        "folders": folders(),
        "multipliers": {"built_in": len(loaded) - len(files), "files": [multiplier.name for multiplier in files]},
        "self_test": self_test(),
        "tensorflow_test": tensorflow_test(version) if version and with_tensorflow else None,
    }
    problems, warnings = _judge(report)
    warnings += [f"{path} is not loaded: {why}" for path, why in failures]
    for multiplier in files:
        if multipliers.is_changed(multiplier):
            problems.append(f"{multiplier.path} is not the file that its NAME.json describes (import it again)")
        warnings += [f"{path} is hidden by {multiplier.path}" for path in multiplier.hidden]
    return {"healthy": not problems, "problems": problems, "warnings": warnings, **report}
