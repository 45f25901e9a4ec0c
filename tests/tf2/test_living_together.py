"""The package and scripts that load its plugin themselves, in one process and in either order."""

import subprocess
import sys

import pytest

from tfapprox.common import library
from tfapprox.tf2 import library_path

PACKAGE = "import tfapprox.tf2, tfapprox.tf1; package = tfapprox.tf2.approx_conv2d_with_min_max_vars"
LINKS = (
    "modules = [tf.load_op_library(path) for path in sys.argv[1:]]\n"
    "assert all(hasattr(module, 'approx_conv2d_with_min_max_vars') and hasattr(module, 'ax_conv2d')"
    " for module in modules)"
)
LINK = "modules = [tf.load_op_library(sys.argv[1])]; assert hasattr(modules[0], 'ax_conv2d')"
SAME = """
x, w, rest = tf.random.uniform([1, 5, 5, 2]), tf.random.uniform([3, 3, 2, 4]), [0.0, 1.0, 0.0, 1.0, [1, 1, 1, 1]]
expected = package(x, w, *rest, "SAME", mul_map_file="mul8u_drum4").numpy()
for module in modules:
    assert (module.approx_conv2d_with_min_max_vars(x, w, *rest, 8, "mul8u_drum4", "SAME").numpy() == expected).all()
"""
GRADIENT = """
from tensorflow.python.framework import ops
@ops.RegisterGradient("ApproxConv2DWithMinMaxVars")
def gradient(op, dy):
    return [7 * tf.ones_like(op.inputs[0]), tf.ones_like(op.inputs[1]), None, None, None, None]
"""
WINS = """
x = tf.ones([1, 3, 3, 1])
with tf.GradientTape() as tape:
    tape.watch(x)
    y = package(x, tf.ones([1, 1, 1, 1]), 0.0, 1.0, 0.0, 1.0, [1, 1, 1, 1])
assert (tape.gradient(y, x).numpy() == 7).all()
try:
    ops.RegisterGradient("ApproxConv2DWithMinMaxVars")(lambda *_: None)
except KeyError:
    print("refused")
"""
FORK = """
import multiprocessing, numpy as np
def convolve(seed):
    random = np.random.RandomState(seed)
    x, w = (random.uniform(0, 1, shape).astype(np.float32) for shape in ([1, 9, 9, 3], [3, 3, 3, 4]))
    return package(x, w, 0.0, 1.0, 0.0, 1.0, [1, 1, 1, 1], mul_map_file="mul8u_drum4").numpy()
with multiprocessing.get_context("fork").Pool(2) as pool:
    results = pool.map(convolve, range(4))
assert all((result == convolve(seed)).all() for seed, result in enumerate(results))
"""


def script(*parts, paths=()):
    source = "\n".join(("import sys, tensorflow as tf", *parts))
    command = [sys.executable, "-W", "ignore", "-c", source, *paths]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.fixture
def links(tmp_path):
    """Two links to the plugin, and the plugin itself."""
    names = ("libApproxGPUOpsTF.so", "axqconv.so")
    return [*(library.link(library_path(), str(tmp_path), name) for name in names), library_path()]


@pytest.mark.parametrize("parts", [(PACKAGE, LINKS), (LINK, PACKAGE, LINKS)], ids=["package first", "script first"])
def test_links_and_the_package(links, parts):
    script(*parts, SAME, paths=links)


@pytest.mark.parametrize(
    "parts", [(PACKAGE, GRADIENT), (LINK, GRADIENT, PACKAGE)], ids=["package first", "script first"]
)
def test_a_script_registers_a_gradient(links, parts):
    assert script(*parts, WINS, paths=links) == "refused\n"


def test_forked_workers():
    script(PACKAGE, FORK)
