"""The check of a multiplier by TensorFlow 2's operation: the function, the command, and a planted wrong table."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from cases import random_table
from tfapprox import health, operations
from tfapprox.backends import operations_for
from tfapprox.command_line import app
from tfapprox.common import multipliers, save_table
from tfapprox.tf2 import products

OF_TF2 = operations.named("tf2")


@pytest.mark.parametrize("num_bits", [2, 7, 8])
@pytest.mark.parametrize("operation", OF_TF2, ids=[operation.name for operation in OF_TF2])
def test_all_pairs(tmp_path, operation, num_bits):
    save_table(tmp_path / "mine.bin", random_table(num_bits, seed=1))
    outcome = multipliers.check(tmp_path / "mine.bin", operations.products_function(operation), operation.name)
    assert (outcome.pairs, outcome.wrong) == (4**num_bits, 0)
    assert outcome.approximate > 10


def test_another_table_is_noticed(tmp_path):
    for name in ("mine", "other"):
        save_table(tmp_path / f"{name}.bin", random_table(8, seed=len(name)))
    other = tmp_path / "other.bin"
    outcome = multipliers.check(tmp_path / "mine.bin", lambda _, codes, num_bits: products(other, codes, num_bits))
    assert outcome.wrong > 60000
    assert outcome.first[2] != outcome.first[3]
    assert multipliers.check(tmp_path / "mine.bin", lambda _, *rest: products("", *rest)).wrong > 60000


def test_command(tmp_path, monkeypatch):
    monkeypatch.setenv("TFAPPROX_MULTIPLIER_PATH", str(tmp_path))
    multipliers.import_products(random_table(8, seed=1), "mul8u_MINE", folder=tmp_path)
    multipliers.import_products(random_table(4, seed=1), "mul4u_MINE", folder=tmp_path)
    result = CliRunner().invoke(app, ["multiplier", "check", "mul8u_MINE", "mul4u_MINE", "mul8u_drum4", "--json"])
    assert result.exit_code == 0, result.output
    checks = json.loads(result.output)["checks"]
    of_tf2 = [operation.name for operation in OF_TF2]
    assert [(check["name"], check["operation"]) for check in checks] == [
        *(("mul8u_MINE", name) for name in (*of_tf2, "AxConv2D", "core")),
        *(("mul4u_MINE", name) for name in (*of_tf2, "core")),
        *(("mul8u_drum4", name) for name in (*of_tf2, "AxConv2D", "core")),
    ]
    assert all(check["pairs"] in (256, 65536) and check["wrong"] == 0 for check in checks)


def test_doctor():
    report = health.examine()
    assert report["healthy"], report["problems"]
    assert report["plugins"]["tf2"]["built_for"] == report["versions"]["tensorflow"]
    checks = report["tensorflow_test"]["checks"]
    names = [operation.name for operation in operations_for(report["versions"]["tensorflow"])]
    assert [(check["operation"], check["wrong"]) for check in checks] == [(name, 0) for name in names]
    assert np.all([check["approximate"] > 60000 for check in checks])
