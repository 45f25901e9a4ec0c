"""A GPU for TensorFlow: the one that is here, or device.cc, if the plugin has the model of CUDA in tests/host_cuda.

With the model, these tests need a process of their own. TensorFlow has no device that is loaded after its first
operation, which other tests run, and it would place the operations of later tests on the device, where TensorFlow's GPU
kernels cannot run.
"""

import ctypes
import pathlib
import shutil
import subprocess

import pytest
import tensorflow as tf
from tensorflow.python.framework import load_library

from tfapprox.common import cuda
from tfapprox.tf2 import library_path

FOLDER = pathlib.Path(__file__).resolve().parent


def load_model(folder):
    """Gives TensorFlow the device of device.cc."""
    compiler = shutil.which("g++") or pytest.skip("no g++ to compile device.cc with")
    target = folder / "libdevice.so"
    flags = [*tf.sysconfig.get_compile_flags(), f"-I{FOLDER.parents[1] / 'common' / 'core'}", library_path()]
    command = [compiler, "-shared", "-fPIC", str(FOLDER / "device.cc"), "-o", str(target), *flags]
    subprocess.run([*command, *tf.sysconfig.get_link_flags()], check=True)
    load_library.load_pluggable_device_library(str(target))


@pytest.fixture(scope="session", autouse=True)
def gpu(request, tmp_path_factory):
    """The kernels of the plugin, by ctypes; all tests of this folder are skipped where they have no GPU."""
    try:
        gpu = cuda.Gpu(ctypes.CDLL(library_path()))
    except (ImportError, RuntimeError) as error:
        pytest.skip(f"no GPU: {error}")
    if gpu.name == "a host's model of a GPU":
        if any(FOLDER not in pathlib.Path(item.fspath).parents for item in request.session.items):
            pytest.skip("the model of a GPU needs a process without other tests: pytest tests/tf2_gpu")
        load_model(tmp_path_factory.mktemp("device"))
    if not tf.config.list_physical_devices("GPU"):
        pytest.skip("TensorFlow sees no GPU, whose libraries tensorflow[and-cuda] brings")
    return gpu
