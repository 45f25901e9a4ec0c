"""Planted bugs in the CUDA kernels, each of which the tests on the CPU must see; and the errors of a missing GPU."""

import ctypes
import pathlib

import host_kernels
import numpy as np
import pytest

from tfapprox.common import cuda, reference

A, W = np.mgrid[0:256, 0:256]
MUTATIONS = {
    "index arithmetic": [
        ("geometry.h", "origin.y + ky * g.dilation_height", "origin.y + ky"),
    ],
    "tail of the channels": [
        ("lut_gemm.cu", "min(kStageTaps<Entry>, g.in_channels - channel)", "kStageTaps<Entry>"),
        ("prepare.cu", "min(kChunk, g.in_channels - channel)", "kChunk"),
    ],
    "missing barrier": [
        ("lut_gemm.cu", "    stage = next;\n    __syncthreads();", "    stage = next;"),
        ("term_gemm.cu", "    __syncthreads();  // the tiles", "    // the tiles"),
    ],
}


def is_right(gpu, table):
    """Whether a small convolution, dilated, of 18 channels, is as the reference has it."""
    random = np.random.RandomState(0)
    x, w = random.uniform(-1, 1, (1, 9, 8, 18)), random.uniform(-1, 1, (3, 2, 18, 5))
    case = (x, w, -1, 1, -1, 1, [1, 1, 1, 1])
    options = {"table": table, "dilations": [1, 2, 1, 1]}
    try:
        result = gpu.approx_conv2d_with_min_max_vars(*case, **options)
    except RuntimeError:  # threads that wait for each other for ever
        return False
    return np.array_equal(result, reference.approx_conv2d_with_min_max_vars(*case, **options))


@pytest.mark.parametrize("bug", MUTATIONS)
def test_planted_bugs_are_seen(host_gpu, tmp_path, monkeypatch, bug):
    table = ((A * W) ^ ((A * 7 + W * 3) & 31)).astype(np.uint16)
    mutated = cuda.Gpu(host_kernels.build(tmp_path, MUTATIONS[bug]))
    for plan in ("look_up", "error_plane"):
        monkeypatch.setenv("TFAPPROX_PLAN", plan)
        assert is_right(host_gpu, table)
        assert not is_right(mutated, table), plan


@pytest.mark.parametrize(
    ("failure", "exception", "message"),
    [
        ("no driver", RuntimeError, r"no NVIDIA GPU with a driver for CUDA 13.0 or later was found"),
        (
            "no kernel",
            RuntimeError,
            r"compute capability 6\.1, and this build has kernels for the host\. Rebuild .*TFAPPROX_CUDA_ARCHS=6\.1",
        ),
        ("no memory", MemoryError, "the GPU's memory is exhausted: no room for"),
    ],
)
def test_failures_of_the_gpu(host_gpu, monkeypatch, failure, exception, message):
    monkeypatch.setenv("TFAPPROX_HOST_CUDA", failure)
    with pytest.raises(exception, match=message):
        cuda.Gpu(host_gpu._library).approx_conv2d_with_min_max_vars(
            np.ones([1] * 4), np.ones([1] * 4), 0, 1, 0, 1, [1] * 4
        )


def test_a_core_without_cuda():
    with pytest.raises(ImportError, match=r"built without CUDA.*TFAPPROX_CUDA=ON"):
        cuda.Gpu(ctypes.CDLL(None))


def test_an_image_too_large_for_a_gpu(host_gpu):
    shape = np.broadcast_to(np.float32(0), (1, 1, 1, 1))
    pads = [0, 0, 2**30, 0, 2**30, 0, 0, 0]
    with pytest.raises(ValueError, match=r"one image must not exceed 2\^30 pixels"):
        host_gpu.approx_conv2d_with_min_max_vars(
            shape, shape, 0, 1, 0, 1, [1, 2**29, 2**29, 1], padding="EXPLICIT", explicit_paddings=pads
        )


def test_structures_have_the_sizes_of_the_header(tmp_path):
    import shutil
    import subprocess

    from tfapprox.common import _cuda_abi

    compiler = shutil.which("g++") or pytest.skip("no g++ to read the header with")
    header = pathlib.Path(__file__).parents[2] / "common" / "core" / "tfapprox_cuda.h"
    structures = {"device": _cuda_abi.Device, "work": _cuda_abi.Work, "approx_conv2d": _cuda_abi.ApproxConv2D}
    lines = [f"static_assert(sizeof(tfapprox_cuda_{n}) == {ctypes.sizeof(s)});" for n, s in structures.items()]
    (tmp_path / "abi.cc").write_text(f'#include "{header}"\n' + "\n".join(lines))
    subprocess.run([compiler, "-std=c++17", "-fsyntax-only", str(tmp_path / "abi.cc")], check=True)
