"""What commands and examples share on the terminal: a console, a progress bar, and a user's mistakes as one line."""

import contextlib
import sys
from typing import Iterator, Mapping, Optional

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from .common.argument_error import ArgumentError

# In a file or a pipe, which has no width, names are not shortened.
console = Console(width=None if sys.stdout.isatty() else 200)


def progress_bar() -> Progress:
    """A bar with count and remaining time. It vanishes when it is done, and is not shown in a file or a pipe."""
    columns = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()]
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def error_message(error: Exception, options: Mapping[str, str]) -> str:
    """The text of an error, with the options of a command instead of the arguments of the library."""
    return error.message(options) if isinstance(error, ArgumentError) else str(error)


@contextlib.contextmanager
def stop_on_error(options: Optional[Mapping[str, str]] = None) -> Iterator[None]:
    """Ends the program with the text of a user's mistake on standard error, and exit code 1.

    Args:
        options: from the argument of the library with which an error begins to the user's option for it, for example
            `{"inputs": "--input-node"}`.
    """
    try:
        yield
    except (OSError, ValueError, ImportError) as error:
        text = error_message(error, options or {})
        Console(stderr=True).print(f"error: {text}", style="red", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(1) from error
