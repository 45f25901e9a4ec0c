"""The command `run SCRIPT ARGS` of `python -m tfapprox.tf1` and `python -m tfapprox.tf2`."""

from typing import Callable, List, Optional

import typer

from . import script as scripts
from .common.argument_error import ArgumentError, error_message
from .terminal import stop_on_error

SCRIPT = typer.Argument(..., metavar="SCRIPT", show_default=False)
ARGUMENTS = typer.Argument(None, metavar="ARGS", show_default=False)
CONTEXT = {"ignore_unknown_options": True, "allow_interspersed_args": False}


def run_command(prepare: Callable[[], None], help: str) -> Callable[..., None]:
    """The command that runs an old script.

    Args:
        prepare: function that makes the names that the script imports; called before the script.
        help: one sentence for the list of commands.

    Returns:
        A function for `typer.Typer.command`, with `context_settings=CONTEXT`.
    """

    def run(
        script: str = SCRIPT,
        arguments: Optional[List[str]] = ARGUMENTS,
    ) -> None:
        try:
            source = scripts.read(script)
        except (OSError, ArgumentError) as error:
            raise typer.BadParameter(error_message(error, {"script": "SCRIPT"})) from error
        with stop_on_error():
            prepare()
        scripts.run(source, script, arguments or [])

    run.__doc__ = help
    return run
