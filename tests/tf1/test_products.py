"""The check of a multiplier by AxConv2D, on TensorFlow 1.14 and on TensorFlow 2."""

import pytest
import tensorflow as tf

from cases import random_table
from tfapprox import health, operations
from tfapprox.backends import operations_for
from tfapprox.common import multipliers, save_table
from tfapprox.tf1 import products


def test_all_pairs(tmp_path):
    save_table(str(tmp_path / "mine.bin"), random_table(8, seed=1))
    for name in (str(tmp_path / "mine.bin"), "mul8u_mitchell"):
        outcome = multipliers.check(name, products, "AxConv2D")
        assert (outcome.pairs, outcome.wrong) == (65536, 0)


def test_another_table_is_noticed(tmp_path):
    save_table(str(tmp_path / "mine.bin"), random_table(8, seed=1))
    outcome = multipliers.check(str(tmp_path / "mine.bin"), lambda _, *rest: products("mul8u_exact", *rest))
    assert outcome.wrong > 60000
    assert outcome.first[2] == outcome.first[0] * outcome.first[1]


def test_eight_bits_only():
    with pytest.raises(ValueError, match="multiplier must have 8 bits for AxConv2D; received 'mul4u_exact', with 4"):
        products("mul4u_exact", [0, 1], 4)


def test_what_is_installed():
    functions, reasons = operations.runnable()
    ((ax_conv2d,), of_tf2) = operations.named("tf1"), operations.named("tf2")
    assert functions[ax_conv2d] is products
    if tf.__version__.startswith("1."):
        assert all("for TensorFlow 2.16 and later" in reasons[operation] for operation in of_tf2)
    else:
        assert {*of_tf2} < {*functions}


def test_doctor():
    report = health.examine()
    assert report["healthy"], report["problems"]
    room = "tf1" if tf.__version__.startswith("1.") else "tf2"
    assert report["plugins"][room]["built_for"] == report["versions"]["tensorflow"]
    tested = {check["operation"]: check["wrong"] for check in report["tensorflow_test"]["checks"]}
    assert tested == {operation.name: 0 for operation in operations_for(tf.__version__)}
