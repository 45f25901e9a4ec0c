"""Commands of typer in this process, with standard output and standard error apart."""

import inspect

from typer.testing import CliRunner


def command_runner():
    """A runner whose results have `stdout` and `stderr`; Click before 8.2 mixes both unless it is told not to."""
    mixes = "mix_stderr" in inspect.signature(CliRunner).parameters
    return CliRunner(**({"mix_stderr": False} if mixes else {}))
