"""The registry of backends: which multipliers each operation takes, and which plugin a TensorFlow loads."""

import pathlib
import re

import numpy as np
import pytest

from tfapprox import backends, operations
from tfapprox.common import TruthTable, multipliers

OF_TF2 = [
    "ApproxConv2DWithMinMaxVars",
    "ApproxDepthwiseConv2DWithMinMaxVars",
    "ApproxConv2DTransposeWithMinMaxVars",
    "ApproxMatMulWithMinMaxVars",
]


@pytest.mark.parametrize(
    ("version", "room", "names"),
    [
        ("1.14.0", "tf1", ["AxConv2D"]),
        ("1.15.5", "tf1", ["AxConv2D"]),
        ("2.21.0", "tf2", [*OF_TF2, "AxConv2D"]),
        ("2.22.0-dev20261101", "tf2", [*OF_TF2, "AxConv2D"]),
    ],
)
def test_each_tensorflow_has_a_plugin_with_its_operations(version, room, names):
    assert backends.plugin_for(version).room == room
    assert [operation.name for operation in backends.operations_for(version)] == names


@pytest.mark.parametrize("version", ["0.12.1", "3.0", "21.0", ""])
def test_another_tensorflow_has_none(version):
    for function in (backends.plugin_for, backends.operations_for):
        with pytest.raises(ImportError, match=f"TensorFlow must be version 1.14, 1.15 or 2; received {version}$"):
            function(version)


@pytest.mark.parametrize("name", ["mul8u_drum4", "mul4u_drum2", "mul8s_exact"])
def test_ax_conv2d_takes_only_unsigned_multipliers_of_8_bits(name):
    multiplier = multipliers.load(name)
    answers = {operation.name: operation.takes(multiplier) for operation in backends.OPERATIONS}
    assert answers.pop("AxConv2D") == (name == "mul8u_drum4")
    assert all(answers.values())
    table = TruthTable(multiplier.table)
    assert all(operation.takes(table) == operation.takes(multiplier) for operation in backends.OPERATIONS)


def test_the_core_runs_without_tensorflow():
    (core,) = operations.named("core")
    assert operations.products_function(core)("mul2u_exact", np.float32([0, 1, 2, 3]), 2)[3].tolist() == [0, 3, 6, 9]
    functions, reasons = operations.runnable()
    assert functions[core] is multipliers.core_products
    assert {*functions, *reasons} == set(backends.OPERATIONS)


def test_a_room_means_all_of_its_operations():
    assert [operation.name for operation in operations.named("tf2")] == OF_TF2
    for name in OF_TF2:
        assert [operation.name for operation in operations.named(name)] == [name]


def test_every_operation_of_the_plugins_is_registered():
    """`doctor` and `multiplier check` would never test a new operation that is not registered."""
    sources = pathlib.Path(__file__).parents[2].joinpath("tensorflow_ops").glob("*_op.cc")
    # Operations of gradients compute no products that `doctor` could compare with a table.
    sources = [path for path in sources if path.name != "table_gradient_op.cc"]
    names = [re.findall(r'"(\w+WithMinMaxVars)"|REGISTER_OP\("(\w+)"\)', path.read_text()) for path in sources]
    registered = {first or second for pairs in names for first, second in pairs}
    assert registered == {operation.name for operation in backends.OPERATIONS} - {"core"}


def test_an_unknown_operation():
    names = ", ".join(["tf2", *OF_TF2, "tf1", "AxConv2D", "core"])
    with pytest.raises(ValueError, match=f"^operation must be one of {names}; received 'tf3'$"):
        operations.named("tf3")
