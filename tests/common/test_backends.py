"""The registry of backends: which multipliers each operation takes, and which plugin a TensorFlow loads."""

import numpy as np
import pytest

from tfapprox import backends, operations
from tfapprox.common import TruthTable, multipliers


@pytest.mark.parametrize(
    ("version", "room", "operations"),
    [
        ("1.14.0", "tf1", ["AxConv2D"]),
        ("1.15.5", "tf1", ["AxConv2D"]),
        ("2.21.0", "tf2", ["ApproxConv2DWithMinMaxVars", "AxConv2D"]),
        ("2.22.0-dev20261101", "tf2", ["ApproxConv2DWithMinMaxVars", "AxConv2D"]),
    ],
)
def test_each_tensorflow_has_a_plugin_with_its_operations(version, room, operations):
    assert backends.plugin_for(version).room == room
    assert [backend.operation for backend in backends.backends_for(version)] == operations


@pytest.mark.parametrize("version", ["0.12.1", "3.0", "21.0", ""])
def test_another_tensorflow_has_none(version):
    for function in (backends.plugin_for, backends.backends_for):
        with pytest.raises(ImportError, match=f"TensorFlow must be version 1.14, 1.15 or 2; received {version}$"):
            function(version)


@pytest.mark.parametrize("name", ["mul8u_drum4", "mul4u_drum2", "mul8s_exact"])
def test_ax_conv2d_takes_only_unsigned_multipliers_of_8_bits(name):
    multiplier = multipliers.load(name)
    answers = {room: backend.takes(multiplier) for room, backend in backends.BACKENDS.items()}
    assert answers == {"tf2": True, "tf1": name == "mul8u_drum4", "core": True}
    table = TruthTable(multiplier.table)
    assert {room: backend.takes(table) for room, backend in backends.BACKENDS.items()} == answers


def test_the_core_runs_without_tensorflow():
    assert operations.products_function("core")("mul2u_exact", np.float32([0, 1, 2, 3]), 2)[3].tolist() == [0, 3, 6, 9]
    functions, reasons = operations.runnable()
    assert functions["core"] is multipliers.core_products
    assert {*functions, *reasons} == set(backends.BACKENDS)


def test_an_unknown_operation():
    with pytest.raises(ValueError, match=r"^operation must be one of tf2, tf1, core; received 'tf3'$"):
        operations.products_function("tf3")
