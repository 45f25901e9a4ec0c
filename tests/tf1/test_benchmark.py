"""The benchmark of ResNet-8 verifies, times and reports; no figure is judged here."""

import json
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from tfapprox.tf1 import graph as graphs

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import resnet8_tf1


@pytest.fixture(scope="module")
def benchmark():
    """Function from arguments and the expected exit code to what the benchmark prints."""
    app = typer.Typer()
    app.command()(resnet8_tf1.main)

    def call(*arguments, code=0):
        result = CliRunner().invoke(app, ["--batch", "2", "--runs", "3", *map(str, arguments)])
        assert result.exit_code == code, result.output
        return result.output

    return call


def test_report(benchmark, shared_data):
    output = benchmark("--graphs", shared_data / "resnet8", "--mult", "mul8u_trunc2")
    report = json.loads(output[output.index("{") :])
    assert set(report["results"]) == {"QuantizedConv2D", "mul8u_trunc2, not tuned", "mul8u_trunc2, tuned"}
    for result in report["results"].values():
        assert 0 < result["share of other operations"] < 1
    assert (report["batch"], report["runs"], report["threads"]) == (2, 3, 2)
    assert report["commit"]


def test_a_wrong_result_is_not_timed(benchmark, shared_data, tmp_path):
    for name in ("resnet_8_quant.pb", "resnet_8_quant_ax.pb"):
        graphs.write(graphs.read(shared_data / "resnet8" / name), tmp_path / name)
    (tmp_path / "images64.npz").write_bytes((shared_data / "resnet8" / "images64.npz").read_bytes())
    stock = graphs.read(tmp_path / "resnet_8_quant.pb")
    next(node for node in stock.node if node.name == "resnet/tower_0/sub/y").attr["value"].tensor.float_val[0] = 0.5
    graphs.write(stock, tmp_path / "resnet_8_quant.pb")
    message = "the exact multiplier must give the logits of QuantizedConv2D"
    assert message in benchmark("--graphs", tmp_path, code=1)
    assert "No such file or directory" in benchmark("--graphs", tmp_path / "none", code=1)
