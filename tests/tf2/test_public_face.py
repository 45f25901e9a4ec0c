"""The public face for type checkers, and the order of arguments, which is that of the reference."""

import importlib

import pytest
from signatures import arguments, public_functions, unannotated

from tfapprox.common import reference
from tfapprox.tf2 import approx_conv2d_with_min_max_vars


@pytest.mark.parametrize(
    "name", ["approx_conv2d", "calibrate", "convert", "fake_approx_conv2d", "library", "products", "summary"]
)
def test_every_public_function_is_annotated(name):
    module = importlib.import_module(f"tfapprox.tf2.{name}")
    assert public_functions(module)
    assert unannotated(module) == []


def test_order_of_arguments():
    positional, by_name = arguments(reference.approx_conv2d_with_min_max_vars)
    by_name = ["mul_map_file" if name == "table" else name for name in by_name]
    assert arguments(approx_conv2d_with_min_max_vars) == (positional, [*by_name, "name"])
