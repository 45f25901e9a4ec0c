"""The public face for type checkers, and the order of arguments, which is that of the reference."""

import importlib

import pytest
from signatures import arguments, public_functions, unannotated

from tfapprox import tf2
from tfapprox.common import reference


@pytest.mark.parametrize(
    "name",
    [
        "approx_conv2d",
        "approx_conv2d_transpose",
        "approx_depthwise_conv2d",
        "approx_einsum",
        "approx_matmul",
        "calibrate",
        "compensate",
        "corrected_products",
        "corrections",
        "channelwise_calls",
        "convert",
        "fake_approx_conv2d",
        "fake_approx_conv1d",
        "fake_approx_conv2d_transpose",
        "fake_approx_dense",
        "fake_approx_einsum_dense",
        "attention_products",
        "layer_assignment",
        "layer_outputs",
        "library",
        "products",
        "summary",
        "training.loss",
        "training.recipes",
        "training.retrain",
    ],
)
def test_every_public_function_is_annotated(name):
    module = importlib.import_module(f"tfapprox.tf2.{name}")
    assert public_functions(module)
    assert unannotated(module) == []


@pytest.mark.parametrize("operation", ["approx_conv2d", "approx_conv2d_transpose", "approx_matmul"])
def test_order_of_arguments(operation):
    name = f"{operation}_with_min_max_vars"
    positional, by_name = arguments(getattr(reference, name))
    by_name = ["mul_map_file" if name == "table" else name for name in by_name]
    assert arguments(getattr(tf2, name)) == (positional, [*by_name, "gradient", "half_window", "name"])
