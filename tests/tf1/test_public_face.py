"""The public face for type checkers, and the order of arguments, which is that of the reference."""

import importlib

import pytest
import tensorflow as tf
from signatures import arguments, public_functions, unannotated

from tfapprox.common import reference
from tfapprox.tf1 import ax_conv2d

MODULES = [
    "ax_conv2d",
    "constants",
    "contrib",
    "convert",
    "coverage",
    "freezing",
    "graph",
    "layer_vectors",
    "layers",
    "library",
    "products",
    "tensorflow_v1",
]


@pytest.mark.parametrize("name", MODULES)
def test_every_public_function_is_annotated(name):
    module = importlib.import_module(f"tfapprox.tf1.{name}")
    assert public_functions(module)
    assert unannotated(module) == []


def test_order_of_arguments():
    positional, by_name = arguments(reference.ax_conv2d)
    by_name = ["ax_mult" if name == "table" else name for name in by_name]
    assert arguments(ax_conv2d) == (positional, [*by_name, "name"])


@pytest.mark.skipif(not tf.__version__.startswith("1."), reason="TensorFlow 2 can import tfapprox.tf2")
def test_the_package_for_tensorflow_2_says_what_it_is():
    message = f"received TensorFlow {tf.__version__}. On TensorFlow 1.14 and 1.15, use tfapprox.tf1, which has"
    with pytest.raises(ImportError, match=message):
        importlib.import_module("tfapprox.tf2")
