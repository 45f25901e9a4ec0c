"""The public face for type checkers, and the one order of arguments that both operations have everywhere."""

import importlib.util
import os

import pytest
from signatures import arguments, public_functions, unannotated

import tfapprox
from tfapprox import backends, health, link_command, operations, terminal
from tfapprox.common import assignment, compensation, eager, library, metrics, reference, tables, truth_table

MODULES = [
    assignment,
    compensation,
    backends,
    eager,
    health,
    library,
    link_command,
    metrics,
    operations,
    reference,
    tables,
    terminal,
    truth_table,
]
RANGES = ["input_min", "input_max", "filter_min", "filter_max"]
REST = ["num_bits", "table", "explicit_paddings", "data_format", "dilations"]
AX_RANGES = ["min_input", "max_input", "min_filter", "max_filter"]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_every_public_function_is_annotated(module):
    assert public_functions(module)
    assert unannotated(module) == []


def test_a_missing_annotation_is_noticed(tmp_path):
    path = tmp_path / "partly.py"
    path.write_text(
        "from typing import NamedTuple\n"
        "class Pair(NamedTuple):\n    a: int\n    def sum(self, by) -> int: ...\n"
        "class Value:\n    def __init__(self, x): ...\n    @property\n    def size(self): ...\n"
        "def typed(x: int) -> int: ...\n"
        "def _private(x): ...\n"
    )
    spec = importlib.util.spec_from_file_location("partly", str(path))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert unannotated(module) == [
        "Pair.sum: by",
        "Value.__init__: x",
        "Value.__init__: return",
        "Value.size: return",
    ]


def test_the_package_is_marked_as_typed():
    assert any(os.path.isfile(os.path.join(folder, "py.typed")) for folder in tfapprox.__path__)


def test_order_of_arguments():
    positional, by_name = arguments(reference.approx_conv2d_with_min_max_vars)
    assert positional == ["input", "filter", *RANGES, "strides", "padding"]
    assert by_name == REST
    positional, by_name = arguments(reference.ax_conv2d)
    assert positional == ["input", "filter", *AX_RANGES, "strides", "padding"]
    assert by_name == ["table", "ax_tune"]
