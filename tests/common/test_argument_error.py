"""Errors about one argument: their text in Python, and in the words of a command."""

import pickle

import pytest
import typer
from typer.testing import CliRunner

from tfapprox import option_names
from tfapprox.common.argument_error import ArgumentError, ArgumentFileExistsError


def test_argument_errors():
    error = ArgumentFileExistsError("name", "must be new", "'x'", ("num_bits=4", "makes another one"))
    for same in (error, pickle.loads(pickle.dumps(error))):
        assert str(same) == "name must be new; received 'x'; num_bits=4 makes another one"
        assert (
            same.message({"name": "NAME", "num_bits": "--bits"})
            == "NAME must be new; received 'x'; --bits 4 makes another one"
        )
    assert isinstance(error, (FileExistsError, ValueError))
    assert error.errno is None


def test_words_of_options():
    def command(
        source: str = typer.Argument(..., metavar="SOURCE"),
        other: str = typer.Argument(...),
        num_bits: int = typer.Option(8, "-b", "--bits"),
        input_node: str = typer.Option(""),
        tune: bool = typer.Option(True, "--tune/--no-tune"),
        plain: int = 3,
    ):
        pass

    assert option_names.options_of(command) == {
        "source": "SOURCE",
        "other": "OTHER",
        "num_bits": "--bits",
        "input_node": "--input-node",
        "tune": "--tune",
    }


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ArgumentError("num_bits", "must be from 2 to 8", 9), "--bits must be from 2 to 8; received 9"),
        (ArgumentError("table", "must be a multiplier", "'x'"), "SOURCE must be a multiplier; received 'x'"),
        (ArgumentError("else", "must be left alone", 1), "else must be left alone; received 1"),
        (ValueError("num_bits must be even"), "num_bits must be even"),
    ],
)
def test_a_command_reports_errors_in_its_own_words(error, message):
    app = typer.Typer()

    @app.command()
    @option_names.with_error_messages(table="source")
    def command(source: str = typer.Argument(..., metavar="SOURCE"), num_bits: int = typer.Option(8, "--bits")):
        assert (source, num_bits) == ("x", 9)
        raise error

    result = CliRunner().invoke(app, ["x", "--bits", "9"])
    assert (result.exit_code, result.output) == (1, f"error: {message}\n")


def test_words_of_a_decorated_command_have_its_arguments_of_the_library():
    """A command that prints several errors itself, such as the import of a folder, needs the same words."""

    @option_names.with_error_messages(warn="yes")
    def command(yes: bool = typer.Option(False, "--yes"), top: str = typer.Option("", "--top")):
        pass

    assert option_names.options_of(command) == {"yes": "--yes", "top": "--top", "warn": "--yes"}
