"""What an installation consists of and whether it works, for `tfapprox doctor`.

This module is above the rooms. It runs TensorFlow in another process, which a plugin that does not fit may end.
"""

import json
import os
import platform
import signal
import subprocess
import sys
import time
from typing import Any, Dict, List, Optional, Tuple
from warnings import catch_warnings, simplefilter

import numpy as np

from . import __version__
from .backends import PLUGINS, operations_for
from .common import TableWarning, cuda, library, multipliers, native
from .common.multipliers import processes

TENSORFLOWS = ("tensorflow", "tensorflow-cpu", "tensorflow-gpu", "tf-nightly")
# Tables that plans of several kinds compute, one of them with signed operands. TensorFlow is tested with the last one,
# whose products differ most from the exact ones.
SELF_TEST = ("mul8u_exact", "mul8s_exact", "mul8u_trunc4", "mul8u_drum3", "mul8u_mitchell")
TENSORFLOW_SECONDS = 120
_DRIVERS = ("/proc/driver/nvidia", "/dev/nvidiactl", "/dev/dxg")  # a driver of NVIDIA, on Linux and on WSL


def version_of(package: str) -> Optional[str]:
    """The version of an installed package, without importing it; `None` if it is not installed."""
    try:
        from importlib import metadata
    except ImportError:  # Python 3.7
        import pkg_resources

        distribution = pkg_resources.working_set.by_key.get(package)
        return distribution and distribution.version
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def plugins() -> Dict[str, Dict[str, Optional[str]]]:
    """The compiled plugins by room: `path` and the TensorFlow that each was built for, or `None` for both."""
    report: Dict[str, Dict[str, Optional[str]]] = {}
    for plugin in PLUGINS.values():
        try:
            path = library.find(plugin.room, plugin.file)
        except ImportError:
            report[plugin.room] = {"path": None, "built_for": None}
        else:
            report[plugin.room] = {"path": path, "built_for": library.built_for(path)}
    return report


def paths() -> Dict[str, Any]:
    """The CPU paths of the core.

    Returns:
        A dictionary: `paths`, from the name of each path to the reason why it cannot run, or `None`; `used`, the name
        of the path in use; and `error`, the reason why no path could be chosen. One of the last two is `None`.
    """
    used, error = None, None
    try:
        used = native.path()
    except ValueError as failure:
        error = str(failure)
    return {"paths": native.paths(), "used": used, "error": error}


def gpu() -> Dict[str, Any]:
    """Whether the CUDA kernels were built, and the GPU that they run on, or the reason why there is none."""
    try:
        device = cuda.Gpu()
    except ImportError as error:
        return {"built": False, "device": None, "reason": str(error)}
    except RuntimeError as error:
        has_driver = any(map(os.path.exists, _DRIVERS))
        return {"built": True, "device": None, "reason": str(error) if has_driver else "no NVIDIA GPU"}
    capability = ".".join(map(str, device.compute_capability))
    return {"built": True, "device": f"{device.name}, compute capability {capability}", "reason": None}


def folders(files: List[multipliers.Multiplier]) -> List[Dict[str, Any]]:
    """The folders where multipliers are looked up: whether each exists and how many tables are found in it by name.

    Args:
        files: the multipliers that have a file.
    """
    return [
        {
            "path": str(folder),
            "exists": os.path.isdir(str(folder)),
            "tables": sum(file.path is not None and file.path.parent == folder for file in files),
        }
        for folder in multipliers.search_path()
    ]


def self_test() -> Dict[str, Any]:
    """Runs the core on all pairs of operands of a few built-in multipliers.

    Returns:
        A dictionary: `pairs`, the number of pairs; `wrong`, the number of wrong products; `seconds`; and `error`, a
        text or `None`.
    """
    start, outcomes, error = time.perf_counter(), [], None
    try:
        outcomes = [multipliers.check(name) for name in SELF_TEST]
    except ValueError as failure:
        error = str(failure)
    pairs, wrong = sum(outcome.pairs for outcome in outcomes), sum(outcome.wrong for outcome in outcomes)
    return {"pairs": pairs, "wrong": wrong, "seconds": round(time.perf_counter() - start, 3), "error": error}


def tensorflow_test(version: str) -> Dict[str, Any]:
    """Runs the operations of the installed TensorFlow in another process.

    Args:
        version: version of the TensorFlow that is installed.

    Returns:
        A dictionary of `checks`, a list with a dictionary for each operation, and `error`, a text or `None`.
    """
    try:
        operations = operations_for(version)
    except ImportError as error:
        return {"checks": [], "error": str(error)}
    options = [word for operation in operations for word in ("--operation", operation.name)]
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


def _judge(report: Dict[str, Any]) -> Tuple[List[str], List[str]]:
    """The problems, each of which makes the installation unhealthy, and the warnings."""
    problems: List[str] = []
    warnings: List[str] = []
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
    reached = [what for what, contained in report["circuits"].items() if not contained]
    if reached:
        warnings.append(f"the code of an imported circuit in C can reach your {', '.join(reached)} on this system")
    for folder in report["folders"][:-1]:  # the last folder is the user's, which need not exist
        if not folder["exists"]:
            warnings.append(f"TFAPPROX_MULTIPLIER_PATH names {folder['path']}, which does not exist")
    return problems, warnings


def examine(with_tensorflow: bool = True) -> Dict[str, Any]:
    """Everything about the installation.

    Args:
        with_tensorflow: whether to run the operations of TensorFlow, which takes seconds.

    Returns:
        A dictionary that JSON can hold: `healthy`, `problems`, `warnings`, `versions`, `plugins`, `cpu`, `cuda`,
        `folders`, `circuits` (whether the code of circuits in C is kept from `files`, `network` and `processes`),
        `multipliers` (the number of built-in ones and the names of the files), `documentation` (the folder of its
        pages), `self_test` and `tensorflow_test`, which is `None` if it was not run.
    """
    version = next(filter(None, map(version_of, TENSORFLOWS)), None)
    with catch_warnings(record=True) as doubts:
        simplefilter("always", TableWarning)
        loaded, failures = multipliers.load_all()
    files = [multiplier for multiplier in loaded if multiplier.path is not None]
    report: Dict[str, Any] = {
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
        "folders": folders(files),
        "circuits": processes.containment(),
        "multipliers": {"built_in": len(loaded) - len(files), "files": [multiplier.name for multiplier in files]},
        "documentation": os.path.join(os.path.dirname(os.path.abspath(__file__)), "docs"),
        "self_test": self_test(),
        "tensorflow_test": tensorflow_test(version) if version and with_tensorflow else None,
    }
    problems, warnings = _judge(report)
    warnings += [f"{path} is not loaded: {why}" for path, why in failures]
    warnings += [str(doubt.message) for doubt in doubts]
    for multiplier in files:
        if multipliers.is_changed(multiplier):
            problems.append(f"{multiplier.path} is not the file that its NAME.json describes (import it again)")
        warnings += [f"{path} is hidden by {multiplier.path}" for path in multiplier.hidden]
    return {"healthy": not problems, "problems": problems, "warnings": warnings, **report}
