"""Compiles the CUDA kernels from their own sources for the CPU, against the model of CUDA in tests/host_cuda."""

import ctypes
import os
import pathlib
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from tfapprox.common import _settings, library

ROOT = pathlib.Path(__file__).resolve().parents[1]
CORE, MODEL = ROOT / "common" / "core", ROOT / "tests" / "host_cuda"


# Compiled objects, by the text of the file and of all headers that it may include, so that only what differs is
# compiled.
_objects = {}


def build(folder, change=None):
    """The kernels as a shared library that runs on the CPU.

    Args:
        folder: where the library and changed sources go.
        change: a file of `common/core/cuda`, a text that it has once, and what to put in its place.

    Returns:
        A `ctypes.CDLL` with the entries of `core/tfapprox_cuda.h`.
    """
    compiler = shutil.which("g++") or pytest.skip("no g++ to compile the kernels for the CPU with")
    sources = shutil.copytree(CORE / "cuda", folder / "cuda")
    if change is not None:
        name, old, new = change
        text = (sources / name).read_text()
        assert text.count(old) == 1, f"{name} must have once: {old}"
        (sources / name).write_text(text.replace(old, new))
    # Fibers jump between stacks, which the fortified longjmp of some distributions refuses.
    options = ["-std=c++17", "-O2", "-fPIC", "-ffp-contract=off", "-Wno-unknown-pragmas", "-U_FORTIFY_SOURCE"]
    options += [f"-I{path}" for path in (MODEL, sources, CORE)] + ['-DTFAPPROX_CUDA_ARCHS="the host"']
    headers = "".join(file.read_text() for file in sorted(sources.glob("*.*h")))

    def compiled(file):
        key = headers + file.read_text()
        if key not in _objects:
            target = folder / f"{file.stem}.o"
            subprocess.run([compiler, *options, "-x", "c++", "-c", str(file), "-o", str(target)], check=True)
            _objects[key] = target
        return str(_objects[key])

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        others = [MODEL / "block.cc", *(CORE / f"{name}.cc" for name in ("error", "gradient_plan", "locks"))]
        objects = list(pool.map(compiled, [*sorted(sources.glob("*.c[cu]")), *others]))
    core = library.find("common", "libtfapprox_core.so")
    target = folder / "libhost_kernels.so"
    # The objects' own copies of these files are not to be replaced by the core's.
    subprocess.run([compiler, "-shared", "-Wl,-Bsymbolic", *objects, core, "-o", str(target)], check=True)
    # The kernels need the core, and find it where it is loaded. If TensorFlow's plugin was loaded before, the core of
    # native is in the plugin, and this is another copy.
    _settings.add(ctypes.CDLL(core))
    return ctypes.CDLL(str(target))
