"""Prints mistakes in a command line, such as an unknown option, as JSON if the command was to print JSON."""

import sys
from typing import Any, NoReturn

import typer

from tfapprox.terminal import print_error

# Typer has a copy of click in it since 0.20, and does not export this class.
_ClickException: Any = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")


def run(app: typer.Typer, name: str) -> NoReturn:
    """Runs a program, which prints a mistake in its command line as `{"error": TEXT}`, and ends with its exit code.

    Args:
        app: the program.
        name: how the user calls it.
    """
    try:
        code = app(prog_name=name, standalone_mode=False)
    except _ClickException as error:
        print_error(error.format_message(), as_json=True)
        code = error.exit_code
    except typer.Abort:
        code = 1
    sys.exit(code)
