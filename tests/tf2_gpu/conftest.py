"""A GPU for TensorFlow: the one that is here, or device.cc, if the plugin has the model of CUDA in tests/host_cuda.

These tests run in a process of their own, because TensorFlow's GPU kernels cannot run on that device.
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

ROOT = pathlib.Path(__file__).resolve().parents[2]


def load_model(folder):
    """Gives TensorFlow the device of device.cc."""
    compiler = shutil.which("g++") or pytest.skip("no g++ to compile device.cc with")
    target = folder / "libdevice.so"
    flags = [*tf.sysconfig.get_compile_flags(), f"-I{ROOT / 'common' / 'core'}", library_path()]
    source = pathlib.Path(__file__).with_name("device.cc")
    command = [compiler, "-shared", "-fPIC", str(source), "-o", str(target), *flags, *tf.sysconfig.get_link_flags()]
    subprocess.run(command, check=True)
    load_library.load_pluggable_device_library(str(target))


@pytest.fixture(scope="session", autouse=True)
def gpu(tmp_path_factory):
    """The kernels of the plugin, by ctypes; all tests of this folder are skipped without a GPU."""
    try:
        gpu = cuda.Gpu(ctypes.CDLL(library_path()))
    except (ImportError, RuntimeError) as error:
        pytest.skip(f"no GPU: {error}")
    if gpu.name == "a host's model of a GPU":
        load_model(tmp_path_factory.mktemp("device"))
    if not tf.config.list_physical_devices("GPU"):
        pytest.skip("TensorFlow sees no GPU, whose libraries tensorflow[and-cuda] brings")
    return gpu
