"""The package and scripts that load its plugin themselves, in one process and in either order, on both TensorFlows."""

import subprocess
import sys

import pytest

from tfapprox.common import library
from tfapprox.tf1 import library_path

PACKAGE = "import tfapprox.tf1; package = tfapprox.tf1.ax_conv2d"
LINKS = (
    "modules = [tf.load_op_library(path) for path in sys.argv[1:]]\n"
    "assert len(modules) == 3 and all(hasattr(module, 'ax_conv2d') for module in modules)"
)
LINK = "first = tf.load_op_library(sys.argv[1]); assert hasattr(first, 'ax_conv2d')"
CONVOLVE = """
import numpy as np
def convolve(operation, seed, *attributes, **named):
    random = np.random.RandomState(seed)
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        codes = [random.randint(0, 256, shape).astype(np.uint8) for shape in ([1, 9, 9, 3], [3, 3, 3, 4])]
        codes = [tf.cast(tf.constant(tensor, tf.int32), tf.quint8) for tensor in codes]
        result = operation(*codes, -1.0, 1.0, -0.5, 1.0, [1, 1, 1, 1], "SAME", *attributes, **named)
        return session.run(tf.cast(result[0], tf.int32))
ours = {"ax_mult": "mul8u_drum4", "ax_tune": False}
"""
SAME = """
expected = convolve(package, 0, **ours)
for module in modules:
    assert (convolve(module.ax_conv2d, 0, "mul8u_drum4", False) == expected).all()
"""
FORK = """
import multiprocessing
def worker(seed):
    return convolve(package, seed, **ours)
with multiprocessing.get_context("fork").Pool(2) as pool:
    results = pool.map(worker, range(4))
assert all((result == worker(seed)).all() for seed, result in enumerate(results))
"""


def script(*parts, paths=()):
    source = "\n".join(("import sys, tensorflow as tf", *parts))
    command = [sys.executable, "-W", "ignore", "-c", source, *paths]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, universal_newlines=True)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors


@pytest.mark.parametrize("parts", [(PACKAGE, LINKS), (LINK, PACKAGE, LINKS)], ids=["package first", "script first"])
def test_links_and_the_package(tmp_path, parts):
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
    links = [library.link(library_path(), str(folder), "axqconv.so") for folder in folders]
    script(*parts, CONVOLVE, SAME, paths=[*links, library_path()])


def test_forked_workers():
    script(PACKAGE, CONVOLVE, FORK)
