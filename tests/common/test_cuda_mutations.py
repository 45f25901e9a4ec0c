"""Planted bugs in the CUDA kernels, each of which the tests on the CPU must see; lifetimes; the errors of a GPU."""

import contextlib
import ctypes
import os
import pathlib
import shutil
import subprocess

import host_kernels
import numpy as np
import pytest

from tfapprox.common import _abi, _cuda_abi, _operation, cuda, library, native, reference

A, W = np.mgrid[0:256, 0:256]
ERRORS = (A * W) ^ ((A * 7 + W * 3) & 31)
TABLES = {
    "look_up": ERRORS,
    "error_plane": ERRORS,
    "exact": A * W,
    "polynomial": (A & ~1) * W // 2 + (A >> 7 & A & 1) * (W & 3) * 5000,
}
ALL, LOOK_UPS, TERMS = list(TABLES), ["look_up", "error_plane"], ["exact", "polynomial", "error_plane"]
BY_CHANNEL, BY_GROUP = ["channels"], ["groups"]
STAGE = "StageColumns(arguments, arguments.weights + (int64_t{block} * taps + tap) * kFilters, count, columns);"
BUGS = {
    "index of dilated taps": ("geometry.h", "origin.y + ky * g.dilation_height", "origin.y + ky", ALL),
    "index of the padding": ("geometry.h", "x : g.input_pixels;", "x : 0;", ALL),
    "index of the weights": ("lut_gemm.cu", "group} * taps * kFilters", "group} * taps", LOOK_UPS),
    "index of the filters": (
        "term_gemm.cu",
        "term * arguments.padded_filters +",
        "term * arguments.geometry.out_channels +",
        ["polynomial"],
    ),
    "tail of a chunk of look-ups": (
        "lut_gemm.cu",
        "min(kStageTaps<Entry>, g.in_channels - channel)",
        "kStageTaps<Entry>",
        LOOK_UPS,
    ),
    "tail of a chunk of weights": ("prepare.cu", "min(kChunk, g.in_channels - channel)", "kChunk", ALL),
    "tail of a chunk of codes": ("quantise.cu", "min(kChunk, g.in_channels - chunk * kChunk)", "kChunk", ALL),
    "barrier after look-ups": ("lut_gemm.cu", "    stage = next;\n    __syncthreads();", "    stage = next;", LOOK_UPS),
    "barrier before look-ups": (
        "lut_gemm.cu",
        "  gather(stage, 0);\n  __syncthreads();",
        "  gather(stage, 0);",
        LOOK_UPS,
    ),
    "barrier of the tiles": ("term_gemm.cu", "    __syncthreads();  // the tiles", "    // the tiles", TERMS),
    "index of a filter's column": ("channel_lut.cu", "[tap * kFilters + filter]", "[tap * kFilters]", BY_CHANNEL),
    "index of a tap's channel": (
        "channel_lut.cu",
        "channel + (tap + t) % arguments.group_inputs",
        "channel",
        BY_CHANNEL,
    ),
    "tail of a stage of taps": ("channel_lut.cu", "min(kStageTaps, taps - tap)", "kStageTaps", BY_CHANNEL),
    "tail of a block of filters": (
        "channel_lut.cu",
        "if (block * kFilters + lane >= g.out_channels) return;",
        "",
        BY_CHANNEL,
    ),
    "barrier before a stage": (
        "channel_lut.cu",
        "    __syncthreads();  // no thread reads the last stage any more\n",
        "",
        BY_CHANNEL,
    ),
    # Without any barrier, the addresses of the codes would be garbage, and the process would end.
    "barrier after a stage": (
        "channel_lut.cu",
        f"    {STAGE}\n    __syncthreads();  // the stage is complete\n",
        f"    __syncthreads();\n    {STAGE}\n",
        BY_CHANNEL,
    ),
    "group of a NaN": ("channel_lut.cu", "&& ReadsNan(arguments, pixel, channel)", "", BY_CHANNEL),
    "zero point of a filter": (
        "ranges.cuh",
        "? ranges.per_filter[filter] : ranges.weight",
        "? ranges.per_filter[0] : ranges.weight",
        [*BY_CHANNEL, *BY_GROUP],
    ),
    "input of a group": ("passes.cc", "number * sizes_.inputs", "0", BY_GROUP),
    "output of a group": (
        "geometry.h",
        "if (!g.nchw) return int64_t{pixel} * channels;",
        "if (!g.nchw) return int64_t{pixel} * g.out_channels;",
        BY_GROUP,
    ),
    "quantisers of a launch": ("ranges.cu", "std::copy_n(quantisers + first,", "std::copy_n(quantisers,", BY_CHANNEL),
    "wait for copies": ("term_gemm.cu", "WaitForCopies<kBuffers - 2>", "WaitForCopies<kBuffers>", TERMS),
}


# Groups, height of the filter, and input channels and filters of a group: whole convolutions by each plan, and both
# ways to compute groups.
SIZES = {**dict.fromkeys(ALL, (1, 3, 19, 21)), "channels": (54, 4, 2, 3), "groups": (2, 3, 18, 17)}


def is_right(gpu, name):
    """Whether a small convolution, dilated and padded, equals the reference; groups have a range for each filter."""
    groups, height, channels, filters = SIZES[name]
    random = np.random.RandomState(0)
    x, w = (
        random.uniform(-1, 1, (1, 9, 8, groups * channels)),
        random.uniform(-1, 1, (height, 2, channels, groups * filters)),
    )
    ranges = (-1, 1, -1, 1)
    if groups > 1:
        x[0, 3, 3, 0] = np.nan
        ranges = (-1, 1, *np.sort(random.uniform(-1, 1, (2, groups * filters)), 0))
    case = (x, w, *ranges, [1, 1, 1, 1])
    options = {"table": TABLES.get(name, ERRORS).astype(np.uint16), "dilations": [1, 2, 1, 1]}
    try:
        result = gpu.approx_conv2d_with_min_max_vars(*case, **options)
    except RuntimeError:  # the threads wait for each other for ever
        return False
    expected = reference.approx_conv2d_with_min_max_vars(*case, **options)
    # numpy before 1.19, which Python 3.7 has, cannot compare NaN.
    return all(np.array_equal(view(result), view(expected)) for view in (np.isnan, np.nan_to_num))


@pytest.mark.parametrize("bug", BUGS)
def test_planted_bugs_are_seen(host_gpu, tmp_path, monkeypatch, bug):
    *change, plans = BUGS[bug]
    mutated = cuda.Gpu(host_kernels.build(tmp_path, change))
    for name in plans:
        monkeypatch.setenv("TFAPPROX_PLAN", name if name in TABLES else "look_up")
        assert is_right(host_gpu, name)
        assert not is_right(mutated, name), name


def test_a_table_on_another_gpu(host_gpu, monkeypatch):
    one = np.ones([1] * 4)
    with host_gpu.prepare(_operation.approx_conv2d(one, one, 0, 1, 0, 1, [1] * 4)) as (queue, _):
        monkeypatch.setenv("TFAPPROX_HOST_CUDA", "other device")
        with pytest.raises(ValueError, match="the table must be on the current GPU, 1; received one on GPU 0"):
            queue()


def test_work_that_is_queued_keeps_its_table(host_gpu, monkeypatch):
    """The last release of a table waits for the device; the model works late, and frees memory at once."""
    case = (np.full((1, 4, 4, 3), 0.5), np.full((3, 3, 3, 2), 0.25), 0, 1, 0, 1, [1] * 4)
    table = ERRORS.astype(np.uint16)
    shared = native.Table(table)
    with contextlib.ExitStack() as stack:
        copy = stack.enter_context(host_gpu.table(shared))
        monkeypatch.setattr(host_gpu, "table", lambda _: contextlib.nullcontext(copy))
        with host_gpu.prepare(_operation.approx_conv2d(*case)) as (queue, download):
            queue()
            stack.close()
            expected = reference.approx_conv2d_with_min_max_vars(*case, table=table)
            np.testing.assert_array_equal(download(), expected)


def test_work_that_is_queued_keeps_its_quantisers(host_gpu):
    """The caller may overwrite the range of each filter, in its host memory, while the work is queued."""
    case = (np.full((1, 4, 4, 3), 0.5), np.full((3, 3, 3, 2), 0.25), 0, 1, [0, -1], [1, 0.5], [1] * 4)
    operation = _operation.approx_conv2d(*case)
    with host_gpu.prepare(operation) as (queue, download):
        queue()
        ctypes.memset(operation.descriptor.weight.per_filter, 0xFF, 2 * ctypes.sizeof(_abi.Quantiser))
        np.testing.assert_array_equal(download(), reference.approx_conv2d_with_min_max_vars(*case))


def test_a_cancelled_call_queues_no_further_pass(host_gpu):
    """The number that cancels the call is its first output: the model runs the first pass when its queue is full."""
    case = (np.ones((2000, 1, 1, 1)), np.ones((1, 1, 1, 1)), 0, 1, 0, 1, [1] * 4)
    operation, work = _operation.approx_conv2d(*case), _cuda_abi.Work()
    operation.output.fill(0)
    description = ctypes.byref(operation.descriptor)
    tensors = [array.ctypes.data for array in (operation.activations, operation.weights, operation.output)]
    with host_gpu.table(operation.table) as copy:
        host_gpu._call("operation_init", description, copy, ctypes.byref(work))
        work.images = 1
        with host_gpu.memory(work.workspace_bytes) as memory:
            call = description, copy, ctypes.byref(work), *tensors, memory, None
            for cancelled, first, last in (
                (operation.output, True, False),
                (np.ones(1, np.int32), False, False),
                (None, True, True),
            ):
                pointer = None if cancelled is None else cancelled.ctypes.data_as(ctypes.POINTER(ctypes.c_int32))
                operation.descriptor.cancelled = pointer
                host_gpu._call("operation_run", *call)
                host_gpu.synchronize()
                assert (operation.output.flat[[0, -1]] != 0).tolist() == [first, last]
                operation.output.fill(0)


# A thread looks for its copy among many almost all the time. Children that are forked meanwhile need the same lock.
FORKS = """
#include <sys/wait.h>
#include <unistd.h>
#include <thread>
#include <vector>
#include "tfapprox_cuda.h"
int main() {
  tfapprox_error error;
  const tfapprox_table* table;
  const tfapprox_cuda_table* copy;
  for (uint16_t number = 0; number < 300; ++number) {
    const std::vector<uint16_t> entries(16, number);
    if (tfapprox_table_acquire(entries.data(), 2, 0, &table, &error) != 0) return 1;
    if (tfapprox_cuda_table_acquire(table, &copy, &error) != 0) return 2;
  }
  const auto use = [&] {
    const tfapprox_cuda_table* same;
    if (tfapprox_cuda_table_acquire(table, &same, &error) != 0 || same != copy) _exit(3);
    tfapprox_cuda_table_release(same);
  };
  std::thread([&] { while (true) use(); }).detach();
  for (int number = 0; number < 100; ++number) {
    const pid_t child = fork();
    if (child == 0) {
      alarm(60);
      use();
      _exit(0);
    }
    int status;
    if (waitpid(child, &status, 0) != child || status != 0) _exit(4);
  }
  _exit(0);
}
"""


def test_fork_while_a_thread_shares_the_copies_of_tables(host_gpu, tmp_path):
    (tmp_path / "forks.cc").write_text(FORKS)
    folder = pathlib.Path(__file__).parents[2] / "common" / "core"
    libraries = [host_gpu._library._name, library.find("common", "libtfapprox_core.so")]
    command = ["g++", "-std=c++17", "-pthread", f"-I{folder}", "forks.cc", "-o", "forks", *libraries]
    command += [f"-Wl,-rpath,{os.path.dirname(path)}" for path in libraries]
    subprocess.run(command, cwd=str(tmp_path), check=True)
    assert subprocess.run([str(tmp_path / "forks")], check=False).returncode == 0


@pytest.mark.parametrize(
    ("failure", "exception", "message"),
    [
        ("no driver", RuntimeError, r"no NVIDIA GPU with a driver for CUDA 13 or later was found"),
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


@pytest.mark.parametrize("filter_size", [1, 3])
def test_the_workspace_does_not_grow_with_the_batch(host_gpu, filter_size):
    """It does not grow for filters of one pixel either, for which the core lays the batch side by side in one image."""
    tensors = [np.zeros(shape, int) for shape in ((1, 56, 56, 64), (filter_size, filter_size, 64, 64))]
    case = *tensors, -1, 1, -1, 1, [1] * 4, "SAME"
    for fill in (_operation.ax_conv2d, _operation.approx_conv2d):
        operation, work = fill(*case), _cuda_abi.Work()
        operation.descriptor.problem.batch = 3000
        with host_gpu.table(operation.table) as copy:
            host_gpu._call("operation_init", ctypes.byref(operation.descriptor), copy, ctypes.byref(work))
        assert 2**27 < work.workspace_bytes < 2**28 + 2**20


def test_structures_have_the_sizes_of_the_header(tmp_path):
    compiler = shutil.which("g++") or pytest.skip("no g++ to read the header with")
    header = pathlib.Path(__file__).parents[2] / "common" / "core" / "tfapprox_cuda.h"
    structures = {"device": _cuda_abi.Device, "work": _cuda_abi.Work}
    lines = [f"static_assert(sizeof(tfapprox_cuda_{n}) == {ctypes.sizeof(s)});" for n, s in structures.items()]
    (tmp_path / "abi.cc").write_text(f'#include "{header}"\n' + "\n".join(lines))
    subprocess.run([compiler, "-std=c++17", "-fsyntax-only", str(tmp_path / "abi.cc")], check=True)
