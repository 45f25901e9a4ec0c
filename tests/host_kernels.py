"""Compiles the CUDA kernels for the CPU, against the model of CUDA in tests/host_cuda: same source, no GPU."""

import ctypes
import pathlib
import shutil
import subprocess

import pytest

from tfapprox.common import library

ROOT = pathlib.Path(__file__).resolve().parents[1]
CORE, MODEL = ROOT / "common" / "core", ROOT / "tests" / "host_cuda"


def build(folder, changes=()):
    """The kernels as a shared library that runs on the CPU.

    Args:
        folder: where the library and changed sources go.
        changes: triples of a file of `common/core/cuda`, a text that it has once, and what to put in its place.

    Returns:
        A `ctypes.CDLL` with the entries of `core/tfapprox_cuda.h`.
    """
    compiler = shutil.which("g++") or pytest.skip("no g++ to compile the kernels for the CPU with")
    sources = shutil.copytree(CORE / "cuda", folder / "cuda")
    for name, old, new in changes:
        text = (sources / name).read_text()
        assert text.count(old) == 1, f"{name} must have once: {old}"
        (sources / name).write_text(text.replace(old, new))
    core = library.find("common", "libtfapprox_core.so")
    options = ["-std=c++17", "-O2", "-fPIC", "-ffp-contract=off", "-Wno-unknown-pragmas"]
    options += [f"-I{path}" for path in (MODEL, sources, CORE)] + ['-DTFAPPROX_CUDA_ARCHS="the host"']
    files = [*sorted(sources.glob("*.cu")), MODEL / "block.cc", CORE / "error.cc"]
    objects = [folder / f"{file.stem}.o" for file in files]
    compiling = [
        subprocess.Popen([compiler, *options, "-x", "c++", "-c", str(file), "-o", str(target)])
        for file, target in zip(files, objects)
    ]
    assert [process.wait() for process in compiling] == [0] * len(files)
    target = folder / "libhost_kernels.so"
    # The objects' own copy of error.cc is not to be replaced by the core's.
    subprocess.run([compiler, "-shared", "-Wl,-Bsymbolic", *map(str, objects), core, "-o", str(target)], check=True)
    return ctypes.CDLL(str(target))
