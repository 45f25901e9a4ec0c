"""Fixtures for the tests of tf1: a way to call the commands, and a small frozen graph."""

import pytest
from tf1_graphs import two_layers
from typer.testing import CliRunner

from tfapprox.tf1.command_line import app


@pytest.fixture(scope="session")
def command():
    """Function that runs `python -m tfapprox.tf1`, checks the exit code, and returns what the command prints."""

    def call(*arguments, code=0):
        result = CliRunner().invoke(app, list(map(str, arguments)))
        assert result.exit_code == code, result.output
        return result.output

    return call


@pytest.fixture(scope="session")
def small_graph(tmp_path_factory):
    """File of a frozen graph from images of 32x32x3 to 10 logits: two layers with mul8u_drum4, tuned."""
    path = tmp_path_factory.mktemp("graph") / "small.pb"
    path.write_bytes(two_layers().SerializeToString())
    return path
